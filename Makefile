# SPDX-License-Identifier: GPL-2.0-or-later
# Fairlead's build.  `make help` lists the targets.  A folder's own Makefile only lists its objects.
#
# Everything that is made goes to $(B).  Three variants of the same sources are built there:
#   $(B)/obj   the product              $(B)/san   with ASan and UBSan, for the tests
#   $(B)/fuzz  with clang's libFuzzer

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash

B      ?= build
CC     ?= gcc
ifeq ($(origin CC),default)
CC     := gcc
endif
CLANG  ?= $(firstword $(foreach c,clang clang-14,$(shell command -v $(c) 2>/dev/null)) clang)
VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

.DEFAULT_GOAL := all

# ---- configuration -------------------------------------------------------------------------------

DEFAULT_BOARD := qemu-x86_64
DOTCONFIG     := $(abspath $(B))/.config
AUTOCONF      := $(abspath $(B))/config/auto.conf
AUTOHEADER    := $(abspath $(B))/config/autoconf.h
export KCONFIG_CONFIG      := $(DOTCONFIG)
export KCONFIG_AUTOCONFIG  := $(AUTOCONF)
export KCONFIG_AUTOHEADER  := $(AUTOHEADER)
export KCONFIG_TRISTATE         := $(abspath $(B))/config/tristate.conf

# Targets that need no configuration do not make one.
NO_CONFIG := help clean deps deps-peers deps-image format menuconfig %_defconfig cut-isp% heal-isp% ask mail caller lamps
ifneq ($(filter-out $(NO_CONFIG),$(or $(MAKECMDGOALS),all)),)
# What another user has built cannot be written to; say so before a hundred rules fail of it.
ifneq ($(wildcard $(B)),)
ifneq ($(shell test -w $(B) && echo yes),yes)
$(error $(B) belongs to $(shell stat -c %U $(B)): build as that user, or elsewhere, "make B=DIRECTORY $(MAKECMDGOALS)")
endif
endif
include $(AUTOCONF)
endif
ifneq ($(and $(filter %_defconfig,$(MAKECMDGOALS)),$(word 2,$(MAKECMDGOALS))),)
$(error choose the board first, by itself: "make $(filter %_defconfig,$(MAKECMDGOALS))", then "make $(filter-out %_defconfig,$(MAKECMDGOALS))")
endif

# It writes temporary files and a folder include/config where it runs: in $(B).
kconf = (cd $(B) && srctree=$(CURDIR) kconfig-conf $(1) Kconfig >/dev/null)

# What installs what it needs does so here: the configuration is made before any other target.
INSTALLS_DEPS := $(filter run test deps-check bench-%,$(MAKECMDGOALS))
define need_kconfig
	@command -v kconfig-conf >/dev/null || { $(if $(INSTALLS_DEPS),tests/deps install,\
		echo "kconfig-conf is not installed: run 'make deps' first (Debian package kconfig-frontends)" >&2; exit 1); }
	@mkdir -p $(B)/config
endef

$(DOTCONFIG):
	$(need_kconfig)
	@echo "  CONFIG  config/$(DEFAULT_BOARD)_defconfig"
	@$(call kconf,--defconfig=$(CURDIR)/config/$(DEFAULT_BOARD)_defconfig)

$(AUTOCONF): $(DOTCONFIG) Kconfig $(wildcard firmware/*/Kconfig drivers/*/Kconfig)
	$(need_kconfig)
	@rm -rf $(B)/config && mkdir -p $(B)/config
	@mkdir -p $(B)/include/config
	@$(call kconf,--olddefconfig) && $(call kconf,--silentoldconfig)
	@touch $(DOTCONFIG) $(AUTOCONF)
$(AUTOHEADER): $(AUTOCONF) ;

menuconfig: ## choose what goes into the firmware
	$(need_kconfig)
	@cd $(B) && srctree=$(CURDIR) kconfig-mconf Kconfig

%_defconfig: ## BOARD_defconfig: start from a board's defaults (config/)
	$(need_kconfig)
	@test -f config/$@ || { echo "there is no board \"$*\"; boards: $(patsubst config/%_defconfig,%,$(wildcard config/*_defconfig))" >&2; exit 1; }
	@$(call kconf,--defconfig=$(CURDIR)/config/$@) && echo "  CONFIG  config/$@ -> $(DOTCONFIG)"

