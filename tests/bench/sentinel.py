#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""sentinel.py ELF SIMULATOR - what an answer of the sentinel costs, how soon the first one comes, how fast its simulator is.

Instructions are counted one by one, in QEMU's own log of what it runs, from one answer to another.  The board's time is
made of instructions, too: one is 64 ns (-icount shift=6, as on a board of 15.6 MHz).  Neither depends on what else this
machine does, but for the time that the board waits for a question.  Nobody but this program is on the cable: it is the
provider's router of leg 1."""
import os, select, socket, struct, subprocess, sys, time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../sentinel"))
import rig

NS = 64  # an instruction, in the board's time
WINDOW, ANSWERS, BOOTS = 32, 100, 5
BOARD, ROUTER = bytes.fromhex("020000000001"), bytes.fromhex("0200000000fe")
VLAN = 10
COUNTER = 0x40028018
US, THEM = bytes((10, 1, 0, 1)), bytes((10, 1, 0, 2))
BARS = {"instructions": 5000, "boot": 0.5, "simulator": 100000, "flash": 256 * 1024, "ram": 128 * 1024}


def checksum(octets):
    total = sum(struct.unpack(f">{len(octets) // 2}H", octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def frame(kind, payload):
    return BOARD + ROUTER + struct.pack(">HHH", 0x8100, VLAN, kind) + payload


def question(number, name, kind):
    labels = b"".join(bytes((len(x),)) + x.encode() for x in name.split(".")) + b"\0"
    dns = struct.pack(">HHHHHH", number & 0xFFFF, 0, 1, 0, 0, 0) + labels + struct.pack(">HH", kind, 1)
    udp = struct.pack(">HHHH", 40000, 53, 8 + len(dns), 0) + dns
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0x4000, 64, 17, 0, US, THEM)
    return frame(0x0800, head[:10] + struct.pack(">H", checksum(head)) + head[12:] + udp)


class Cable:
    """The far end of QEMU's datagram socket."""

    def __init__(self, folder):
        self.qemu = folder + "/qemu"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(folder + "/trunk")
        self.socket.setblocking(False)
        self.cut = set()

    def start(self):
        pass

    def send(self, octets):
        try:
            self.socket.sendto(octets, self.qemu)
            return True
        except OSError:
            return False  # it is not there yet, or has enough

    def answers(self, patience):
        """How many answers came; whoever asks for the router's hardware address is told."""
        n = 0
        while select.select([self.socket], [], [], 0 if n else patience)[0]:
            got = self.socket.recv(4096)
            tag, kind = struct.unpack(">HH", got[14:18]) if len(got) > 46 else (0, 0)
            if tag & 0xFFF != VLAN:
                continue
            if kind == 0x0806 and got[24:26] == b"\0\1" and got[42:46] == US:
                self.send(frame(0x0806, got[18:24] + b"\0\2" + ROUTER + US + BOARD + THEM))
            n += kind == 0x0800 and got[27] == 17 and got[38:40] == b"\0\x35"
        return n


def now(r):
    """Microseconds of the board."""
    return r.word(COUNTER)


def boot(r):
    """From reset to the first answer, seconds of the board."""
    r.power_off()
    r.power_on()
    while True:
        r.trunk.send(question(1, "www.example.com", 1))
        if r.trunk.answers(0.002):
            return now(r) / 1e6


def answer(r, question, count):
    """Let so many questions be answered."""
    came = waiting = 0
    while came < count:
        while waiting < WINDOW and r.trunk.send(question):
            waiting += 1
        got = r.trunk.answers(0.2)
        came, waiting = came + got, waiting - got if got else 0
    return came


def instructions(r, name, kind):
    """An answer, all in: receiving, deciding, sending, and what else the board does meanwhile."""
    asked = question(2, name, kind)
    answer(r, asked, ANSWERS)
    log = r.dir + "/log"
    r.qmp("human-monitor-command", **{"command-line": f"logfile {log}"})
    r.qmp("human-monitor-command", **{"command-line": "log exec,nochain"})
    came = answer(r, asked, ANSWERS)
    r.qmp("human-monitor-command", **{"command-line": "log none"})
    with open(log, errors="replace") as f:
        ran = sum(line.startswith("Trace") for line in f)
    os.unlink(log)
    return ran / came


def sizes(elf):
    rows = subprocess.run(["arm-none-eabi-size", elf], capture_output=True, text=True, check=True).stdout.splitlines()
    text, data, bss = map(int, rows[1].split()[:3])
    return text + data, data + bss


def simulator(program):
    said = subprocess.run([program, "360000", "1", "pings"], capture_output=True, text=True, check=True).stderr
    return float(said.rsplit(":", 1)[1].split()[0])


def row(what, figure, bar, good):
    print(f"| {what} | {figure} | {bar} |{'' if good else ' MISSED'}", flush=True)


def main():
    if not rig.enter_namespace():
        sys.exit("a network namespace of one's own is needed: run it as root")
    elf, program = map(os.path.abspath, sys.argv[1:3])
    r = rig.Rig(elf, [], Cable)
    r.store(rig.SETTINGS.replace("domain example.com", "dns { rate-limit { answers 0 } }\ndomain example.com"))
    try:
        r.options = ["-icount", f"shift={NS.bit_length() - 1}"]
        took = min(boot(r) for _ in range(BOOTS))
        print("| what | measured | bar |\n|---|---|---|")
        row("boot to the first answer, guest time", f"{took:.3f} s", f"{BARS['boot']} s", took < BARS["boot"])
        r.options += ["-singlestep"]
        boot(r)
        for what, name, kind in (("A, 1 address", "www1.example.com", 1), ("A, 4 addresses", "www.example.com", 1),
                                 ("MX, 2 exchangers with addresses", "example.com", 15), ("NXDOMAIN", "none.example.com", 1)):
            each = instructions(r, name, kind)
            row(f"instructions an answer, all in: {what}", f"{each:,.0f}", f"{BARS['instructions']:,}", each < BARS["instructions"])
    finally:
        r.close()
    flash, ram = sizes(elf)
    row("flash", f"{flash:,} octets", f"{BARS['flash']:,}", flash < BARS["flash"])
    row("RAM but stack, settings and zones", f"{ram:,} octets", f"{BARS['ram']:,}", ram < BARS["ram"])
    pace = simulator(program)
    row("simulated seconds a second, four pinged links", f"{pace:,.0f}", f"{BARS['simulator']:,}", pace > BARS["simulator"])


main()
