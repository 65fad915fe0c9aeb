# SPDX-License-Identifier: GPL-2.0-or-later
"""The root file system and the initial ramdisk, as trees of files.

Nothing of the target is executed, so that the target may be another architecture.
"""
import os
import shutil
import subprocess

from packages import read_list

MULTIARCH = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
LOADER = {"amd64": ("lib64", "ld-linux-x86-64.so.2"), "arm64": ("lib", "ld-linux-aarch64.so.1")}


def install(source, target, mode=0o755):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copyfile(source, target)
    os.chmod(target, mode)


def link(target, path):
    if os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def stamp(folder, epoch):
    """One time for everything, so that two builds are the same."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for name in files + folders:
            os.utime(f"{parent}/{name}", (epoch, epoch), follow_symlinks=False)
    os.utime(folder, (epoch, epoch))


def is_elf(path):
    if os.path.islink(path) or not os.path.isfile(path):
        return False
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def needed(path):
    """The libraries that a program or library names."""
    lines = subprocess.run(["readelf", "-d", path], text=True, capture_output=True, check=True).stdout.split("\n")
    return [line.split("[")[1].split("]")[0] for line in lines if "(NEEDED)" in line]


class Modules:
    """The modules of one kernel; a name may be written with - or _."""

    def __init__(self, folder):
        self.folder = folder
        self.where = {}
        with open(f"{folder}/modules.dep", encoding="utf-8") as f:
            for line in f:
                path, rest = line.split(":")
                self.where[self._plain(path)] = (path, rest.split())

    @staticmethod
    def _plain(path):
        return os.path.basename(path).removesuffix(".ko").replace("-", "_")

    def closure(self, names):
        """Paths of these modules and of what they need, in an order in which they can be loaded."""
        out = []
        for name in names:
            path, before = self.where.get(name.replace("-", "_"), (None, []))
            for p in [*reversed(before), path]:
                if p and p not in out:
                    out.append(p)
        return out


class Root:
    def __init__(self, folder, packages, arch):
        self.at = folder
        self.packages = packages
        self.arch = arch
        self.libraries = f"usr/lib/{MULTIARCH[arch]}"
        self.owner = {}  # file in the image -> the package it is from
        for d in ("usr/bin", "usr/sbin", "usr/lib64", self.libraries, "proc", "sys", "dev", "run", "tmp", "data",
                  "boot", "var", "etc"):
            os.makedirs(f"{folder}/{d}", exist_ok=True)
        for d in ("bin", "sbin", "lib", "lib64"):
            link(f"usr/{d}", f"{folder}/{d}")
        link("/run", f"{folder}/var/run")
        link("/run/lock", f"{folder}/var/lock")
        link("/data/lib", f"{folder}/var/lib")
        link("/run/log", f"{folder}/var/log")
        link("/tmp", f"{folder}/var/tmp")

    def _find(self, path):
        """A file of the packages, whether it lies below / or below /usr; (real path, package)."""
        plain = path.removeprefix("/").removeprefix("usr/")
        for package, tree in self.packages:
            for p in (f"{tree}/{plain}", f"{tree}/usr/{plain}"):
                if os.path.exists(p):
                    return os.path.realpath(p), package.name
        return None, None

    def add_authorities(self):
        """One file of all certificates of ca-certificates, as its own update-ca-certificates makes on a Debian system."""
        package, tree = next((p, t) for p, t in self.packages if p.name == "ca-certificates")
        target, folder = "etc/ssl/certs/ca-certificates.crt", f"{tree}/usr/share/ca-certificates/mozilla"
        os.makedirs(os.path.dirname(f"{self.at}/{target}"))
        with open(f"{self.at}/{target}", "wb") as out:
            for name in sorted(os.listdir(folder)):
                with open(f"{folder}/{name}", "rb") as f:
                    out.write(f.read().rstrip(b"\n") + b"\n")
        os.chmod(f"{self.at}/{target}", 0o644)
        self.owner[target] = package.name

    def add_file(self, path):
        source, package = self._find(path)
        if not source:
            raise SystemExit(f"no package of packages.list has the file {path}")
        target = "usr/" + path.removeprefix("/").removeprefix("usr/")
        install(source, f"{self.at}/{target}")
        self.owner[target] = package

    def add_applets(self, names):
        for name in names:
            folder = "usr/sbin" if name in ("init", "getty", "halt", "poweroff", "reboot", "syslogd", "klogd") else "usr/bin"
            if not any(os.path.lexists(f"{self.at}/usr/{d}/{name}") for d in ("bin", "sbin")):
                link("/bin/busybox", f"{self.at}/{folder}/{name}")
        link("/bin/busybox", f"{self.at}/usr/sbin/modprobe")  # where the kernel looks for it
        link("/bin/busybox", f"{self.at}/usr/sbin/init")

    def add_libraries(self):
        """What the programs name, and what that names, to the end."""
        todo = [f"{p}/{f}" for p, _, files in os.walk(f"{self.at}/usr") for f in files]
        while todo:
            path = todo.pop()
            if not is_elf(path):
                continue
            for name in needed(path):
                target = f"{self.libraries}/{name}"
                if os.path.exists(f"{self.at}/{target}"):
                    continue
                source, package = self._find(f"lib/{MULTIARCH[self.arch]}/{name}")
                if not source:
                    raise SystemExit(f"{os.path.basename(path)} needs {name}: add its package to packages.list")
                install(source, f"{self.at}/{target}")
                self.owner[target] = package
                todo.append(f"{self.at}/{target}")
        folder, name = LOADER[self.arch]
        link(f"/{self.libraries}/{name}", f"{self.at}/usr/{folder}/{name}")

    def add_skeleton(self, folder):
        for parent, _, files in os.walk(folder):
            for name in files:
                source = f"{parent}/{name}"
                install(source, f"{self.at}/{os.path.relpath(source, folder)}",
                        0o755 if os.access(source, os.X_OK) else 0o644)

    def add_kernel(self, kernel_tree, package, names):
        """vmlinuz and modules; returns all modules of the kernel."""
        base = f"{kernel_tree}/lib/modules"
        version = os.listdir(base)[0]
        if not os.path.exists(f"{base}/{version}/modules.dep"):
            subprocess.run(["depmod", "-b", kernel_tree, version], check=True)
        modules = Modules(f"{base}/{version}")
        target = f"usr/lib/modules/{version}"
        for path in modules.closure(names):
            install(f"{modules.folder}/{path}", f"{self.at}/{target}/{path}", 0o644)
            self.owner[f"{target}/{path}"] = package
        for name in ("modules.builtin", "modules.order"):
            install(f"{modules.folder}/{name}", f"{self.at}/{target}/{name}", 0o644)
        index_modules(self.at, version)
        install(f"{kernel_tree}/boot/vmlinuz-{version}", f"{self.at}/boot/vmlinuz", 0o644)
        self.owner["boot/vmlinuz"] = package
        return modules


def index_modules(tree, version):
    """depmod's tables for the modules that are in the tree: only those that our loader and busybox read."""
    subprocess.run(["depmod", "-b", tree, version], check=True, stderr=subprocess.DEVNULL)
    folder = f"{tree}/lib/modules/{version}"
    for name in os.listdir(folder):
        if name.endswith(".bin") or name in ("modules.order", "modules.builtin.modinfo", "modules.devname"):
            os.unlink(f"{folder}/{name}")


