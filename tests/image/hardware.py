# SPDX-License-Identifier: GPL-2.0-or-later
"""hardware.py - the machines that QEMU plays, all without KVM: `command(folder, memory, processors)` is how QEMU is
started, `trace` the event that tells of the lamps from outside, `lamps(line)` what a line of it says."""
import os
import re
import subprocess

PANEL = os.path.dirname(os.path.abspath(__file__)) + "/../../board/qemu-arm64/panel.dts"


class PC:
    """A PC with BIOS.  Its lamps are the keyboard's: bit 0 scroll lock, 1 num lock, 2 caps lock."""
    memory = 256
    trace = "ps2_set_ledstate"

    @staticmethod
    def command(_folder, memory, processors):
        return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "qemu64", "-smp", str(processors), "-m", str(memory),
                "-M", "q35", "-vga", "none"]

    @staticmethod
    def lamps(line):
        found = re.search(r"ps2_set_ledstate.*ledstate (\d+)", line)
        return found and int(found.group(1))


class UefiPC(PC):
    """A PC with UEFI: OVMF, which takes some memory for itself."""
    memory = 512

    @staticmethod
    def command(folder, memory, processors):
        return [*PC.command(folder, memory, processors), "-bios", "/usr/share/ovmf/OVMF.fd"]


class Apu2(PC):
    """A PC whose BIOS says that it is a PC Engines APU2: the kernel makes its LEDs, whose pins lead nowhere."""

    @staticmethod
    def command(folder, memory, processors):
        name = "manufacturer=PC Engines,product=apu2"
        return [*PC.command(folder, memory, processors), "-smbios", "type=0,vendor=coreboot", "-smbios", f"type=1,{name}",
                "-smbios", f"type=2,{name}"]


class Arm64:
    """QEMU's virt with U-Boot and, on the pins of its PL061, the lamps and the button of board/qemu-arm64."""
    memory = 384
    trace = "pl061_set_output"
    RESET_PIN = 6

    @staticmethod
    def command(folder, memory, processors):
        machine = ["qemu-system-aarch64", "-accel", "tcg", "-cpu", "cortex-a53", "-smp", str(processors), "-m", str(memory)]
        # With ACPI there is no PL061.
        Arm64._write_tree(folder, [*machine, "-M", "virt,acpi=off"])
        return [*machine, "-M", "virt,acpi=off", "-dtb", f"{folder}/panel.dtb", "-bios", "/usr/lib/u-boot/qemu_arm64/u-boot.bin",
                "-qtest", f"unix:{folder}/qtest,server=on,wait=off", "-qtest-log", "none"]

    @staticmethod
    def _write_tree(folder, machine):
        """The device tree that QEMU makes for this machine, and the panel."""
        own, panel = f"{folder}/virt.dtb", f"{folder}/panel.dtb"
        subprocess.run([*machine[:-1], f"{machine[-1]},dumpdtb={own}", "-nic", "none", "-display", "none"], check=True,
                       stderr=subprocess.DEVNULL)
        pins = subprocess.run(["fdtget", "-t", "x", own, "/pl061@9030000", "phandle"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout.strip()
        tree = subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", own], check=True, text=True, stdout=subprocess.PIPE).stdout
        with open(PANEL, encoding="utf-8") as f:
            tree += f.read().replace("@PL061@", "0x" + pins)
        subprocess.run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", panel], input=tree, text=True, check=True)

    @staticmethod
    def lamps(line):
        """(pin, lit)"""
        found = re.search(r"pl061_set_output.*setting output (\d) to (\d)", line)
        return found and (int(found.group(1)), found.group(2) == "1")
