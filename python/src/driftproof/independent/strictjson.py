# SPDX-License-Identifier: Apache-2.0
"""JSON as the formats want it (specification/policy-grammar.md, section 1). Errors are `OperationalError`s."""

import re
import unicodedata

from .errors import OperationalError
from .wire import is_stream_safe

POLICY_DEPTH = 32
OTHER_DEPTH = 64
MAXIMUM_VALUES = 1 << 25


class Number(str):
    """A number as it is spelled."""

    __slots__ = ()


_SPACE = re.compile(r"[ \t\n\r]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_WORDS = {"true": True, "false": False, "null": None}


class _Parser:
    def __init__(self, content: str, what: str, depth: int, comments: bool):
        self.content, self.what, self.depth, self.comments = content, what, depth, comments
        self.at = self.values = 0

    def fail(self, reason: str):
        raise OperationalError(f"{self.what}: {reason} at character {self.at}")

    def space(self) -> None:
        while True:
            self.at = _SPACE.match(self.content, self.at).end()
            if not self.comments or not self.content.startswith("//", self.at):
                return
            self.comment()

    def comment(self) -> None:
        """To the end of the line: before a line feed, or a carriage return that one follows."""
        end = self.content.find("\n", self.at)
        end = len(self.content) if end < 0 else end
        inside = self.content[self.at : end]
        if end < len(self.content):
            inside = inside.removesuffix("\r")
        if any(character < " " and character != "\t" for character in inside):
            self.fail("a control character in a comment")
        self.at = end

    def string(self) -> str:
        found = _STRING.match(self.content, self.at)
        if not found:
            self.fail("a malformed string")
        self.at = found.end()
        result = _ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else _SHORT.get(e[2], e[2]), found[1])
        if "\\u" in found[1]:
            result = result.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
        if not is_stream_safe(result):
            self.fail("more than 30 combining marks in a row")
        return result

    def value(self, level: int):
        self.values += 1
        if self.values > MAXIMUM_VALUES:
            self.fail("too many values")
        first = self.content[self.at : self.at + 1]
        if first == '"':
            return self.string()
        if first in ("{", "["):
            if level >= self.depth:
                self.fail("too many arrays and objects inside one another")
            self.at += 1
            return self.object(level + 1) if first == "{" else self.array(level + 1)
        for word, meaning in _WORDS.items():
            if self.content.startswith(word, self.at):
                self.at += len(word)
                return meaning
        found = _NUMBER.match(self.content, self.at)
        if not found:
            self.fail("a value is expected")
        self.at = found.end()
        return Number(found[0])

    def closes(self, bracket: str, is_first: bool) -> bool:
        """Whether the bracket closes here; otherwise passes the comma before the next element."""
        self.space()
        if self.content.startswith(bracket, self.at):
            self.at += 1
            return True
        if not is_first:
            if not self.content.startswith(",", self.at):
                self.fail(f"a comma or {bracket} is expected")
            self.at += 1
            self.space()
        return False

    def array(self, level: int) -> list:
        result: list = []
        while not self.closes("]", not result):
            result.append(self.value(level))
        return result

    def object(self, level: int) -> dict:
        result: dict = {}
        seen = set()
        while not self.closes("}", not result):
            if not self.content.startswith('"', self.at):
                self.fail("a key is expected")
            key = self.string()
            canonical = unicodedata.normalize("NFC", key)
            if canonical in seen:
                self.fail(f"key {key!r} stands twice")
            seen.add(canonical)
            self.space()
            if not self.content.startswith(":", self.at):
                self.fail("a colon is expected")
            self.at += 1
            self.space()
            result[key] = self.value(level)
        return result


def parse(content: bytes, what: str, depth: int = OTHER_DEPTH, comments: bool = False):
    """The value of a JSON text. Numbers are `Number`s."""
    try:
        decoded = content.decode("utf-8")
        parser = _Parser(decoded, what, depth, comments)
        parser.space()
        value = parser.value(0)
        parser.space()
        if parser.at != len(decoded):
            parser.fail("something behind the value")
        return value
    except UnicodeError:
        raise OperationalError(f"{what}: no Unicode text") from None


def members(value, what: str, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict:
    """An object with exactly these keys."""
    if not isinstance(value, dict):
        raise OperationalError(f"{what}: an object is expected")
    for key in required:
        if key not in value:
            raise OperationalError(f"{what}: {key!r} is missing")
    for key in value:
        if key not in required and key not in optional:
            raise OperationalError(f"{what}: unknown key {key!r}")
    return value


def string(value, what: str) -> str:
    if not isinstance(value, str) or isinstance(value, Number):
        raise OperationalError(f"{what}: a string is expected")
    return value


def array(value, what: str) -> list:
    if not isinstance(value, list):
        raise OperationalError(f"{what}: an array is expected")
    return value


_PARTS = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")


def decimal(value, what: str) -> tuple[int, int]:
    """Mantissa and exponent of a NUMBER, mantissa·10^exponent without trailing zeros; zero is (0, 0)
    (specification/policy-grammar.md, section 2)."""
    if not isinstance(value, Number):
        raise OperationalError(f"{what}: a number is expected")
    sign, whole, fraction, exponent = _PARTS.fullmatch(value).groups()
    digits = (whole + (fraction or "")).lstrip("0")
    significant = digits.rstrip("0")
    if sign or len(significant) > 18:
        raise OperationalError(f"{what}: a number of at most 18 digits, not below zero, is expected")
    if not significant:
        return 0, 0
    exponent = re.sub(r"^([+-]?)0+(?=[0-9])", r"\1", exponent or "0")
    power = int(exponent) if len(exponent) <= 20 else (10**20 if exponent[0] != "-" else -(10**20))
    power += len(digits) - len(significant) - len(fraction or "")
    if not -40 <= power <= 40:
        raise OperationalError(f"{what}: an exponent from -40 to 40 is expected")
    return int(significant), power


def integer(value, what: str, low: int, high: int) -> int:
    """An INT: a NUMBER that is whole; it may be spelled 8.0."""
    mantissa, power = decimal(value, what)
    result = mantissa * 10**power if power >= 0 else None
    if result is None or not low <= result <= high:
        raise OperationalError(f"{what}: an integer from {low} to {high} is expected")
    return result


def plain_integer(value, what: str, low: int, high: int) -> int:
    """An integer that is spelled as a plain decimal (specification/files.md, section 4)."""
    if not isinstance(value, Number) or not re.fullmatch(r"-?(0|[1-9][0-9]{0,19})", value) or value == "-0":
        raise OperationalError(f"{what}: an integer is expected")
    if not low <= int(value) <= high:
        raise OperationalError(f"{what}: an integer from {low} to {high} is expected")
    return int(value)


def decimal_text(value, what: str) -> int:
    """An integer below 2^128 in a string, without leading zeros."""
    spelled = string(value, what)
    if not re.fullmatch(r"0|[1-9][0-9]{0,38}", spelled) or int(spelled) >= 1 << 128:
        raise OperationalError(f"{what}: a decimal in a string, below 2^128, is expected")
    return int(spelled)


def hexadecimal(value, what: str, count: int = 32) -> bytes:
    """So many bytes in lower case."""
    spelled = string(value, what)
    if len(spelled) != 2 * count or not re.fullmatch(r"[0-9a-f]*", spelled):
        raise OperationalError(f"{what}: {2 * count} hexadecimal digits in lower case are expected")
    return bytes.fromhex(spelled)
