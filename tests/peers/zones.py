#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""zones.py - made-up zones, and what several servers of them answer.

  zones.py make SEED ZONE            a master file of every kind of thing that a zone may have
  zones.py ask SEED FILE SERVER...   ask all servers (NAME=ADDRESS:PORT) about the zones in FILE, existing names and near
                                     misses; the first server's answers are judged by the others'.  TAP.
"""
import random
import socket
import struct
import sys
import time

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "RP": 17, "AFSDB": 18,
         "AAAA": 28, "SRV": 33, "NAPTR": 35, "DS": 43, "SSHFP": 44, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "TLSA": 52,
         "SVCB": 64, "HTTPS": 65, "ANY": 255, "URI": 256, "CAA": 257, "TYPE731": 731}
NAMES = {number: name for name, number in TYPES.items()}
NAME_AT = {2: 0, 5: 0, 12: 0, 15: 2, 18: 2, 33: 6}  # types whose data ends in a name, and where it begins

# ---- names: tuples of labels, octets as they are -------------------------------------------------


def name_of(text):
    labels, label, i = [], bytearray(), 0
    raw = text.encode("latin-1")
    while i < len(raw):
        if raw[i:i + 1] == b"\\" and raw[i + 1:i + 4].isdigit():
            label.append(int(raw[i + 1:i + 4]))
            i += 3
        elif raw[i:i + 1] == b"\\":
            label.append(raw[i + 1])
            i += 1
        elif raw[i:i + 1] == b".":
            labels.append(bytes(label))
            label = bytearray()
        else:
            label.append(raw[i])
        i += 1
    return tuple(labels) + ((bytes(label),) if label else ())


def text_of(name):
    def octet(o):
        c = chr(o)
        return c if c.isalnum() and o < 128 or c in "-_*/" else "\\%03d" % o
    return "".join("".join(map(octet, label)) + "." for label in name) or "."


def lower(name):
    return tuple(label.lower() for label in name)


def is_below(name, above):
    return len(name) >= len(above) and lower(name[len(name) - len(above):]) == lower(above)


# ---- a zone ------------------------------------------------------------------------------------------

LABELS = [b"a", b"b", b"c", b"Deep", b"_tcp", b"x.y", b"sp ace", b"q\"t", b"0", b"a\xff", b"l" * 63]
# Data whose names are of no matter, {} for a name.
DATA = {"TXT": ['"one" "two"', '"\\"q\\" \\\\ ; \\001\\255"', '""', '"%s" "%s"' % ("k" * 255, "l" * 200)],
        "CAA": ['0 issue "letsencrypt.org"', '128 iodef "mailto:a@b"'], "HINFO": ['"PC" "Linux"'],
        "TLSA": ["3 1 1 " + "ab" * 32], "SSHFP": ["4 2 " + "12" * 32], "RP": ["admin.example.net. ."],
        "NAPTR": ['100 50 "s" "SIP+D2U" "" _sip._udp.example.net.', '1 2 "u" "E2U+sip" "!^.*$!sip:i@e!" .'],
        "SVCB": ["0 svc.example.net.", "2 . mandatory=alpn alpn=h2 key667=hello"],
        "HTTPS": ['1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1'], "URI": ['10 1 "ftp://ftp.example.net/x"'],
        "AFSDB": ["1 afs.example.net."], "TYPE731": ["\\# 3 abcdef", "\\# 0"], "PTR": ["else.example.net."],
        "SRV": ["10 60 5060 {}", "0 0 1 ."], "MX": ["10 {}", "20 {}"]}


class Zone:
    def __init__(self, seed, apex):
        self.rng, self.apex, self.rows = random.Random("%s %s" % (seed, apex)), name_of(apex), {}
        self.hosts, self.aliases, self.cuts = [], [], []
        self.name_servers()
        for _ in range(self.rng.randint(1, 2)):
            self.cut()
        for _ in range(self.rng.randint(8, 16)):
            self.host()
        for _ in range(self.rng.randint(6, 12)):
            self.records(self.free())
        self.records(self.apex)
        self.mail()
        for _ in range(self.rng.randint(4, 10)):
            self.alias()

    def add(self, name, kind, data):
        rows = self.rows.setdefault(lower(name), (name, []))[1]
        if (kind, data) not in rows:
            rows.append((kind, data))

    def name(self):
        """Any name of the zone, wildcards among them."""
        labels = [self.rng.choice(LABELS) for _ in range(self.rng.choice([1, 1, 1, 2, 2, 3]))]
        if self.rng.random() < 0.15:
            labels[0] = b"*"
        return tuple(labels) + self.apex

    def free(self):
        while True:
            name = self.name()
            if lower(name) not in self.rows and not any(is_below(name, cut) for cut in self.cuts):
                return name

    def address(self, name):
        six = self.rng.random() < 0.4
        self.add(name, "AAAA" if six else "A",
                 "2001:db8:5::%x" % self.rng.randint(1, 40) if six else "198.18.5.%d" % self.rng.randint(1, 40))

    def name_servers(self):
        own = (b"ns1",) + self.apex
        self.add(self.apex, "NS", text_of(own))
        self.add(own, "A", "203.0.113.2")
        self.add(self.apex, "NS", "ns.example.org.")

    def cut(self):
        cut = self.free()
        while cut[0] == b"*":
            cut = self.free()
        if any(is_below(self.rows[row][0], cut) for row in self.rows):
            return
        self.cuts.append(cut)
        for server in self.rng.sample([(b"ns",) + cut, (b"a", b"b") + cut, name_of("ns.example.org"), cut], 2):
            self.add(cut, "NS", text_of(server))
            for _ in range(self.rng.randint(1, 2) if is_below(server, cut) else 0):
                self.address(server)
        if self.rng.random() < 0.5:
            self.add(cut, "DS", "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118")

    def host(self):
        name = self.free()
        self.hosts.append(name)
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            self.address(name)

    def target(self):
        return self.rng.choice([n for n in self.hosts if n[0] != b"*"] or [name_of("mx.example.org")])

    def records(self, name):
        for kind in self.rng.sample(sorted(DATA), self.rng.randint(1, 3)):
            for data in self.rng.sample(DATA[kind], self.rng.randint(1, len(DATA[kind]))):
                self.add(name, kind, data.format(text_of(self.target())) if "{}" in data else data)

    def mail(self):
        for preference in self.rng.sample(range(0, 65536), 3):
            self.add(self.apex, "MX", "%d %s" % (preference, text_of(self.target())))

    def alias(self):
        name = self.free()
        others = [row[0] for row in self.rows.values()]
        other = self.rng.choice(others)
        target = self.rng.choice([other, other[1:] if len(other) > len(self.apex) else other, (b"x",) + other, self.name(),
                                  name_of("else.example.net"), (b"kid",) + self.apex, self.apex[1:], (b"a",) + self.apex[1:],
                                  *self.aliases[-3:]])
        if is_below(target, self.apex) and self.leads_to(target, name):
            return
        self.aliases.append(name)
        self.add(name, "CNAME", text_of(target))

    def leads_to(self, target, name):
        """Could the alias come back to itself?  Wildcards make it hard to tell: what is not there yet is not taken."""
        if lower(target) == lower(name) or name[0] == b"*" and is_below(target, name[1:]):
            return True
        for alias in self.aliases:
            if lower(alias) == lower(target):
                return len(self.aliases) > 20
        return lower(target) not in self.rows

    def print(self):
        print("$TTL 30s\n%s SOA ns1 host\\.master %d 3600 600 604800 10" % (text_of(self.apex), 1))
        for name, rows in self.rows.values():
            for kind, data in rows:
                print(text_of(name), "IN", kind, data)


# ---- messages ------------------------------------------------------------------------------------


def question(ident, name, kind, size, do):
    wire = b"".join(bytes([len(label)]) + label for label in name) + b"\0"
    opt = struct.pack(">BHHIH", 0, 41, size, 0x8000 if do else 0, 0) if size else b""
    return struct.pack(">6H", ident, 0, 1, 0, 0, 1 if size else 0) + wire + struct.pack(">HH", kind, 1) + opt


def read_name(message, at):
    labels, end = [], None
    while message[at]:
        if message[at] >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from(">H", message, at)[0] & 0x3FFF
        else:
            labels.append(message[at + 1:at + 1 + message[at]])
            at += 1 + message[at]
    return tuple(labels), end or at + 1


def read_data(message, kind, at, n):
    """The data with its names whole and in lower case, so that it can be compared."""
    if kind in NAME_AT:
        before = message[at:at + NAME_AT[kind]]
        return before, lower(read_name(message, at + NAME_AT[kind])[0])
    if kind == 6:
        first, after = read_name(message, at)
        second, after = read_name(message, after)
        return lower(first), lower(second), message[after + 4:at + n]  # the serial rises with each change of a link
    return message[at:at + n]


class Answer:
    """rcode, aa, tc, the sections as sets of (owner, type, TTL, data), and the owners as they are written."""

    def __init__(self, message):
        self.id, flags, _, *counts = struct.unpack_from(">6H", message)
        self.rcode, self.aa, self.tc = flags & 15, bool(flags & 0x400), bool(flags & 0x200)
        self.asked, at = read_name(message, 12)
        at += 4
        self.sections, self.owners, self.edns = [], [], False
        for count in counts:
            section = set()
            for _ in range(count):
                owner, at = read_name(message, at)
                kind, _, ttl, n = struct.unpack_from(">HHIH", message, at)
                if kind == 41:
                    self.edns = True
                else:
                    section.add((lower(owner), kind, ttl, read_data(message, kind, at + 10, n)))
                    self.owners.append(owner)
                at += 10 + n
            self.sections.append(section)
        if at != len(message):
            raise ValueError("octets behind the message")

    @property
    def is_referral(self):
        return any(row[1] == 2 for row in self.sections[1])  # behind an alias with aa, too

    @property
    def stops_at_alias(self):
        return bool(self.sections[0]) and not self.sections[1] and all(row[1] == 5 for row in self.sections[0])

    def __str__(self):
        rows = ["    %s %s %d %s" % (text_of(o), NAMES.get(k, k), ttl, d) for s in self.sections for o, k, ttl, d in sorted(
            s, key=repr)]
        return "\n".join(["  rcode %d aa %d tc %d" % (self.rcode, self.aa, self.tc), *rows])


class Server:
    def __init__(self, text):
        self.name, to = text.split("=")
        address, port = to.split(":")
        self.to = (address, int(port))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.settimeout(5)

    def ask_udp(self, message):
        for _ in range(4):
            self.udp.sendto(message, self.to)
            try:
                while True:
                    reply = self.udp.recv(65535)
                    if reply[:2] == message[:2]:
                        return reply
            except socket.timeout:
                continue
        raise SystemExit("%s does not answer" % self.name)

    def ask_tcp(self, message):
        with socket.create_connection(self.to, 20) as stream:
            stream.sendall(struct.pack(">H", len(message)) + message)
            with stream.makefile("rb") as replies:
                return replies.read(struct.unpack(">H", replies.read(2))[0])

    def ask(self, message):
        answer = Answer(self.ask_udp(message))
        if not answer.tc:
            return answer
        if any(answer.sections) and self.name == "ours":
            raise SystemExit("a truncated answer with records")
        return Answer(self.ask_tcp(message))


# ---- judging --------------------------------------------------------------------------------------

ANSWER, AUTHORITY, ADDITIONAL = range(3)


def differences(kind, size, ours, theirs, known):
    """What is not as the other server has it, and is not one of the choices that servers are free in."""
    if theirs.stops_at_alias and theirs.sections[ANSWER] <= ours.sections[ANSWER]:
        return  # Knot and BIND leave it to the asker to follow an alias into another of their zones; NSD and we follow
    if ours.rcode != theirs.rcode:
        yield "rcode"
    if ours.aa != theirs.aa:
        yield "aa"
    if kind in (TYPES["NSEC"], TYPES["RRSIG"]) and ours.sections[ANSWER] and not theirs.sections[ANSWER]:
        return  # of an alias, which may have these beside it (RFC 4034 3 and 4): followed by us and NSD, no data elsewhere
    if kind != TYPES["ANY"] and ours.sections[ANSWER] != theirs.sections[ANSWER]:
        yield "answer"
    authority = theirs.sections[AUTHORITY]
    if theirs.aa and not ours.sections[AUTHORITY]:
        authority = {row for row in authority if row[1] != 2}  # NS in a positive answer is a courtesy
    if ours.sections[AUTHORITY] != authority:
        yield "authority"
    if ours.is_referral:
        fewer = theirs.sections[ADDITIONAL] < ours.sections[ADDITIONAL]
        if ours.sections[ADDITIONAL] != theirs.sections[ADDITIONAL] and not (fewer and size <= 512):
            yield "glue"  # where all of it does not fit BIND 9.18 leaves some out; we say so (RFC 9471)
    elif not ours.sections[ADDITIONAL] <= known:  # beyond glue it is each server's choice what it adds
        yield "additional"


def read_zones(path):
    """Owners and types from what `show zone` prints."""
    zones = {}
    with open(path, encoding="latin-1") as rows:
        for row in rows:
            words = row.split("\t")
            if len(words) >= 5 and not row.startswith(";"):
                zones.setdefault(lower(name_of(words[0])), set()).add(words[3])
    return zones


def questions(seed, owners, count):
    rng, names = random.Random(seed), set()
    for owner in owners:
        for above in range(len(owner) - 1):
            names.add(owner[above:])
        names.add((b"x",) + owner)
        names.add((b"*",) + owner)
        names.add((b"x", b"Y") + owner)
        names.add((b"zz",) + owner[1:])
    names = sorted(n for n in names if sum(len(label) + 1 for label in n) < 255)
    for _ in range(count):
        name = rng.choice(names)
        kinds = sorted(owners.get(name, ()))
        kind = rng.choice(kinds) if kinds and rng.random() < 0.5 else rng.choice(sorted(TYPES))
        if rng.random() < 0.3:
            name = tuple(bytes(rng.choice((c, c ^ 32)) if chr(c).isalpha() and c < 128 else c for c in label) for label in name)
        yield name, TYPES[kind], rng.choice([0, 0, 512, 1232, 4096]), rng.random() < 0.3


def judge(asked, answers, servers, known):
    """What is wrong with the first answer, in words; empty: nothing."""
    name, kind, size, _ = asked
    ours = answers[0]
    said = []
    if ours.asked != name or ours.edns != bool(size):
        said.append("the question, or EDNS, is not as asked")
    if any(owner != name for owner in ours.owners if lower(owner) == lower(name)) and not ours.is_referral:
        said.append("the owner's case is not as asked")
    if kind == TYPES["ANY"]:  # any one set is enough (RFC 8482 4.1)
        there = set().union(*(theirs.sections[ANSWER] for theirs in answers[1:]))
        if bool(ours.sections[ANSWER]) != bool(there) or not ours.sections[ANSWER] <= there:
            said.append("the answer has what is not there")
    for server, theirs in zip(servers[1:], answers[1:]):
        found = list(differences(kind, size, ours, theirs, known))
        if found:
            said.append("%s differs from %s:\n%s" % (", ".join(found), server.name, theirs))
    return said


def ask(seed, path, servers, count=1500):
    owners, bad = read_zones(path), 0
    known = set()
    for name, kinds in owners.items():  # what there is, by name
        for kind in kinds & {"A", "AAAA"}:
            known |= servers[1].ask(question(1, name, TYPES[kind], 4096, False)).sections[ANSWER]
    for number, asked in enumerate(questions(seed, owners, count), 1):
        for _ in range(10):  # while a link is suspect our TTLs are shorter
            answers = [server.ask(question(number, *asked)) for server in servers]
            said = judge(asked, answers, servers, known)
            if not said or bad > 2:
                break
            time.sleep(1)
        bad += bool(said)
        if said:
            print("# question %d: %s %s size %d do %d\n  ours:\n%s" % (
                number, text_of(asked[0]), NAMES[asked[1]], *asked[2:], answers[0]))
            print("\n".join(said))
    print("%d questions, %d answers differ" % (count, bad))
    return bad == 0


def main():
    if sys.argv[1] == "make":
        Zone(sys.argv[2], sys.argv[3]).print()
    elif sys.argv[1] == "ask":
        sys.exit(not ask(sys.argv[2], sys.argv[3], [Server(text) for text in sys.argv[4:]]))


main()
