# SPDX-License-Identifier: GPL-2.0-or-later
"""bench.py - what the tests of an image share: the image of a board, updates for it, machines with it, facts about it."""
import functools
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE + "/../../board/image")
sys.path.insert(0, HERE + "/../lab")
# pylint: disable=wrong-import-position
import bundle  # noqa: E402
from hardware import PC  # noqa: E402
from machine import B, PROMPT, TOP, Machine, Silence, make_disk, need_image  # noqa: E402
from tap import Tap  # noqa: E402


def need(condition, what):
    if not condition:
        raise AssertionError(what)


def make(*words, **variables):
    done = subprocess.run(["make", "-s", "-C", TOP, *words, *(f"{k}={v}" for k, v in variables.items())], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    need(done.returncode == 0, "make: " + done.stdout[-1500:])
    return done.stdout


class Image:
    """The image of a board.  The board that is configured is built where everything is, another in a folder of its own.
    `share`: the image of this build as it is, if it is of today; `work` is named after its user."""

    def __init__(self, board, configured=False, share=None):
        self.board = board
        self.b = B if configured else f"{B}/boards/{board}"
        self.work = f"{B}/test/{share or 'image'}" if configured else f"{B}/test/image-{board}"
        self.path = f"{self.b}/fairlead-{board}.img"
        self.slot = f"{self.b}/image/slot-{board}.squashfs"
        self.root = f"{self.b}/image/root-{board}"
        self.key = f"{self.b}/development-key.pem"
        self.downloads = os.environ.get("DOWNLOADS", f"{B}/downloads")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        if share:
            need_image()
            return
        if not configured:
            make(f"{board}_defconfig", B=self.b)
        make("-j2", "image", B=self.b, DOWNLOADS=self.downloads)

    def made(self):
        with open(f"{self.root}/etc/fairlead/made", encoding="ascii") as f:
            return int(f.read())


# ---- what a router is given --------------------------------------------------------------------------------------

class Shelf:
    """Updates, behind a web server that the router sees at 192.168.1.2 on its LAN port."""

    def __init__(self, image):
        self.image = image
        self.folder = f"{image.work}/shelf"
        os.makedirs(self.folder)
        handler = functools.partial(QuietHandler, directory=self.folder)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.tls_port = self._serve_tls(handler)

    def _serve_tls(self, handler):
        """The same over TLS, with a certificate that nobody knows; returns its port."""
        pem = f"{self.image.work}/server.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=192.168.1.2", "-keyout", pem, "-out", pem + ".crt"], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem + ".crt", pem)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    def bundle(self, name, slot=None, key=None, board=None, version="9.9", made=None):
        image = self.image
        bundle.write(f"{self.folder}/{name}", slot or image.slot, key or image.key, board or image.board, version,
                     made or image.made())
        return f"{self.folder}/{name}"

    def url(self, name, tls=False):
        return f"https://192.168.1.2:{self.tls_port}/{name}" if tls else f"http://192.168.1.2:{self.port}/{name}"

    def broken_slot(self, seconds=15):
        """A slot that starts, but whose fairleadd does not run: nobody pets the watchdog, which bites after `seconds`."""
        tree, slot = f"{self.image.work}/broken", f"{self.image.work}/broken.squashfs"
        subprocess.run(["cp", "-a", self.image.root, tree], check=True)
        with open(f"{tree}/etc/init.d/fairleadd", "w", encoding="ascii") as f:
            f.write("#!/bin/sh\nexec sleep 1000\n")
        with open(f"{tree}/boot/slot.cfg", "r+", encoding="ascii") as f:
            words = f.read().replace('"\n', f' fl.watchdog={seconds}"\n')
            f.seek(0)
            f.write(words)
        subprocess.run(["mksquashfs", tree, slot, "-comp", "lzo", "-Xcompression-level", "1", "-all-root", "-noappend",
                        "-no-progress", "-quiet"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
        return slot


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def free_port():
    """Of this machine, for UDP and TCP."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Bench:
    """The disk after the first start, with the machine's moment in it."""

    def __init__(self, image, hardware=PC):
        self.image = image
        self.work = image.work
        self.hardware = hardware
        self.ready = f"{self.work}/ready.qcow2"
        self.number = 0
        self.open = []
        # Ports 0 and 1 are cables that lead nowhere; port 2, the LAN's, leads to this machine, and to nothing else.  The
        # router's DNS is at dns_port of this machine.
        self.dns_port = free_port()
        forward = "".join(f",hostfwd={p}:127.0.0.1:{self.dns_port}-192.168.1.1:53" for p in ("udp", "tcp"))
        self.nics = ["hubport,hubid=1", "hubport,hubid=2",
                     "user,net=192.168.1.0/24,host=192.168.1.2,dns=192.168.1.3,dhcpstart=192.168.1.9" + forward]

    def _machine(self, folder, disk, snapshot=None):
        m = Machine(folder, disk, nics=self.nics, snapshot=snapshot, hardware=self.hardware)
        self.open.append(m)
        return m

    def first_boot(self):
        make_disk(self.ready, self.image.path)
        m = self._machine(f"{self.work}/first", self.ready)
        m.first_login()
        return m

    def keep(self, m):
        m.save("ready")
        m.kill()

    def machine(self):
        """A machine just after its first login."""
        self.number += 1
        disk = f"{self.work}/{self.number}.qcow2"
        shutil.copyfile(self.ready, disk)
        m = self._machine(f"{self.work}/{self.number}", disk, "ready")
        m.type("\r")  # the prompt that was there is on the screen of another life
        m.wait(PROMPT)
        return m

    def again(self, m):
        """The power is cut, and comes back."""
        m.kill()
        return self._machine(m.folder, m.disk)

    def clear(self):
        for m in self.open:
            m.kill()
        self.open = []


# ---- facts -------------------------------------------------------------------------------------------------------

def run(tap, bench, test, *arguments):
    """One fact: it holds unless something was not as needed."""
    why, started = "", time.monotonic()
    try:
        test(*arguments)
    except (AssertionError, Silence, OSError, subprocess.CalledProcessError) as e:
        why = str(e) or repr(e)
    bench.clear()
    tap.check(test.__name__.replace("_", " "), not why, why)
    tap.say(f"{time.monotonic() - started:.0f} s")


def bad_bundles_are_refused(m, shelf):
    """Each in its own words, and the slots are as they were.  They are small: they are refused before a slot is touched."""
    before = m.command("show system").split("slot a")[1]
    other = f"{shelf.image.work}/other-key.pem"
    bundle.make_key(other)
    slot = f"{shelf.image.work}/small"
    with open(slot, "wb") as f:
        f.write(os.urandom(300000))
    with open(shelf.bundle("small.flb", slot=slot), "rb") as f:
        octets = bytearray(f.read())
    with open(f"{shelf.folder}/cut.flb", "wb") as f:
        f.write(octets[:len(octets) * 2 // 3])
    with open(f"{shelf.folder}/short.flb", "wb") as f:
        f.write(octets[:4000])
    with open(f"{shelf.folder}/long.flb", "wb") as f:
        f.write(octets + b"more")
    octets[len(octets) // 2] ^= 1
    with open(f"{shelf.folder}/flipped.flb", "wb") as f:
        f.write(octets)
    shelf.bundle("key.flb", slot=slot, key=other)
    shelf.bundle("board.flb", slot=slot, board="nanopi-r4s")
    shelf.bundle("old.flb", slot=slot, version="0.1", made=1)
    for name, words in (("cut", "cut short"), ("short", "shorter than the head"), ("long", "more in the file than was signed"),
                        ("flipped", "not what was signed"), ("key", "is not signed with the key"),
                        ("board", "for the board nanopi-r4s"), ("old", "older"), ("none", "404")):
        said = m.command("request system update " + shelf.url(name + ".flb"))
        need("error: " in said and words in said, said)
    said = m.command("request system update " + shelf.url("short.flb", tls=True))
    need("shorter than the head" in said, "over TLS: " + said)
    need("none.flb: No such file or directory" in m.command("request system update none.flb"), "a file that is not there")
    need("only root may name" in m.command("request system update /dev/vda"), "a file that is not the router's own")
    need(m.command("show system").split("slot a")[1] == before, "the slots are as they were")


def run_facts(image, hardware, first, facts):
    """`first` at the very first start, each of `facts` from the moment after its login; those that the command line names, or all."""
    tap, bench, shelf, chosen = Tap(), Bench(image, hardware), Shelf(image), sys.argv[1:]
    m = bench.first_boot()
    bench.open = []
    run(tap, bench, first, bench, shelf, m)
    bench.keep(m)
    for fact in facts:
        if not chosen or fact.__name__ in chosen:
            run(tap, bench, fact, bench, shelf)
    if not chosen:
        run(tap, bench, two_builds_are_the_same, image)
    tap.finish()


def two_builds_are_the_same(image):
    with open(f"{image.b}/.version", encoding="ascii") as f:
        version = f.read().strip()
    other = f"{image.work}/other-place"
    shutil.rmtree(other, ignore_errors=True)
    subprocess.run(["git", "clone", "-q", "--no-hardlinks", TOP, other], check=True)
    changed = subprocess.run(["git", "-C", TOP, "ls-files", "-z", "-m", "-o", "--exclude-standard"], text=True,
                             stdout=subprocess.PIPE, check=True).stdout
    for name in filter(None, changed.split("\0")):
        if os.path.exists(f"{TOP}/{name}"):
            os.makedirs(os.path.dirname(f"{other}/{name}"), exist_ok=True)
            shutil.copy2(f"{TOP}/{name}", f"{other}/{name}")
    b = other + "/build"
    os.makedirs(b, exist_ok=True)
    shutil.copy2(f"{image.b}/.config", f"{b}/.config")
    done = subprocess.run(["make", "-s", "-j2", "-C", other, "image", "B=build", f"KEY={image.key}",
                           f"DOWNLOADS={image.downloads}", f"VERSION={version}"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    need(done.returncode == 0, done.stdout[-1500:])
    names = [n for n in os.listdir(b) if n.startswith("fairlead-" + image.board)]
    need(len(names) == 5, names)
    for name in names:
        need(subprocess.run(["cmp", f"{b}/{name}", f"{image.b}/{name}"], check=False).returncode == 0, name)
    shutil.rmtree(other)


def is_installed(machine):
    """Says SKIP when what it takes is not there."""
    if subprocess.run([f"{TOP}/tests/deps-image", "check", machine], check=False).returncode == 0:
        return True
    print("ok 1 - the image # SKIP what it takes is not installed: make deps-image")
    return False
