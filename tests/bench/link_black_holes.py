#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""link_black_holes.py FAIRLEADD FAIRLEAD FLOOR [HOLES] [LOSS%] - outages on the real kernel.

Eight links of three targets each, veth pairs between two network namespaces; each link is cut by nft in the
provider's namespace, at a random moment, HOLES times in all.  The time from the cut to the log line "up -> down" is
measured, and the processor time of the daemon over quiet seconds, beside FLOOR (ping_floor_bench), dpinger (if it
is there) and a loop that starts ping(8) for each probe, as scripts do.  Run it by `unshare --net --mount`.
"""
import calendar, ctypes, os, random, re, select, signal, subprocess, sys, tempfile, time

LINKS = 8
QUIET = 30  # seconds of the processor's time


def run(*words, stdin=None):
    return subprocess.run(words, input=stdin, text=True, check=True, stdout=subprocess.PIPE).stdout


def isp(*words, stdin=None):
    return run("ip", "netns", "exec", "isp", *words, stdin=stdin)


def world(loss):
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.mkdir("/run/netns")
    run("ip", "netns", "add", "isp")
    run("ip", "link", "set", "lo", "up")
    isp("ip", "link", "set", "lo", "up")
    for t in (1, 2, 3):
        isp("ip", "address", "add", f"192.0.2.{t}/32", "dev", "lo")
    for n in range(1, LINKS + 1):
        run("ip", "link", "add", f"eth{n}", "type", "veth", "peer", "name", f"cust{n}", "netns", "isp")
        isp("ip", "address", "add", f"10.0.{n}.1/30", "dev", f"cust{n}")
        isp("ip", "link", "set", f"cust{n}", "up")
        run("ip", "link", "set", f"eth{n}", "up")
    isp("nft", "-f", "-", stdin=f"""table inet bench {{
        set dead {{ type ifname; }}
        chain in {{ type filter hook prerouting priority -300;
            iifname @dead drop
            icmp type echo-request numgen random mod 1000 < {loss * 10} drop
        }}
    }}
""")


def settings(path):
    with open(path, "w") as f:
        for n in range(1, LINKS + 1):
            f.write(f"link wan{n} {{ interface eth{n}, address 10.0.{n}.2/30, gateway 10.0.{n}.1\n"
                    "  monitor { target 192.0.2.1 ping, target 192.0.2.2 ping, target 192.0.2.3 ping } }\n")


def die_with_me():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


class Log:
    """The daemon's lines, each with its own time."""

    def __init__(self, pipe):
        self.pipe, self.rest = pipe, b""

    def lines(self, wait):
        if not select.select([self.pipe], [], [], wait)[0]:
            return []
        parts = (self.rest + os.read(self.pipe.fileno(), 65536)).split(b"\n")
        self.rest = parts.pop()
        out = []
        for line in parts:
            m = re.match(r"(\S+ \S+)\.(\d+) \S+ +(.*)", line.decode())
            if m:
                at = calendar.timegm(time.strptime(m[1], "%Y-%m-%d %H:%M:%S")) + int(m[2]) / 1000
                out.append((at, m[3]))
        return out


def black_holes(log, console, holes):
    due, cut = {n: time.time() + 3 + random.random() for n in range(1, LINKS + 1)}, {}
    took, false, begun = [], 0, 0
    end = time.time() + 60 + holes * 12 / LINKS
    while len(took) < holes and time.time() < end:
        now = time.time()
        for n in [n for n in due if due[n] <= now and begun < holes]:
            del due[n]
            begun += 1
            cut[n] = time.time()
            isp("nft", "add", "element", "inet", "bench", "dead", f"{{ cust{n} }}")
        for at, text in log.lines(0.02):
            m = re.match(r"wan(\d+): (\S+) -> (\S+)", text)
            if not m:
                continue
            n = int(m[1])
            if m[3] == "down" and m[2] in ("up", "degraded"):
                if n not in cut:
                    false += 1
                    continue
                took.append(at - cut.pop(n))
                isp("nft", "delete", "element", "inet", "bench", "dead", f"{{ cust{n} }}")
                console("clear", "link", f"wan{n}", "hold")
            elif m[3] == "up" and n not in cut:
                due[n] = time.time() + 0.5 + 2 * random.random()
    return sorted(took), false, begun - len(took)


def ping_loop(seconds):
    """A process for each probe: its processor time, by the kernel's account of children."""
    before, n, end = os.times(), 0, time.time() + seconds
    while time.time() < end:
        subprocess.run(["ping", "-c1", "-W1", "-I", "eth1", "192.0.2.1"], stdout=subprocess.DEVNULL, check=False)
        n += 1
        time.sleep(0.2)
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu / n


def dpinger(seconds):
    words = ["dpinger", "-f", "-s", "1s", "-l", "4s", "-t", "60s", "-d", "1s", "-L", "20%", "-B", "10.0.1.2", "192.0.2.1"]
    p = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    cpu = cpu_seconds(p.pid)
    p.kill()
    p.wait()
    return cpu / seconds


def main():
    daemon, client, floor = map(os.path.abspath, sys.argv[1:4])
    holes = int(sys.argv[4]) if len(sys.argv) > 4 else 200
    loss = int(sys.argv[5]) if len(sys.argv) > 5 else 0
    random.seed(1)
    with tempfile.TemporaryDirectory() as d:
        world(loss)
        settings(f"{d}/settings.conf")
        os.mkdir(f"{d}/lamps")
        p = subprocess.Popen([daemon, "--settings", f"{d}/settings.conf", "--state", f"{d}/state", "--socket",
                              f"{d}/sock", "--lamps", f"{d}/lamps"], stderr=subprocess.PIPE, preexec_fn=die_with_me)
        log = Log(p.stderr)

        def console(*words):
            subprocess.run([client, "--socket", f"{d}/sock", *words], stdout=subprocess.DEVNULL, check=False)

        try:
            up, end = 0, time.time() + 30
            while up < LINKS and time.time() < end:
                up += sum(1 for _, text in log.lines(0.1) if re.search(r"-> up|starts up", text))
            time.sleep(10)
            print(run(floor, "eth1", "192.0.2.1", str(LINKS), str(QUIET)), end="")
            cpu, quiet = cpu_seconds(p.pid), time.time()
            time.sleep(QUIET)
            cpu, quiet = cpu_seconds(p.pid) - cpu, time.time() - quiet
            print(f"{LINKS} links of 3 targets, {loss} % loss: {100 * cpu / quiet:.2f} % of a core, "
                  f"{1e6 * cpu / quiet / LINKS:.0f} us a probe at {LINKS} probes/s in all")
            took, false, unseen = black_holes(log, console, holes)
            n = len(took)
            if n:
                print(f"{n} black holes: median {took[n // 2]:.2f} s, 99 % {took[n * 99 // 100]:.2f} s, "
                      f"longest {took[-1]:.2f} s; {unseen} not seen, {false} false downs")
            if loss == 0:
                print(f"a process for each ping: {1e6 * ping_loop(5):.0f} us of processor a probe")
                try:
                    print(f"dpinger: {1e6 * dpinger(QUIET):.0f} us a probe")
                except FileNotFoundError:
                    print("dpinger: SKIP, not installed")
        finally:
            p.terminate()
            p.wait(10)


main()
