#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""trunk.py - the cable between a sentinel under QEMU and its providers, without privileges of the host.

Frames of QEMU's datagram socket (DIR/qemu) are sorted by their VLAN tag to TAP devices leg1, leg2, ... of this
network namespace, and back.  VLAN of leg N is 10 N."""
import fcntl, os, random, select, socket, struct, threading

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 2, 0x1000


def tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return fd


class Trunk:
    def __init__(self, folder, legs):
        self.qemu = folder + "/qemu"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(folder + "/trunk")
        self.socket.setblocking(False)
        self.taps = {n: tap(f"leg{n}") for n in range(1, legs + 1)}
        self.cut = set()
        self.random = random.Random(1)

    def send(self, frame):
        try:
            self.socket.sendto(frame, self.qemu)
        except OSError:
            pass  # QEMU is not there, or does not fetch: lost, as on a cable

    def from_qemu(self):
        frame = self.socket.recv(65536)
        if len(frame) < 18 or frame[12:14] != b"\x81\x00":
            return
        n = (struct.unpack("!H", frame[14:16])[0] & 0xFFF) // 10
        if n in self.taps and n not in self.cut:
            try:
                os.write(self.taps[n], frame[:12] + frame[16:])
            except OSError:
                pass  # the device is down

    def from_tap(self, n):
        frame = os.read(self.taps[n], 65536)
        if n not in self.cut:
            self.send(frame[:12] + struct.pack("!HH", 0x8100, 10 * n) + frame[12:])

    def noise(self, count):
        mac = bytes.fromhex("020000000001")
        for _ in range(count):
            size = self.random.choice((14, 18, 60, 64, 300, 1500, 1518, 1600))
            frame = bytearray(self.random.randbytes(size))
            frame[0:6] = mac
            if self.random.random() < 0.8:
                kind = self.random.choice((b"\x08\x00", b"\x08\x06", b"\x86\xdd", b"\x81\x00"))
                frame[12:18] = (b"\x81\x00\x00" + bytes([self.random.choice((10, 20, 30, 40, 50))]) + kind)[: size - 12]
            self.send(bytes(frame))

    def run(self):
        legs = {fd: n for n, fd in self.taps.items()}
        while True:
            for ready in select.select([self.socket, *legs], [], [])[0]:
                if ready is self.socket:
                    self.from_qemu()
                else:
                    self.from_tap(legs[ready])

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()
