# SPDX-License-Identifier: GPL-2.0-or-later
"""The image of a whole disk, made of files: no root, no loop devices.

  1 fl-boot    1 MiB at 16 MiB  GRUB for BIOS.  The 16 MiB before it are for the boot loader of an Arm board
  2 fl-esp    36 MiB            FAT32 with GRUB for UEFI, the device tree of a board that has one, and the recovery (folder boot, as in a
                      slot) where it fits; never mounted by the router
  3 fl-state   1 MiB            boot state: one tar member with a GRUB environment block
  4 fl-slot-a, 5 fl-slot-b      each one squashfs: kernel, initial ramdisk, root file system
  6 fl-data                     settings, keys, logs; blank: made at the first start, to the end of the disk
"""
import os
import shutil
import struct
import subprocess
from collections import namedtuple

# front: [(file, sector)] before the first partition; trees: [(file, its name below /dtb of fl-esp)]; recovery: its files
Parts = namedtuple("Parts", "slot config grub_folders front trees recovery")

MIB = 1 << 20
FRONT, BOOT, ESP, STATE = 16, 1, 36, 1
SECOND_LIST = 1024  # sector: GPT_OTHER_AT
LINUX, ESP_TYPE, BIOS_TYPE = ("0FC63DAF-8483-4772-8E79-3D69D8477DE4", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B",
                              "21686148-6449-6E6F-744E-656564454649")
GUID = "46414952-4c45-4144-0000-00000000000"  # "FAIRLEAD": the same on all units, as the images are
GRUB_MODULES = ("memdisk tar normal loadenv test eval regexp echo sleep reboot configfile part_gpt squash4 xzio gzio "
                "linux read cat ls true fat").split()
GRUB = {"bios": ("i386-pc", "core.img", ["biosdisk", "serial", "terminal"]),
        "efi-amd64": ("x86_64-efi", "BOOTX64.EFI", ["serial", "terminal"]),
        "efi-arm64": ("arm64-efi", "BOOTAA64.EFI", ["fdt"])}


def run(*words, **how):
    subprocess.run([str(w) for w in words], check=True, **how)


def boot_state(work, epoch, slots="a_left=3 a_ok=1 b_left=0 b_ok=0"):
    """The partition fl-state of a new disk: slot a is there and good, slot b is empty."""
    block = "# GRUB Environment Block\norder=a b\n" + slots.replace(" ", "\n") + "\n"
    with open(f"{work}/grubenv", "w", encoding="ascii") as f:
        f.write(block.ljust(1024, "#"))
    os.utime(f"{work}/grubenv", (epoch, epoch))
    run("tar", "-C", work, "--owner=0", "--group=0", "--numeric-owner", "--mode=644", "--format=ustar", "-cf",
        f"{work}/state", "grubenv")
    return f"{work}/state"


def grub(kind, work, config, epoch, folders):
    """One GRUB image with its policy inside."""
    platform, name, more = GRUB[kind]
    os.makedirs(f"{work}/memdisk/boot/grub", exist_ok=True)
    with open(config, encoding="utf-8") as source, \
            open(f"{work}/memdisk/boot/grub/grub.cfg", "w", encoding="utf-8") as target:
        target.write(source.read())
    run("tar", "-C", f"{work}/memdisk", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX",
        f"--mtime=@{epoch}", "--format=ustar", "-cf", f"{work}/memdisk.tar", "boot")
    folder = next((f"{f}/{platform}" for f in folders if os.path.isdir(f"{f}/{platform}")), None)
    if not folder:
        raise SystemExit(f"GRUB for {platform} is not there: run \"make deps-image\"")
    run("grub-mkimage", "-O", platform, "-d", folder, "-p", "(memdisk)/boot/grub", "-m", f"{work}/memdisk.tar",
        "-o", f"{work}/{name}", *GRUB_MODULES, *more)
    os.utime(f"{work}/{name}", (epoch, epoch))
    return f"{work}/{name}", f"{folder}/boot.img"


