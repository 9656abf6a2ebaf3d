# SPDX-License-Identifier: Apache-2.0
"""Cases, the files that they are given, and how a changed file is written as edits of one that lies in the repository."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from .places import REPOSITORY

#: Bytes between two differences of one length that are worth an edit of their own.
GAP = 12
#: So many equal bytes are no accident.
ALIKE = 24


@dataclass(frozen=True)
class Stored:
    """A file in the repository."""

    path: Path

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def entry(self):
        return str(self.path.relative_to(REPOSITORY))

    def changed(self, content: bytes) -> "Changed":
        return Changed(self.path, content)

    def with_byte(self, place: int, flip: int = 1) -> "Changed":
        """One byte, counted from the end if `place` is below 0, xored with `flip`."""
        content = bytearray(self.content)
        content[place] ^= flip
        return self.changed(bytes(content))


@dataclass(frozen=True)
class Changed:
    """A stored file with other bytes in some places."""

    path: Path
    content: bytes

    def entry(self):
        before = self.path.read_bytes()
        edits = [[at, removed, inserted.hex()] for at, removed, inserted in edits_between(before, self.content)]
        written = sum(len(edit[2]) // 2 for edit in edits)
        if not edits:
            raise ValueError(f"{self.path}: nothing is changed")
        if written > 4096:
            raise ValueError(f"{self.path}: {written} bytes of edits")
        digest = hashlib.sha256(self.content).hexdigest()
        return {"from": str(self.path.relative_to(REPOSITORY)), "edits": edits, "sha256": digest}

    def with_byte(self, place: int, flip: int = 1) -> "Changed":
        content = bytearray(self.content)
        content[place] ^= flip
        return Changed(self.path, bytes(content))


@dataclass(frozen=True)
class Padded:
    """A stored file with one byte many times behind it."""

    path: Path
    byte: bytes
    count: int

    def entry(self):
        content = self.path.read_bytes() + self.byte * self.count
        edit = [len(content) - self.count, 0, self.byte.hex(), self.count]
        stored = str(self.path.relative_to(REPOSITORY))
        return {"from": stored, "edits": [edit], "sha256": hashlib.sha256(content).hexdigest()}


@dataclass(frozen=True)
class Text:
    """A small file that the index has itself."""

    text: str

    @property
    def content(self) -> bytes:
        return self.text.encode()

    def entry(self):
        return {"text": self.text}


@dataclass(frozen=True)
class Repeated:
    """Texts one behind another, each so many times."""

    parts: tuple[tuple[str, int], ...]

    @property
    def content(self) -> bytes:
        return "".join(text * times for text, times in self.parts).encode()

    def entry(self):
        return {"text": [list(part) for part in self.parts]}


@dataclass(frozen=True)
class Bytes:
    """A small file that is no text."""

    content: bytes

    def entry(self):
        return {"hex": self.content.hex()}


@dataclass(frozen=True)
class Folder:
    files: dict

    def entry(self):
        return {"folder": {name: file.entry() for name, file in self.files.items()}}


class Absent:
    """A path where nothing is."""

    def entry(self):
        return {"absent": True}


def edits_between(before: bytes, after: bytes) -> list[tuple[int, int, bytes]]:
    """Places, counts of bytes removed there, and what stands there instead; places are those of `before`."""
    if before == after:
        return []
    if len(before) == len(after):
        places = [i for i, (a, b) in enumerate(zip(before, after)) if a != b]
        runs = [[places[0], places[0] + 1]]
        for place in places[1:]:
            if place - runs[-1][1] < GAP:
                runs[-1][1] = place + 1
            else:
                runs.append([place, place + 1])
        return [(start, end - start, after[start:end]) for start, end in runs]
    edits, at, place = [], 0, 0
    while at < len(before) or place < len(after):
        if before[at : at + 4096] == after[place : place + 4096]:
            at, place = min(len(before), at + 4096), min(len(after), place + 4096)
            continue
        while at < len(before) and place < len(after) and before[at] == after[place]:
            at, place = at + 1, place + 1
        removed, inserted = _until_alike(before[at:], after[place:])
        edits.append((at, removed, after[place : place + inserted]))
        at, place = at + removed, place + inserted
    return edits


def _until_alike(before: bytes, after: bytes) -> tuple[int, int]:
    """How many bytes of each to pass over until both go on alike."""
    for inserted in range(min(len(after), 4096)):
        found = before.find(after[inserted : inserted + ALIKE], 0, 8192)
        if found >= 0 and len(after) - inserted >= ALIKE:
            return found, inserted
    return len(before), len(after)


@dataclass
class Case:
    """What a verifier is called with, and what it must end with."""

    name: str
    says: str
    arguments: list[str]
    files: dict
    exit_code: int
    reason: str
    rule: str

    def entry(self) -> dict:
        return {
            "name": self.name,
            "says": self.says,
            "rule": self.rule,
            "arguments": self.arguments,
            "files": {name: file.entry() for name, file in self.files.items()},
            "exitCode": self.exit_code,
            "reason": self.reason,
        }


@dataclass
class Cases:
    """Collects cases of one command."""

    group: str
    found: list[Case] = field(default_factory=list)

    def add(self, name: str, says: str, arguments: list[str], files: dict, code: int, reason: str, rule: str) -> None:
        used = {argument[1:] for argument in arguments if argument.startswith("@")}
        if used != files.keys():
            raise ValueError(f"{self.group}/{name}: {used ^ files.keys()}")
        self.found.append(Case(f"{self.group}/{name}", says, arguments, files, code, reason, rule))


def as_json(value) -> str:
    return json.dumps(value, ensure_ascii=False)
