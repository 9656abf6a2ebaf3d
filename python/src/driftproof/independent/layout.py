# SPDX-License-Identifier: Apache-2.0
"""Where every tensor lies in the drift tableau, and the index spaces of all oracles (specification/layout.md)."""

from dataclasses import dataclass

from . import field as f
from .field import Cubic
from .policy import COLUMNS, ENTRIES, ROWS
from .statement import PLAIN_HALF_RANGE, PatternClaim, Statement, TableauTensor, ceil_log2, total_limbs

PROJECTION_ROWS = 132
LOG_CHUNK = 14
MASK_ENTRIES = 8


def binary_runs(count: int) -> list[tuple[int, int]]:
    """D(n): the aligned runs of [0, n) as (start, log of its length), largest first (section 4)."""
    runs, start = [], 0
    for bit in reversed(range(count.bit_length())):
        if count >> bit & 1:
            runs.append((start, bit))
            start += 1 << bit
    return runs


def falling(sizes: list[int]) -> list[int]:
    """Indices in falling order of sizes, equal ones in the order of the list."""
    return sorted(range(len(sizes)), key=lambda index: -sizes[index])


def place_falling(logs: list[int]) -> tuple[list[int], int]:
    """Offsets of runs of 2^n, placed in falling order one behind the other from 0, and the end."""
    offsets, end = [0] * len(logs), 0
    for index in falling(logs):
        offsets[index] = end
        end += 1 << logs[index]
    return offsets, end


@dataclass(frozen=True)
class Piece:
    """A cube of E-space whose positions fall into chunks of 2^log_chunk (section 4)."""

    free: tuple[int, ...]
    origin: int
    log_chunk: int
    base: int

    @property
    def log_chunks(self) -> int:
        return len(self.free) - self.log_chunk

    @property
    def above(self) -> tuple[int, ...]:
        """The free variables that count chunks."""
        return self.free[self.log_chunk :]

    def at(self, base: int) -> "Piece":
        return Piece(self.free, self.origin, self.log_chunk, base)

    def fixed_weight(self, point: list[Cubic]) -> Cubic:
        """Π over the variables that are not free."""
        free, result = set(self.free), f.ONE
        for variable, coordinate in enumerate(point):
            if variable not in free:
                result = result * (coordinate if self.origin >> variable & 1 else 1 - coordinate)
        return result

    def weight(self, compact: list[Cubic], point: list[Cubic]) -> Cubic:
        """piece(s, x): with the cube's free variables above the chunk's tied to the compact space."""
        result = self.fixed_weight(point) * self.base_weight(compact)
        return result * f.equality_points(compact[: self.log_chunks], [point[variable] for variable in self.above])

    def base_weight(self, compact: list[Cubic]) -> Cubic:
        """eq(s[m…), base >> m)."""
        return f.equality(compact[self.log_chunks :], self.base >> self.log_chunks)


