#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""image.py - how large the image is, what memory it takes, and how long it takes to start.

Beside it, in the same emulated PC, the same kernel starts a busybox shell and nothing else.  The image is the one of
this build but for a shell at a second serial line, which is how its memory and its clock are read.  It holds the
lab's settings with 100 host records."""
import os
import re
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../image")
sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
from machine import B, PATIENCE, TOP, Machine, Silence, make_disk, need_image, partition, put_data  # noqa: E402
from world import World  # noqa: E402

WORK = B + "/bench/image"
ROOT = B + "/image/root-qemu-x86_64"
MIB = 1 << 20
# Every 20 ms a question for an A record; the moment of the first answer.
ASK = r"""
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.02)
while True:
    try:
        s.sendto(b"\0\1\0\0\0\1\0\0\0\0\0\0\5mail1\7example\3com\0\0\1\0\1", ("203.0.113.2", 53))
        s.recv(512)
        break
    except OSError:
        time.sleep(0.02)
print(time.monotonic())
"""


class Shell:
    """A shell at a serial line that nobody else uses."""

    def __init__(self, path):
        self.path = path
        self.line = None

    def options(self):
        return ["-chardev", f"socket,id=shell,path={self.path},server=on,wait=off", "-serial", "chardev:shell"]

    def wait(self):
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(self.path)
        self.line.settimeout(1)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.line.sendall(b"echo re''ady\n")
                if b"ready" in self.line.recv(65536):
                    return
            except TimeoutError:
                pass
        raise Silence("the shell at the second serial line does not answer")

    def run(self, command):
        self.line.settimeout(PATIENCE)
        self.line.sendall(b"echo be''gin; " + command.encode() + b"; echo e''nd\n")
        said = ""
        while not re.search(r"begin\r?\n(.*)end\r?\n", said, re.S):
            said += self.line.recv(65536).decode(errors="replace")
        return re.search(r"begin\r?\n(.*)end\r?\n", said, re.S).group(1).replace("\r", "")


def make_router(image):
    """The disk, with a shell more."""
    tree, slot = WORK + "/root", WORK + "/slot"
    subprocess.run(["cp", "-a", ROOT, tree], check=True)
    with open(tree + "/etc/inittab", "a", encoding="ascii") as f:
        f.write("ttyS1::respawn:/bin/sh\n")
    subprocess.run(["mksquashfs", tree, slot, "-comp", "lzo", "-Xcompression-level", "9", "-b", "256K", "-all-root", "-no-xattrs", "-noappend",
                    "-no-progress", "-quiet"], check=True, stdout=subprocess.DEVNULL)
    os.makedirs(WORK + "/data")
    with open(f"{TOP}/config/examples/mail-two-wans.conf", encoding="utf-8") as f:
        settings = f.read()
    hosts = "".join(f"    host h{n} {{ address 203.0.113.4, link wan1 }}\n" for n in range(95))
    with open(WORK + "/data/fairlead.conf", "w", encoding="utf-8") as f:
        f.write(settings.replace("    host offsite", hosts + "    host offsite"))
    put_data(WORK + "/disk.img", image, WORK + "/data")
    with open(WORK + "/disk.img", "r+b") as disk, open(slot, "rb") as f:
        disk.seek(partition(image, "fl-slot-a")[0])
        disk.write(f.read())
    make_disk(WORK + "/disk.qcow2", WORK + "/disk.img")


def start_image():
    """Seconds from the kernel's start to `forwarding ready`, from that to the first answer; MiB used."""
    world = World(WORK + "/lab")
    shell = Shell(WORK + "/shell")
    machine = None
    try:
        asker = subprocess.Popen([f"{TOP}/tests/lab/lab", "exec", "internet", sys.executable, "-c", ASK], text=True,
                                 env=world.environment, stdout=subprocess.PIPE)
        machine = Machine(WORK + "/machine", WORK + "/disk.qcow2", nics=world.nics, fds=world.taps, extra=shell.options())
        answered = float(asker.communicate(timeout=PATIENCE)[0])
        shell.wait()
        uptime = float(shell.run("cat /proc/uptime").split()[0])
        kernel_started = time.monotonic() - uptime
        log = shell.run("fairlead 'show log all'")
        ready = re.search(r"forwarding ready, ([\d.]+) s after", log)
        if not ready:
            raise Silence("no word of \"forwarding ready\":\n" + log)
        time.sleep(10)  # until all has started that will
        used = int(shell.run("free").split("Mem:")[1].split()[1]) / 1024
        return float(ready.group(1)), answered - kernel_started - float(ready.group(1)), used
    finally:
        if machine:
            machine.kill()
        world.down()


