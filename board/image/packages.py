# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian packages of an image: which, which versions, and where their contents come from.

packages.lock names every package with its version and the SHA-256 of its file.  A mirror keeps a version only
until the next point release.  So each is looked for in the folder of downloads, then on the mirror; when it is gone
from both, the mirror's present version is taken instead and the build says so, unless it was told to keep to
the lock.  What was used is written beside the image in the form of a lock.

apt runs with a state of its own below the build folder: no root is needed, the machine's own state is left alone, and
packages of another architecture can be had.  Its sources are the machine's, restricted to Debian.
"""
import hashlib
import os
import re
import subprocess
from collections import namedtuple

Package = namedtuple("Package", "arch name version sha256")


class Missing(Exception):
    """A package that cannot be had."""


def sha256_of(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(f.read()).hexdigest()


def read_list(path):
    """The words of a list, without comments."""
    with open(path, encoding="utf-8") as f:
        return [word for line in f for word in line.split("#")[0].split()]


def read_names(path, arch):
    """The packages of a list that are for this architecture."""
    names = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].replace("@ARCH@", arch).split()
            if words and (len(words) == 1 or words[1] == f"[{arch}]"):
                names.append(words[0])
    return names


def read_lock(path, arch):
    packages = []
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            lines = [line.split() for line in f if line.strip() and not line.startswith("#")]
        packages = [Package(*words) for words in lines if words[0] == arch]
    return packages


def write_lock(path, packages):
    with open(path, "w", encoding="utf-8") as f:
        f.write("# SPDX-License-Identifier: GPL-2.0-or-later\n# architecture, package, version, SHA-256 of the file\n")
        for p in sorted(packages):
            f.write(" ".join(p) + "\n")


class Apt:
    """apt for one architecture, with a state of its own."""

    def __init__(self, folder, arch):
        self.arch = arch
        self.updated = False
        self.options = ["-q"]
        for d in ("lists/partial", "cache/archives/partial"):
            os.makedirs(f"{folder}/{d}", exist_ok=True)
        open(f"{folder}/status", "a", encoding="utf-8").close()
        with open(f"{folder}/preferences", "w", encoding="utf-8") as f:
            f.write("Package: *\nPin: release o=Debian\nPin-Priority: 1001\n\n"
                    "Package: *\nPin: origin *\nPin-Priority: -1\n")
        for key, value in {
                "Dir::State": folder, "Dir::State::Lists": f"{folder}/lists", "Dir::State::Status": f"{folder}/status",
                "Dir::Cache": f"{folder}/cache", "Dir::Etc::Preferences": f"{folder}/preferences",
                "Dir::Etc::PreferencesParts": "/dev/null", "APT::Architecture": arch, "APT::Architectures": arch,
                "APT::Sandbox::User": ""}.items():
            self.options += ["-o", f"{key}={value}"]

    def _run(self, program, *arguments, cwd=None):
        return subprocess.run([program, *self.options, *arguments], cwd=cwd, text=True, capture_output=True, check=False)

    def update(self):
        """Once; a source that is not there only matters when what it has is missing."""
        if not self.updated:
            print(f"  APT     update ({self.arch})", flush=True)
            self._run("apt-get", "update")
            self.updated = True

    def kernel_of(self, meta):
        """The package that a kernel's metapackage stands for."""
        self.update()
        found = re.search(r"Depends: (linux-image-\S+)", self._run("apt-cache", "depends", meta).stdout)
        if not found:
            raise Missing(f"the mirror has no package {meta}")
        return found.group(1)

    def versions(self, names):
        """{name: the versions that the mirror has}"""
        self.update()
        known = {}
        for line in self._run("apt-cache", "madison", *names).stdout.splitlines():
            name, version, _ = (word.strip() for word in line.split("|"))
            known.setdefault(name, []).append(version)
        return known

    def download(self, wanted, folder):
        """`wanted`: NAME or NAME=VERSION.  All at once: each start of apt reads all its lists."""
        done = self._run("apt-get", "download", *wanted, cwd=folder)
        if done.returncode:
            raise Missing("apt-get download: " + done.stderr.strip().replace("\n", "; "))


