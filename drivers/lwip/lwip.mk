# SPDX-License-Identifier: GPL-2.0-or-later
# lwIP's source, had at the first build that needs it (the router never does), and what is built on it for
# this machine: the sentinel in the simulator, where real packets cross a cable in memory.

LWIP_DIR ?= $(abspath $(B))/lwip
LWIP_FETCHED := $(LWIP_DIR)/COPYING
LWIP_C := $(addprefix core/,init def inet_chksum ip mem memp netif pbuf raw stats sys tcp tcp_in tcp_out timeouts udp) \
	$(addprefix core/ipv4/,etharp icmp ip4 ip4_addr) \
	$(addprefix core/ipv6/,ethip6 icmp6 inet6 ip6 ip6_addr mld6 nd6) netif/ethernet

$(LWIP_FETCHED): drivers/lwip/fetch
	@echo "  FETCH   lwIP"
	@drivers/lwip/fetch $(LWIP_DIR) && touch $@

inc/drivers/lwip := $(call fw,lib) -Idrivers/include -Idrivers/lwip -isystem $(LWIP_DIR)/src/include
inc/tests/far    := $(call fw,lib) -Idrivers/lwip -Itests/far -isystem $(LWIP_DIR)/src/include
inc/tests/wire   := $(inc/drivers/lwip) -Itests/far -Idrivers/sim

# A part of the sentinel that needs no lwIP.
inc/tests/fuzz := -Idrivers/lwip
$(B)/test/fuzz/slots_fuzz: $(B)/fuzz/drivers/lwip/slots.o

# Somebody else's source: our warnings are not for it.
define compile_lwip
	@mkdir -p $(dir $@)
	@$(1) -std=gnu11 -w -fno-strict-aliasing -fno-common -include $(AUTOHEADER) $(2) -Ifirmware/lib -Idrivers/lwip \
		-isystem $(LWIP_DIR)/src/include -MMD -MP -c $(LWIP_DIR)/src/$*.c -o $@
endef
$(B)/obj/lwip/%.o: $(AUTOHEADER) $(LWIP_FETCHED) ; $(call compile_lwip,$(CC),$(CFLAGS))
$(B)/san/lwip/%.o: $(AUTOHEADER) $(LWIP_FETCHED) ; $(call compile_lwip,$(CC),$(SAN))
$(B)/obj-clang/lwip/%.o: $(AUTOHEADER) $(LWIP_FETCHED) ; $(call compile_lwip,$(CLANG),$(CFLAGS))
$(B)/obj-clang/%.o: %.c $(AUTOHEADER) Makefile $(LWIP_FETCHED)
	$(call compile,clang,$(CLANG),$(CFLAGS))

NET_OBJS  := $(addprefix lwip/,$(addsuffix .o,$(LWIP_C))) $(addprefix drivers/lwip/,stack_lwip.o probes_lwip.o dns_lwip.o slots.o heap.o)
WIRE_TESTS := $(patsubst tests/wire/%.c,$(B)/test/wire/%,$(wildcard tests/wire/*_test.c))
# A folder that is new has no dependency files yet: what includes lwIP waits for it.
LWIP_USERS := $(patsubst %.c,%.o,$(wildcard drivers/lwip/*.c tests/far/*.c tests/wire/*.c))
$(foreach v,obj san obj-clang,$(addprefix $(B)/$(v)/,$(LWIP_USERS))): | $(LWIP_FETCHED)

WIRE_RUNS  := $(addprefix $(B)/test/wire/run-,gcc clang san)

# The far end: all of it in one object in which nothing shows but its own names.
FAR_NAMES := far_open far_leg far_target far_frame far_due far_tick far_ask far_send_tcp far_figures
far_objs   = $(addprefix $(B)/$(1)/,$(addprefix lwip/,$(addsuffix .o,$(LWIP_C))) tests/far/far.o)
define link_far
	@echo "  LD      $@"
	@ld -r -o $@ $^
	@objcopy $(addprefix --keep-global-symbol=,$(FAR_NAMES)) $@
endef
$(B)/obj/far-end.o: $(call far_objs,obj) ; $(link_far)
$(B)/san/far-end.o: $(call far_objs,san) ; $(link_far)
$(B)/obj-clang/far-end.o: $(call far_objs,obj-clang) ; $(link_far)

# What runs on the cable: the sentinel and its tests, three times over, since the same seed must give the
# same packets whoever compiled them.
WIRE_FW := $(foreach d,lib settings link policy dns led console forwarding,$(objs/firmware/$(d))) \
	$(addprefix firmware/app/,config.o schema.o journal.o lamp_panel.o probing.o system_settings.o companion_settings.o version.o sentinel.o sentinel_zones.o \
	sentinel_links.o sentinel_panel.o sentinel_console.o) firmware/report/report_settings.o
WIRE_OBJS := $(NET_OBJS) $(WIRE_FW) drivers/sim/trunk.o tests/wire/wired.o
$(B)/obj/wire.a:   $(addprefix $(B)/obj/,$(WIRE_OBJS)) ; $(archive)
$(B)/san/wire.a:   $(addprefix $(B)/san/,$(WIRE_OBJS)) ; $(archive)
$(B)/obj-clang/wire.a: $(addprefix $(B)/obj-clang/,$(WIRE_OBJS)) ; $(archive)

$(B)/test/wire/%_test: $(B)/san/tests/wire/%_test.o $(B)/san/wire.a $(B)/san/far-end.o $(B)/san/support.a $(B)/san/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CC) $(SAN) -o $@ $^ $(PKG_LIBS) -lcmocka -lm
$(B)/test/wire/run-gcc: $(B)/obj/tests/wire/run.o $(B)/obj/wire.a $(B)/obj/far-end.o
	@mkdir -p $(dir $@)
	@$(CC) $(CFLAGS) -pie -o $@ $^
$(B)/test/wire/run-clang: $(B)/obj-clang/tests/wire/run.o $(B)/obj-clang/wire.a $(B)/obj-clang/far-end.o
	@mkdir -p $(dir $@)
	@$(CLANG) $(CFLAGS) -o $@ $^
$(B)/test/wire/run-san: $(B)/san/tests/wire/run.o $(B)/san/wire.a $(B)/san/far-end.o
	@mkdir -p $(dir $@)
	@$(CC) $(SAN) -o $@ $^
