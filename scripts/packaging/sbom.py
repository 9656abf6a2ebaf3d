#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what is inside of a packaged program as CycloneDX 1.6.

    sbom.py PROGRAM WORK TOOLCHAIN     WORK: the folder of scripts/package; TOOLCHAIN: the usr folder of Swift

Every version is read: from the packages and headers that were linked, from the toolchain, from the program itself.
The same inputs give the same bytes.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

SWIFT_LICENSE = "Apache-2.0 WITH Swift-exception"


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def first(pattern: str, text: str, what: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        sys.exit(f"sbom: {what} tells no version")
    return found[1]


def digest(path: Path) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]


def component(name: str, version: str, licence: str, purl: str, **more: Any) -> dict[str, Any]:
    fixed = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
    return {**fixed, "licenses": [{"expression": licence}], **more}


def debian(package: str, version: str, release: str) -> str:
    return f"pkg:deb/debian/{package}@{version.replace('+', '%2B').replace(':', '%3A')}?arch=amd64&distro={release}"


def of_toolchain(toolchain: Path) -> list[dict[str, Any]]:
    """What the static libraries of the toolchain are made of, each from a repository with the release's tag."""
    tag = first(r"\((swift-[^)]*-RELEASE)\)", output(str(toolchain / "bin/swift"), "--version"), "swift --version")
    version = tag.removeprefix("swift-").removesuffix("-RELEASE")
    static = toolchain / "lib/swift_static"
    repositories = {
        "swift": "libswiftCore.a",
        "swift-corelibs-libdispatch": "libdispatch.a",
        "swift-corelibs-foundation": "libFoundation.a",
        "swift-foundation": "libFoundationEssentials.a",
    }
    found = [
        component(
            name, version, "Apache-2.0" if name == "swift-corelibs-libdispatch" else SWIFT_LICENSE,
            f"pkg:github/swiftlang/{name}@{tag}", hashes=digest(static / "linux" / archive),
            properties=[{"name": "driftproof:archive", "value": archive}],
        )
        for name, archive in repositories.items()
    ]  # fmt: skip
    # Its version is in no file of the toolchain, only in the sources with this tag.
    found.append(
        {
            "type": "library", "bom-ref": "pkg:github/swiftlang/swift-collections", "name": "swift-collections",
            "licenses": [{"expression": SWIFT_LICENSE}], "purl": "pkg:github/swiftlang/swift-collections",
            "hashes": digest(static / "linux/lib_FoundationCollections.a"),
            "properties": [{"name": "driftproof:pinned-by", "value": tag}],
        }
    )  # fmt: skip
    header = (static / "_foundation_unicode/uvernum.h").read_text()
    icu = first(r'^#define U_ICU_VERSION "([^"]+)"', header, "the header of ICU")
    found.append(
        component(
            "icu", icu, "Unicode-3.0", f"pkg:github/swiftlang/swift-foundation-icu@{tag}",
            hashes=digest(static / "linux/lib_FoundationICU.a"),
            properties=[{"name": "driftproof:tables", "value": "trimmed by scripts/packaging/trim_icu.py"}],
        )
    )  # fmt: skip
    return found


def of_debian(work: Path) -> list[dict[str, Any]]:
    openssl = first(
        r'^# *define OPENSSL_VERSION_STR "([^"]+)"', (work / "include/openssl/opensslv.h").read_text(), "openssl"
    )
    package = output("dpkg-query", "--show", "--showformat=${Version}", "libssl-dev")
    release = first(r"^VERSION_CODENAME=(.*)", Path("/etc/os-release").read_text(), "/etc/os-release")
    found = [
        component(
            "openssl", openssl, "Apache-2.0", debian("libssl-dev", package, release),
            hashes=digest(work / "lib/libcrypto.a"),
            properties=[{"name": "driftproof:archive", "value": "libcrypto.a, and libssl.a beside it"}],
        )
    ]  # fmt: skip
    curl = first(
        r'^#define LIBCURL_VERSION "([^"]+)"', (work / "curl/include/curl/curlver.h").read_text(), "the header of curl"
    )
    (source,) = (work / "packages").glob("curl_*.dsc")
    version = first(r"^Version: (.*)", source.read_text(), "the source of curl")
    purl = debian("curl", version, release).replace("arch=amd64", "arch=source")
    found.append(component("curl", curl, "curl", purl, hashes=digest(work / "lib/libcurl.a")))
    for package, licence, what in [
        ("libstdc++-10-dev", "GPL-3.0-or-later WITH GCC-exception-3.1", "libstdc++"),
        ("libgcc-10-dev", "GPL-3.0-or-later WITH GCC-exception-3.1", "libgcc"),
        ("libc6-dev", "LGPL-2.1-or-later", "what glibc links statically: its start-up code"),
    ]:
        (archive,) = (work / "packages").glob(f"{package}_*.deb")
        version = output("dpkg-deb", "--field", str(archive), "Version")
        purl = debian(package, version, "bullseye")
        found.append(component(package, version, licence, purl, description=what, hashes=digest(archive)))
    return found


def main() -> None:
    program, work, toolchain = map(Path, sys.argv[1:])
    hashes = digest(program)
    version = output(str(program), "--version").removeprefix("driftproof ")
    commit = output("git", "rev-parse", "HEAD")
    changed = bool(output("git", "status", "--porcelain", "--untracked-files=no"))
    written = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    purl = f"pkg:generic/driftproof@{version}"
    libraries = sorted(of_toolchain(toolchain) + of_debian(work), key=lambda each: str(each["bom-ref"]))
    print(
        json.dumps(
            {
                "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, hashes[0]['content'])}",
                "version": 1,
                "metadata": {
                    "timestamp": written.isoformat().replace("+00:00", "Z"),
                    "lifecycles": [{"phase": "build"}],
                    "component": {
                        "type": "application",
                        "bom-ref": purl,
                        "name": "driftproof",
                        "version": version,
                        "licenses": [{"expression": "Apache-2.0"}],
                        "purl": purl,
                        "hashes": hashes,
                        "properties": [
                            {"name": "driftproof:commit", "value": commit + (" with changes" if changed else "")}
                        ],
                    },
                },
                "components": libraries,
                "dependencies": [
                    {"ref": purl, "dependsOn": [each["bom-ref"] for each in libraries]},
                    *({"ref": each["bom-ref"]} for each in libraries),
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main()
