#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps of ICU's tables what depends on no language: properties of characters, normal forms, host names, the root.

    trim_icu.py FULL TRIMMED ASSEMBLY     FULL: the bytes of icudtNN_dat in the toolchain's lib_FoundationICU.a

The program formats no dates, numbers or texts by language and sorts by bytes; tables of languages, currencies and
character sets are dead weight in it. ASSEMBLY defines __wrap_icudtNN_dat with the trimmed bytes, which the linker's
--wrap puts in the place of the symbol printed; nothing refers to the full ones then, and they are left out. The form is
ICU's: a header, then a table of contents with offsets of names and items from the table's start.
"""

import struct
import sys
from pathlib import Path

RESOURCES = {
    "root", "pool", "icuver", "icustd", "keyTypeData", "metadata", "numberingSystems", "supplementalData",
    "timezoneTypes", "zoneinfo64",
}  # fmt: skip
DROPPED = {"unames.icu", "cnvalias.icu"}


def items(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """The header, and names with contents."""
    (header,) = struct.unpack_from("<H", data, 0)
    if data[2:4] != b"\xda\x27" or data[12:16] != b"CmnD":
        raise ValueError("no common data of ICU, or not in this byte order")
    (count,) = struct.unpack_from("<I", data, header)
    places = [struct.unpack_from("<II", data, header + 4 + 8 * index) for index in range(count)]
    ends = [place for _, place in places[1:]] + [len(data) - header]
    found = []
    for (name, start), end in zip(places, ends):
        name_end = data.index(b"\0", header + name)
        found.append((data[header + name : name_end], data[header + start : header + end]))
    return data[:header], found


def is_kept(name: bytes) -> bool:
    _, _, item = name.decode().partition("/")
    if "/" in item or item in DROPPED:
        return False
    stem, _, kind = item.rpartition(".")
    return kind in {"icu", "nrm"} or (kind == "res" and stem in RESOURCES)


def packed(kept: list[tuple[bytes, bytes]]) -> bytes:
    names = b"".join(name + b"\0" for name, _ in kept)
    table = 4 + 8 * len(kept)
    start = (table + len(names) + 15) // 16 * 16
    contents, body, place = struct.pack("<I", len(kept)), b"", table
    for name, content in kept:
        contents += struct.pack("<II", place, start + len(body))
        body += content + b"\0" * (-len(content) % 16)
        place += len(name) + 1
    return (contents + names).ljust(start, b"\0") + body


def main() -> None:
    full, trimmed, assembly = map(Path, sys.argv[1:])
    header, found = items(full.read_bytes())
    kept = [(name, content) for name, content in found if is_kept(name)]
    packages = {name.decode().partition("/")[0] for name, _ in kept}
    if len(packages) != 1 or len(kept) < len(RESOURCES):
        raise ValueError(f"these are not the tables that this script knows: {packages}, {len(kept)} kept")
    trimmed.write_bytes(header + packed(kept))
    # icudt76l, l for little-endian, is what the items are in; the symbol is icudt76_dat.
    name = packages.pop().rstrip("l") + "_dat"
    symbol = f"__wrap_{name}"
    assembly.write_text(
        f'.section .rodata\n.globl {symbol}\n.type {symbol}, @object\n.balign 16\n{symbol}:\n.incbin "{trimmed}"\n'
        f'.size {symbol}, . - {symbol}\n.section .note.GNU-stack, "", @progbits\n'
    )
    print(name)


if __name__ == "__main__":
    main()
