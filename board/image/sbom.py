# SPDX-License-Identifier: GPL-2.0-or-later
"""What is in an image, for people who must know: SPDX 2.3 and the licence texts."""
import gzip
import json
import os
import time


def write_spdx(path, name, version, epoch, packages):
    """`packages`: those of which something is in the image."""
    entries = [{"SPDXID": "SPDXRef-fairlead", "name": "fairlead", "versionInfo": version,
                "downloadLocation": "NOASSERTION", "licenseConcluded": "GPL-2.0-or-later",
                "licenseDeclared": "GPL-2.0-or-later", "copyrightText": "NOASSERTION", "filesAnalyzed": False}]
    for p in packages:
        entries.append({
            "SPDXID": f"SPDXRef-deb-{p.name.replace('+', '-')}", "name": p.name, "versionInfo": p.version,
            "supplier": "Organization: Debian", "downloadLocation": "NOASSERTION", "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION", "copyrightText": "NOASSERTION", "filesAnalyzed": False,
            "checksums": [{"algorithm": "SHA256", "checksumValue": p.sha256}],
            "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                              "referenceLocator": f"pkg:deb/debian/{p.name}@{p.version}?arch={p.arch}"}]})
    document = {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"{name}-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/{name}-{version}",
        "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
                         "creators": ["Tool: fairlead-make-image"]},
        "packages": entries,
        "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
                           "relatedSpdxElement": e["SPDXID"]} for e in entries]}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(document, f, indent=1, sort_keys=True)
        f.write("\n")


def _licence_of(tree, name):
    base = f"{tree}/usr/share/doc/{name}/copyright"
    for path, opener in ((base, open), (base + ".gz", gzip.open)):
        if os.path.exists(path):
            with opener(path, "rb") as f:
                return f.read()
    return b"(Debian keeps it with another package built from the same source.)\n"


def write_licences(path, own_licence, packages):
    """`packages`: (Package, tree it was unpacked to)."""
    with open(path, "wb") as out, open(own_licence, "rb") as own:
        out.write(b"==== fairlead\n\n" + own.read())
        for package, tree in packages:
            out.write(f"\n==== {package.name} {package.version}\n\n".encode())
            out.write(_licence_of(tree, package.name))
