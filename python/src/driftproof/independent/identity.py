# SPDX-License-Identifier: Apache-2.0
"""Base identities (format.md, "Base identity"; specification/files.md, section 4; statement.md, section 10)."""

import struct
from dataclasses import dataclass, field
from functools import cached_property
from math import prod

from . import strictjson
from .datatypes import FLOATING, shape_problem
from .errors import OperationalError
from .field import Cubic, P
from .layout import Layout
from .merkle import root_of_leaves
from .parameters import CodeParameters
from .statement import BasePlace, BaseTree, Statement, TableauTensor, ceil_log2
from .transcript import BYTES, DIGEST, Transcript
from .wire import i64, name_order, repeats_canonically, sha256, text, u32, u64, u128

MAXIMUM_BYTES = 256 << 20
MAXIMUM_ABSOLUTE = 1 << 40
MAXIMUM_CELLS = 1 << 41
MAXIMUM_TREES = 8


@dataclass(frozen=True)
class BaseTensor:
    """A line of the identity: what is public about a tensor of the base."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    fraction_bits: int
    sum_of_squares: int
    max_abs: int
    sha256: bytes
    unencodable: int | None = None

    @property
    def entries(self) -> int:
        return prod(self.shape)

    @property
    def is_floating(self) -> bool:
        return self.dtype in FLOATING

    @property
    def has_integers(self) -> bool:
        return self.is_floating and self.unencodable is None

    def leaf(self) -> bytes:
        sizes = u64(len(self.shape)) + b"".join(u64(size) for size in self.shape)
        described = text(self.name) + text(self.dtype) + sizes
        if self.unencodable is not None:
            return text("driftproof/identity/leaf/v2") + described + u64(self.unencodable) + self.sha256
        numbers = i64(self.fraction_bits) + u128(self.sum_of_squares) + u64(self.max_abs)
        return text("driftproof/identity/leaf/v1") + described + numbers + self.sha256


@dataclass(frozen=True)
class LinkedTensor:
    """What the linked part says of a tensor."""

    heaviest_chunk: int
    entries_below_floor: int
    fraction_bits: int


@dataclass
class LinkedPart:
    """The base's tableau: l, log blow-up, trees as (rows, root), layout digest, tensors; places, once it is checked.

    One that hides the weights has a tail, and pins of each tree, bytes. A next base has the linked root of the base
    whose leaves, places and units it has.
    """

    log_length: int
    log_blowup: int
    trees: list[tuple[int, bytes]]
    layout_digest: bytes
    tensors: dict[str, LinkedTensor]
    linked_root: bytes
    places: dict[str, BasePlace]
    #: How many rows each tensor that shares none has.
    tile_counts: dict[str, int]
    tail: int = 0
    pins: list[bytes] = field(default_factory=list)
    predecessor: bytes | None = None

    @property
    def shared_point(self) -> Cubic | None:
        """Of a next base: where all of its trees are pinned (specification/commitment-and-opening.md, section 3)."""
        if self.predecessor is None:
            return None
        roots = b"".join(u64(32) + root for _, root in self.trees)
        counted = text("driftproof/next base/roots/v1") + u64(len(self.trees)) + roots
        shape = u64(1 << self.log_length) + u64(self.tail)
        transcript = Transcript("driftproof/pins/v1")
        transcript.absorb("code", BYTES, u64(self.log_length) + u64(self.log_blowup))
        transcript.absorb("label", BYTES, b"next base")
        transcript.absorb("shapes", BYTES, shape * sum(rows for rows, _ in self.trees))
        transcript.absorb("root", DIGEST, sha256(counted))
        return transcript.point_outside("pin")

    @property
    def base_trees(self) -> list[BaseTree]:
        point = self.shared_point
        return [
            BaseTree(number, *each, pins, point)
            for number, (each, pins) in enumerate(zip(self.trees, self.pins, strict=True))
        ]


@dataclass
class BaseIdentity:
    root: bytes
    tensors: tuple[BaseTensor, ...]
    linked: LinkedPart | None

    @cached_property
    def by_name(self) -> dict[str, BaseTensor]:
        return {tensor.name: tensor for tensor in self.tensors}


def _tensor(value, number: int) -> BaseTensor:
    what = f"identity: tensor {number}"
    common = ("name", "dtype", "shape", "sha256")
    if isinstance(value, dict) and "unencodableEntry" in value:
        entry = strictjson.members(value, what, (*common, "unencodableEntry"))
    else:
        entry = strictjson.members(value, what, (*common, "fractionBits", "sumOfSquares", "maxAbs"))
    name, dtype = strictjson.string(entry["name"], what), strictjson.string(entry["dtype"], what)
    sizes = strictjson.array(entry["shape"], what)
    shape = tuple(strictjson.plain_integer(size, what, 0, (1 << 63) - 1) for size in sizes)
    problem = shape_problem(dtype, shape)
    if problem:
        raise OperationalError(f"{what}: {problem}")
    digest, entries = strictjson.hexadecimal(entry["sha256"], what), prod(shape)
    if "unencodableEntry" in entry:
        position = strictjson.plain_integer(entry["unencodableEntry"], what, 0, (1 << 63) - 1)
        if dtype not in FLOATING or position >= entries:
            raise OperationalError(f"{what}: no such entry")
        return BaseTensor(name, dtype, shape, 0, 0, 0, digest, position)
    bits = strictjson.plain_integer(entry["fractionBits"], what, -20, 24)
    largest = strictjson.plain_integer(entry["maxAbs"], what, 0, MAXIMUM_ABSOLUTE)
    squares = strictjson.decimal_text(entry["sumOfSquares"], what)
    if dtype in FLOATING:
        most = entries * largest**2
        if (entries == 0 and largest) or squares < largest**2 or (most < 1 << 128 and squares > most):
            raise OperationalError(f"{what}: sumOfSquares and maxAbs do not fit together")
    elif bits or largest or squares:
        raise OperationalError(f"{what}: a tensor without integers has zeros")
    return BaseTensor(name, dtype, shape, bits, squares, largest, digest)


def _linked(value, root: bytes, stated: bytes, tensors: tuple[BaseTensor, ...]) -> LinkedPart:
    what = "identity: linked"
    hiding = isinstance(value, dict) and "tail" in value
    is_next = hiding and "predecessor" in value
    common = ("logLength", "logBlowup", "bands", "trees", "layoutDigest", "tensors")
    own = ("tail", "predecessor") if is_next else ("tail",) if hiding else ()
    entry = strictjson.members(value, what, (*common, *own))
    predecessor = strictjson.hexadecimal(entry["predecessor"], what) if is_next else None
    tail = strictjson.plain_integer(entry["tail"], what, 1, 1 << 26) if hiding else 0
    log_length = strictjson.plain_integer(entry["logLength"], what, 14, 26)
    log_blowup = strictjson.plain_integer(entry["logBlowup"], what, 1, 5)
    strictjson.plain_integer(entry["bands"], what, 1, 1)
    trees, pins = [], []
    for each in strictjson.array(entry["trees"], what):
        tree = strictjson.members(each, what, ("rows", "root", "pins") if hiding else ("rows", "root"))
        rows = strictjson.plain_integer(tree["rows"], what, 1, 1 << 24)
        trees.append((rows, strictjson.hexadecimal(tree["root"], what)))
        pins.append(strictjson.hexadecimal(tree["pins"], what, 24 * rows) if hiding else b"")
    if not 1 <= len(trees) <= MAXIMUM_TREES:
        raise OperationalError(f"{what}: one to eight trees are expected")
    digest = strictjson.hexadecimal(entry["layoutDigest"], what)
    expected = [t for t in tensors if t.dtype in ("F16", "BF16") and t.has_integers and t.entries]
    listed = strictjson.array(entry["tensors"], what)
    if len(listed) != len(expected):
        raise OperationalError(f"{what}: other tensors than the base's")
    found: dict[str, LinkedTensor] = {}
    for each, base in zip(listed, expected, strict=True):
        line = strictjson.members(each, what, ("name", "heaviestChunk", "entriesBelowFloor", "fractionBits"))
        heaviest = strictjson.decimal_text(line["heaviestChunk"], what)
        below = strictjson.plain_integer(line["entriesBelowFloor"], what, 0, base.entries)
        bits = strictjson.plain_integer(line["fractionBits"], what, -20, 39)
        if strictjson.string(line["name"], what) != base.name:
            raise OperationalError(f"{what}: other tensors than the base's")
        if not base.max_abs**2 <= heaviest <= base.sum_of_squares:
            raise OperationalError(f"{what}: {base.name}: no such heaviest chunk")
        found[base.name] = LinkedTensor(heaviest, below, bits)
    label = text(f"driftproof/base-tableau/v{3 if is_next else 2 if hiding else 1}")
    content = label + (predecessor or b"") + u32(log_length) + u32(log_blowup) + u32(1) + u64(tail) + u32(len(trees))
    for (rows, tree_root), own in zip(trees, pins, strict=True):
        content += u32(rows) + tree_root + own
    content += u64(len(found))
    for name, line in found.items():
        content += text(name) + u128(line.heaviest_chunk) + u64(line.entries_below_floor) + i64(line.fraction_bits)
    linked_root = sha256(b"driftproof/identity/v2", root, sha256(content + digest))
    if linked_root != stated:
        raise OperationalError("identity: the linked root is another")
    return LinkedPart(log_length, log_blowup, trees, digest, found, linked_root, {}, {}, tail, pins, predecessor)


def read_identity(content: bytes) -> BaseIdentity:
    """An identity from its file."""
    value = strictjson.parse(content, "identity")
    entry = strictjson.members(value, "identity", ("driftIdentity", "root", "tensors"), ("linkedRoot", "linked"))
    if ("linkedRoot" in entry) != ("linked" in entry):
        raise OperationalError("identity: linkedRoot and linked stand together")
    version = strictjson.plain_integer(entry["driftIdentity"], "identity", 1, 5)
    root = strictjson.hexadecimal(entry["root"], "identity: root")
    lines = strictjson.array(entry["tensors"], "identity: tensors")
    tensors = tuple(_tensor(line, number) for number, line in enumerate(lines))
    names = [tensor.name for tensor in tensors]
    if any(name_order(a) >= name_order(b) for a, b in zip(names, names[1:])) or repeats_canonically(names):
        raise OperationalError("identity: names out of order, or twice")
    unencodable = any(tensor.unencodable is not None for tensor in tensors)
    is_hiding = isinstance(entry.get("linked"), dict) and "tail" in entry["linked"]
    is_next = is_hiding and "predecessor" in entry["linked"]
    if version != (5 if is_next else 4 if is_hiding else 3 if "linked" in entry else 2 if unencodable else 1):
        raise OperationalError("identity: another version is written for such a base")
    tree = root_of_leaves([tensor.leaf() for tensor in tensors], sha256(b"driftproof/identity/empty/v1"))
    if sha256(b"driftproof/identity/v1", u64(len(tensors)), tree) != root:
        raise OperationalError("identity: the root is another")
    linked = None
    if "linked" in entry:
        stated = strictjson.hexadecimal(entry["linkedRoot"], "identity: linkedRoot")
        linked = _linked(entry["linked"], root, stated, tensors)
    return BaseIdentity(root, tensors, linked)


# --- the linked part (statement.md, section 10) -----------------------------------------------------------------------


def name_class(name: str) -> tuple:
    """A name whose parts of digits only are replaced by a mark."""
    return tuple(None if part and all("0" <= c <= "9" for c in part) else part for part in name.split("."))


def tree_members(tensors: list[TableauTensor], log_length: int) -> list[list[TableauTensor]]:
    """The tensors of each tree, in name order."""
    classes: dict[tuple, list[TableauTensor]] = {}
    for tensor in tensors:
        classes.setdefault(name_class(tensor.name), []).append(tensor)
    sized = [(sum(t.rows * t.columns for t in members), members) for members in classes.values()]
    sized.sort(key=lambda each: (-each[0], name_order(each[1][0].name)))
    trees: list[list[TableauTensor]] = []
    for size, members in sized:
        if len(trees) == MAXIMUM_TREES - 1 or size < 8 << log_length:
            break
        trees.append(members)
    placed = {tensor.name for members in trees for tensor in members}
    rest = [tensor for tensor in tensors if tensor.name not in placed]
    return trees + ([rest] if rest else [])


def chunk_positions(rows: int, columns: int) -> int:
    """n: positions of a chunk."""
    row_bits = ceil_log2(rows)
    return 1 << min(14, row_bits + max(ceil_log2(columns), 6 - row_bits))


def check_linked_part(identity: BaseIdentity) -> None:
    """Checks that the linked part is one of this base, and finds the tensors' places."""
    linked = identity.linked

    def shape_of(base: BaseTensor) -> tuple[int, int]:
        if len(base.shape) < 2:
            return 1, base.entries
        return base.shape[0], prod(base.shape[1:])

    tensors = [
        TableauTensor(name, *shape_of(identity.by_name[name]), line.fraction_bits, True)
        for name, line in linked.tensors.items()
    ]
    if sum(1 << (tensor.row_bits + tensor.column_bits) for tensor in tensors) > MAXIMUM_CELLS:
        raise OperationalError("identity: the linked part is too large")
    members = tree_members(tensors, linked.log_length)
    code = CodeParameters(linked.log_length, linked.log_blowup, 1, 0, 1)
    layouts = [Layout(Statement(code, tuple(tree))) for tree in members]
    if [layout.row_count for layout in layouts] != [rows for rows, _ in linked.trees]:
        raise OperationalError("identity: the base's trees have another number of rows")
    for number, layout in enumerate(layouts):
        for tensor, slot in zip(layout.tensors, layout.slots, strict=True):
            linked.places[tensor.name] = BasePlace(number, slot.first_row, slot.grid is None, slot.offset)
            if slot.grid:
                linked.tile_counts[tensor.name] = slot.grid.row_tiles * slot.grid.column_tiles
    for tensor in tensors:
        base, line = identity.by_name[tensor.name], linked.tensors[tensor.name]
        if line.fraction_bits != linked_units(base, line, chunk_positions(tensor.rows, tensor.columns)):
            raise OperationalError(f"identity: {tensor.name}: other units than the heaviest chunk has")
    for layout in layouts:
        for index, tensor in enumerate(layout.tensors):
            chunks = sum(1 << square.piece.log_chunks for square in layout.square_pieces if square.tensor == index)
            base = identity.by_name[tensor.name]
            if linked.tensors[tensor.name].heaviest_chunk * chunks < base.sum_of_squares:
                raise OperationalError(f"identity: {tensor.name}: its heaviest chunk is too light")
    digest = text("driftproof/base-layout/v1") + u32(linked.log_length) + u32(len(layouts))
    for layout in layouts:
        digest += u64(len(layout.tensors))
        for tensor in layout.tensors:
            digest += text(tensor.name) + u64(tensor.rows) + u64(tensor.columns) + i64(tensor.fraction_bits)
    if sha256(digest) != linked.layout_digest:
        raise OperationalError("identity: the layout digest is another")
    check_hiding_part(linked)


def check_hiding_part(linked: LinkedPart) -> None:
    """Tails that may hide something, and pins that are elements of K (section 10)."""
    if not linked.tail:
        return
    if linked.tail < 7 + 3 * len(linked.trees) + (3 if linked.predecessor else 0):
        raise OperationalError("identity: the tails hide no weights")
    for pins in linked.pins:
        if any(number >= P for (number,) in struct.iter_unpack("<Q", pins)):
            raise OperationalError("identity: a pin is no element of K")


def has_units(line: LinkedTensor, positions: int) -> bool:
    """Whether a rounding bound may be put on the tensor: C ≥ 16·n."""
    return line.heaviest_chunk >= 16 * positions


def linked_units(base: BaseTensor, line: LinkedTensor, positions: int) -> int:
    """f of a tensor of the base's tableau."""
    if not has_units(line, positions):
        return base.fraction_bits
    e = ((line.heaviest_chunk // positions).bit_length() - 1) // 2
    bits = base.fraction_bits + 17 - e
    return min(28, bits) if base.dtype == "F16" else bits
