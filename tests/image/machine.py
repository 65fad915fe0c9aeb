# SPDX-License-Identifier: GPL-2.0-or-later
"""A router of QEMU's: its disk, its serial console, its lamps and its cables, as somebody beside it would see them.

Emulated without KVM (TCG), so it needs no rights and no special machine.  Times are generous: they only end a wait for
something that will not come."""
import json
import os
import re
import select
import shutil
import socket
import subprocess
import time

from hardware import PC

TOP = os.path.abspath(os.path.dirname(os.path.abspath(__file__)) + "/../..")
B = os.path.abspath(os.environ.get("B", TOP + "/build"))
PATIENCE = float(os.environ.get("IMAGE_PATIENCE", "300"))
PASSWORD = "correct horse"
PROMPT = r"(?:^|(?<=\n))[\w.-]+(\([^\n]*\))?[#>] $"


class Silence(Exception):
    """What was waited for did not come."""


def partition(image, name):
    """(offset, size) of a partition, in octets."""
    table = json.loads(subprocess.run(["sfdisk", "--json", image], check=True, stdout=subprocess.PIPE).stdout)["partitiontable"]
    part = next(p for p in table["partitions"] if p["name"] == name)
    return part["start"] * table["sectorsize"], part["size"] * table["sectorsize"]


def put_data(path, image, folder):
    """The disk of a router that has started before: what `folder` holds is in its data partition."""
    at, size = partition(image, "fl-data")
    subprocess.run(["cp", "--sparse=always", image, path], check=True)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-L", "fl-data", "-E", f"offset={at},root_owner=0:0", "-d", folder,
                    path, f"{size // 1024}k"], check=True)


