# SPDX-License-Identifier: GPL-2.0-or-later
# The sentinel for a board: Debian's cross compiler, one program, no operating system under it.

CROSS     ?= arm-none-eabi-
ARM_MACHINE := -mcpu=cortex-m3 -mthumb
# A function that is called once is not made part of its caller: what it needs of the stack is then
# needed only while it runs.
ARM_CFLAGS  := $(ARM_MACHINE) -Os -g -ffunction-sections -fdata-sections -fno-inline-functions-called-once
# Its C library makes a long of uint32_t, which is as long as an int there: the router's build checks the formats.
ARM_WARN    := $(WARN) -Wno-format

SENTINEL_APP := $(addprefix firmware/app/,config.o schema.o journal.o lamp_panel.o probing.o system_settings.o companion_settings.o version.o sentinel.o \
	sentinel_zones.o sentinel_links.o sentinel_panel.o sentinel_console.o sentinel_main.o)
SENTINEL_NET := $(addprefix drivers/lwip/,stack_lwip.o probes_lwip.o dns_lwip.o slots.o heap.o format.o lan9118.o at24.o cortex_m.o)
SENTINEL_OBJS := $(addprefix lwip/,$(addsuffix .o,$(LWIP_C))) $(SENTINEL_NET) $(SENTINEL_APP) \
	$(foreach d,lib settings link policy dns led console,$(objs/firmware/$(d))) \
	$(addprefix firmware/forwarding/,$(filter-out %_console.o forwarding_nft.o nft_%.o,$(notdir $(objs/firmware/forwarding)))) \
	firmware/report/report_settings.o $(objs/board/$(BOARD))

inc/board/mps2-an385 := $(call fw,lib) -Idrivers/include -Idrivers/lwip -Iboard/mps2-an385
inc_arm = $(call inc_of,$<) $(if $(filter %/sentinel_main.c,$<),-Idrivers/lwip -Iboard/$(BOARD) -isystem $(LWIP_DIR)/src/include)

$(B)/arm/lwip/%.o: $(AUTOHEADER) $(LWIP_FETCHED)
	$(call compile_lwip,$(CROSS)gcc,$(ARM_CFLAGS))
$(B)/arm/%.o: %.c $(AUTOHEADER) Makefile drivers/lwip/sentinel.mk $(B)/.includes-checked $(LWIP_FETCHED)
	@mkdir -p $(dir $@)
	@echo "  CC      $<"
	@$(CROSS)gcc -std=gnu11 $(ARM_WARN) -fno-strict-aliasing -fno-common -include $(AUTOHEADER) -ffile-prefix-map=$(CURDIR)/= \
		$(ARM_CFLAGS) $(inc_arm) $(if $(filter %/version.c,$<),-DFL_VERSION='"$(VERSION)"') -MMD -MP -c $< -o $@
$(B)/arm/firmware/app/version.o: $(B)/.version

$(B)/sentinel.elf: $(addprefix $(B)/arm/,$(SENTINEL_OBJS)) board/$(BOARD)/link.ld
	@echo "  LD      $@"
	@$(CROSS)gcc $(ARM_MACHINE) -nostartfiles --specs=nano.specs -T board/$(BOARD)/link.ld -Wl,--gc-sections \
		-Wl,-Map=$(B)/sentinel.map -Wl,--print-memory-usage -o $@ $(filter %.o,$^) | sed -n 's/^/          /p'

cross-check:
	@command -v $(CROSS)gcc >/dev/null || { echo "$(CROSS)gcc is not installed: run tests/deps-sentinel install" >&2; exit 1; }
.PHONY: cross-check

# Beside another configuration: the sentinel's own, in a folder of its own.
sentinel: $(LWIP_FETCHED) ## the sentinel for mps2-an385, beside what is configured here
	@if tests/deps-sentinel check; then \
		test -f $(B)/mps2-an385/.config || $(MAKE) -s B=$(B)/mps2-an385 LWIP_DIR=$(LWIP_DIR) mps2-an385_defconfig; \
		$(MAKE) --no-print-directory B=$(B)/mps2-an385 LWIP_DIR=$(LWIP_DIR); \
	else echo "the sentinel is not built: tests/deps-sentinel install"; fi
