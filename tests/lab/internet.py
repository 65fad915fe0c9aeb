#!/usr/bin/python3 -B
# SPDX-License-Identifier: GPL-2.0-or-later
"""internet.py - what the lab's internet answers, beside the resolver.

192.0.2.80 port 80      says from which address the connection came, and closes.
192.0.2.25 port 25      a mail server that takes everything; its greeting says from which address the
                        connection came.
198.51.100.53 port 53   a name server that knows one name, example.org: a target for DNS probes.
"""
import selectors
import socket
import struct
import sys

import mail

PROBE_NAME = b"\x07example\x03org\x00"


def answer(query):
    """The answer to a DNS query for A example.org; REFUSED for any other name; None: drop it."""
    if len(query) < 17 or query[2] & 0x80:
        return None
    (ident, flags), end = struct.unpack("!HH", query[:4]), query.find(b"\x00", 12) + 5
    question = query[12:end]
    if question[:-4].lower() != PROBE_NAME:
        return struct.pack("!6H", ident, 0x8005 | flags & 0x0100, 1, 0, 0, 0) + question
    a = question[-4:] == struct.pack("!HH", 1, 1)
    record = struct.pack("!3HIH4B", 0xC00C, 1, 1, 60, 4, 192, 0, 2, 80) if a else b""
    return struct.pack("!6H", ident, 0x8400 | flags & 0x0100, 1, int(a), 0, 0) + question + record


def on_probe(server):
    query, client = server.recvfrom(512)
    reply = answer(query)
    if reply:
        server.sendto(reply, client)


def on_caller(server):
    connection, client = server.accept()
    with connection:
        connection.sendall(client[0].encode() + b"\n")


def main():
    probes = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probes.bind(("198.51.100.53", 53))
    waiting = selectors.DefaultSelector()
    waiting.register(probes, selectors.EVENT_READ, on_probe)
    waiting.register(mail.listener("192.0.2.80", 80), selectors.EVENT_READ, on_caller)
    waiting.register(mail.listener("192.0.2.25", 25), selectors.EVENT_READ, mail.on_connection)
    while True:
        for key, _ in waiting.select():
            try:
                key.data(key.fileobj)
            except OSError as e:  # a peer that went away
                print(e, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
