# SPDX-License-Identifier: GPL-2.0-or-later
"""The signed update: 4,096 octets of header (a manifest of lines, zeros, and from octet 4,032 the Ed25519 signature
of all before it), then the slot.  firmware/system/bundle.h reads it and says what its lines mean."""
import os
import subprocess

from packages import sha256_of

SIGNED = 4032


def make_key(path):
    """A key for development, readable by its owner alone."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    os.chmod(path, 0o600)


def public_key(path):
    """32 octets: a SubjectPublicKeyInfo of an Ed25519 key ends with them."""
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], capture_output=True, check=True)
    return der.stdout[-32:]


def write(out, slot, key, board, version, epoch):
    manifest = (f"fairlead-bundle=1\nboard={board}\nversion={version}\nmade={epoch}\n"
                f"size={os.path.getsize(slot)}\nsha256={sha256_of(slot)}\n").encode("ascii")
    with open(out, "wb") as f:
        f.write(manifest.ljust(SIGNED, b"\0"))
    signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", out],
                               capture_output=True, check=True).stdout
    with open(out, "ab") as f, open(slot, "rb") as s:
        f.write(signature)
        while block := s.read(1 << 20):
            f.write(block)