def esp(work, programs, parts, epoch):
    path = f"{work}/esp"
    with open(path, "wb") as f:
        f.truncate(ESP * MIB)
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1", SOURCE_DATE_EPOCH=str(epoch), TZ="UTC")
    run("mkfs.vfat", "--invariant", "-F", "32", "-s", "1", "-n", "FL-ESP", "-i", "464C4541", path,
        stdout=subprocess.DEVNULL)
    run("mmd", "-i", path, "::EFI", "::EFI/BOOT", env=environment)
    for program in programs:
        run("mcopy", "-m", "-i", path, program, "::EFI/BOOT/", env=environment)
    if parts.recovery:
        run("mmd", "-i", path, "::boot", env=environment)
        run("mcopy", "-m", "-i", path, *parts.recovery, "::boot/", env=environment)
    for source, name in parts.trees:  # where U-Boot looks
        copy = f"{work}/{os.path.basename(name)}"
        shutil.copyfile(source, copy)
        os.utime(copy, (epoch, epoch))
        run("mmd", "-i", path, "::dtb", f"::dtb/{os.path.dirname(name)}", env=environment)
        run("mcopy", "-m", "-i", path, copy, f"::dtb/{name}", env=environment)
    return path


def put(disk, path, offset):
    """Copy a file to its place; holes stay holes."""
    with open(path, "rb") as source:
        disk.seek(offset)
        while block := source.read(MIB):
            if block.count(0) == len(block):
                disk.seek(len(block), os.SEEK_CUR)
            else:
                disk.write(block)


def put_bios_boot(disk, core, boot_img):
    """boot.img into the master boot record and core.img into fl-boot; each names the sector of the next."""
    sector = FRONT * MIB // 512
    with open(boot_img, "rb") as f:
        record = bytearray(f.read(440))
    record[0x5c:0x64] = struct.pack("<Q", sector)
    record[0x66:0x68] = b"\x90\x90"
    with open(core, "rb") as f:
        image = bytearray(f.read())
    image[0x1f4:0x1fc] = struct.pack("<Q", sector + 1)
    disk.seek(0)
    disk.write(record)
    disk.seek(sector * 512)
    disk.write(image)


def put_front(disk, parts):
    """What the boot ROM of a board wants, at its sectors; neither over the partition table nor into a partition."""
    for path, sector in parts:
        end = sector * 512 + os.path.getsize(path)
        if sector < 34 or end > FRONT * MIB:
            raise SystemExit(f"{path} at sector {sector} is not between the partition table and the first partition")
        if sector < SECOND_LIST + 32 and end > SECOND_LIST * 512:
            raise SystemExit(f"{path} at sector {sector} lies where the table of a disk that grows is put (firmware/system/gpt.h)")
        put(disk, path, sector * 512)


def write(out, work, board, parts, epoch):
    """The disk `out` with the slot in slot a; `board` gives sizes and the ways to start."""
    sizes = [("fl-boot", BOOT, BIOS_TYPE), ("fl-esp", ESP, ESP_TYPE), ("fl-state", STATE, LINUX),
             ("fl-slot-a", board.slot_mib, LINUX), ("fl-slot-b", board.slot_mib, LINUX), ("fl-data", board.data_mib, LINUX)]
    table, at, start = [f"label: gpt\nlabel-id: {GUID}0\nfirst-lba: 2048"], FRONT, {}
    for number, (name, size, kind) in enumerate(sizes, 1):
        table.append(f"start={at * 2048}, size={size * 2048}, type={kind}, uuid={GUID}{number}, name={name}")
        start[name] = at * MIB
        at += size
    with open(out, "wb") as f:
        f.truncate((at + 1) * MIB)
    run("sfdisk", "-q", out, input="\n".join(table).encode())
    programs = []
    with open(out, "r+b") as disk:
        for way in board.boot:
            program, boot_img = grub(way if way == "bios" else f"efi-{board.arch}", work, parts.config, epoch, parts.grub_folders)
            if way == "bios":
                put_bios_boot(disk, program, boot_img)
            else:
                programs.append(program)
        put_front(disk, parts.front)
        put(disk, esp(work, programs, parts, epoch), start["fl-esp"])
        put(disk, boot_state(work, epoch), start["fl-state"])
        put(disk, parts.slot, start["fl-slot-a"])