def fields_of(path):
    words = subprocess.run(["dpkg-deb", "-W", "--showformat=${Package}\n${Version}", path], text=True,
                           capture_output=True, check=True).stdout.split("\n")
    return words[0], words[1]


class Fetcher:
    def __init__(self, lock_file, list_files, downloads, work, arch):
        """`list_files`: several are taken together."""
        self.names = list(dict.fromkeys(n for path in list_files for n in read_names(path, arch)))
        self.lock = {p.name: p for p in read_lock(lock_file, arch)}
        self.folder = downloads
        self.apt = Apt(f"{work}/apt-{arch}", arch)
        self.arch = arch
        os.makedirs(downloads, exist_ok=True)

    def _kept(self, package):
        """The file of a locked package in the folder of downloads."""
        path = f"{self.folder}/{package.name}_{package.version.replace(':', '%3a')}_"
        for suffix in (self.arch, "all"):
            if os.path.exists(path + suffix + ".deb") and sha256_of(path + suffix + ".deb") == package.sha256:
                return path + suffix + ".deb"
        return None

    def _locked(self, name):
        if name.startswith("linux-image-"):
            kernels = [p for p in self.lock.values() if p.name.startswith("linux-image-")]
            return kernels[0] if kernels else None
        return self.lock.get(name)

    def _find(self, name, version=None):
        """The path of a file that was downloaded."""
        start = f"{name}_{version.replace(':', '%3a')}_" if version else f"{name}_"
        files = [f"{self.folder}/{f}" for f in os.listdir(self.folder) if f.startswith(start) and f.endswith(".deb")]
        return max(files, key=os.path.getmtime) if files else None

    def _get_missing(self, chosen, strict):
        """Download what is not there yet; `chosen` is {name: locked package or None}."""
        kernel = {n: self.apt.kernel_of(n) for n, p in chosen.items() if not p and n.startswith("linux-image-")}
        known = self.apt.versions([p.name if p else kernel.get(n, n) for n, p in chosen.items()])
        wanted, result = [], {}
        for name, locked in chosen.items():
            real = locked.name if locked else kernel.get(name, name)
            if locked and locked.version not in known.get(real, []):
                if strict:
                    raise Missing(f"{real} {locked.version}, which packages.lock names, is on no mirror any more: put "
                                  f"the file into {self.folder}, or build without LOCKED=1")
                real = self.apt.kernel_of(name) if name.startswith("linux-image-") else real
                locked = None
            version = locked.version if locked else (known.get(real) or self.apt.versions([real]).get(real, [None]))[0]
            if not version:
                raise Missing(f"the mirror has no package {real} ({self.arch})")
            wanted.append(f"{real}={version}")
            result[name] = (real, version)
        print(f"  APT     download {len(wanted)} packages ({self.arch})", flush=True)
        self.apt.download(wanted, self.folder)
        return {name: self._find(*what) for name, what in result.items()}

    def fetch(self, strict=False, refresh=False):
        """[(Package, path)], and what is not as the lock has it: [(locked or None, Package)]."""
        chosen = {name: None if refresh else self._locked(name) for name in self.names}
        paths = {name: self._kept(locked) for name, locked in chosen.items() if locked}
        missing = {name: locked for name, locked in chosen.items() if not paths.get(name)}
        if missing:
            paths.update(self._get_missing(missing, strict))
        found, drift = [], []
        for name in self.names:
            have = Package(self.arch, *fields_of(paths[name]), sha256_of(paths[name]))
            locked = chosen[name]
            if locked and have.version == locked.version and have.sha256 != locked.sha256:
                raise Missing(f"{os.path.basename(paths[name])} is not the file that packages.lock names: its SHA-256 "
                              "differs")
            if have != locked:
                drift.append((locked, have))
            found.append((have, paths[name]))
        return found, drift


def unpack(path, folder):
    os.makedirs(folder, exist_ok=True)
    subprocess.run(["dpkg-deb", "-x", path, folder], check=True)
