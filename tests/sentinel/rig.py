#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""rig.py - a sentinel under QEMU with four providers beside it, in a network namespace of its own.

Leg N has VLAN 10 N and the network 10.N.0.0/24; the providers' side is this machine, .1 of each, and the targets
192.0.2.53 and .54 are its own.  Nothing here needs root where a user may have a network namespace."""
import json, os, re, shutil, socket, subprocess, sys, tempfile, time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from trunk import Trunk

LEGS = 4
EEPROM = 32768
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
    def __init__(self, elf, options=()):
        self.elf, self.options = elf, list(options)
        self.dir = tempfile.mkdtemp(prefix="sentinel-")
        self.trunk = Trunk(self.dir, LEGS)
        for n in range(1, LEGS + 1):
            ip("addr", "add", f"10.{n}.0.1/24", "dev", f"leg{n}")
            ip("link", "set", f"leg{n}", "up")
            ip("-6", "addr", "add", f"2001:db8:{n}::1/64", "dev", f"leg{n}", "nodad")
        ip("link", "set", "lo", "up")
        ip("addr", "add", "192.0.2.53/32", "dev", "lo")
        ip("addr", "add", "192.0.2.54/32", "dev", "lo")
        self.trunk.start()
        self.eeprom = self.dir + "/eeprom"
        with open(self.eeprom, "wb") as f:
            f.write(b"\xff" * EEPROM)
        self.qemu = None
        self.heard = ""  # all that came over the serial line

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
             "-drive", f"if=none,id=ee,file={self.eeprom},format=raw",
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

    def say(self, line, patience=20):
        """Type a line; the answer, up to the next prompt."""
        self.serial.sendall(line.encode() + b"\r")
        return self.hear(lambda text: re.search(r"\n[^\n]*> $", text.partition(line[:20])[2]), patience)

    def load(self, settings):
        self.serial.sendall(b"load settings\r")
        self.read("gives up\n")
        for line in settings.splitlines():
            self.serial.sendall(line.encode() + b"\r")
            self.hear(lambda text: text.endswith("\n"), 2)
        return self.say(".")

    # ---- the world ----

    def dig(self, leg, name, kind="A", tcp=False, six=False, patience=2):
        server = f"2001:db8:{leg}::2" if six else f"10.{leg}.0.2"
        words = ["dig", "+short", f"+time={patience}", "+tries=1", *(["+tcp"] if tcp else []), f"@{server}", name, kind]
        return sorted(x for x in subprocess.run(words, capture_output=True, text=True).stdout.splitlines() if not x.startswith(";"))

    def ping(self, leg):
        return subprocess.run(["ping", "-c1", "-W2", f"10.{leg}.0.2"], capture_output=True).returncode == 0

    def wait(self, what, patience=30):
        end = time.time() + patience
        while time.time() < end:
            if what():
                return True
            time.sleep(0.05)
        return False
