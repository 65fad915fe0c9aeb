# SPDX-License-Identifier: GPL-2.0-or-later
# The product for a 64-bit Arm board, built on another machine: Debian's cross compiler, and the very libraries of the image with their
# headers, unpacked from pinned packages into a folder that stands for the board's root.
ifneq ($(shell uname -m),aarch64)
SYSROOT  := $(abspath $(B))/sysroot-arm64
OBJ_CC    = aarch64-linux-gnu-gcc --sysroot=$(SYSROOT) -ffile-prefix-map=$(SYSROOT)=
STRIP    := aarch64-linux-gnu-strip
board_pkg = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/aarch64-linux-gnu/pkgconfig pkg-config
OBJ_PKG_CFLAGS = $(shell $(board_pkg) --cflags $(PKGS) 2>/dev/null)
OBJ_PKG_LIBS   = $(shell $(board_pkg) --libs $(PKGS) 2>/dev/null) $(OTHER_LIBS)

OBJ_NEEDS := $(SYSROOT)/made
$(SYSROOT)/made: board/image/sysroot.list board/image/packages.lock board/image/make-sysroot
	@tests/deps-image check arm64 || tests/deps-image install arm64
	@board/image/make-sysroot --arch arm64 --out $(SYSROOT) --downloads $(DOWNLOADS) --work $(B)/image

# What tests run is what this board cannot.
ifneq ($(filter test test-% golden-update bench-% run,$(filter-out test-image,$(MAKECMDGOALS))),)
$(error the programs of the board $(BOARD) do not run on this machine: "make $(DEFAULT_BOARD)_defconfig" first, or build elsewhere, "make B=DIRECTORY")
endif
endif
