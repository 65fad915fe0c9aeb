#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Outages on the real kernel: links of three targets each, veth pairs between two network namespaces.

link_black_holes.py quiet FAIRLEADD FAIRLEAD FLOOR - processor time of the daemon with eight links over quiet seconds,
    beside FLOOR (ping_floor_bench), the least a probe costs.
link_black_holes.py holes FAIRLEADD FAIRLEAD HOLES LOSS% - each of 16 links is cut by nft in the provider's namespace at
    random moments, HOLES times in all, and LOSS% of the echoes are lost there: the time from the cut to the log line
    "up -> down".
link_black_holes.py peers - the same for two rules of others, and the cost of their probes.

Run it by `unshare --net --mount`.
"""
import calendar, ctypes, os, random, re, select, signal, subprocess, sys, tempfile, time

LINKS = 16
QUIET_LINKS = 8
HOLE = 5  # seconds; a silence that heals within three is learned as a gap of the link: a death takes longer then
REST = 25  # seconds at least between two holes of a link: an outage uses up some 30 probes of its budget of two a second
SEEN_BY = 10  # seconds; a hole that took longer is not seen
QUIET = 20  # seconds of the processor's time
CLONE_NEWNET = 0x40000000


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


class Knife:
    """Cuts a link within microseconds: a process for each cut would add its own start to what is measured."""

    def __init__(self):
        self.lib = ctypes.CDLL("libnftables.so.1")
        self.lib.nft_ctx_new.restype = ctypes.c_void_p
        libc = ctypes.CDLL(None, use_errno=True)
        here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open("/run/netns/isp", os.O_RDONLY)
        if libc.setns(there, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        self.nft = ctypes.c_void_p(self.lib.nft_ctx_new(0))  # its socket stays in that namespace
        if libc.setns(here, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")

    def run(self, verb, n):
        command = f"{verb} element inet bench dead {{ cust{n} }}"
        if self.lib.nft_run_cmd_from_buffer(self.nft, command.encode()):
            raise RuntimeError(command)
        return time.time()

    def cut(self, n):
        return self.run("add", n)

    def mend(self, n):
        return self.run("delete", n)


def settings(path, links):
    with open(path, "w") as f:
        for n in range(1, links + 1):
            f.write(f"link wan{n} {{ interface eth{n}, address 10.0.{n}.2/30, gateway 10.0.{n}.1\n"
                    "  monitor { target 192.0.2.1 ping, target 192.0.2.2 ping, target 192.0.2.3 ping } }\n")


def die_with_me():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


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


def at_rank(values, percent):
    return values[min(len(values) - 1, len(values) * percent // 100)]


def black_holes(log, knife, console, holes, rest):
    """Each link in turn: it is up for a while, is cut, is seen down, is mended and proves itself."""
    due, cut, down = {n: time.time() + 3 + REST * random.random() for n in range(1, LINKS + 1)}, {}, {}
    took, false, begun, unseen = [], 0, 0, 0
    end = time.time() + 60 + holes * (2 * rest + 10) / LINKS
    while len(took) + unseen < holes and time.time() < end:
        for n in [n for n in due if due[n] <= time.time() and begun < holes]:
            del due[n]
            begun += 1
            cut[n] = knife.cut(n)
        for n in [n for n in cut if time.time() - cut[n] > SEEN_BY]:
            unseen += 1
            del cut[n]
            knife.mend(n)
            due[n] = time.time() + 5
        for n in [n for n in down if down[n] <= time.time()]:
            del down[n]
            knife.mend(n)
        for at, text in log.lines(0.02):
            m = re.match(r"wan(\d+): (\S+) -> (\S+)", text)
            n = int(m[1]) if m else 0
            if not m:
                continue
            if m[3] == "recovering":
                console("clear", "link", f"wan{n}", "hold")  # or it grows threefold with every hole
            elif m[3] == "up" and n not in cut and n not in due:
                due[n] = time.time() + rest * (1 + random.random() / 2)
            elif m[3] == "down" and m[2] in ("up", "degraded") and n in cut:
                down[n] = cut[n] + HOLE + random.random()
                took.append((at - cut.pop(n), text))
            elif m[3] == "down" and m[2] in ("up", "degraded"):
                false += 1
                due.pop(n, None)
    return sorted(took), false, unseen


def report(found, false, unseen, loss):
    if not found:
        sys.exit(f"no black hole was seen at {loss} % loss")
    took = [seconds for seconds, _ in found]
    bar = (1.0, 1.6) if loss == 0 else (1.2, 2.3)
    middle, most = at_rank(took, 50), at_rank(took, 99)
    print(f"{len(took)} black holes at {loss} % loss: median {middle:.2f} s ({middle / bar[0]:.2f} of the bar), "
          f"99 % {most:.2f} s ({most / bar[1]:.2f} of the bar), longest {took[-1]:.2f} s; "
          f"{unseen} not seen, {false} false downs")
    for seconds, text in found[-5:]:
        print(f"  {seconds:.2f} s: {text}")


# ---- peers: their rules, on real pings ----


def ping(n, target, wait):
    """A process for each probe, as scripts do it."""
    words = ["ping", "-n", "-c1", f"-W{wait}", "-I", f"eth{n}", target]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Window:
    """dpinger's rule with the settings of OPNsense: a probe a second, one without answer for 4 s is lost; the link is
    down when more than 20 % of the last 60 s are lost."""

    def __init__(self, n):
        self.n, self.sent, self.lost, self.due = n, [], [], time.time()

    def step(self, now):
        if now >= self.due:
            self.due = now + 1
            self.sent.append((now, ping(self.n, "192.0.2.1", 4)))
        while self.sent and (self.sent[0][1].poll() is not None or now - self.sent[0][0] > 4.5):
            self.lost = (self.lost + [self.sent.pop(0)[1].poll() != 0])[-60:]
        return len(self.lost) >= 20 and sum(self.lost) > 0.2 * max(len(self.lost), 56)


class Rounds:
    """mwan3track's rule with the settings it ships: a round every 10 s asks the targets one after the other, 4 s
    each, until one answers; five rounds in a row without an answer are down."""

    def __init__(self, n):
        self.n, self.left, self.probe, self.failed, self.due = n, [], None, 0, time.time()

    def step(self, now):
        if self.probe is None and now >= self.due:
            self.left = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
            self.probe = ping(self.n, self.left.pop(0), 4)
        elif self.probe is not None and self.probe.poll() is not None:
            answered = self.probe.returncode == 0
            if not answered and self.left:
                self.probe = ping(self.n, self.left.pop(0), 4)
            else:
                self.probe, self.due = None, now + 10
                self.failed = 0 if answered else self.failed + 1
        return self.failed >= 5


def peers(knife):
    """Both rules watch every link; each link is cut once; processor time by the kernel's account of children."""
    before, n = os.times(), 0
    while n < 50:
        ping(1, "192.0.2.1", 1).wait()
        n += 1
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    print(f"a process for each ping: {1e6 * cpu / n:.0f} us of processor a probe")
    rules = {"dpinger's rule, OPNsense's settings": Window, "mwan3track's rule, as shipped": Rounds}
    watch = {(name, n): rule(n) for name, rule in rules.items() for n in range(1, LINKS + 1)}
    due = {n: time.time() + 65 + 10 * random.random() for n in range(1, LINKS + 1)}
    cut, took, end = {}, {name: [] for name in rules}, time.time() + 260
    while watch and time.time() < end:
        for n in [n for n in due if due[n] <= time.time()]:
            del due[n]
            cut[n] = knife.cut(n)
        for (name, n), rule in list(watch.items()):
            if rule.step(time.time()) and n in cut:
                took[name].append(time.time() - cut[n])
                del watch[name, n]
        time.sleep(0.02)
    for name, values in took.items():
        values.sort()
        print(f"{name}: {len(values)} of {LINKS} black holes seen, " +
              (f"median {at_rank(values, 50):.1f} s, longest {values[-1]:.1f} s" if values else "none in time"))


