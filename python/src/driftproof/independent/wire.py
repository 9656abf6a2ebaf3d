# SPDX-License-Identifier: Apache-2.0
"""Byte strings: format.md, "Conventions". A reader that never reads beyond the end, and the writers of hashed texts."""

import hashlib
import struct
import unicodedata

from .errors import InvalidProof

#: Unicode's Stream-Safe Text Format (format.md, "Conventions").
COMBINING_MARKS_IN_A_ROW = 30


def sha256(*parts: bytes) -> bytes:
    """SHA-256 of the parts, joined."""
    state = hashlib.sha256()
    for part in parts:
        state.update(part)
    return state.digest()


def u8(value: int) -> bytes:
    return struct.pack("<B", value)


def u16(value: int) -> bytes:
    return struct.pack("<H", value)


def u32(value: int) -> bytes:
    return struct.pack("<I", value)


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def u128(value: int) -> bytes:
    return value.to_bytes(16, "little")


def i32(value: int) -> bytes:
    return struct.pack("<i", value)


def i64(value: int) -> bytes:
    return struct.pack("<q", value)


def counted(content: bytes) -> bytes:
    """`bytes`: a u64 count, then that many bytes."""
    return u64(len(content)) + content


def text(content: str) -> bytes:
    """`text`: `bytes` that are UTF-8."""
    return counted(content.encode("utf-8"))


def name_order(name: str) -> bytes:
    """The key by which names are ordered: their UTF-8 bytes."""
    return name.encode("utf-8")


def is_stream_safe(content: str) -> bool:
    """Whether no more than 30 characters with a combining class other than 0 stand in a row."""
    if content.isascii():
        return True
    run = 0
    for character in content:
        run = run + 1 if unicodedata.combining(character) else 0
        if run > COMBINING_MARKS_IN_A_ROW:
            return False
    return True


def repeats_canonically(names: list[str]) -> bool:
    """Whether two names are canonically equivalent."""
    return len({unicodedata.normalize("NFC", name) for name in names}) != len(names)


class Reader:
    """Reads a byte string from the front; what is missing raises `InvalidProof`."""

    def __init__(self, content: bytes, what: str):
        self._content = content
        self._at = 0
        self._what = what

    @property
    def remaining(self) -> int:
        return len(self._content) - self._at

    def take(self, count: int) -> bytes:
        if count > self.remaining:
            raise InvalidProof(f"{self._what}: {count} bytes expected at byte {self._at}, {self.remaining} left")
        self._at += count
        return self._content[self._at - count : self._at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def i32(self) -> int:
        return int.from_bytes(self.take(4), "little", signed=True)

    def hash(self) -> bytes:
        return self.take(32)

    def counted(self) -> bytes:
        return self.take(self.u64())

    def short_string(self) -> bytes:
        """The policy's `string`: a u32 count, then that many bytes."""
        return self.take(self.u32())

    def text(self) -> str:
        content = self.counted()
        try:
            decoded = content.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidProof(f"{self._what}: a text before byte {self._at} is not UTF-8") from None
        if not is_stream_safe(decoded):
            raise InvalidProof(f"{self._what}: more than {COMBINING_MARKS_IN_A_ROW} combining marks in a row")
        return decoded

    def end(self) -> None:
        if self.remaining:
            raise InvalidProof(f"{self._what}: {self.remaining} bytes after the end")