def add_modules(tree, modules, names):
    """These, what they need, and their tables."""
    version = os.path.basename(modules.folder)
    for path in modules.closure(names):
        install(f"{modules.folder}/{path}", f"{tree}/lib/modules/{version}/{path}", 0o644)
    index_modules(tree, version)


def write_ramdisk(out, work, stage1, modules, always, drivers, epoch):
    """stage1, the modules that it loads, and the drivers of which it takes those whose hardware is there, in this order."""
    install(stage1, f"{work}/init")
    add_modules(work, modules, always + drivers)
    os.makedirs(f"{work}/etc")
    for name, words in (("modules", always), ("drivers", drivers)):
        with open(f"{work}/etc/{name}", "w", encoding="utf-8") as f:
            f.writelines(word + "\n" for word in words)
    pack_ramdisk(out, work, epoch)


def pack_ramdisk(out, work, epoch):
    stamp(work, epoch)
    files = sorted(os.path.relpath(f"{p}/{n}", work) for p, d, fs in os.walk(work) for n in d + fs)
    archive = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0", "--reproducible"], cwd=work,
                             input="\n".join(files).encode(), stdout=subprocess.PIPE, check=True).stdout
    packed = subprocess.run(["zstd", "-q", "-19", "-T1", "-c"], input=archive, stdout=subprocess.PIPE, check=True)
    with open(out, "wb") as f:
        f.write(packed.stdout)


def names_of(*lists):
    return [name for path in lists for name in read_list(path)]