BOARD := $(or $(patsubst "%",%,$(CONFIG_BOARD)),$(DEFAULT_BOARD))

# ---- flags ---------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wwrite-strings -Wvla -Werror
CFLAGS ?= -O2 -g
FL_CFLAGS := -std=gnu11 $(WARN) -fno-strict-aliasing -fno-common -include $(AUTOHEADER) \
	-ffile-prefix-map=$(CURDIR)=. -ffile-prefix-map=$(CURDIR)/= \
	-ffile-prefix-map=$(B)/=build/ -ffile-prefix-map=$(abspath $(B))/=build/
HARDEN := -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
SAN    := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ   := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

# Who may include whom (see "Layout" in firmware/doc/architecture.md): each folder is compiled with
# the include paths of what it may use, and no others.
fw = $(addprefix -Ifirmware/,$(1))
inc/firmware/lib        := $(call fw,lib)
inc/firmware/settings   := $(call fw,lib settings)
inc/firmware/link       := $(call fw,lib link)
inc/firmware/policy     := $(call fw,lib link policy)
inc/firmware/dns        := $(call fw,lib link policy dns)
inc/firmware/forwarding := $(call fw,lib link policy forwarding)
inc/firmware/led        := $(call fw,lib link led)
inc/firmware/report     := $(call fw,lib link policy dns forwarding led report)
inc/firmware/system     := $(call fw,lib)
inc/firmware/console    := $(call fw,lib settings console)
all_fw                  := $(call fw,lib settings link policy dns forwarding led report system console app)
inc/firmware/app        := $(all_fw) -Idrivers/include -Idrivers/linux
inc/drivers/linux       := $(call fw,lib system) -Idrivers/include -Idrivers/linux
inc/board/$(BOARD) := $(call fw,lib) -Idrivers/include
inc/drivers/sim         := $(call fw,lib) -Idrivers/include -Idrivers/sim -Idrivers/lwip
inc/tests               := $(all_fw) -Idrivers/include -Idrivers/sim -Idrivers/linux -Itests -Itests/support

# A module's rows and commands may also see the settings and the console.
inc_extra = $(if $(filter %_settings.c,$(1)),$(call fw,settings)) $(if $(filter %_console.c,$(1)),$(call fw,settings console))
inc_of    = $(inc/$(patsubst %/,%,$(dir $(1)))) $(call inc_extra,$(1)) $(if $(filter tests/%,$(1)),$(if $(filter tests/far/%,$(1)),,$(inc/tests)))

PKGS       := libnl-3.0 libnl-route-3.0 libmnl libnftnl nettle hogweed
OTHER_LIBS := -lseccomp -lcap -lcrypt -lpthread
PKG_CFLAGS  = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS    = $(shell pkg-config --libs $(PKGS) 2>/dev/null) $(OTHER_LIBS)

# The product is built for the board's machine, the tests for this one; on most boards that is the same.
OBJ_CC         = $(CC)
OBJ_PKG_CFLAGS = $(PKG_CFLAGS)
OBJ_PKG_LIBS   = $(PKG_LIBS)
STRIP         ?= strip
ifeq ($(CONFIG_ARM64),y)
include board/image/arm64.mk
endif

# TLS is spoken in a process of its own, so that its library is in no other.
LIBS/fairlead-tls := -lssl -lcrypto

# ---- objects -------------------------------------------------------------------------------------

MODULES ?= firmware/lib firmware/settings firmware/link firmware/policy firmware/dns firmware/forwarding \
	firmware/led firmware/report firmware/system firmware/console firmware/app drivers/linux board/$(BOARD)
SIM     ?= drivers/sim

# objs_in FOLDER: what its Makefile lists
define read_folder
obj-y :=
prog-y :=
-include $(1)/Makefile
objs/$(1) := $$(addprefix $(1)/,$$(obj-y))
progs/$(1) := $$(prog-y)
endef
$(foreach d,$(MODULES) $(SIM),$(eval $(call read_folder,$(d))))

OBJS     := $(foreach d,$(MODULES),$(objs/$(d)))
SIM_OBJS := $(foreach d,$(SIM),$(objs/$(d)))
PROGRAMS := $(progs/firmware/app)

