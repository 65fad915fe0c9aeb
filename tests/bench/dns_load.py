#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""dns_load.py FAIRLEADD FAIRLEAD NAMES - from the settings to the first answer, beside gdnsd; and what a change costs.

The daemon is started on settings with NAMES hosts, a tenth of them with an MX, and gdnsd on the same zone; the time is
that until the last name is answered.  Then one address is changed at the console, five times: from the commit until
the new address is answered.  Memory is the kernel's PSS.  Run it by `unshare --net`.
"""
import os, socket, struct, subprocess, sys, tempfile, time

LINKS = 3
FAIRLEAD_PORT, GDNSD_PORT = 5300, 5301


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

    def ask(self, name):
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        try:
            self.socket.sendto(struct.pack(">6H", 1, 0, 1, 0, 0, 0) + labels + struct.pack(">BHH", 0, 1, 1), self.to)
            return self.socket.recv(2000)
        except OSError:
            return b""

    def await_address(self, name, wanted, limit=120):
        end = time.time() + limit
        while time.time() < end:
            if self.ask(name).endswith(socket.inet_aton(wanted)):
                return time.time()
        sys.exit(f"{name} is not answered with {wanted} in {limit} s")


def pss(pid):
    with open(f"/proc/{pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:")) / 1024


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        return f.read().split()


def changes(client, folder, asker, last):
    console = subprocess.Popen([client, "--socket", f"{folder}/socket"], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, text=True)
    print("configure", file=console.stdin, flush=True)
    took = []
    for n in range(5):
        time.sleep(1)  # the saving of the change before
        print(f"set domain example.com host h{last} address 10.250.0.{n}", file=console.stdin, flush=True)
        time.sleep(1)
        begun = time.time()
        print("commit", file=console.stdin, flush=True)
        took.append(asker.await_address(f"h{last}.example.com", f"10.250.0.{n}") - begun)
    console.kill()
    console.wait()
    return sorted(took)[len(took) // 2]


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
                took = changes(client, d, asker, last)
                print(f"{names} names: a change of one, commit to answer {1e3 * took:.0f} ms")
        finally:
            server.terminate()
            server.wait()
        theirs = gdnsd(f"{d}/gdnsd", names)
        print(f"{names} names: gdnsd's first answer after {theirs:.2f} s; ours takes {loaded / theirs:.2f} of that")


main()
