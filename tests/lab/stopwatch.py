#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""stopwatch.py - when does the world change?  Prints the time (ms since 1970) and ends.

stopwatch.py gone SERVER DOMAIN ADDRESS     the first answer to DOMAIN MX that does not hold ADDRESS; asks every 10 ms
stopwatch.py through SERVER PORT ADDRESS    the first connection that is greeted, with ADDRESS as its source; a new one is
                                            opened every 20 to 40 ms
Status 1: nothing of the kind within 30 s.
"""
import selectors
import socket
import struct
import sys
import time

LIMIT = 30


def now_ms():
    return int(time.time() * 1000)


def mx_query(ident, domain):
    name = b"".join(bytes([len(label)]) + label.encode() for label in domain.split(".")) + b"\0"
    return struct.pack("!6H", ident, 0, 1, 0, 0, 0) + name + struct.pack("!HH", 15, 1)


def gone(server, domain, address):
    gone_octets, end = socket.inet_aton(address), time.monotonic() + LIMIT
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect((server, 53))
        s.settimeout(0.01)
        ident = 0
        while time.monotonic() < end:
            ident += 1
            try:
                s.send(mx_query(ident & 0xFFFF, domain))
                reply = s.recv(4096)
            except OSError:  # no answer yet, or nobody there yet
                continue
            # Whichever question it answers: a late one is not the last one's, and would put all others off by one.
            if reply[3] & 15 == 0 and gone_octets not in reply:
                return now_ms()
            time.sleep(0.01)
    return None


def through(server, port, address):
    waiting, end = selectors.DefaultSelector(), time.monotonic() + LIMIT
    while time.monotonic() < end:
        s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        s.setblocking(False)
        s.connect_ex((server, int(port)))
        waiting.register(s, selectors.EVENT_READ)
        for key, _ in waiting.select(0.02):
            waiting.unregister(key.fileobj)
            try:
                greeting = key.fileobj.recv(200)
            except OSError:
                greeting = b""
            key.fileobj.close()
            if address.encode() in greeting.split():
                return now_ms()
        time.sleep(0.02)
    return None


def main():
    when = {"gone": gone, "through": through}[sys.argv[1]](*sys.argv[2:])
    if when is None:
        sys.exit(1)
    print(when)


if __name__ == "__main__":
    main()