define compile
	@mkdir -p $(dir $@)
	@echo "  CC      $<$(if $(1),  ($(1)))"
	@$(2) $(FL_CFLAGS) $(3) $(call inc_of,$<) $(if $(filter firmware/app/% drivers/linux/% tests/%,$<),$($(4)PKG_CFLAGS) -D_GNU_SOURCE) \
		$(if $(filter %/version.c,$<),-DFL_VERSION='"$(VERSION)"') -MMD -MP -c $< -o $@
endef

$(B)/obj/%.o: %.c $(AUTOHEADER) Makefile $(B)/.includes-checked | $(OBJ_NEEDS)
	$(call compile,,$(OBJ_CC),$(CFLAGS) $(HARDEN),OBJ_)
$(B)/san/%.o: %.c $(AUTOHEADER) Makefile $(B)/.includes-checked
	$(call compile,sanitized,$(CC),$(SAN))
# What is run by the tests says which system call a sandbox does not allow.
$(B)/san/drivers/linux/sandbox.o: SAN += -DFL_TEST_BUILD=1
$(B)/fuzz/%.o: %.c $(AUTOHEADER) Makefile
	$(call compile,fuzz,$(CLANG),$(FUZZ))

# The version is compiled in where it is asked for, and only rebuilt when it changes.
$(B)/.version: FORCE
	@mkdir -p $(B)
	@echo '$(VERSION)' | cmp -s - $@ || echo '$(VERSION)' >$@
$(B)/obj/firmware/app/version.o $(B)/san/firmware/app/version.o $(B)/fuzz/firmware/app/version.o: $(B)/.version
FORCE:

define archive
	@echo "  AR      $@"
	@rm -f $@ && ar rcsT $@ $^
endef
$(B)/obj/fairlead.a:  $(addprefix $(B)/obj/,$(OBJS)) ; $(archive)
$(B)/san/fairlead.a:  $(addprefix $(B)/san/,$(OBJS) $(SIM_OBJS)) ; $(archive)
$(B)/fuzz/fairlead.a: $(addprefix $(B)/fuzz/,$(OBJS) $(SIM_OBJS)) ; $(archive)

