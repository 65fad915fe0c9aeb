#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""malformed.py SERVER DOMAIN - DNS messages that no decent client sends, over UDP and TCP.

Prints TAP: what RFC 8906 and RFC 7766 ask for, one fact a line.  The server must answer a proper
question after each of them.
"""
import random
import socket
import struct
import sys
import time

from tap import Tap

FORMERR, NOTIMP, REFUSED, NONE = 1, 4, 5, None
WAIT = 0.3  # for an answer that should not come; one that should comes in a millisecond


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def message(flags=0, counts=(1, 0, 0, 0), body=b"", ident=0x4654):
    return struct.pack("!6H", ident, flags, *counts) + body


def question(domain, rrtype=15, rrclass=1):
    return name(domain) + struct.pack("!HH", rrtype, rrclass)


def cases(domain):
    """What it is, the octets, the RCODE that must come (NONE: silence)."""
    q = question(domain)
    opt = b"\0" + struct.pack("!HHIH", 41, 1232, 0, 0)
    return [
        ("an empty datagram", b"", NONE),
        ("one octet", b"\x00", NONE),
        ("eleven octets, less than a header", message()[:11], NONE),
        ("a response", message(0x8000, body=q), NONE),
        ("a header and nothing else", message(counts=(0, 0, 0, 0)), FORMERR),
        ("a question that is counted but missing", message(), FORMERR),
        ("a question that ends within its name", message(body=q[:5]), FORMERR),
        ("a question that ends within its type", message(body=q[:-3]), FORMERR),
        ("two questions", message(counts=(2, 0, 0, 0), body=q + q), FORMERR),
        ("65535 questions", message(counts=(65535, 0, 0, 0), body=q), FORMERR),
        ("a name that points to itself", message(body=b"\xc0\x0c\0\x0f\0\x01"), FORMERR),
        ("a name that points behind the end", message(body=b"\xff\xff\0\x0f\0\x01"), FORMERR),
        ("a label of a reserved kind", message(body=b"\x40x\0\0\x0f\0\x01"), FORMERR),
        ("a name of 256 octets", message(body=b"\x3f" + b"a" * 63 + (b"\x3f" + b"a" * 63) * 3 + b"\0\0\x0f\0\x01"), FORMERR),
        ("two OPT records", message(counts=(1, 0, 0, 2), body=q + opt + opt), FORMERR),
        ("an OPT record that ends early", message(counts=(1, 0, 0, 1), body=q + opt[:-4]), FORMERR),
        ("an opcode nobody knows", message(0x7000, body=q), NOTIMP),
        ("a domain of somebody else", message(body=question("example.invalid")), REFUSED),
    ]


def rcode(reply):
    return None if reply is None or len(reply) < 12 else reply[3] & 0x0F


def ask_udp(server, octets, wait=2.0):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(wait)
        s.connect((server, 53))
        s.send(octets)
        try:
            return s.recv(4096)
        except OSError:
            return None


def open_tcp(server):
    s = socket.create_connection((server, 53), 2)
    s.settimeout(2)
    return s


def frame(octets):
    return struct.pack("!H", len(octets)) + octets


def read_tcp(s):
    """One message; None when the server closed or says nothing."""
    try:
        head = s.recv(2, socket.MSG_WAITALL)
        return s.recv(struct.unpack("!H", head)[0], socket.MSG_WAITALL) if len(head) == 2 else None
    except OSError:
        return None


def works(server, domain):
    reply = ask_udp(server, message(body=question(domain)))
    return rcode(reply) == 0 and struct.unpack("!H", reply[6:8])[0] > 0


def check_udp(tap, server, domain):
    for what, octets, wanted in cases(domain):
        reply = ask_udp(server, octets, WAIT if wanted is NONE else 2)
        good = rcode(reply) == wanted and (reply is None or reply[:2] == octets[:2] and reply[2] & 0x80)
        says = {NONE: "nothing", FORMERR: "FORMERR", NOTIMP: "NOTIMP", REFUSED: "REFUSED"}[wanted]
        tap.check(f"{what} is answered with {says}", good, reply)
    rng = random.Random(8906)
    for _ in range(2000):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(rng.randbytes(rng.choice((12, 17, 30, 100, 512, 1400))), (server, 53))
    tap.check("after 2,000 datagrams of random octets it answers", works(server, domain))


def check_tcp(tap, server, domain):
    good = message(body=question(domain))
    with open_tcp(server) as s:
        s.sendall(frame(message(body=question(domain)[:5])) + frame(good))
        tap.check("over TCP a broken question is answered with FORMERR", rcode(read_tcp(s)) == FORMERR)
        tap.check("... and a proper one behind it with its answer", rcode(read_tcp(s)) == 0)
    with open_tcp(server) as s:
        for octet in frame(good):
            s.sendall(bytes([octet]))
            time.sleep(0.002)
        tap.check("a question that comes octet by octet is answered", rcode(read_tcp(s)) == 0)
    with open_tcp(server) as s:
        s.sendall(frame(b""))
        tap.check("a message of no length ends the connection or is passed over", read_tcp(s) is None)
    with open_tcp(server) as s:
        s.sendall(struct.pack("!H", 65535) + b"x" * 4000)
        s.shutdown(socket.SHUT_WR)
        tap.check("a message that ends early gets no answer", read_tcp(s) is None)
    half = []
    for _ in range(100):
        s = open_tcp(server)
        s.sendall(frame(good)[:9])
        half.append(s)
    start = time.monotonic()
    with open_tcp(server) as s:
        s.sendall(frame(good))
        reply = read_tcp(s)
    tap.check("beside a hundred half-sent questions another client is answered", rcode(reply) == 0, reply)
    tap.say(f"in {1000 * (time.monotonic() - start):.1f} ms")
    for s in half:
        s.close()


def main():
    server, domain = sys.argv[1:]
    tap = Tap()
    tap.check("a proper question is answered", works(server, domain))
    check_udp(tap, server, domain)
    check_tcp(tap, server, domain)
    tap.check("after all that a proper question is answered", works(server, domain))
    tap.finish()


if __name__ == "__main__":
    main()
