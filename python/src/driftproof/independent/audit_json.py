# SPDX-License-Identifier: Apache-2.0
"""JSON in the one form that files of audits have (specification/audit.md, section 1), and the forms of its members."""

import re

from . import strictjson
from .attestation import strict_base64
from .errors import InvalidProof, OperationalError, VerificationFailure
from .revocation import is_date
from .wire import name_order

MAXIMUM_BYTES = 1 << 20
MAXIMUM_DEPTH = 8
MAXIMUM_VALUES = 1 << 17
_NUMBER = re.compile(r"-?[1-9][0-9]*|0")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LABEL = re.compile(r"[ -~]{1,200}")


def refuse(what: str, reason: str):
    raise InvalidProof(f"bundle: {what}: {reason}")


def _string(value: str) -> str:
    escaped = _ESCAPED.sub(lambda found: _ESCAPES.get(found[0]) or f"\\u{ord(found[0]):04x}", value)
    return f'"{escaped}"'


def encode(value) -> str:
    """The one spelling of a value; keys in the order in which they stand."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(encode, value))}]"
    return f"{{{','.join(f'{_string(key)}:{encode(each)}' for key, each in value.items())}}}"


def canonical(value) -> str:
    """The canonical form: keys rising by their bytes, in each object."""
    return encode(_sorted(value))


def _sorted(value):
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=name_order)}
    return [_sorted(each) for each in value] if isinstance(value, (list, tuple)) else value


def _whole(value, what: str, left: list[int]):
    """Numbers as integers; counts the values."""
    left[0] -= 1
    if left[0] < 0:
        refuse(what, "too many values")
    if isinstance(value, strictjson.Number):
        if not _NUMBER.fullmatch(value) or len(value) > 20 or not -(1 << 63) <= int(value) < 1 << 63:
            refuse(what, "a number that is not whole, not of 64 bits, or spelled otherwise")
        return int(value)
    if value is None:
        refuse(what, "null")
    if isinstance(value, dict):
        return {key: _whole(each, what, left) for key, each in value.items()}
    return [_whole(each, what, left) for each in value] if isinstance(value, list) else value


def parse(content: bytes, what: str, most: int = MAXIMUM_BYTES, values: int = MAXIMUM_VALUES):
    """A value in canonical form; any other spelling is refused."""
    if len(content) > most:
        refuse(what, "too long")
    try:
        value = strictjson.parse(content, what, MAXIMUM_DEPTH)
    except OperationalError as error:
        refuse(what, str(error))
    found = _whole(value, what, [values])
    if canonical(found).encode() != content:
        refuse(what, "not in canonical form")
    return found


def file(content: bytes, what: str, most: int = MAXIMUM_BYTES, values: int = MAXIMUM_VALUES):
    """A value and a line feed."""
    if not content.endswith(b"\n"):
        refuse(what, "no line feed at its end")
    return parse(content[:-1], what, most, values)


class Fields:
    """An object with exactly the members that are named; each is taken in the form that it must have."""

    def __init__(self, value, what: str, required: tuple[str, ...], optional: tuple[str, ...] = ()):
        if not isinstance(value, dict):
            refuse(what, "no object")
        missing = [key for key in required if key not in value]
        unknown = [key for key in value if key not in required and key not in optional]
        if missing or unknown:
            refuse(what, f"{(missing + unknown)[0]} is {'missing' if missing else 'unknown'}")
        self.value, self.what = value, what

    def has(self, key: str) -> bool:
        return key in self.value

    def _get(self, key: str, kind: type, form: str):
        found = self.value[key]
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            refuse(self.what, f"{key}: {form} is expected")
        return found

    def integer(self, key: str, low: int, high: int) -> int:
        found = self._get(key, int, "an integer")
        if not low <= found <= high:
            refuse(self.what, f"{key}: {low} to {high} is expected")
        return found

    def text(self, key: str) -> str:
        return self._get(key, str, "a string")

    def boolean(self, key: str) -> bool:
        return self._get(key, bool, "true or false")

    def items(self, key: str, most: int) -> list:
        found = self._get(key, list, "a list")
        if len(found) > most:
            refuse(self.what, f"{key}: at most {most}")
        return found

    def choice(self, key: str, *choices: str) -> str:
        found = self.text(key)
        if found not in choices:
            refuse(self.what, f"{key}: one of {', '.join(choices)} is expected")
        return found

    def _matching(self, key: str, pattern: re.Pattern, form: str) -> str:
        found = self.text(key)
        if not pattern.fullmatch(found):
            refuse(self.what, f"{key}: {form} is expected")
        return found

    def digest(self, key: str) -> str:
        return self._matching(key, _DIGEST, "a digest")

    def label(self, key: str) -> str:
        return self._matching(key, _LABEL, "1 to 200 printable characters")

    def time(self, key: str) -> str:
        found = self.text(key)
        if not is_date(found):
            refuse(self.what, f"{key}: a time is expected")
        return found

    def base64(self, key: str, most: int) -> bytes:
        return base64_bytes(self.text(key), f"{self.what}: {key}", most)


def base64_bytes(spelled, what: str, most: int) -> bytes:
    """Base64 of the standard alphabet, in its one spelling."""
    if not isinstance(spelled, str) or "-" in spelled or "_" in spelled:
        refuse(what, "base64 is expected")
    try:
        found = strict_base64(spelled)
    except VerificationFailure:
        refuse(what, "base64 is expected")
    if len(found) > most:
        refuse(what, "too long")
    return found
