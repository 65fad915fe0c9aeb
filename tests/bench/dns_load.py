#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dns_load.py FAIRLEADD FAIRLEAD NAMES - from the settings to the first answer, beside gdnsd; and what a change costs.

The daemon is started on settings with NAMES hosts, a tenth of them with an MX, and gdnsd on the same zone; the time is
that until the last name is answered.  Then rows of each kind are committed at the console, five times: from the commit
until the answer is the new one.  Memory is the kernel's PSS.  Run it by `unshare --net`.
"""
import os, socket, struct, subprocess, sys, tempfile, time

LINKS = 3
FAIRLEAD_PORT, GDNSD_PORT = 5300, 5301
A, MX, TXT = 1, 15, 16
TURNS = 5


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def address(n):
    return f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"


def write_settings(path, names):
    with open(path, "w") as f:
        for n in range(1, LINKS + 1):
            f.write(f"link wan{n} {{ interface eth{n}, address 198.18.{n}.2/24, gateway 198.18.{n}.1 }}\n")
        f.write(f"dns {{ listen 127.0.0.1 port {FAIRLEAD_PORT}, threads 1 }}\ndomain example.com {{\n"
                "name-server ns1 { address 203.0.113.2, link wan1 }\n")
        for n in range(names):  # in the order in which they are saved
            f.write(f"host h{n} {{ address {address(n)}, link wan{n % LINKS + 1} }}\n")
        f.write("host mail { address 203.0.113.3, link wan1 }\n")
        for n in range(0, names, 10):
            f.write(f'record h{n} MX "10 mail"\n')
        f.write("}\n")


def write_zone(path, names):
    with open(path, "w") as f:
        f.write("$ORIGIN example.com.\n$TTL 30\n@ SOA ns1 hostmaster 1000 3600 600 604800 10\n@ NS ns1\n"
                "ns1 A 203.0.113.2\nmail A 203.0.113.3\n")
        for n in range(names):
            f.write(f"h{n} A {address(n)}\n" + (f"h{n} MX 10 mail\n" if n % 10 == 0 else ""))


class Asker:
    def __init__(self, port):
        self.socket, self.to = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), ("127.0.0.1", port)
        self.socket.settimeout(0.002)
        self.number = 0

    def ask(self, name, type):
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        self.number = self.number % 65535 + 1
        try:
            self.socket.sendto(struct.pack(">6H", self.number, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, type, 1),
                               self.to)
            reply = self.socket.recv(2000)
        except OSError:
            return b""
        return reply if reply[:2] == struct.pack(">H", self.number) else b""

    def wait(self, name, type, is_new, limit=120):
        end = time.time() + limit
        while time.time() < end:
            reply = self.ask(name, type)
            if len(reply) > 12 and is_new(reply):
                return time.time()
        sys.exit(f"{name} is not answered as expected in {limit} s")

    def await_address(self, name, wanted, limit=120):
        return self.wait(name, A, lambda reply: reply.endswith(socket.inet_aton(wanted)), limit)


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:")) / 1024


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return f.read().split()


def answers(reply):
    return struct.unpack(">H", reply[6:8])[0]


def edits(n, last):
    """What is committed in turn n: its kind, the commands behind `domain example.com`, and when it is answered."""
    def ends_with(*address):
        return lambda reply: reply.endswith(bytes(address))

    host, old, mail, www = f"new{n}", f"h{10 * n + 1}", f"mx{n}", f"www{n}"
    return [
        ("address of a host", [f"set host h{last} address 10.250.0.{n}"], f"h{last}", A, ends_with(10, 250, 0, n)),
        ("host added", [f"set host {host} address 10.251.0.{n}", f"set host {host} link wan1"], host, A,
         ends_with(10, 251, 0, n)),
        ("host removed", [f"delete host {host}"], host, A, lambda reply: reply[3] & 15 == 3),
        ("record added", [f"set record {old} TXT text{n}"], old, TXT, lambda reply: reply.endswith(b"text%d" % n)),
        ("record changed", [f"delete record {old} TXT text{n}", f"set record {old} TXT other{n}"], old, TXT,
         lambda reply: reply.endswith(b"other%d" % n)),
        ("record removed", [f"delete record {old} TXT other{n}"], old, TXT, lambda reply: answers(reply) == 0),
        ("MX record added", [f'set record {old} MX "10 mail"'], old, MX, lambda reply: answers(reply) == 1),
        ("mail entry added", [f"set host {10 + n};{mail} {value}"
                              for value in (f"address 10.252.0.{n}", "link wan1", "mail-entry yes")], "", MX,
         lambda reply: answers(reply) == 1 + n),
        ("balanced host added", [f"set balanced-host {www} member h{n + k}" for k in (0, 20)], www, A,
         lambda reply: answers(reply) == 2),
        ("balanced host's member", [f"set balanced-host {www} member h{n + 40}"], www, A,
         lambda reply: answers(reply) == 3),
    ]


def changes(client, folder, asker, last):
    """How long each turn took, in seconds, by the kind of edit."""
    console = subprocess.Popen([client, "--socket", f"{folder}/socket"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    took = {}

    def type_line(line):
        print(line, file=console.stdin, flush=True)

    type_line("configure")
    for n in range(TURNS):
        for kind, commands, name, type, is_new in edits(n, last):
            time.sleep(1)  # the saving of the change before
            for command in commands:
                verb, words = command.split(" ", 1)
                type_line(f"{verb} domain example.com {words}")
            time.sleep(1)
            begun = time.time()
            type_line("commit")
            took.setdefault(kind, []).append(asker.wait(f"{name}.example.com".lstrip("."), type, is_new, 20) - begun)
    console.kill()
    console.wait()
    return took


def gdnsd(folder, names):
    for part in ("etc/zones", "run", "state"):
        os.makedirs(f"{folder}/{part}")
    write_zone(f"{folder}/etc/zones/example.com", names)
    with open(f"{folder}/etc/config", "w") as f:
        f.write(f"options => {{ listen => [ 127.0.0.1 ], dns_port => {GDNSD_PORT}, udp_threads => 1, tcp_threads => 1\n"
                f"run_dir => {folder}/run, state_dir => {folder}/state }}\n")
    begun = time.time()
    server = subprocess.Popen(["gdnsd", "-c", f"{folder}/etc", "-D", "start"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    try:
        last = names - 1
        return Asker(GDNSD_PORT).await_address(f"h{last}.example.com", address(last)) - begun
    finally:
        server.kill()
        server.wait()


def main():
    daemon, client = map(os.path.abspath, sys.argv[1:3])
    names = int(sys.argv[3])
    last = names - 1
    run("ip", "link", "set", "lo", "up")
    for n in range(1, LINKS + 1):
        run("ip", "link", "add", f"eth{n}", "type", "veth", "peer", "name", f"isp{n}")
        run("ip", "link", "set", f"isp{n}", "up")
    with tempfile.TemporaryDirectory() as d:
        os.mkdir(f"{d}/lamps")
        write_settings(f"{d}/settings", names)
        begun, asker = time.time(), Asker(FAIRLEAD_PORT)
        server = subprocess.Popen([daemon, "--settings", f"{d}/settings", "--state", f"{d}/state", "--socket",
                                   f"{d}/socket", "--lamps", f"{d}/lamps"], stderr=subprocess.DEVNULL)
        try:
            loaded = asker.await_address(f"h{last}.example.com", address(last)) - begun
            time.sleep(1)
            print(f"{names} names: settings to first answer {loaded:.2f} s, PSS of the daemon {pss(server.pid):.1f} MB, "
                  f"of the worker {sum(pss(p) for p in children(server.pid)):.1f} MB", flush=True)
            if names <= 100000:
                for kind, took in changes(client, d, asker, last).items():
                    print(f"{names} names: {kind}, commit to answer {1e3 * sorted(took)[TURNS // 2]:.0f} ms "
                          f"(first {1e3 * took[0]:.0f}, worst {1e3 * max(took):.0f})", flush=True)
        finally:
            server.terminate()
            server.wait()
        theirs = gdnsd(f"{d}/gdnsd", names)
        print(f"{names} names: gdnsd's first answer after {theirs:.2f} s; ours takes {loaded / theirs:.2f} of that")


main()