def make_bare():
    """A ramdisk with the image's busybox and what it needs."""
    tree = WORK + "/bare"
    os.makedirs(tree + "/proc")
    files = ["usr/bin/busybox"]
    for path in files:
        needed = subprocess.run(["readelf", "-d", f"{ROOT}/{path}"], text=True, stdout=subprocess.PIPE, check=True).stdout
        files += [f for n in re.findall(r"\(NEEDED\).*\[(.*)\]", needed)
                  if (f := "usr/lib/x86_64-linux-gnu/" + n) not in files and os.path.exists(f"{ROOT}/{f}")]
    for path in files:
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        shutil.copy2(f"{ROOT}/{path}", f"{tree}/{path}")
    for path in ("bin", "lib", "lib64", "usr/lib64"):
        if os.path.islink(f"{ROOT}/{path}"):
            os.symlink(os.readlink(f"{ROOT}/{path}"), f"{tree}/{path}")
    os.makedirs(tree + "/usr/lib64", exist_ok=True)
    loader = "usr/lib64/ld-linux-x86-64.so.2"
    if not os.path.lexists(f"{tree}/{loader}"):
        os.symlink(os.readlink(f"{ROOT}/{loader}"), f"{tree}/{loader}")
    with open(tree + "/init", "w", encoding="ascii") as f:
        f.write("#!/bin/busybox sh\n/bin/busybox mount -t proc proc /proc\necho \"bare $(/bin/busybox cat /proc/uptime)\"\n"
                "exec /bin/busybox sleep 1000\n")
    os.chmod(tree + "/init", 0o755)
    names = subprocess.run(["find", "."], cwd=tree, stdout=subprocess.PIPE, check=True).stdout
    with open(WORK + "/bare.cpio", "wb") as f:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=tree, input=names, stdout=f, check=True)
    make_disk(WORK + "/bare.qcow2", need_image())


def start_bare():
    """Seconds from the kernel's start to a busybox shell that has nothing else beside it."""
    machine = Machine(WORK + "/bare-machine", WORK + "/bare.qcow2",
                      extra=["-kernel", ROOT + "/boot/vmlinuz", "-initrd", WORK + "/bare.cpio",
                             "-append", "console=tty0 console=ttyS0,115200n8 quiet loglevel=2"])
    try:
        return float(machine.wait(r"bare ([\d.]+)").group(1))
    finally:
        machine.kill()


def row(what, have, bar, unit):
    print(f"  {what:<52} {have:>7.2f} {unit:<4} at most {bar:>6.2f}   {'ok' if have <= bar else 'ABOVE'}", flush=True)
    return have <= bar


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    image = need_image()
    bundle = max((f"{B}/{n}" for n in os.listdir(B) if n.endswith(".flb")), key=os.path.getmtime)
    good = row("update bundle", os.path.getsize(bundle) / MIB, 32, "MiB")
    good &= row("flash image without its empty parts", os.stat(image).st_blocks * 512 / MIB, 48, "MiB")
    make_router(image)
    make_bare()
    bare = [start_bare() for _ in range(3)]
    runs = [start_image()]
    for _ in range(2):  # the disk has its keys by now
        runs.append(start_image())
    good &= row("memory used, 100 host records", max(r[2] for r in runs), 64, "MiB")
    print("  kernel to a bare shell: " + ", ".join(f"{b:.2f} s" for b in bare))
    print("  kernel to forwarding:   " + ", ".join(f"{r[0]:.2f} s" for r in runs) + " (the first start makes the keys)")
    middle = sorted(bare)[1]
    good &= row("kernel to forwarding ready, of that to a bare shell", sorted(r[0] for r in runs)[1] / middle, 2, "x")
    good &= row("forwarding ready to the first DNS answer", max(r[1] for r in runs), 1, "s")
    sys.exit(not good)


if __name__ == "__main__":
    main()
