#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rig.py - a sentinel under QEMU with four providers beside it, in a network namespace of its own.

Leg N has VLAN 10 N and the network 10.N.0.0/24; the providers' side is this machine, .1 of each, and the targets
192.0.2.53 and .54 are its own.  Nothing here needs root where a user may have a network namespace."""
import json, os, re, shutil, socket, struct, subprocess, sys, tempfile, time, zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from trunk import Trunk

LEGS = 4
EEPROM = 32768
SLOT_SIZE, PAGE = 16320, 64
SLOTS = (0, SLOT_SIZE)
SETTINGS = """system { host-name ns3 }
""" + "".join(f"""link wan{n} {{
 interface eth0.{n}0
 address 10.{n}.0.2/24
 address 2001:db8:{n}::2/64
 gateway 10.{n}.0.1
 gateway 2001:db8:{n}::1
 monitor {{ target 192.0.2.53 ping, target 192.0.2.54 ping, interval 500ms, hold 1s }}
}}
""" for n in range(1, LEGS + 1)) + """domain example.com {
 name-server ns1 { address 203.0.113.2, link wan1 }
 host 10;mail1 { address 203.0.113.3, link wan1, mail-entry yes }
 host 20;mail2 { address 198.51.100.3, link wan2, mail-entry yes }
 host www1 { address 203.0.113.4, link wan1 }
 host www2 { address 198.51.100.4, link wan2 }
 host www3 { address 100.64.3.4, link wan3 }
 host www4 { address 100.64.4.4, link wan4 }
 balanced-host www { member www1, member www2, member www3, member www4 }
}
"""


def enter_namespace():
    """Run this program again in a network namespace; the answer is False where that is not allowed."""
    if os.environ.get("FL_RIG"):
        return True
    how = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--user", "--map-root-user"]
    if subprocess.run([*how, "sh", "-c", "test -w /dev/net/tun"], capture_output=True).returncode:
        return False
    os.environ["FL_RIG"] = "1"
    os.execvp(how[0], [*how, sys.executable, *sys.argv])


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Rig:
    def __init__(self, elf, options=(), cable=None):
        self.elf, self.options = elf, list(options)
        self.dir = tempfile.mkdtemp(prefix="sentinel-")
        self.trunk = cable(self.dir) if cable else self.providers()
        self.eeprom = self.dir + "/eeprom"
        with open(self.eeprom, "wb") as f:
            f.write(b"\xff" * EEPROM)
        self.qemu = None
        self.heard = ""  # all that came over the serial line

    def providers(self):
        """This machine at the other end of each leg."""
        trunk = Trunk(self.dir, LEGS)
        for n in range(1, LEGS + 1):
            ip("addr", "add", f"10.{n}.0.1/24", "dev", f"leg{n}")
            ip("link", "set", f"leg{n}", "up")
            ip("-6", "addr", "add", f"2001:db8:{n}::1/64", "dev", f"leg{n}", "nodad")
        ip("link", "set", "lo", "up")
        ip("addr", "add", "192.0.2.53/32", "dev", "lo")
        ip("addr", "add", "192.0.2.54/32", "dev", "lo")
        trunk.start()
        return trunk

    # ---- power ----

    def power_on(self):
        d = self.dir
        for name in ("serial", "qmp", "qemu"):
            if os.path.exists(f"{d}/{name}"):
                os.unlink(f"{d}/{name}")
        self.qemu = subprocess.Popen(
            ["qemu-system-arm", "-M", "mps2-an385", "-accel", "tcg", "-kernel", self.elf, "-display", "none", "-monitor", "none",
             "-serial", f"unix:{d}/serial,server=on,wait=off", "-qmp", f"unix:{d}/qmp,server=on,wait=off",
             "-netdev", f"dgram,id=n0,local.type=unix,local.path={d}/qemu,remote.type=unix,remote.path={d}/trunk",
             "-net", "nic,netdev=n0,model=lan9118,macaddr=02:00:00:00:00:01",
             # As slow as the real part is: a page takes it milliseconds.
             "-drive", f"if=none,id=ee,file={self.eeprom},format=raw,throttling.iops-write=50",
             "-device", f"at24c-eeprom,rom-size={EEPROM},drive=ee,address=0x50", *self.options],
            stdin=subprocess.DEVNULL)
        self.serial = self.connect("serial")
        self.qmp_socket = self.connect("qmp")
        self.qmp_lines = self.qmp_socket.makefile("r")
        self.qmp_lines.readline()
        self.qmp("qmp_capabilities")

    def connect(self, name):
        for _ in range(200):
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(f"{self.dir}/{name}")
                s.settimeout(20)
                return s
            except OSError:
                s.close()
                time.sleep(0.05)
        raise RuntimeError("QEMU does not start")

    def power_off(self):
        """At once, whatever the board is doing."""
        if self.qemu:
            self.qemu.kill()
            self.qemu.wait()
            self.serial.close()
            self.qmp_socket.close()
        self.qemu = None

    def close(self):
        self.power_off()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- QEMU ----

    def qmp(self, command, **arguments):
        self.qmp_socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = json.loads(self.qmp_lines.readline())
            if "return" in answer or "error" in answer:
                return answer.get("return", answer.get("error"))

    def plug(self, up):
        self.qmp("set_link", name="n0", up=up)

    def word(self, address):
        text = self.qmp("human-monitor-command", **{"command-line": f"xp /1wx {address:#x}"})
        return int(text.split(":")[1], 16)

    def lamp(self, n):
        """"green", "amber" or "off" of WANn, now."""
        return {0: "off", 1: "green", 2: "amber", 3: "red"}[self.word(0x4002F004) >> 2 * (n - 1) & 3]

    # ---- the person at the serial line ----

    def hear(self, enough, patience=20):
        """What is heard, without escape sequences, until enough(it) or for so long."""
        end, raw = time.time() + patience, b""
        while time.time() < end:
            text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode(errors="replace")).replace("\r", "")
            if enough(text):
                return text
            self.serial.settimeout(max(0.01, end - time.time()))
            try:
                part = self.serial.recv(4096)
            except OSError:
                break
            raw += part
            self.heard += part.decode(errors="replace")
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", raw.decode(errors="replace")).replace("\r", "")

    def read(self, until, patience=20):
        return self.hear(lambda text: until in text, patience)

    def wake(self, patience=60):
        """Whatever was typed or shown before: an empty line behind a prompt."""
        end, said = time.time() + patience, ""
        while not said.endswith("> ") and time.time() < end:
            self.serial.sendall(b"\x03\r")
            said = self.hear(lambda text: False, 0.5)
        return said

    def say(self, line, patience=60, until=None):
        """Type a line; the answer, up to the next prompt."""
        self.serial.sendall(line.encode() + b"\r")
        end = re.escape(until) + "$" if until else r"\n[^\n]*> $"
        return self.hear(lambda text: re.search(end, text.partition(line[:20])[2]), patience)

    def load(self, settings):
        self.say("load settings", until="gives up\n")
        for line in settings.splitlines():
            self.serial.sendall(line.encode() + b"\r")
            self.hear(lambda text: text.endswith("\n"), 2)
        return self.say(".")

    # ---- the world ----

    def dig(self, leg, name, kind="A", tcp=False, six=False, patience=2):
        server = f"2001:db8:{leg}::2" if six else f"10.{leg}.0.2"
        words = ["dig", "+short", f"+time={patience}", "+tries=1", *(["+tcp"] if tcp else []), f"@{server}", name, kind]
        return sorted(x for x in subprocess.run(words, capture_output=True, text=True).stdout.splitlines() if not x.startswith(";"))

    def answers(self, expected, leg, *question, **how):
        """A datagram may be lost where the machine is busy, and a link may look dead for a moment."""
        return self.wait(lambda: self.dig(leg, *question, **how) == expected)

    def ping(self, leg):
        return self.wait(lambda: subprocess.run(["ping", "-c1", "-W2", f"10.{leg}.0.2"], capture_output=True).returncode == 0)

    def wait(self, what, patience=60):
        end = time.time() + patience
        while not what():
            if time.time() > end:
                return False
            time.sleep(0.05)
        return True

    # ---- what lies in the EEPROM: drivers/lwip/slots.c ----

    def store(self, text):
        """As if it had been loaded."""
        octets = text.encode()
        numbers = struct.pack(">II", 1, len(octets))
        with open(self.eeprom, "r+b") as f:
            f.write(b"FLS1" + numbers + struct.pack(">I", zlib.crc32(numbers + octets)) + octets)

    def stored(self):
        """[(sequence number, text)] of the slots of the settings that are whole."""
        whole = []
        with open(self.eeprom, "rb") as f:
            for at in SLOTS:
                f.seek(at)
                magic, seq, n, crc = struct.unpack(">4sIII", f.read(16))
                text = f.read(n) if magic == b"FLS1" and n <= SLOT_SIZE - 16 else b""
                if text and zlib.crc32(struct.pack(">II", seq, n) + text) == crc:
                    whole.append((seq, text))
        return sorted(whole)

    def wait_for_page(self, slot, page, content):
        """Until this page of a slot is written."""
        with open(self.eeprom, "rb", buffering=0) as f:
            return self.wait_closely(lambda: os.pread(f.fileno(), len(content), SLOTS[slot] + PAGE * page) == content)

    def wait_closely(self, what, patience=60):
        """Without a pause, and hearing what the serial line says: the board waits for whoever listens."""
        end = time.time() + patience
        self.serial.setblocking(False)
        while not what():
            try:
                self.heard += self.serial.recv(4096).decode(errors="replace")
            except BlockingIOError:
                pass
            if time.time() > end:
                return False
        return True
