# SPDX-License-Identifier: Apache-2.0
"""The manifest: what is public about the tuned model (format.md, "Manifest"; specification/files.md, section 3)."""

from dataclasses import dataclass
from functools import cached_property
from math import prod

from .datatypes import shape_problem
from .errors import InvalidProof
from .parameters import CodeParameters
from .wire import Reader, name_order, repeats_canonically, u32

UNCHANGED, CHANGED, ADAPTER_UNCHANGED, PRODUCT, KRONECKER = 0, 1, 2, 3, 4
DENSE_KINDS = (UNCHANGED, CHANGED)
PRODUCT_KINDS = (PRODUCT, KRONECKER)
MAXIMUM_TENSORS = 1 << 19
MAXIMUM_BYTES = 1 << 26
LEAST_TENSOR_BYTES = 27
#: The word in front of the version of an aligned statement (format.md, "Manifest").
ALIGNED_WORD = 11
#: The word in front of the version of a manifest with Kronecker products of adapters.
KRONECKER_WORD = 12
#: The word in front of the number of bands, where there are two or more, and of the version.
BANDS_WORD = 14
MAXIMUM_BANDS = 256
#: The version of statements with patterns, of links (flag 1) and of others (flag 0).
PATTERNS_VERSION = 9
#: The same of statements with blocks.
BLOCKS_VERSION = 10
#: The same of statements with circulant blocks.
CIRCULANTS_VERSION = 13


@dataclass(frozen=True)
class TunedTensor:
    name: str
    dtype: str
    shape: tuple[int, ...]
    kind: int
    digest: bytes | None
    rank: int
    #: Rows and columns of the second factor of a Kronecker product; zeros for others.
    inner: tuple[int, int] = (0, 0)

    @property
    def entries(self) -> int:
        return prod(self.shape)

    @property
    def is_dense(self) -> bool:
        return self.kind in DENSE_KINDS


@dataclass(frozen=True)
class Manifest:
    version: int
    parent: bytes | None
    code: CodeParameters | None
    rows: int
    layout_digest: bytes
    tensors: tuple[TunedTensor, ...]
    aligned: bool = False

    @property
    def has_revised_rules(self) -> bool:
        return self.version >= 4

    @property
    def is_adapter(self) -> bool:
        return any(not tensor.is_dense for tensor in self.tensors)

    @cached_property
    def by_name(self) -> dict[str, TunedTensor]:
        return {tensor.name: tensor for tensor in self.tensors}

    @property
    def statement_bytes(self) -> int:
        """What a statement of it may take, as if each tensor had a record of a product."""
        return 128 + sum(
            len(tensor.name.encode())
            + len(tensor.dtype.encode())
            + 8 * len(tensor.shape)
            + (65 if tensor.kind == KRONECKER else 61)
            for tensor in self.tensors
        )


def _tensor(reader: Reader, last_kind: int) -> TunedTensor:
    name, dtype = reader.text(), reader.text()
    count = reader.u64()
    if count > reader.remaining // 8:
        raise InvalidProof("manifest: more sizes than bytes")
    shape = tuple(reader.u64() for _ in range(count))
    problem = shape_problem(dtype, shape)
    if problem:
        raise InvalidProof(f"manifest: {name}: {problem}")
    kind = reader.u8()
    if kind > last_kind:
        raise InvalidProof(f"manifest: {name}: unknown record {kind}")
    rank = reader.u32() if kind == PRODUCT else 0
    inner = (reader.u32(), reader.u32()) if kind == KRONECKER else (0, 0)
    digest = reader.hash() if kind == CHANGED or kind in PRODUCT_KINDS else None
    return TunedTensor(name, dtype, shape, kind, digest, rank, inner)


def says_aligned(content: bytes) -> bool:
    """Whether a manifest begins with the word of aligned statements, whatever comes then."""
    return content[:4] == u32(ALIGNED_WORD)


def read_manifest(content: bytes) -> Manifest:
    if len(content) > MAXIMUM_BYTES:
        raise InvalidProof("manifest: too many bytes")
    reader = Reader(content, "manifest")
    version = reader.u32()
    aligned = version == ALIGNED_WORD
    has_kronecker = version == KRONECKER_WORD
    if aligned or has_kronecker:
        version = reader.u32()
    bands = 1
    if version == BANDS_WORD:
        bands, version = reader.u32(), reader.u32()
        if bands < 2:
            raise InvalidProof(f"manifest: the word of bands, and {bands} of them")
        if bands > MAXIMUM_BANDS:
            raise InvalidProof(f"manifest: {bands} bands are too many")
    is_known = 2 <= version <= BLOCKS_VERSION or version == CIRCULANTS_VERSION
    if not is_known and not (aligned and version == ALIGNED_WORD):
        raise InvalidProof(f"manifest: version {version} is unknown")
    is_link = version & 1 == 1
    if version in (PATTERNS_VERSION, BLOCKS_VERSION, CIRCULANTS_VERSION):
        flag = reader.u8()
        if flag > 1:
            raise InvalidProof("manifest: neither a link nor none")
        is_link = flag == 1
    if aligned and is_link:
        raise InvalidProof("manifest: aligned, and a link, or aligned twice")
    parent = reader.hash() if is_link else None
    numbers = [reader.u32() for _ in range(6)]
    code, rows = None, numbers[5]
    if any(numbers[:5]):
        code = CodeParameters(*numbers[:5], bands=bands)
        if not code.in_range:
            raise InvalidProof("manifest: code parameters out of range")
    if (rows == 0) != (code is None):
        raise InvalidProof("manifest: rows without a code, or a code without rows")
    if bands > 1 and bands > (rows + 7) // 8:
        raise InvalidProof("manifest: more bands than blocks of eight rows")
    layout_digest = reader.hash()
    count = reader.u64()
    if count > MAXIMUM_TENSORS or count * LEAST_TENSOR_BYTES > reader.remaining:
        raise InvalidProof("manifest: too many tensors")
    tensors: list[TunedTensor] = []
    for _ in range(count):
        tensor = _tensor(reader, KRONECKER if has_kronecker else PRODUCT)
        if tensors and name_order(tensor.name) <= name_order(tensors[-1].name):
            raise InvalidProof("manifest: names out of order")
        tensors.append(tensor)
    reader.end()
    if repeats_canonically([tensor.name for tensor in tensors]):
        raise InvalidProof("manifest: two spellings of one name")
    manifest = Manifest(version, parent, code, rows, layout_digest, tuple(tensors), aligned)
    if manifest.is_adapter and (parent or any(tensor.kind == UNCHANGED for tensor in tensors)):
        raise InvalidProof("manifest: an adapter's has no parent and no record 0")
    if has_kronecker and all(tensor.kind != KRONECKER for tensor in tensors):
        raise InvalidProof("manifest: the word of Kronecker products without one")
    return manifest
