# SPDX-License-Identifier: Apache-2.0
"""From the program's JSON to frozen dataclasses: `baseIdentity` becomes `base_identity`, and types are checked."""

import dataclasses
import functools
import re
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

Result = TypeVar("Result")


class UnexpectedJSON(ValueError):
    """A value that is not what the documented field holds."""


def python_name(key: str) -> str:
    """`baseURI` -> `base_uri`, `sha256` -> `sha256`, `class` -> `class_` and `from` -> `from_`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
    return name + "_" if name in ("class", "from") else name


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def decode(kind: type[Result], value: Any) -> Result:
    """An object as `kind`. Members that `kind` does not know are left in `raw`, where it has such a field.

    Raises:
        UnexpectedJSON: a member is missing or of another type.
    """
    return typing.cast(Result, _decode(kind, value, "$"))


def _decode(kind: Any, value: Any, place: str) -> Any:
    if kind is Any:
        return value
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return _decode_optional(kind, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise UnexpectedJSON(f"{place}: expected a list")
        element = typing.get_args(kind)[0]
        return tuple(_decode(element, each, f"{place}[{index}]") for index, each in enumerate(value))
    if origin is Mapping:
        if not isinstance(value, dict):
            raise UnexpectedJSON(f"{place}: expected an object")
        element = typing.get_args(kind)[1]
        return {key: _decode(element, each, f"{place}.{key}") for key, each in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_object(kind, value, place)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # bool is an int to Python, and no number to the program.
    if not isinstance(kind, type) or not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise UnexpectedJSON(f"{place}: expected {getattr(kind, '__name__', kind)}, found {value!r:.80}")
    return value


def _decode_optional(kind: Any, value: Any, place: str) -> Any:
    members = typing.get_args(kind)
    if value is None and type(None) in members:
        return None
    (inner,) = (member for member in members if member is not type(None))
    return _decode(inner, value, place)


def _decode_object(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise UnexpectedJSON(f"{place}: expected an object")
    members = {python_name(key): each for key, each in value.items()}
    hints, found = _hints(kind), {}
    for field in dataclasses.fields(kind):
        if field.name == "raw":
            found["raw"] = value
        elif field.name in members:
            found[field.name] = _decode(hints[field.name], members[field.name], f"{place}.{field.name}")
        elif field.default is dataclasses.MISSING:
            raise UnexpectedJSON(f"{place}: {field.name} is missing")
    return kind(**found)
