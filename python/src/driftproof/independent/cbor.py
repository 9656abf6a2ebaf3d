# SPDX-License-Identifier: Apache-2.0
"""CBOR (RFC 8949) as quotes have it: definite lengths, shortest heads, one spelling of every value."""

from dataclasses import dataclass

from .errors import InvalidProof

MAXIMUM_BYTES, MAXIMUM_DEPTH = 16 << 10, 4


@dataclass(frozen=True)
class Tagged:
    """A value under tag 18, COSE_Sign1."""

    value: object


def _refuse(why: str):
    raise InvalidProof(f"quote: {why}")


class _Reader:
    def __init__(self, content: bytes):
        self.content, self.at = content, 0

    def take(self, count: int) -> bytes:
        if count > len(self.content) - self.at:
            _refuse("it ends in the middle")
        self.at += count
        return self.content[self.at - count : self.at]

    def number(self, form: int) -> int:
        if form < 24:
            return form
        if form > 27:
            _refuse("a length is indefinite or reserved")
        count = 1 << (form - 24)
        number = int.from_bytes(self.take(count), "big")
        if number < (24 if form == 24 else 1 << 4 * count):
            _refuse("a number is not in its shortest form")
        return number

    def value(self, depth: int):
        if depth > MAXIMUM_DEPTH:
            _refuse("values stand too deep inside one another")
        first = self.take(1)[0]
        if first == 0xF6:
            return None
        number = self.number(first & 0x1F)
        match first >> 5:
            case 0:
                return number
            case 1:
                return -1 - number
            case 2:
                return self.take(number)
            case 3:
                try:
                    return self.take(number).decode()
                except UnicodeDecodeError:
                    _refuse("a text is no UTF-8")
            case 4:
                if number > len(self.content) - self.at:
                    _refuse("it ends in the middle")
                return [self.value(depth + 1) for _ in range(number)]
            case 5:
                return self.entries(number, depth)
            case 6 if number == 18:
                return Tagged(self.value(depth + 1))
        _refuse("it has a value of a kind that no quote has")

    def entries(self, count: int, depth: int) -> dict:
        if count > (len(self.content) - self.at) // 2:
            _refuse("it ends in the middle")
        found = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, (int, str)):
                _refuse("a key is no number or text")
            if key in found:
                _refuse("a key stands there twice")
            found[key] = self.value(depth + 1)
        return found


def parse(content: bytes):
    """One value that is all of the bytes: numbers, bytes, texts, lists, dictionaries, `Tagged`, None."""
    if len(content) > MAXIMUM_BYTES:
        _refuse(f"{len(content)} bytes are more than a quote has")
    reader = _Reader(content)
    value = reader.value(0)
    if reader.at != len(content):
        _refuse("something stands behind its end")
    return value


def _head(kind: int, number: int) -> bytes:
    for form, count in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 24:
            return bytes([kind << 5 | number])
        if number < 1 << 8 * count:
            return bytes([kind << 5 | form]) + number.to_bytes(count, "big")
    raise ValueError(number)


def encode(value) -> bytes:
    """The one spelling of a value."""
    match value:
        case None:
            return b"\xf6"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(encode, value))
        case dict():
            return _head(5, len(value)) + b"".join(encode(key) + encode(each) for key, each in value.items())
        case Tagged():
            return b"\xd2" + encode(value.value)
    raise TypeError(value)
