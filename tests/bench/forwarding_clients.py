#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""forwarding_clients.py - what the clients of a link notice when it dies.

forwarding_clients.py serve             on the internet: TCP connections are kept; a UDP packet is answered by the address it came from
forwarding_clients.py watch READY       in the LAN: opens connections, makes the file READY, and ends when all have been moved or reset

"watch" prints a line "WHAT FAMILY TIME" for each client, in ms since 1970: "idle" and "busy" TCP clients when they were told of
the end of their connection, "udp" flows when they were first answered at another address than before.  "new" is the last moment at which
a new connection was opened that did not come from another address (it is opened by one UDP packet, every 2 ms).
Status 1: not all within 20 s.
"""
import selectors
import socket
import sys
import time

SERVER = {4: "192.0.2.80", 6: "2001:db8:53::80"}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PORT = 7000
TCP_OF_A_KIND, UDP_FLOWS = 25, 10  # in each family
BUSY_PAUSE, UDP_PAUSE, NEW_PAUSE = 0.02, 0.005, 0.002
AFTER_ALL, LIMIT = 0.1, 20


def serve():
    waiting, kept = selectors.DefaultSelector(), []
    for v in (4, 6):
        s = socket.socket(FAMILY[v], socket.SOCK_DGRAM)
        s.bind((SERVER[v], PORT))
        waiting.register(s, selectors.EVENT_READ, "udp")
        s = socket.create_server((SERVER[v], PORT), family=FAMILY[v], backlog=256)
        waiting.register(s, selectors.EVENT_READ, "tcp")
    while True:
        for key, _ in waiting.select():
            if key.data == "tcp":
                kept.append(key.fileobj.accept()[0])
            else:
                packet, who = key.fileobj.recvfrom(100)
                key.fileobj.sendto(packet + b" " + who[0].encode(), who)


class Watch:
    def __init__(self):
        self.waiting = selectors.DefaultSelector()
        self.before = {}  # family: the address outside, before
        self.open = 0  # clients that were not moved yet
        self.busy = []
        self.udp = []
        self.fresh = {}  # new connections without an answer: socket -> when
        self.last_old = {4: 0, 6: 0}

    def told(self, what, s, family):
        print(what, family, round(time.time() * 1000, 1))
        self.waiting.unregister(s)
        s.close()
        self.open -= 1

    def begin(self):
        for v in (4, 6):
            for what in ("idle", "busy"):
                for _ in range(TCP_OF_A_KIND):
                    s = socket.create_connection((SERVER[v], PORT), 5)
                    s.setblocking(False)
                    self.waiting.register(s, selectors.EVENT_READ, (what, v))
                    self.open += 1
                    if what == "busy":
                        self.busy.append(s)
            for _ in range(UDP_FLOWS):
                s = self.udp_socket(v, "udp")
                s.setblocking(True)
                s.settimeout(5)
                s.send(b"x")
                self.before[v] = s.recv(100).split()[1]
                s.setblocking(False)
                self.udp.append(s)
                self.open += 1

    def udp_socket(self, v, what):
        s = socket.socket(FAMILY[v], socket.SOCK_DGRAM)
        s.setblocking(False)
        s.connect((SERVER[v], PORT))
        self.waiting.register(s, selectors.EVENT_READ, (what, v))
        return s

    def open_new(self):
        for v in (4, 6):
            s = self.udp_socket(v, "new")
            self.fresh[s] = time.time()
            self.send(s)

    @staticmethod
    def send(s):
        try:
            s.send(b"x")
        except OSError:
            pass

    def readable(self, s, what, v):
        try:
            data = s.recv(100)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if what in ("idle", "busy"):
            if not data:
                self.told(what, s, v)
            return
        moved = len(data.split()) == 2 and data.split()[1] != self.before[v]
        if what == "udp" and moved:
            self.told(what, s, v)
        if what == "new":
            when = self.fresh.pop(s)
            self.waiting.unregister(s)
            s.close()
            if not moved:
                self.last_old[v] = max(self.last_old[v], when)

    def run(self):
        end = time.monotonic() + LIMIT
        due = {"busy": 0.0, "udp": 0.0, "new": 0.0}
        all_moved = None
        while time.monotonic() < end and not (all_moved and time.monotonic() > all_moved + AFTER_ALL):
            now = time.monotonic()
            if now >= due["busy"]:
                due["busy"] = now + BUSY_PAUSE
                for s in self.busy:
                    self.send(s)
            if now >= due["udp"]:
                due["udp"] = now + UDP_PAUSE
                for s in self.udp:
                    self.send(s)
            if now >= due["new"]:
                due["new"] = now + NEW_PAUSE
                self.open_new()
            for key, _ in self.waiting.select(max(0, min(due.values()) - time.monotonic())):
                self.readable(key.fileobj, *key.data)
            if not self.open and not all_moved:
                all_moved = time.monotonic()
        for s, when in self.fresh.items():  # those that nobody answered, but for the very last, came to nothing
            v = 6 if s.family == socket.AF_INET6 else 4
            if when < time.time() - AFTER_ALL / 2:
                self.last_old[v] = max(self.last_old[v], when)
        for v, when in self.last_old.items():
            print("new", v, round(when * 1000, 1))
        return self.open == 0


def main():
    if sys.argv[1] == "serve":
        serve()
    w = Watch()
    w.begin()
    open(sys.argv[2], "w", encoding="ascii").close()
    sys.exit(not w.run())


if __name__ == "__main__":
    main()