def quiet_seconds(p, floor):
    least = run(floor, "eth1", "192.0.2.1", str(QUIET_LINKS), str(QUIET))
    print(least, end="")
    cpu, begun = cpu_seconds(p.pid), time.time()
    time.sleep(QUIET)
    cpu = (cpu_seconds(p.pid) - cpu) / (time.time() - begun)
    a_probe, least = 1e6 * cpu / QUIET_LINKS, float(re.search(r"(\d+) us", least)[1])
    print(f"{QUIET_LINKS} links of 3 targets: {100 * cpu:.2f} % of a core ({cpu / 0.002:.2f} of the bar), "
          f"{a_probe:.0f} us a probe at {QUIET_LINKS} probes/s in all ({a_probe / least / 1.5:.2f} of the bar)")


def with_fairlead(daemon, client, links, loss, then):
    world(loss)
    with tempfile.TemporaryDirectory() as d:
        settings(f"{d}/settings.conf", links)
        os.mkdir(f"{d}/lamps")
        p = subprocess.Popen([daemon, "--settings", f"{d}/settings.conf", "--state", f"{d}/state", "--socket",
                              f"{d}/sock", "--lamps", f"{d}/lamps"], stderr=subprocess.PIPE, preexec_fn=die_with_me)
        log = Log(p.stderr)

        def console(*words):
            subprocess.run([client, "--socket", f"{d}/sock", *words], stdout=subprocess.DEVNULL, check=False)

        try:
            up, end = 0, time.time() + 30
            while up < links and time.time() < end:
                up += sum(1 for _, text in log.lines(0.1) if re.search(r"-> up|starts up", text))
            time.sleep(10)
            then(p, log, console)
        finally:
            p.terminate()
            p.wait(10)


def main():
    random.seed(1)
    os.nice(-15)  # what is measured is the router's work, not that of who else uses this machine
    mode, words = sys.argv[1], sys.argv[2:]
    if mode == "quiet":
        daemon, client, floor = map(os.path.abspath, words)
        with_fairlead(daemon, client, QUIET_LINKS, 0, lambda p, log, console: quiet_seconds(p, floor))
    elif mode == "holes":
        daemon, client = map(os.path.abspath, words[:2])
        holes, loss = map(int, words[2:])
        rest = REST * (1.5 if loss else 1)  # lost probes are asked about, too
        with_fairlead(daemon, client, LINKS, loss,
                      lambda p, log, console: report(*black_holes(log, Knife(), console, holes, rest), loss))
    else:
        world(0)
        for n in range(1, LINKS + 1):
            run("ip", "address", "add", f"10.0.{n}.2/30", "dev", f"eth{n}")
            run("ip", "route", "add", "192.0.2.0/24", "via", f"10.0.{n}.1", "dev", f"eth{n}", "metric", str(n))
        peers(Knife())


main()
