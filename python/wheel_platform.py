# SPDX-License-Identifier: Apache-2.0
"""Which machines a program runs on, from what its ELF file asks of them: the platform tag of a wheel that holds it.

python wheel_platform.py PROGRAM     prints the tag, and why it is that one
"""

import sys
from dataclasses import dataclass

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

ARCHITECTURES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}

# What PEP 600 lets a wheel count on, as far as a program without windows needs any of it.
EVERYWHERE = {
    "libatomic.so.1", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libnsl.so.1", "libpthread.so.0",
    "libresolv.so.2", "librt.so.1", "libstdc++.so.6", "libutil.so.1", "libz.so.1", "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}  # fmt: skip

# The newest versions of the compilers' libraries on distributions whose glibc is as old as the key.
COMPILER_LIBRARIES: dict[tuple[int, int], dict[str, tuple[int, ...]]] = {
    (2, 17): {"GLIBCXX": (3, 4, 19), "CXXABI": (1, 3, 7), "GCC": (4, 8, 0), "ZLIB": (1, 2, 5, 2)},
    (2, 24): {"GLIBCXX": (3, 4, 22), "CXXABI": (1, 3, 10), "GCC": (4, 8, 0), "ZLIB": (1, 2, 5, 2), "LIBATOMIC": (1, 2)},
    (2, 27): {"GLIBCXX": (3, 4, 24), "CXXABI": (1, 3, 11), "GCC": (7, 0, 0), "ZLIB": (1, 2, 9), "LIBATOMIC": (1, 2)},
    (2, 31): {"GLIBCXX": (3, 4, 28), "CXXABI": (1, 3, 12), "GCC": (7, 0, 0), "ZLIB": (1, 2, 9), "LIBATOMIC": (1, 2)},
    (2, 34): {"GLIBCXX": (3, 4, 29), "CXXABI": (1, 3, 13), "GCC": (7, 0, 0), "ZLIB": (1, 2, 9), "LIBATOMIC": (1, 2)},
    (2, 35): {"GLIBCXX": (3, 4, 30), "CXXABI": (1, 3, 13), "GCC": (12, 0, 0), "ZLIB": (1, 2, 9), "LIBATOMIC": (1, 2)},
    (2, 39): {"GLIBCXX": (3, 4, 33), "CXXABI": (1, 3, 15), "GCC": (14, 0, 0), "ZLIB": (1, 2, 12), "LIBATOMIC": (1, 2)},
}
OLDEST = (2, 17)  # older tags exist, and no toolchain that builds this program


class NotPortable(ValueError):
    """A file that is no program for Linux."""


def _number(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else None


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@dataclass(frozen=True)
class Program:
    """What an ELF file asks of a machine.

    Attributes:
        libraries: the shared libraries that it names.
        versions: the newest version of each family of symbols, such as "GLIBC": (2, 34).
        unknown: symbol versions that are no numbers, such as GLIBC_PRIVATE, of libraries that are everywhere.
    """

    architecture: str
    libraries: tuple[str, ...]
    versions: dict[str, tuple[int, ...]]
    unknown: tuple[str, ...] = ()

    @property
    def foreign(self) -> tuple[str, ...]:
        """Libraries that the machine must have, and that not every machine has."""
        return tuple(name for name in self.libraries if name not in EVERYWHERE)

    @property
    def oldest_glibc(self) -> tuple[int, int]:
        """The oldest glibc that has all symbols, those of the compilers' libraries beside it included.

        Raises:
            NotPortable: the libraries are newer than any that is known here.
        """
        glibc = max(OLDEST, self.versions.get("GLIBC", OLDEST))
        needs = {family: version for family, version in self.versions.items() if family != "GLIBC"}
        for least, offered in COMPILER_LIBRARIES.items():
            if all(family in offered and version <= offered[family] for family, version in needs.items()):
                found = max(glibc, least)
                return found[0], found[1]
        raise NotPortable(", ".join(f"{family}_{_dotted(version)}" for family, version in needs.items()))

    @property
    def is_portable(self) -> bool:
        if self.foreign or self.unknown:
            return False
        try:
            return bool(self.oldest_glibc)
        except NotPortable:
            return False

    @property
    def platform_tag(self) -> str:
        if not self.is_portable:
            return f"linux_{self.architecture}"
        major, minor = self.oldest_glibc
        return f"manylinux_{major}_{minor}_{self.architecture}"

    @property
    def explanation(self) -> list[str]:
        """Why the tag is what it is, in lines for people."""
        needs = ", ".join(f"{family} {_dotted(version)}" for family, version in sorted(self.versions.items()))
        lines = [f"wheel platform {self.platform_tag}: the program needs {needs or 'no symbols of shared libraries'}"]
        if self.is_portable:
            return lines
        if self.foreign:
            lines.append(f"NOT manylinux: not every machine has {', '.join(self.foreign)}")
        elif self.unknown:
            lines.append(f"NOT manylinux: no version that is promised: {', '.join(self.unknown)}")
        else:
            lines.append("NOT manylinux: newer libraries than any tag stands for")
        return [*lines, "the wheel runs where these libraries are, and package indexes do not take it"]


def read_program(path: str) -> Program:
    """Reads an ELF file's dynamic section and needed versions.

    Raises:
        NotPortable: it is none, or for another architecture than those known here.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"\x7fELF":
            raise NotPortable(f"{path}: no ELF program; a wheel with a program is built for Linux")
        elf = ELFFile(file)
        machine = elf.header["e_machine"]
        if machine not in ARCHITECTURES or elf.elfclass != 64:
            raise NotPortable(f"{path}: a program for {machine}, {elf.elfclass} bits; expected {sorted(ARCHITECTURES)}")
        libraries: list[str] = []
        versions: dict[str, tuple[int, ...]] = {}
        unknown: list[str] = []
        for section in elf.iter_sections():
            if isinstance(section, DynamicSection):
                libraries += [tag.needed for tag in section.iter_tags() if tag.entry.d_tag == "DT_NEEDED"]
            elif isinstance(section, GNUVerNeedSection):
                for library, needed in section.iter_versions():
                    if library.name not in EVERYWHERE:
                        continue  # named as a library already
                    for each in needed:
                        family, _, version = each.name.rpartition("_")
                        number = _number(version)
                        if number is None:
                            unknown.append(each.name)
                        else:
                            versions[family] = max(versions.get(family, ()), number)
    return Program(ARCHITECTURES[machine], tuple(sorted(libraries)), versions, tuple(sorted(unknown)))


if __name__ == "__main__":
    try:
        print("\n".join(read_program(sys.argv[1]).explanation))
    except (IndexError, OSError, NotPortable) as error:
        sys.exit(f"wheel_platform: {error}")
