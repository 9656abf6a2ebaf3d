# SPDX-License-Identifier: Apache-2.0
"""Identities with rows on the curve (format.md, "Identity with rows on the curve"; specification/curve.md,
"Commitments to models")."""

import unicodedata
from dataclasses import dataclass

from . import strictjson
from .curve_opening import KEY_BYTES, SetupKey
from .curve_points import G1_BYTES
from .curve_statement import LOG_CELLS
from .errors import InvalidProof, OperationalError
from .identity import BaseIdentity, BaseTensor, read_identity
from .merkle import node
from .rules import matrix
from .statement import ceil_log2
from .wire import i64, sha256, text, u32, u64

BACKEND = "kzg"
VERSION = 6
BEGINNING = b'{"driftIdentity": 6, "backend": '


@dataclass
class CurveIdentity:
    """`rows` has the points of each tensor, compressed, or None for one without integers or entries."""

    plain: BaseIdentity
    key: SetupKey
    log_length: int
    rows: list[bytes | None]
    root: bytes


def row_count(tensor: BaseTensor, log_length: int) -> int:
    """How many rows commit to a tensor: cells up to its last matrix row; 0 without integers or entries, or with more
    cells than a statement has."""
    rows, columns = matrix(tensor.shape)
    cells = rows << ceil_log2(columns)
    if not tensor.has_integers or not 0 < cells <= 1 << LOG_CELLS:
        return 0
    return -(-cells >> log_length)


def block_leaf(tensor: BaseTensor, setup: bytes, log_length: int, rows: bytes | None, digest: bytes) -> bytes:
    """The hash of a tensor with these rows, or of one without with this digest."""
    sizes = u64(len(tensor.shape)) + b"".join(u64(size) for size in tensor.shape)
    described = setup + text(tensor.name) + text(tensor.dtype) + sizes + i64(tensor.fraction_bits) + u32(log_length)
    if rows is None:
        return sha256(b"\x00", text("driftproof/curve/digest/v1"), described, digest)
    return sha256(b"\x00", text("driftproof/curve/block/v1"), described, u64(len(rows) // G1_BYTES), rows)


def model_root(setup: bytes, log_length: int, leaves: list[bytes]) -> bytes:
    """The root of a model's blocks; a node without partner moves up unchanged."""
    level = leaves
    while len(level) > 1:
        pairs = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1 :]
    top = level[0] if level else b""
    return sha256(text("driftproof/curve/model/v1"), setup, u32(log_length), u64(len(leaves)), top)


def is_curve_identity(content: bytes) -> bool:
    return content.startswith(BEGINNING)


def read_curve_identity(content: bytes) -> CurveIdentity:
    """Accepts exactly the bytes that follow from the content."""
    first, newline, lines = content.partition(b"\n")
    if not newline or not first.endswith(b'"tensors": ['):
        raise OperationalError("identity: another spelling of the first line")
    what = "identity"
    entry = strictjson.parse(first + b"]}", what)
    names = ("driftIdentity", "backend", "root", "curveRoot", "setup", "logLength", "rows", "tensors")
    strictjson.members(entry, what, names)
    if strictjson.string(entry["backend"], what) != BACKEND:
        raise OperationalError("identity: another backend")
    root = strictjson.hexadecimal(entry["root"], what)
    stated = strictjson.hexadecimal(entry["curveRoot"], what)
    key_bytes = strictjson.hexadecimal(entry["setup"], what, KEY_BYTES)
    log_length = strictjson.plain_integer(entry["logLength"], what, 8, 28)
    plain = _plain(root, lines)
    rows = _rows(entry["rows"], plain, log_length)
    if first + b"\n" != _first_line(root, stated, key_bytes, log_length, rows):
        raise OperationalError("identity: another spelling of the first line")
    if lines != tensor_lines(plain):
        raise OperationalError("identity: another spelling of the tensors' lines")
    try:
        key = SetupKey(key_bytes, "identity: setup")
    except InvalidProof as error:
        raise OperationalError(str(error)) from None
    leaves = [
        block_leaf(tensor, key.id, log_length, points, tensor.sha256)
        for tensor, points in zip(plain.tensors, rows, strict=True)
    ]
    if sha256(text("driftproof/identity/curve/v1"), root, model_root(key.id, log_length, leaves)) != stated:
        raise OperationalError("identity: the curve root is another")
    return CurveIdentity(plain, key, log_length, rows, stated)


def _plain(root: bytes, lines: bytes) -> BaseIdentity:
    """The identity without rows: version 2 where a tensor has no encoding, else 1."""
    version = 2 if b'"unencodableEntry": ' in lines else 1
    try:
        return read_identity(f'{{"driftIdentity": {version}, "root": "{root.hex()}", "tensors": [\n'.encode() + lines)
    except OperationalError as error:
        other = f'{{"driftIdentity": {3 - version}, "root": "{root.hex()}", "tensors": [\n'.encode()
        try:  # a name may spell what the search looked for
            return read_identity(other + lines)
        except OperationalError:
            raise error from None


def _rows(value, plain: BaseIdentity, log_length: int) -> list[bytes | None]:
    listed = strictjson.array(value, "identity: rows")
    if len(listed) != len(plain.tensors):
        raise OperationalError("identity: rows of another number of tensors")
    rows: list[bytes | None] = []
    for each, tensor in zip(listed, plain.tensors, strict=True):
        count, what = row_count(tensor, log_length), f"identity: rows of {tensor.name}"
        if (each is None) != (count == 0):
            raise OperationalError(f"{what}: stand exactly where there are integers and entries")
        rows.append(None if each is None else strictjson.hexadecimal(each, what, G1_BYTES * count))
    return rows


def _first_line(root: bytes, curve_root: bytes, key: bytes, log_length: int, rows: list[bytes | None]) -> bytes:
    points = ", ".join("null" if each is None else f'"{each.hex()}"' for each in rows)
    return (
        f'{{"driftIdentity": {VERSION}, "backend": "{BACKEND}", "root": "{root.hex()}", "curveRoot": '
        f'"{curve_root.hex()}", "setup": "{key.hex()}", "logLength": {log_length}, "rows": [{points}], "tensors": [\n'
    ).encode()


def quoted(content: str) -> str:
    """A JSON string as the program spells it (format.md, "Base identity")."""
    result = ""
    for character in content:
        if character in '"\\':
            result += "\\" + character
        elif unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp"):
            units = character.encode("utf-16-be")
            result += "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
        else:
            result += character
    return f'"{result}"'


def tensor_lines(plain: BaseIdentity) -> bytes:
    """The lines behind the first of the plain identity, as format.md, "Base identity", spells them."""
    lines = []
    for tensor in plain.tensors:
        shape = ", ".join(map(str, tensor.shape))
        line = f'{{"name": {quoted(tensor.name)}, "dtype": "{tensor.dtype}", "shape": [{shape}], '
        if tensor.unencodable is not None:
            line += f'"unencodableEntry": {tensor.unencodable}, '
        else:
            line += f'"fractionBits": {tensor.fraction_bits}, "sumOfSquares": "{tensor.sum_of_squares}", '
            line += f'"maxAbs": {tensor.max_abs}, '
        lines.append(line + f'"sha256": "{tensor.sha256.hex()}"}}')
    return (",\n".join(lines) + "\n]}\n").encode()
