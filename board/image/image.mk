# SPDX-License-Identifier: GPL-2.0-or-later
# The flashable image of the board that is configured: $(B)/fairlead-BOARD.img, and the signed update,
# $(B)/fairlead-BOARD-VERSION.flb.  Beside them: what is in it (.packages, .spdx.json, .licences).
#
#   KEY=FILE        sign with this Ed25519 key (PEM) instead of one made for development
#   LOCKED=1        no Debian package may differ from board/image/packages.lock
#   DOWNLOADS=DIR   where Debian's packages are kept between builds
DOWNLOADS ?= $(B)/downloads
MACHINE := $(if $(CONFIG_ARM64),arm64,amd64)
MAKE_IMAGE = board/image/make-image --board $(BOARD) --out $(B) --downloads $(DOWNLOADS)

image: deps-image all $(B)/fairlead-stage1 ## the flashable image and the signed update of the board; KEY=FILE signs
	@$(MAKE_IMAGE) --version $(VERSION) --epoch $$(git log -1 --format=%ct 2>/dev/null || echo 1750000000) \
		--programs $(addprefix $(B)/,$(PROGRAMS)) --stage1 $(B)/fairlead-stage1 \
		--strip $(STRIP) $(if $(KEY),--key $(KEY)) $(if $(LOCKED),--locked)
run-image: image ## the image in an emulated PC between two ISPs and a LAN, its console here; Ctrl-] twice ends it
	@B=$(B) tests/image/run $(B)/fairlead-$(BOARD).img config/examples/mail-two-wans.conf
bench-image: image ## sizes of the image, memory it takes, how long it takes to start
	@B=$(B) tests/bench/image.py
flash: ## write the image to a disk: DEVICE=/dev/sdX; FORCE=1 also to a fixed one
	@board/image/flash $(B)/fairlead-$(BOARD).img "$(DEVICE)" $(if $(FORCE),force)
image-lock: deps-image ## write board/image/packages.lock from what Debian has now
	@$(MAKE_IMAGE) --relock
deps-image:
	@tests/deps-image check $(MACHINE) || tests/deps-image install $(MACHINE)

.PHONY: image run-image bench-image flash image-lock deps-image