@dataclass
class Grid:
    """The tiles of a tensor that fills whole rows of the tableau (section 1)."""

    w: int
    row_tiles: int
    column_tiles: int
    row_tile_bits: int
    column_tile_bits: int

    @staticmethod
    def of(tensor: TableauTensor, log_length: int) -> "Grid | None":
        row_bits, column_bits = tensor.row_bits, tensor.column_bits
        if row_bits + column_bits < log_length:
            return None
        best = None
        for w in range(max(0, log_length - row_bits), min(column_bits, log_length) + 1):
            row_tiles = -(-tensor.rows // (1 << (log_length - w)))
            column_tiles = -(-tensor.columns // (1 << w))
            if best is None or row_tiles * column_tiles <= best.row_tiles * best.column_tiles:
                best = Grid(w, row_tiles, column_tiles, row_bits - (log_length - w), column_bits - w)
        return best


@dataclass
class Slot:
    """Where a tensor lies: first row of the tableau, its grid, or its offset in a shared row."""

    first_row: int
    grid: Grid | None
    offset: int = 0


@dataclass
class Block:
    """A run of E-tiles (section 3): of a grid for one of its sets, of a shared row for one number of a set."""

    members: list[int]
    set_number: int
    grid: Grid | None
    first_row: int
    signature: tuple
    base: int = 0

    @property
    def log_places(self) -> int:
        return self.grid.row_tile_bits + self.grid.column_tile_bits if self.grid else 0

    @property
    def scale(self) -> int:
        return self.signature[0]

    @property
    def is_exact(self) -> bool:
        return self.signature[1]

    @property
    def is_entrywise(self) -> bool:
        return self.signature[2]

    def tiles(self) -> list[tuple[int, int]]:
        """(E-tile, row of the tableau) of all tiles that exist, row-major."""
        if self.grid is None:
            return [(self.base, self.first_row)]
        grid = self.grid
        return [
            (self.base + (i << grid.column_tile_bits) + j, self.first_row + i * grid.column_tiles + j)
            for i in range(grid.row_tiles)
            for j in range(grid.column_tiles)
        ]


@dataclass
class SquarePiece:
    piece: Piece
    tensor: int
    set_number: int


@dataclass
class BoundLine:
    """Σ of limbs of terms (square piece, limb shift, weight) + slack = N, line by line."""

    limbs: tuple[int, ...]
    terms: list[tuple[Piece, int, int]]


@dataclass
class LowRank:
    """A low-rank clause: its tensor, set, and runs in G and Stage B."""

    tensor: int
    set_number: int
    rank: int
    u: int = 0
    v: int = 0
    columns: int = 0

    @property
    def log_rank(self) -> int:
        return ceil_log2(self.rank)


@dataclass
class Circulant:
    """A clause of circulant blocks: its tensor, set and log of a block's rows, its runs in G and Stage B."""

    tensor: int
    set_number: int
    log_size: int
    numbers: int = 0
    diagonals: int = 0


@dataclass
class Sparse:
    """A sparse clause: its tensor, set, form and count, its values' run in G and its slots in Stage B."""

    tensor: int
    set_number: int
    form: int
    count: int
    values: int = 0
    slots: int = 0

    @property
    def log_slots(self) -> int:
        return ceil_log2(self.count)


def signatures(tensor: TableauTensor) -> list[tuple]:
    """(scale, exact, entrywise, rounding) of a tensor's sets."""
    result = [(0, False, False, None)] if tensor.plain else []
    for clause in tensor.clauses:
        claim, rounding = clause.entry_claim, None
        if claim and claim.is_rounding:
            shared = tensor.place if tensor.place and tensor.place.shares_row else None
            rounding = (claim.w, claim.kind, shared and shared.tree, shared and shared.row)
        result.append((clause.scale, clause.is_exact, claim is not None, rounding))
    return result


def base_row(tensor: TableauTensor) -> tuple[int, int] | None:
    """Tree and row of the base's tableau that a small tensor's row is added to (section 2)."""
    return tensor.place and (tensor.place.tree, tensor.place.row)


class Layout:
    """All index spaces of a statement."""

    def __init__(self, statement: Statement):
        self.statement = statement
        self.log_length = statement.code.log_length
        self.tensors = statement.tensors
        self._place_tensors()
        self._place_blocks()
        self._make_pieces()
        self._make_bound_lines()
        self._make_factors()
        self._make_orthonormal()
        self._make_patterns()
        self._make_digits()

    # --- section 2 ---

    def _place_tensors(self) -> None:
        self.slots: list[Slot | None] = [None] * len(self.tensors)
        row, groups = 0, {}
        for index, tensor in enumerate(self.tensors):
            grid = Grid.of(tensor, self.log_length)
            if grid:
                self.slots[index] = Slot(row, grid)
                row += grid.row_tiles * grid.column_tiles
            else:
                key = (tuple(signatures(tensor)), base_row(tensor))
                groups.setdefault(key, []).append(index)
        self.shared_rows: list[list[int]] = []
        for group in groups.values():
            first = self.tensors[group[0]].place
            if first and first.shares_row:
                for index in group:
                    self.slots[index] = Slot(row, None, self.tensors[index].place.offset)
                self.shared_rows.append(group)
                row += 1
                continue
            logs = [self.tensors[index].row_bits + self.tensors[index].column_bits for index in group]
            used = 1 << self.log_length
            for position in falling(logs):
                index, size = group[position], 1 << logs[position]
                if used + size > 1 << self.log_length:
                    self.shared_rows.append([])
                    used, row = 0, row + 1
                self.slots[index] = Slot(row - 1, None, used)
                self.shared_rows[-1].append(index)
                used += size
        for members in self.shared_rows:
            members.sort()
        self.row_count = row

    # --- section 3 ---

    def _place_blocks(self) -> None:
        blocks: list[Block] = []
        seen_rows = set()
        members_of = {self.slots[members[0]].first_row: members for members in self.shared_rows}
        for index, tensor in enumerate(self.tensors):
            slot = self.slots[index]
            if slot.grid is None:
                if slot.first_row in seen_rows:
                    continue
                seen_rows.add(slot.first_row)
            members = [index] if slot.grid else members_of[slot.first_row]
            for number, signature in enumerate(signatures(tensor)):
                blocks.append(Block(members, number, slot.grid, slot.first_row, signature))
        blocks.sort(key=lambda block: (0 if block.is_entrywise else 2 if block.is_exact else 1, -block.log_places))
        end = region_end = 0
        for block in blocks:
            places = 1 << block.log_places
            block.base = -(-end // places) * places
            end = block.base + places
            if block.is_entrywise:
                region_end = end
        self.blocks = blocks
        self.tile_bits = ceil_log2(end)
        self.e_variables = self.log_length + self.tile_bits
        self.block_of = {(index, block.set_number): block for block in blocks for index in block.members}
        self.has_region = any(block.is_entrywise for block in blocks)
        self.region_variables = self.log_length + ceil_log2(region_end) if self.has_region else 0

    def cube(self, index: int, set_number: int) -> tuple[list[int], list[int], int]:
        """Row variables, column variables (low bit first) and origin of a tensor's cube (section 3)."""
        block, tensor, slot = self.block_of[index, set_number], self.tensors[index], self.slots[index]
        length = self.log_length
        if slot.grid:
            grid = slot.grid
            row_start = length + grid.column_tile_bits
            rows = list(range(grid.w, length)) + list(range(row_start, row_start + grid.row_tile_bits))
            columns = list(range(grid.w)) + list(range(length, row_start))
            return rows, columns, block.base << length
        rows = list(range(tensor.column_bits, tensor.column_bits + tensor.row_bits))
        return rows, list(range(tensor.column_bits)), (block.base << length) + slot.offset

    # --- section 4 ---

    def _tile_cubes(self, block: Block) -> list[tuple[tuple[int, ...], int]]:
        length = self.log_length
        if block.grid is None:
            return [(tuple(range(length)), block.base << length)]
        bits, cubes = block.grid.column_tile_bits, []
        for a, u in binary_runs(block.grid.row_tiles):
            for b, v in binary_runs(block.grid.column_tiles):
                free = [*range(length + v), *range(length + bits, length + bits + u)]
                cubes.append((tuple(free), (block.base + (a << bits) + b) << length))
        return cubes

    def _make_pieces(self) -> None:
        projections: list[tuple[Block, Piece]] = []
        squares: list[SquarePiece] = []
        self.exact_cubes: list[tuple[tuple[int, ...], int]] = []
        for block in self.blocks:
            cubes = self._tile_cubes(block)
            if block.is_exact:
                self.exact_cubes += cubes
                continue
            projections += [(block, Piece(free, origin, LOG_CHUNK, 0)) for free, origin in cubes]
            for index in block.members:
                if self._has_no_squares(index, block.set_number):
                    continue
                if block.grid:
                    own = [Piece(free, origin, LOG_CHUNK, 0) for free, origin in cubes]
                else:
                    rows, columns, origin = self.cube(index, block.set_number)
                    own = [Piece(tuple(sorted(rows + columns)), origin, min(LOG_CHUNK, len(rows) + len(columns)), 0)]
                squares += [SquarePiece(piece, index, block.set_number) for piece in own]
        bases, self.projection_chunks = place_falling([piece.log_chunks for _, piece in projections])
        self.projection_pieces = [(b, piece.at(base)) for (b, piece), base in zip(projections, bases, strict=True)]
        bases, self.square_chunks = place_falling([square.piece.log_chunks for square in squares])
        self.square_pieces = [
            SquarePiece(square.piece.at(base), square.tensor, square.set_number)
            for square, base in zip(squares, bases, strict=True)
        ]

    def clause_of(self, index: int, set_number: int):
        """The clause of a set, None for the plain set."""
        tensor = self.tensors[index]
        number = set_number - (1 if tensor.plain else 0)
        return tensor.clauses[number] if number >= 0 else None

    def _has_no_squares(self, index: int, set_number: int) -> bool:
        clause = self.clause_of(index, set_number)
        return clause is not None and clause.entry_claim is not None and clause.bound is None

    # --- section 6, bound lines ---

    def _make_bound_lines(self) -> None:
        pieces: dict[tuple[int, int], list[Piece]] = {}
        for square in self.square_pieces:
            pieces.setdefault((square.tensor, square.set_number), []).append(square.piece)
        self.bound_lines: list[BoundLine] = []

        def add(limbs, index, set_number):
            self.bound_lines.append(BoundLine(limbs, [(piece, 0, 1) for piece in pieces.get((index, set_number), [])]))

        for index, tensor in enumerate(self.tensors):
            if tensor.plain and tensor.bound is not None:
                add(tensor.bound, index, 0)
            for number, clause in enumerate(tensor.clauses, 1 if tensor.plain else 0):
                if clause.bound is not None:
                    add(clause.bound, index, number)
        if self.statement.total is not None:
            counted = [(i, tensor) for i, tensor in enumerate(self.tensors) if not tensor.orthonormal]
            bits = [tensor.fraction_bits for _, tensor in counted]
            terms = []
            for index, tensor in counted:
                shift, rest = divmod(2 * (max(bits) - tensor.fraction_bits), 15)
                terms += [(piece, shift, 1 << rest) for piece in pieces.get((index, 0), [])]
            limbs = self.statement.total + (0,) * (total_limbs(bits) - len(self.statement.total))
            self.bound_lines.append(BoundLine(limbs, terms))

    # --- section 5 ---

    def index_variables(self, sparse: Sparse) -> tuple[list[int], list[int]]:
        """Index variables (bit 0, 1, …) and vector variables of a sparse clause, as variables of E-space."""
        rows, columns, _ = self.cube(sparse.tensor, sparse.set_number)
        return {ENTRIES: (columns + rows, []), ROWS: (rows, columns), COLUMNS: (columns, rows)}[sparse.form]

    def factor_variables(self, low_rank) -> tuple[list[int], list[int]]:
        """Variables of E-space that number the rows of U and of V, low bit first."""
        rows, columns, _ = self.cube(low_rank.tensor, low_rank.set_number)
        blocks = self.clause_of(low_rank.tensor, low_rank.set_number).blocks
        if blocks is None:
            return list(rows), list(columns)
        a, b = blocks
        return list(columns[b:]) + list(rows[a:]), list(columns[:b]) + list(rows[:a])

    def circulant_variables(self, each: Circulant) -> tuple[list[int], list[int], list[int]]:
        """Variables of E-space: an entry's row and column in its block, and the block's number, low bit first."""
        rows, columns, _ = self.cube(each.tensor, each.set_number)
        log = each.log_size
        return list(rows[:log]), list(columns[:log]), list(columns[log:]) + list(rows[log:])

    def _make_factors(self) -> None:
        self.low_rank: list[LowRank] = []
        self.sparse: list[Sparse] = []
        self.circulants: list[Circulant] = []
        for index, tensor in enumerate(self.tensors):
            for number, clause in enumerate(tensor.clauses, 1 if tensor.plain else 0):
                if clause.rank:
                    self.low_rank.append(LowRank(index, number, clause.rank))
                if clause.circulant:
                    self.circulants.append(Circulant(index, number, clause.circulant))
                if clause.sparse:
                    self.sparse.append(Sparse(index, number, clause.sparse, clause.count))
        self.has_factors = bool(self.low_rank or self.sparse or self.circulants)
        self.factor_chunks = self.bit_count = self.bits_offset = self.masks_offset = self.g_used = 0
        self.log_rank_columns = self.log_slots = self.g_variables = self.b_variables = 0
        if not self.has_factors:
            return
        self.bit_count = max((len(self.index_variables(each)[0]) for each in self.sparse), default=0)
        offsets, end = place_falling([each.log_rank for each in self.low_rank])
        for each, offset in zip(self.low_rank, offsets, strict=True):
            each.columns = offset
        self.log_rank_columns = ceil_log2(end)
        offsets, end = place_falling([each.log_slots for each in self.sparse])
        for each, offset in zip(self.sparse, offsets, strict=True):
            each.slots = offset
        self.log_slots = ceil_log2(end)
        offsets, end = place_falling([each.log_size for each in self.circulants])
        for each, offset in zip(self.circulants, offsets, strict=True):
            each.diagonals = offset
        log_diagonals = ceil_log2(end)

        cells = 0

        def allocate(log: int) -> int:
            nonlocal cells
            offset = -(-cells // (1 << log)) * (1 << log)
            cells = offset + (1 << log)
            return offset

        runs = []
        for each in self.low_rank:
            left, right = self.factor_variables(each)
            runs.append((each, "u", len(left) + each.log_rank))
            runs.append((each, "v", len(right) + each.log_rank))
        for index in falling([log for _, _, log in runs]):
            each, name, log = runs[index]
            setattr(each, name, allocate(log))
        if self.low_rank:
            self.factor_chunks = -(-cells // (1 << LOG_CHUNK))
            cells = self.factor_chunks << LOG_CHUNK
        logs = [each.log_size + len(self.circulant_variables(each)[2]) for each in self.circulants]
        for index in falling(logs):
            self.circulants[index].numbers = allocate(logs[index])
        logs = [each.log_slots + len(self.index_variables(each)[1]) for each in self.sparse]
        for index in falling(logs):
            self.sparse[index].values = allocate(logs[index])
        if self.bit_count:
            self.bits_offset = allocate(self.bits_log)
        self.masks_offset = allocate(3 + ceil_log2(self.mask_runs))
        self.g_used = cells
        self.g_variables = max(4, ceil_log2(cells))
        self.b_variables = max(3, self.log_rank_columns, self.log_slots, log_diagonals)

    @property
    def mask_runs(self) -> int:
        """Runs of masks: the five first, one for each bit, and one of diagonals."""
        return 5 + self.bit_count + (1 if self.circulants else 0)

    @property
    def bits_log(self) -> int:
        """Log of the slot of index bits, 0 without."""
        return self.log_slots + ceil_log2(self.bit_count) if self.bit_count else 0

    # --- section 7 ---

    def _make_orthonormal(self) -> None:
        self.orthonormal = [index for index, tensor in enumerate(self.tensors) if tensor.orthonormal]
        offsets, end = place_falling([self.tensors[index].column_bits for index in self.orthonormal])
        self.orthonormal_offsets = offsets
        self.o_stage_variables = max(3, ceil_log2(end))
        self.o_log_rows = max((self.orthonormal_row_bits(index) for index in self.orthonormal), default=0)

    def orthonormal_row_bits(self, index: int) -> int:
        """ϱ of an orthonormal tensor."""
        return max(2, self.tensors[index].row_bits)

    # --- section 10 ---

    def _make_patterns(self) -> None:
        """Z-space: its blocks, number j of one's patterns in place of a set's."""
        blocks: list[Block] = []
        seen: set[tuple[int, int]] = set()
        for index, tensor in enumerate(self.tensors):
            slot = self.slots[index]
            for number in range(len(tensor.patterns)):
                if slot.grid:
                    blocks.append(Block([index], number, slot.grid, slot.first_row, ()))
                elif (slot.first_row, number) not in seen:
                    seen.add((slot.first_row, number))
                    row = next(row for row in self.shared_rows if index in row)
                    members = [other for other in row if len(self.tensors[other].patterns) > number]
                    blocks.append(Block(members, number, None, slot.first_row, ()))
        blocks.sort(key=lambda block: -block.log_places)
        end = 0
        for block in blocks:
            block.base = end
            end += 1 << block.log_places
        self.pattern_blocks = blocks
        self.has_patterns = bool(blocks)
        self.z_variables = self.log_length + ceil_log2(end) if blocks else 0

    def pattern_tiles(self) -> list[tuple[int, int, tuple[int, int] | None]]:
        """(Z-tile, row of the drift tableau, (tree, row) of the base or None) of Z-space's tiles, in their order."""
        result = []
        for block in self.pattern_blocks:
            claims = [self.tensors[index].patterns[block.set_number] for index in block.members]
            place = None
            if any(claim.is_of_weights for claim in claims):
                place = self.tensors[block.members[0]].place
            for number, (tile, row) in enumerate(block.tiles()):
                result.append((tile, row, place and (place.tree, place.row + number)))
        return result

    @property
    def pattern_oracles(self) -> list[str]:
        """The oracles of Z-space, in order (section 8)."""
        if not self.has_patterns:
            return []
        return ["z", "Xz"] + (["Tz"] if any(place for _, _, place in self.pattern_tiles()) else [])

    def pattern_members(self) -> list[tuple[PatternClaim, tuple[int, ...], int]]:
        """(claim, free variables, origin) of every cube of every member of Z-space."""
        result = []
        for block in self.pattern_blocks:
            for index in block.members:
                tensor = self.tensors[index]
                claim = tensor.patterns[block.set_number]
                if block.grid:
                    result += [(claim, free, origin) for free, origin in self._tile_cubes(block)]
                else:
                    free = tuple(range(tensor.column_bits + tensor.row_bits))
                    origin = (block.base << self.log_length) + self.slots[index].offset
                    result.append((claim, free, origin))
        return result

    # --- section 9, which oracles and members R-space has ---

    FAMILIES = ("a", "d", "r", "a2", "u", "v", "d2")

    def block_claims(self, block: Block) -> list:
        return [self.clause_of(index, block.set_number).entry_claim for index in block.members]

    def has_family(self, family: str, block: Block) -> bool:
        if family in ("a", "d"):
            return True
        claims = self.block_claims(block)
        if family == "r":
            return claims[0].is_rounding
        return any(claim.has_classes for claim in claims)

    def half_range(self, family: str, block: Block) -> int:
        """H of a family's numbers in a block (section 6)."""
        if family in ("d", "d2") and self.statement.has_rounding_claims:
            return max(claim.half_range for claim in self.block_claims(block))
        return PLAIN_HALF_RANGE

    def residual_half_range(self, block: Block) -> int:
        """H of a projection piece's own numbers."""
        if block.is_entrywise and self.statement.has_rounding_claims:
            w = self.block_claims(block)[0].w
            return 320 << w if w else 0
        return PLAIN_HALF_RANGE

    @property
    def entrywise_blocks(self) -> list[Block]:
        return [block for block in self.blocks if block.is_entrywise]

    @property
    def region_oracles(self) -> list[str]:
        """The oracles of R-space, in order (section 8)."""
        if not self.has_region:
            return []
        result = ["a"]
        blocks = self.entrywise_blocks
        if self.statement.has_rounding_claims:
            result.append("r")
            if any(self.has_family("u", block) for block in blocks):
                result += ["a2", "u", "v"]
            if any(self.region_base(block) for block in blocks):
                result += ["X", "T"]
        return result

    def region_base(self, block: Block):
        """The place in the base's tableau that a block's tiles are added to, or None."""
        claim = self.block_claims(block)[0]
        return self.tensors[block.members[0]].place if claim.is_rounding else None

    def region_tiles(self) -> list[tuple[int, int, tuple[int, int] | None]]:
        """(E-tile, row of the drift tableau, (tree, row) of the base or None) of R-space's tiles, in their order."""
        result = []
        for block in self.entrywise_blocks:
            place = self.region_base(block)
            for number, (tile, row) in enumerate(block.tiles()):
                result.append((tile, row, place and (place.tree, place.row + number)))
        return result

    def region_members(self) -> list[tuple[Block, int, Piece, int, int]]:
        """(block, tensor, member as a piece, first place inside a chunk, log of its places there) (section 9)."""
        result = []
        for block in self.entrywise_blocks:
            own = [piece for other, piece in self.projection_pieces if other is block]
            for index in block.members:
                for piece in own:
                    if block.grid:
                        result.append((block, index, piece, 0, LOG_CHUNK))
                        continue
                    tensor, offset = self.tensors[index], self.slots[index].offset
                    log = tensor.row_bits + tensor.column_bits
                    first = offset >> LOG_CHUNK
                    free = tuple(range(LOG_CHUNK + max(0, log - LOG_CHUNK)))
                    member = Piece(free, piece.origin + (first << LOG_CHUNK), LOG_CHUNK, piece.base + first)
                    if log >= LOG_CHUNK:
                        result.append((block, index, member, 0, LOG_CHUNK))
                    else:
                        result.append((block, index, member, offset & ((1 << LOG_CHUNK) - 1), log))
        return result

    # --- section 6 ---

    def _make_digits(self) -> None:
        logs: list[int] = []

        def run(log: int) -> int:
            logs.append(log)
            return len(logs) - 1

        projections = [(run(p.log_chunks + 11), run(p.log_chunks + 6)) for _, p in self.projection_pieces]
        factors = None
        if self.factor_chunks:
            m = ceil_log2(self.factor_chunks)
            factors = (run(m + 11), run(m + 6))
        squares = run(ceil_log2(self.square_chunks) + 5) if self.square_chunks else None
        lines = [run(5 + ceil_log2(len(line.limbs))) for line in self.bound_lines]
        products = [run(2 * self.orthonormal_row_bits(index) + 4) for index in self.orthonormal]
        families: list[tuple[str, Block, Piece, int, int]] = []
        for family in self.FAMILIES if self.has_region else ():
            for block, piece in self.projection_pieces:
                if block.is_entrywise and self.has_family(family, block):
                    families.append((family, block, piece, run(piece.log_chunks + 11), run(piece.log_chunks + 6)))
        offsets, self.d_used = place_falling(logs)
        self.d_variables = max(3, ceil_log2(self.d_used))
        self.projection_runs = [(offsets[main], offsets[rest]) for main, rest in projections]
        self.factor_runs = factors and (offsets[factors[0]], offsets[factors[1]])
        self.square_run = None if squares is None else offsets[squares]
        self.line_runs = [offsets[line] for line in lines]
        self.product_runs = [offsets[product] for product in products]
        self.family_runs = [(name, b, piece, offsets[main], offsets[rest]) for name, b, piece, main, rest in families]

    # --- section 8 ---

    def payload_rows(self, used: int) -> int:
        return max(1, -(-used // (1 << self.log_length)))

    @property
    def has_first_tree(self) -> bool:
        return self.has_factors or self.has_region or self.has_patterns

    def stage_shapes(self) -> list[tuple[str, int, int]]:
        """(stage, rounds, degree) of A, B, C, O as far as they exist: the order of Libra's coefficients."""
        shapes = [("A", 1 + max(self.d_variables, self.e_variables, self.g_variables, self.z_variables), 5)]
        if self.has_factors:
            shapes.append(("B", 1 + self.b_variables, max(3, self.bit_count + 2)))
            shapes.append(("C", 1 + self.g_variables, 2))
        if self.orthonormal:
            shapes.append(("O", 1 + self.o_stage_variables, 3))
        return shapes

    @property
    def libra_coefficients(self) -> int:
        return sum(1 + rounds * degree for _, rounds, degree in self.stage_shapes())


class TreeRows:
    """Which row of P1 and P2 is which (section 8)."""

    def __init__(self, layout: Layout):
        region = layout.region_oracles
        tiles = len(layout.region_tiles()) if layout.has_region else 0
        self.g_rows = layout.payload_rows(layout.g_used) if layout.has_factors else 0
        self.g_mask = self.g_rows
        at = self.g_rows + 1 if layout.has_factors else 0
        self.region_rows: dict[str, int] = {}
        for oracle in region:
            if oracle not in ("X", "T"):
                self.region_rows[oracle] = at
                at += tiles
        self.pattern_row = at
        self.first_tree = at + len(layout.pattern_tiles())
        self.d_rows = layout.payload_rows(layout.d_used)
        at = self.d_rows
        self.d_mask, self.e_mask = at, at + 1
        at += 2
        self.o_row = self.o_mask = None
        if layout.orthonormal:
            self.o_row, self.o_mask = at, at + 1
            at += 2
        self.region_masks = {oracle: at + index for index, oracle in enumerate(region)}
        at += len(region)
        self.pattern_masks = {oracle: at + index for index, oracle in enumerate(layout.pattern_oracles)}
        at += len(self.pattern_masks)
        self.stage_a_masks = (at, at + 1, at + 2)
        at += 3
        self.stage_c_masks = None
        if layout.has_factors:
            self.stage_c_masks = (at, at + 1, at + 2)
            at += 3
        self.libra = (at, at + 1, at + 2)
        self.libra_masks = (at + 3, at + 4, at + 5)
        self.second_tree = at + 6