$(addprefix $(B)/,$(PROGRAMS)): $(B)/%: $(B)/obj/firmware/app/%.o $(B)/obj/fairlead.a
	@echo "  LD      $@"
	@$(OBJ_CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(OBJ_PKG_LIBS) $(LIBS/$*)
$(addprefix $(B)/san/,$(PROGRAMS)): $(B)/san/%: $(B)/san/firmware/app/%.o $(B)/san/fairlead.a
	@echo "  LD      $@"
	@$(CC) $(SAN) -o $@ $^ $(PKG_LIBS) $(LIBS/$*)

# A program with nothing beside it: static.
$(B)/fairlead-stage1: $(addprefix $(B)/obj/,firmware/app/fairlead-stage1.o drivers/linux/modules_linux.o)
	@echo "  LD      $@"
	@$(OBJ_CC) $(CFLAGS) -static -o $@ $^

ifeq ($(CONFIG_EDITION_SENTINEL),y)
all: cross-check $(B)/sentinel.elf
else
all: $(addprefix $(B)/,$(PROGRAMS)) ## build the programs (default)
endif

include drivers/lwip/lwip.mk
include drivers/lwip/sentinel.mk

# Firmware may use the freestanding parts of C and no operating system.
INCLUDE_SOURCES := $(wildcard firmware/*/*.[ch] drivers/*/*.[ch])
$(B)/.includes-checked: tests/check-includes $(INCLUDE_SOURCES)
	@mkdir -p $(B)
	@tests/check-includes $(INCLUDE_SOURCES) && touch $@

# ---- tests ---------------------------------------------------------------------------------------

UNIT      := $(patsubst tests/unit/%.c,$(B)/test/unit/%,$(wildcard tests/unit/*_test.c))
SCENARIOS := $(patsubst tests/sim/%.c,$(B)/test/sim/%,$(wildcard tests/sim/*_test.c))
FUZZERS   := $(patsubst tests/fuzz/%.c,$(B)/test/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
TEST_LIB  := $(patsubst tests/%.c,$(B)/san/tests/%.o,$(wildcard tests/support/*.c))

$(B)/san/support.a: $(TEST_LIB) ; $(archive)
$(B)/test/%_test: $(B)/san/tests/%_test.o $(B)/san/support.a $(B)/san/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CC) $(SAN) -o $@ $^ $(PKG_LIBS) -lcmocka -lm
$(B)/test/unit/daemons_linux_test: | $(B)/fairlead-report
$(B)/test/%_fuzz: $(B)/fuzz/tests/%_fuzz.o $(B)/fuzz/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CLANG) $(FUZZ) -fsanitize=fuzzer -o $@ $(filter %.o,$^) $(filter %.a,$^) $(PKG_LIBS)

test: deps-check $(UNIT) $(SCENARIOS) $(WIRE_TESTS) $(WIRE_RUNS) $(FUZZERS) sentinel all $(addprefix $(B)/san/,$(PROGRAMS)) ## every test; ends with "N passed, N failed, N skipped"
	@B=$(B) tests/run all
test-unit: $(UNIT) $(addprefix $(B)/san/,$(PROGRAMS)) ## only the unit tests
	@B=$(B) tests/run unit
test-sim: $(SCENARIOS) ## only the simulator's scenarios
	@B=$(B) tests/run sim
test-wire: $(WIRE_TESTS) $(WIRE_RUNS) ## only the sentinel on a cable in memory: real packets, virtual time
	@B=$(B) tests/run wire
test-sentinel: sentinel ## only the sentinel's firmware under QEMU
	@B=$(B) tests/run sentinel
test-golden: all ## only the golden files
	@B=$(B) tests/run golden
test-fuzz: $(FUZZERS) ## fuzz every parser; FUZZ_SECONDS=60 explores for so long each
	@B=$(B) tests/run fuzz
test-lab: all ## only the lab: real kernel, network namespaces
	@B=$(B) tests/run lab
test-guest: all ## only what needs Debian's own kernel, in QEMU
	@B=$(B) tests/run guest
test-image: all ## only the image: QEMU, over its serial console; KILLS=200 cuts the power so often, BOOTS=5 starts some of these
	@B=$(B) TEST_SECONDS=$(or $(TEST_SECONDS),1800) tests/run image
test-peers: all ## only the peers: real secondaries; make deps-peers installs them
	@B=$(B) tests/run peers
golden-update: all ## rewrite the golden files from what the programs print now
	@B=$(B) GOLDEN_UPDATE=1 tests/run golden

# ---- benchmarks -----------------------------------------------------------------------------------

$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/obj/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $^ $(PKG_LIBS)

# The soak test as a benchmark: optimised, four weeks and 4,000 outages a cell.  WEEKS, OUTAGES, HOLES change that.
$(B)/bench/link_soak: $(B)/obj/tests/sim/link_soak_test.o $(B)/obj/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) -pie -o $@ $^ -lcmocka -lm
$(B)/bench/link_cost_bench: $(addprefix $(B)/obj/,$(SIM_OBJS))
bench-link: deps-check all $(B)/bench/link_soak $(B)/bench/link_cost_bench $(B)/bench/ping_floor_bench ## links: false alarms, detection, cost, peers; some 10 minutes
	@$(B)/bench/link_cost_bench
	@unshare --net --mount tests/bench/link_black_holes.py quiet $(B)/fairleadd $(B)/fairlead $(B)/bench/ping_floor_bench
	@# These sleep most of the time, each in a world of its own.
	@for loss in 0 20; do unshare --net --mount \
		tests/bench/link_black_holes.py holes $(B)/fairleadd $(B)/fairlead $(or $(HOLES),100) $$loss & done; \
		unshare --net --mount tests/bench/link_black_holes.py peers & wait
	@FL_SOAK_WEEKS=$(or $(WEEKS),4) FL_SOAK_OUTAGES=$(or $(OUTAGES),4000) $(B)/bench/link_soak 2>&1 | grep -E "outages:|weeks:|flapping:"

bench-dns: deps-check all $(B)/bench/dns_worker_bench ## the DNS worker beside gdnsd, nsd and knot; NAMES="1000 100000"
	@B=$(B) tests/bench/dns $(NAMES)

# The tests of the kernel driver print figures; optimised, they are those of the product.
$(B)/bench/kernel_times: $(B)/obj/tests/unit/kernel_linux_test.o $(B)/obj/fairlead.a
	@mkdir -p $(dir $@)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) -pie -o $@ $^ $(PKG_LIBS) -lcmocka
bench-forwarding: all $(B)/bench/packet_pump $(B)/bench/kernel_times ## how soon connections move; what a packet and a connection cost, beside other layouts; RUNS=20 RULES="1 100 1000"
	@B=$(B) tests/bench/forwarding_times $(RUNS)
	@B=$(B) tests/bench/forwarding $(RULES)

$(B)/bench/settings_bench: $(addprefix $(B)/obj/,$(SIM_OBJS))
bench-settings: $(B)/bench/settings_bench ## loading, printing, completing and committing large settings
	@$<

bench-sentinel: sentinel $(B)/test/wire/run-gcc ## the sentinel: instructions an answer, boot, sizes, pace of its simulator
	@tests/bench/sentinel.py $(B)/mps2-an385/sentinel.elf $(B)/test/wire/run-gcc

settings-doc: $(B)/test/unit/settings_doc_test ## write firmware/doc/settings.md from the schema
	@SETTINGS_DOC_UPDATE=1 $<

# ---- the lab -------------------------------------------------------------------------------------

ifeq ($(CONFIG_EDITION_SENTINEL),y)
run: all
	@tests/sentinel/run $(B)/sentinel.elf
else
run: deps-check all ## the live lab: router, two ISPs, internet and LAN; ends when you leave the console (the sentinel: QEMU)
	@B=$(B) tests/lab/run
endif
# For a second terminal, while the lab runs.  What is typed behind `make`, not what the environment has.
typed = $(if $(filter command,$(firstword $(origin $(1)))),$($(1)))
cut-isp1 cut-isp2 heal-isp1 heal-isp2: ## ISP N silently drops everything, or forwards again
	@B=$(B) tests/lab/lab $(subst isp,isp ,$@)
ask: ## dig for the MX of example.com from the internet; NAME=www.example.com TYPE=A asks that
	@B=$(B) tests/lab/lab ask $(or $(call typed,NAME),example.com) $(or $(call typed,TYPE),MX)
mail: ## a mail server on the internet delivers one mail
	@B=$(B) tests/lab/lab mail
caller: ## which address does a new connection from the LAN come from?
	@B=$(B) tests/lab/lab caller
lamps: ## watch the WAN lamps
	@B=$(B) tests/lab/lab lamps

include board/image/image.mk

# ---- care ----------------------------------------------------------------------------------------

deps: ## install what the build, the lab and the tests need (Debian, as root)
	@tests/deps install
deps-peers: ## install the servers that the tests in tests/peers run against
	@tests/deps-peers
deps-check:
	@tests/deps check || tests/deps install

C_FILES := $(wildcard firmware/*/*.[ch] drivers/*/*.[ch] tests/*/*.[ch] board/*/*.[ch])
format: ## lay out all C files by .clang-format
	@clang-format -i $(C_FILES)
lint: $(AUTOHEADER) ## clang-format and cppcheck; any finding is an error
	@clang-format --dry-run --Werror $(C_FILES)
	@# It cannot expand IS_ENABLED(), which the compilers check.
	@cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
		--suppress=missingIncludeSystem --suppress=preprocessorErrorDirective:firmware/lib/base.h \
		$(all_fw) -Idrivers/include -Idrivers/linux -Idrivers/sim --include=$(AUTOHEADER) \
		$(filter firmware/%.c drivers/%.c,$(C_FILES))
tidy: $(AUTOHEADER) ## what clang-tidy's analyzer has to say; minutes, and to be read: it does not know our invariants
	@clang-tidy --quiet $(filter firmware/%.c drivers/%.c,$(C_FILES)) -- -std=gnu11 -D_GNU_SOURCE -DFL_VERSION='""' \
		-include $(AUTOHEADER) $(inc/tests) $(PKG_CFLAGS) 2>/dev/null

clean: ## remove everything that was made
	@rm -rf $(B)

help: ## this list
	@grep -hE '^[a-zA-Z0-9_% -]+:.*## ' Makefile board/image/image.mk drivers/lwip/sentinel.mk | \
		sed -E 's/^([^:]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  %-22s %s\n", $$1, $$2}'

.PHONY: all run settings-doc test test-unit test-sim test-wire test-sentinel sentinel test-golden test-fuzz test-lab test-guest test-peers golden-update deps deps-peers deps-check format lint tidy \
	clean help menuconfig cut-isp1 cut-isp2 heal-isp1 heal-isp2 ask mail caller lamps bench-dns bench-link bench-forwarding bench-sentinel FORCE

-include $(shell find $(B)/obj $(B)/obj-clang $(B)/san $(B)/fuzz $(B)/arm -type f -name '*.d' 2>/dev/null)