def read_data(disk, path):
    """The octets of a file in the data partition, of a machine that is off; empty: it is not there."""
    raw, data = disk + ".raw", disk + ".data"
    subprocess.run(["qemu-img", "convert", "-O", "raw", disk, raw], check=True)
    at, size = partition(raw, "fl-data")
    with open(raw, "rb") as whole, open(data, "wb") as part:
        whole.seek(at)
        part.write(whole.read(size))
    subprocess.run(["e2fsck", "-p", data], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    octets = subprocess.run(["debugfs", "-R", "cat " + path, data], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            check=False).stdout
    os.unlink(raw)
    os.unlink(data)
    return octets


def need_image():
    """The image of this build, made where it is not there or older than what goes in."""
    image = f"{B}/fairlead-qemu-x86_64.img"
    if subprocess.run([f"{TOP}/tests/deps-image", "check", "amd64"], check=False).returncode:
        skip("what it takes is not installed: make deps-image")
    for target in ("all", f"{B}/fairlead-stage1"), ("image",):
        if target == ("image",) and not is_older(image):
            break
        done = subprocess.run(["make", "-s", "-C", TOP, *target, f"B={B}"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        if done.returncode == 0:
            continue
        if "packages are not to be had" in done.stdout:
            skip("no image: " + next(line for line in done.stdout.split("\n") if "not to be had" in line))
        print("not ok 1 - the image is made\n# " + done.stdout.strip().replace("\n", "\n# "))
        raise SystemExit(1)
    return image


def is_older(image):
    """Has something changed that goes into it?"""
    if not os.path.exists(image):
        return True
    inputs = [f"{p}/{f}" for folder in ("board/image", "board/qemu-x86_64", "config") for p, _, fs in os.walk(f"{TOP}/{folder}")
              for f in fs]
    inputs += [f"{B}/{f}" for f in os.listdir(B) if f.startswith("fairlead") and "." not in f and "-qemu" not in f]
    return max(map(os.path.getmtime, inputs)) > os.path.getmtime(image)


def skip(why):
    print(f"ok 1 - all of it # SKIP {why}")
    raise SystemExit(0)


def make_disk(path, image):
    """A disk of its own for a machine: what is written stays in `path`."""
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", os.path.abspath(image), path], check=True)


class Machine:
    """`nics`: one -netdev option each, with its id left out; by default cables that lead nowhere.
    `drive`: options of another kind of disk than the qcow2 file `disk`."""

    def __init__(self, folder, disk, nics=None, memory=None, snapshot=None, fds=(), extra=(), processors=1, hardware=PC,
                 drive=None):
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self.disk = disk
        self.text = ""  # all that the console said
        self.read_to = 0
        nics = nics if nics is not None else ["hubport,hubid=1", "hubport,hubid=2", "hubport,hubid=3"]
        # It ends with whoever started it, however that happens.
        self.hardware = hardware
        command = ["setpriv", "--pdeathsig", "KILL", *hardware.command(self.folder, memory or hardware.memory, processors),
                   "-display", "none", "-nodefaults", "-no-user-config", "-rtc", "base=utc,clock=vm",
                   "-drive", drive or f"file={disk},format=qcow2,if=virtio,cache=unsafe,id=disk",
                   "-device", "i6300esb", "-action", "watchdog=reset", "-device", "virtio-rng-pci",
                   "-chardev", f"socket,id=serial,path={self.folder}/serial,server=on,wait=off",
                   "-serial", "chardev:serial", "-qmp", f"unix:{self.folder}/qmp,server=on,wait=off",
                   "-msg", "timestamp=on", "-trace", f"enable={hardware.trace},file={self.folder}/lamps"]
        for n, nic in enumerate(nics):
            command += ["-netdev", f"{nic},id=port{n}",
                        "-device", f"virtio-net-pci,netdev=port{n},id=nic{n},mac=52:54:00:12:34:{n:02x}"]
        if snapshot:
            command += ["-loadvm", snapshot]
        for name in ("serial", "qmp", "qtest", "lamps"):
            if os.path.exists(f"{self.folder}/{name}"):
                os.unlink(f"{self.folder}/{name}")
        with open(f"{self.folder}/qemu.log", "ab") as log:
            self.process = subprocess.Popen([*command, *extra], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            pass_fds=fds)
        self.serial = self._connect("serial")
        self.qmp_socket = self._connect("qmp")
        self.qmp_file = self.qmp_socket.makefile("rw")
        self.events = []
        self._qmp_reply()
        self.qmp("qmp_capabilities")

    def _connect(self, name):
        end = time.monotonic() + PATIENCE
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(f"{self.folder}/{name}")
                return s
            except OSError:
                s.close()
                if self.process.poll() is not None or time.monotonic() > end:
                    with open(f"{self.folder}/qemu.log", encoding="utf-8", errors="replace") as f:
                        raise Silence("QEMU did not start: " + f.read()[-2000:]) from None
                time.sleep(0.02)

    # -- the machine itself

    def _qmp_reply(self):
        while True:
            line = self.qmp_file.readline()
            if not line:
                raise Silence("QEMU is gone")
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message["event"])

    def qmp(self, command, **arguments):
        self.qmp_file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.qmp_file.flush()
        return self._qmp_reply()

    def monitor(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})["return"]

    def save(self, name):
        answer = self.monitor(f"savevm {name}")
        if answer.strip():
            raise Silence(answer)

    def cable(self, port, plugged):
        self.qmp("set_link", name=f"nic{port}", up=plugged)

    def kill(self):
        """The power is cut."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.serial.close()
        self.qmp_file.close()
        self.qmp_socket.close()

    def wait_end(self, seconds=PATIENCE):
        self.process.wait(seconds)
        self.kill()

    # -- the serial console

    def _read(self, seconds):
        ready, _, _ = select.select([self.serial], [], [], seconds)
        if ready:
            got = self.serial.recv(65536)
            if not got:
                raise Silence("the console is closed: the machine ended" + self.tail())
            got = got.decode("utf-8", "replace")
            self.text += got
            with open(f"{self.folder}/console.log", "a", encoding="utf-8") as f:
                f.write(got)
        return bool(ready)

    def tail(self):
        return "\n---- the console's last lines:\n" + self.plain(self.text)[-1500:]

    @staticmethod
    def plain(text):
        """As it is to be read: without escapes, and without what was erased again."""
        text = re.sub(r"[^\n]*\r(?=[^\r\n]*\x1b\[K)", "", text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78=>]|\r", "", text)

    def wait(self, pattern, seconds=PATIENCE):
        """Until the console says something new that matches; returns the match."""
        end = time.monotonic() + seconds
        while True:
            new = self.plain(self.text[self.read_to:])
            found = re.search(pattern, new)
            if found:
                self.read_to = len(self.text)
                return found
            left = end - time.monotonic()
            if left <= 0:
                raise Silence(f"nothing like {pattern!r} came in {seconds:.0f} s" + self.tail())
            self._read(left)

    def type(self, text):
        self.serial.sendall(text.encode())

    def command(self, line, seconds=PATIENCE):
        """Type a command; what was printed between its echo and the next prompt.

        A log line may come at any time: it redraws the prompt and what is typed behind it.  A long line may be broken."""
        self.read_to = len(self.text)
        self.type(line + "\r")
        echo = r"\s*".join(map(re.escape, line[-10:])) + r" *\n" if line else r"\n"
        end = time.monotonic() + seconds
        while True:
            body = re.split(echo, self.plain(self.text[self.read_to:]))
            if len(body) > 1 and re.search(PROMPT, body[-1]):
                self.read_to = len(self.text)
                return re.sub(PROMPT, "", body[-1])
            left = end - time.monotonic()
            if left <= 0:
                raise Silence(f"{line!r} was not done in {seconds:.0f} s" + self.tail())
            self._read(left)

    def until(self, line, pattern, seconds=PATIENCE):
        """Type a command again and again until its output has the pattern: a log line between redraws the prompt."""
        end = time.monotonic() + seconds
        while True:
            out = self.command(line, seconds)
            if re.search(pattern, out):
                return out
            if time.monotonic() > end:
                raise Silence(f"{line!r} never had {pattern!r}, but at last:\n{out}")
            time.sleep(0.5)

    def choose_password(self, seconds=PATIENCE):
        """A router without a password asks for one before anything else."""
        self.wait(r"login: $", seconds)
        self.type("admin\r")
        for _ in range(2):
            self.wait(r"(?i)(password|again)[^\n]*: $", seconds)
            self.type(PASSWORD + "\r")
        self.wait(r"(?<=\n)(?:Name of this router[^\n]*: |[\w.-]+[#>] )$", seconds)

    def first_login(self, seconds=PATIENCE):
        """A new router asks for its first settings, too."""
        self.choose_password(seconds)
        self.read_to = max(0, self.text.rfind("Name of"))
        self.wait(r"Name of this router[^\n]*: $", seconds)
        self.type("\x03")  # no first settings
        self.wait(PROMPT, seconds)

    def login(self, seconds=PATIENCE):
        self.wait(r"login: $", seconds)
        self.type("admin\r")
        self.wait(r"Password: $", seconds)
        self.type(PASSWORD + "\r")
        # Without uplinks the router asks for first settings.
        if "Name of" in self.wait(r"Name of this router[^\n]*: $|" + PROMPT, seconds).group(0):
            self.type("\x03")
            self.wait(PROMPT, seconds)

    # -- lamps and button

    def lamp_changes(self):
        """All that the lamps did, as the hardware tells it."""
        if not os.path.exists(f"{self.folder}/lamps"):
            return []
        with open(f"{self.folder}/lamps", encoding="utf-8", errors="replace") as f:
            changes = [self.hardware.lamps(line) for line in f]
        return [c for c in changes if c is not None]

    def press(self, held):
        """A finger on the reset button, or taken off: the level of its pin."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(f"{self.folder}/qtest")
            s.sendall(f"set_irq_in {self.pins()} unnamed-gpio-in {self.hardware.RESET_PIN} {int(held)}\n".encode())
            if not s.recv(64).startswith(b"OK"):
                raise Silence("the button cannot be pressed")

    def pins(self):
        """Where QEMU keeps the PL061."""
        for n in range(64):
            path = f"/machine/unattached/device[{n}]"
            if self.qmp("qom-get", path=path, property="type").get("return") == "pl061":
                return path
        raise Silence("the machine has no PL061")

    def lamps(self):
        """The lamps that are lit now."""
        state = (self.lamp_changes() or [0])[-1]
        return {name for bit, name in enumerate(("SYS", "WAN1", "WAN2")) if state >> bit & 1}
