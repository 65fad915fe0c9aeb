# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab's world around a machine of QEMU's: its network ports are the cables of the lab's router.

In the lab's router each cable is bridged to a tap device, which is QEMU's end; the router itself is the guest's.  No
rights are needed that the lab does not need."""
import array
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(HERE + "/../..")
LAB = TOP + "/tests/lab/lab"
PORTS = 3
TUNSETIFF, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x400454CA, 0x0002, 0x1000, 0x4000


class NoWorld(Exception):
    """It cannot be had here, and why."""


class NoTaps(NoWorld):
    """Nothing of QEMU's can be plugged into it."""


class Alone:
    """No world: QEMU's own user networking, which needs no rights, plays the two gateways and the LAN, and nobody else."""
    taps = ()
    nics = ["user,restrict=on,net=203.0.113.0/29,host=203.0.113.1,dns=203.0.113.6,dhcpstart=203.0.113.5",
            "user,restrict=on,net=198.51.100.0/29,host=198.51.100.1,dns=198.51.100.6,dhcpstart=198.51.100.5",
            "user,restrict=on,net=192.168.1.0/24,host=192.168.1.2,dns=192.168.1.3,dhcpstart=192.168.1.9"]

    def down(self):
        pass


class World:
    """A lab in `folder`; `hold` ties it to this process."""

    def __init__(self, folder):
        self.folder = os.path.abspath(folder)
        self.environment = dict(os.environ, LAB=self.folder)
        self._wait_for_the_last()
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        with open(f"{self.folder}/holder.log", "wb") as log:
            self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", LAB, "hold"], env=self.environment, stdout=log,
                                           stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        if self.run("_wait", str(self.holder.pid)).returncode:
            with open(f"{self.folder}/holder.log", encoding="utf-8", errors="replace") as f:
                raise NoWorld(f.read().strip()[-500:])
        self.taps = self._plug()
        self.nics = [f"tap,fd={fd}" for fd in self.taps]

    def _wait_for_the_last(self):
        """One that was killed a moment ago may still be dying; one that lives is somebody's."""
        end = time.monotonic() + 3
        while self.run("status").returncode == 0:
            if time.monotonic() > end:
                raise NoWorld(f"a lab is up already in {self.folder}")
            time.sleep(0.1)

    def run(self, *words, timeout=60):
        return subprocess.run([LAB, *words], env=self.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=timeout, check=False)

    def on(self, host, *words, timeout=60):
        """What a command says on a host of the lab, in which it may fail."""
        return self.run("exec", host, *words, timeout=timeout).stdout

    def _plug(self):
        """The taps, opened in the router's namespace by this file and handed over."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            done = subprocess.run([LAB, "exec", "router", sys.executable, "-B", os.path.abspath(__file__), str(theirs.fileno())],
                                  env=self.environment, pass_fds=[theirs.fileno()], text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            if done.returncode:
                self.down()
                raise NoTaps("no tap devices: " + cure_for_taps(done.stdout.strip().split("\n")[-1]))
            _, fds, _, _ = socket.recv_fds(ours, 1, PORTS)
        return fds

    def down(self):
        self.run("down")
        self.holder.wait()


def cure_for_taps(why):
    """What was said, and which command helps: the ports of the emulated PC are taps, which some systems keep from users."""
    if not os.path.exists("/dev/net/tun"):
        return f"{why}\nThe kernel has no /dev/net/tun: load it with \"modprobe tun\", as root."
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        return f"{why}\nOpen it to users with \"chmod 666 /dev/net/tun\", as root, which is how Debian has it and gives nobody a right over " \
               "the network of this machine; or run this as root."
    return why


def open_tap(name):
    fd = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
    return fd


def plug_all(to):
    """In the router's namespace: a tap behind each cable; their file descriptors are sent to `to`."""
    fds = array.array("i")
    for n in range(PORTS):
        fds.append(open_tap(f"tap{n}"))
        for words in (f"link add port{n} type bridge forward_delay 0", f"link set eth{n} master port{n}",
                      f"link set tap{n} master port{n}"):
            subprocess.run(["ip", *words.split()], check=True)
        for device in (f"eth{n}", f"tap{n}", f"port{n}"):
            subprocess.run(["ip", "link", "set", device, "addrgenmode", "none", "up"], check=True)
    socket.send_fds(to, [b"!"], fds)


if __name__ == "__main__":
    plug_all(socket.socket(fileno=int(sys.argv[1])))
