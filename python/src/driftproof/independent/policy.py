# SPDX-License-Identifier: Apache-2.0
"""Policies: their JSON, patterns and canonical bytes (specification/policy-grammar.md; format.md, "Policy")."""

import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from . import strictjson
from .errors import InvalidProof, OperationalError
from .wire import Reader, i32, sha256, u8, u32, u64

MAXIMUM_FILE_BYTES = 4 << 20
MAXIMUM_RULES = 1024
MAXIMUM_CLAUSES = 16
MAXIMUM_RANK = 1024
MAXIMUM_BLOCK_SIDE = 1 << 16
MAXIMUM_COUNT = 1 << 20
MAXIMUM_PATTERN_BYTES = 4096
MAXIMUM_ALTERNATIVES = 1024
MAXIMUM_REMEMBERED_STEPS = 10_000
MAXIMUM_HEAD_SIZE = 1 << 16
MAXIMUM_AXES = 16
MAXIMUM_GROWTH = 1 << 20

RELATIVE, ABSOLUTE = 0, 1
NO_SPARSE, ENTRIES, ROWS, COLUMNS = 0, 1, 2, 3
SPARSE_KEYS = {"entries": ENTRIES, "rows": ROWS, "columns": COLUMNS}
OF_ROWS, OF_COLUMNS, OF_SLICES = 0, 1, 2
AXES = {"rows": OF_ROWS, "columns": OF_COLUMNS, "slices": OF_SLICES}
QUANTITIES = {"tuned": 1, "base": 2, "update": 4}
OF_DRIFT, OF_TUNED, OF_BASE = 0, 1, 2
PATTERN_FORMS = {"drift": OF_DRIFT, "tuned": OF_TUNED, "base": OF_BASE}
GROUP_SIZES = (2, 4, 8, 16, 32, 64)
ASSUMPTIONS = ("bls12-381",)
#: Of canonical bytes; those of policies without an assumption have 1.
ASSUMING_VERSION = 2


@dataclass(frozen=True)
class Decimal10:
    """mantissa·10^exponent, without trailing zeros; zero is 0·10^0."""

    mantissa: int
    exponent: int

    @property
    def value(self) -> Fraction:
        return Fraction(self.mantissa) * Fraction(10) ** self.exponent

    def canonical(self) -> bytes:
        return u64(self.mantissa) + i32(self.exponent)


@dataclass(frozen=True)
class Bound:
    """A bound that is relative to the base or absolute."""

    kind: int
    number: Decimal10

    @property
    def value(self) -> Fraction:
        return self.number.value

    def canonical(self) -> bytes:
        return u8(self.kind) + self.number.canonical()


@dataclass(frozen=True)
class Rounding:
    """Half-ulps, or roundoffs of a sum of quantities (1 tuned, 2 base, 4 update); quantities 0 means half-ulps.

    With `of_weight` it is a fraction of each base weight, and at least `least`, if there is one.
    """

    number: Decimal10
    quantities: int
    of_weight: bool = False
    least: Decimal10 | None = None

    def canonical(self) -> bytes:
        if self.of_weight:
            least = u8(0) if self.least is None else u8(1) + self.least.canonical()
            return u8(2) + self.number.canonical() + least
        if self.quantities == 0:
            return u8(0) + self.number.canonical()
        return u8(1) + u8(self.quantities) + self.number.canonical()


@dataclass(frozen=True)
class ZeroPattern:
    """n of m neighbours of drift or tuned weights may be other than zero; or the base's zeros stay (n = m = 0)."""

    form: int
    n: int = 0
    m: int = 0

    @property
    def is_of_weights(self) -> bool:
        return self.form != OF_DRIFT

    def canonical(self) -> bytes:
        return u8(self.form) + (b"" if self.form == OF_BASE else u32(self.n) + u32(self.m))


@dataclass(frozen=True)
class Blocks:
    """At most `terms` Kronecker products whose inner factors, the blocks, are of `rows` x `columns`."""

    terms: int
    rows: int
    columns: int

    def canonical(self) -> bytes:
        return u8(2) + u32(self.terms) + u32(self.rows) + u32(self.columns)

    def fill(self, rows: int, columns: int) -> bool:
        return rows % self.rows == 0 and columns % self.columns == 0

    def most(self, rows: int, columns: int) -> int:
        """How many terms any matrix of these sizes needs at most."""
        return min((rows // self.rows) * (columns // self.columns), self.rows * self.columns)


@dataclass(frozen=True)
class Clause:
    """A norm clause (`norm`), a pattern of zeros (`pattern`), or a sum of a rank or blocks, a sparse part and what
    bounds the rest."""

    norm: Bound | None = None
    pattern: ZeroPattern | None = None
    rank: int | None = None
    sparse: int = NO_SPARSE
    count: int = 0
    residual: Bound | None = None
    entrywise: Bound | None = None
    rounding: Rounding | None = None
    blocks: Blocks | None = None
    #: Rows of circulant blocks, in a rank's place; 0 for none.
    circulant: int = 0

    def canonical(self) -> bytes:
        if self.norm is not None:
            return u8(0) + self.norm.canonical()
        if self.pattern is not None:
            return u8(4) + self.pattern.canonical()
        form = 3 if self.rounding else 2 if self.entrywise else 1
        result = u8(form)
        if self.blocks is not None:
            result += self.blocks.canonical()
        elif self.circulant:
            result += u8(3) + u32(self.circulant)
        else:
            result += u8(0) if self.rank is None else u8(1) + u32(self.rank)
        result += u8(self.sparse) + (u32(self.count) if self.sparse else b"")
        result += u8(0) if self.residual is None else u8(1) + self.residual.canonical()
        if self.entrywise:
            result += self.entrywise.canonical()
        if self.rounding:
            result += self.rounding.canonical()
        return result


FROZEN, ANY, CLAUSES = "frozen", "any", "clauses"


@dataclass(frozen=True)
class Heads:
    """A tensor's cut: blocks of `size` rows or columns, or slices behind `size` leading dimensions."""

    axis: int
    size: int


@dataclass(frozen=True)
class Rule:
    pattern: str
    kind: str
    clauses: tuple[Clause, ...] = ()
    heads: Heads | None = None
    grow: int | None = None

    def canonical(self) -> bytes:
        pattern = self.pattern.encode("utf-8")
        result = u32(len(pattern)) + pattern
        if self.kind == FROZEN:
            return result + u8(0)
        if self.kind == ANY:
            return result + u8(1)
        if self.heads:
            result += u8(3) + u8(self.heads.axis) + u32(self.heads.size)
        elif self.grow is not None:
            result += u8(4) + u32(self.grow)
        else:
            result += u8(2)
        return result + u32(len(self.clauses)) + b"".join(clause.canonical() for clause in self.clauses)


@dataclass(frozen=True)
class Policy:
    name: str
    security_bits: int
    rules: tuple[Rule, ...]
    total: Bound | None
    #: What proofs may rest on besides hashes; None for nothing.
    assumption: str | None = None

    def canonical(self) -> bytes:
        name = self.name.encode("utf-8")
        header = b"driftproof/policy/v1"
        version = 1 if self.assumption is None else ASSUMING_VERSION
        result = u32(len(header)) + header + u32(version) + u32(len(name)) + name + u32(self.security_bits)
        result += b"" if self.assumption is None else u8(1 + ASSUMPTIONS.index(self.assumption))
        result += u32(len(self.rules)) + b"".join(rule.canonical() for rule in self.rules)
        return result + (u8(0) if self.total is None else u8(1) + self.total.canonical())

    @property
    def digest(self) -> bytes:
        return sha256(self.canonical())

    @property
    def clauses(self):
        return (clause for rule in self.rules for clause in rule.clauses)

    @property
    def bounds_entries(self) -> bool:
        return any(clause.entrywise for clause in self.clauses)

    @property
    def bounds_rounding(self) -> bool:
        return any(clause.rounding for clause in self.clauses)

    @property
    def needs_linked_base(self) -> bool:
        """Whether the policy speaks of the base's own weights."""
        return self.bounds_rounding or any(clause.pattern and clause.pattern.is_of_weights for clause in self.clauses)

    @property
    def has_patterns(self) -> bool:
        return any(clause.pattern for clause in self.clauses)

    @property
    def has_blocks(self) -> bool:
        return any(clause.blocks for clause in self.clauses)

    @property
    def has_circulants(self) -> bool:
        return any(clause.circulant for clause in self.clauses)

    @property
    def has_slices(self) -> bool:
        return any(rule.heads and rule.heads.axis == OF_SLICES for rule in self.rules)


# --- patterns -------------------------------------------------------------------------------------------------------


class Pattern:
    """`*` is any run of bytes, `{a,b}` either alternative, a backslash takes the next character literally."""

    def __init__(self, pattern: str):
        content = pattern.encode("utf-8")
        if not 1 <= len(content) <= MAXIMUM_PATTERN_BYTES:
            raise OperationalError(f"pattern: 1 to {MAXIMUM_PATTERN_BYTES} bytes are expected")
        # A nondeterministic automaton: state -> list of (byte, next state), states that any byte keeps, empty steps.
        self._steps: list[list[tuple[int, int]]] = [[]]
        self._free: list[list[int]] = [[]]
        self._loops: set[int] = set()
        self._end = self._build(content)
        self._start = self._close({0})
        self._known: dict[tuple[frozenset[int], int], frozenset[int]] = {}

    def _state(self) -> int:
        self._steps.append([])
        self._free.append([])
        return len(self._steps) - 1

    def _build(self, content: bytes) -> int:
        state, group_start, group_ends, at = 0, None, [], 0
        product, alternatives = 1, 0
        while at < len(content):
            byte = content[at]
            at += 1
            if byte == ord("{"):
                if group_start is not None:
                    raise OperationalError("pattern: braces inside braces")
                group_start, group_ends, alternatives = state, [], 1
                if content[at : at + 1] == b"}":
                    raise OperationalError("pattern: braces around nothing")
                state = self._state()
                self._free[group_start].append(state)
            elif byte == ord("}"):
                if group_start is None:
                    raise OperationalError("pattern: a closing brace without an opening one")
                group_ends.append(state)
                state = self._state()
                for end in group_ends:
                    self._free[end].append(state)
                group_start, product = None, product * alternatives
                if product > MAXIMUM_ALTERNATIVES:
                    raise OperationalError("pattern: too many alternatives")
            elif byte == ord(",") and group_start is not None:
                alternatives += 1
                group_ends.append(state)
                state = self._state()
                self._free[group_start].append(state)
            elif byte == ord("*"):
                loop = self._state()
                self._free[state].append(loop)
                self._loops.add(loop)
                state = self._state()
                self._free[loop].append(state)
            else:
                if byte == ord("\\"):
                    if at == len(content):
                        raise OperationalError("pattern: a backslash at the end")
                    byte = content[at]
                    at += 1
                following = self._state()
                self._steps[state].append((byte, following))
                state = following
        if group_start is not None:
            raise OperationalError("pattern: a brace is not closed")
        return state

    def _close(self, states: set[int]) -> frozenset[int]:
        open_states, closed = list(states), set(states)
        while open_states:
            for following in self._free[open_states.pop()]:
                if following not in closed:
                    closed.add(following)
                    open_states.append(following)
        return frozenset(closed)

    def _follow(self, states: frozenset[int], byte: int) -> frozenset[int]:
        following = {target for state in states for value, target in self._steps[state] if value == byte}
        return self._close(following | (states & self._loops))

    def matches(self, name: str) -> bool:
        """Whether a whole name matches. Steps that were taken before are remembered, up to a bound."""
        states = self._start
        for byte in name.encode("utf-8"):
            key = (states, byte)
            states = self._known.get(key)
            if states is None:
                if len(self._known) >= MAXIMUM_REMEMBERED_STEPS:
                    self._known.clear()
                states = self._known[key] = self._follow(*key)
            if not states:
                return False
        return self._end in states


# --- JSON -----------------------------------------------------------------------------------------------------------


def _number(value, what: str) -> Decimal10:
    return Decimal10(*strictjson.decimal(value, what))


def _bound(value, what: str, absolute_only: bool) -> Bound:
    entry = strictjson.members(value, what, (), ("relative", "absolute"))
    if len(entry) != 1:
        raise OperationalError(f"{what}: either relative or absolute is expected")
    key, number = next(iter(entry.items()))
    if key == "relative" and absolute_only:
        raise OperationalError(f"{what}: bounds of heads are absolute")
    return Bound(RELATIVE if key == "relative" else ABSOLUTE, _number(number, what))


def _rounding(value, what: str) -> Rounding:
    entry = strictjson.members(value, what, (), ("halfUlps", "roundoffs", "of"))
    if ("halfUlps" in entry) == ("roundoffs" in entry) or ("of" in entry and "halfUlps" in entry):
        raise OperationalError(f"{what}: either halfUlps, or roundoffs and of, is expected")
    if "halfUlps" in entry:
        number, quantities, low, high = _number(entry["halfUlps"], what), 0, Fraction(1), Fraction(2)
    else:
        number, low, high = _number(entry["roundoffs"], what), Fraction(1, 2), Fraction(4)
        names = [strictjson.string(name, what) for name in strictjson.array(entry.get("of", ["tuned"]), what)]
        if not names or len(set(names)) != len(names) or any(name not in QUANTITIES for name in names):
            raise OperationalError(f"{what}: of is a list of tuned, base, update")
        quantities = sum(QUANTITIES[name] for name in names)
    if not low <= number.value <= high:
        raise OperationalError(f"{what}: {low} to {high} is expected")
    return Rounding(number, quantities)


def _weight_fraction(value: dict, what: str) -> Rounding:
    entry = strictjson.members(value, what, ("ofWeight",), ("absolute",))
    number = _number(entry["ofWeight"], what)
    least = _number(entry["absolute"], what) if "absolute" in entry else None
    if not 0 < number.value <= 1 or (least is not None and least.value == 0):
        raise OperationalError(f"{what}: a fraction of weights is above 0 and at most 1, its least bound above 0")
    return Rounding(number, 0, True, least)


def _pattern(value, what: str, in_heads: bool) -> ZeroPattern:
    entry = strictjson.members(value, what, ("of",), ("n", "m"))
    form = PATTERN_FORMS.get(strictjson.string(entry["of"], what))
    if form is None or (in_heads and form != OF_DRIFT):
        raise OperationalError(f"{what}: a pattern is of drift, tuned or base, in heads of drift")
    if form == OF_BASE:
        strictjson.members(value, what, ("of",))
        return ZeroPattern(form)
    strictjson.members(value, what, ("of", "n", "m"))
    m = strictjson.integer(entry["m"], what, GROUP_SIZES[0], GROUP_SIZES[-1])
    if m not in GROUP_SIZES:
        raise OperationalError(f"{what}: m is a power of two from 2 to 64")
    return ZeroPattern(form, strictjson.integer(entry["n"], what, 1, m - 1), m)


def _kronecker(value, what: str) -> Blocks:
    entry = strictjson.members(value, what, ("terms", "inner"))
    terms, inner = strictjson.integer(entry["terms"], what, 1, MAXIMUM_RANK), entry["inner"]
    if not isinstance(inner, list) or len(inner) != 2:
        raise OperationalError(f"{what}: inner is a list of two sizes")
    rows, columns = (strictjson.integer(size, what, 1, MAXIMUM_BLOCK_SIDE) for size in inner)
    if rows & (rows - 1) or columns & (columns - 1):
        raise OperationalError(f"{what}: sizes of inner factors are powers of two")
    return Blocks(terms, rows, columns)


def _circulant(value, what: str) -> int:
    entry = strictjson.members(value, what, ("block",))
    size = strictjson.integer(entry["block"], what, 2, MAXIMUM_BLOCK_SIDE)
    if size & (size - 1):
        raise OperationalError(f"{what}: rows of circulant blocks are a power of two")
    return size


def _clause(value, what: str, in_heads: bool) -> Clause:
    if isinstance(value, dict) and "norm" in value:
        entry = strictjson.members(value, what, ("norm",))
        return Clause(norm=_bound(entry["norm"], what, in_heads))
    if isinstance(value, dict) and "pattern" in value:
        entry = strictjson.members(value, what, ("pattern",))
        return Clause(pattern=_pattern(entry["pattern"], what, in_heads))
    keys = ("rank", "kronecker", "circulant", "entries", "rows", "columns", "residual", "entrywise", "rounding")
    entry = strictjson.members(value, what, (), keys)
    sparse = [key for key in SPARSE_KEYS if key in entry]
    if len(sparse) > 1:
        raise OperationalError(f"{what}: one of entries, rows and columns")
    factors = [key for key in ("rank", "kronecker", "circulant") if key in entry]
    if len(factors) > 1:
        raise OperationalError(f"{what}: {factors[0]} and {factors[1]} do not stand together")
    has_factors = bool(factors)
    if not has_factors and not sparse and "entrywise" not in entry and "rounding" not in entry:
        raise OperationalError(f"{what}: a sum has a rank, a sparse part, or a bound of entries")
    of_weight = isinstance(entry.get("entrywise"), dict) and "ofWeight" in entry["entrywise"]
    if ("rounding" in entry and ("entrywise" in entry or in_heads)) or (of_weight and in_heads):
        raise OperationalError(f"{what}: rounding stands neither beside entrywise nor in heads")
    if "residual" in entry and not has_factors and not sparse:
        raise OperationalError(f"{what}: a residual stands beside a rank or a sparse part")
    rounding = _rounding(entry["rounding"], what) if "rounding" in entry else None
    entrywise = None
    if of_weight:
        rounding = _weight_fraction(entry["entrywise"], what)
    elif "entrywise" in entry:
        entrywise = _bound(entry["entrywise"], what, in_heads)
    if entrywise and entrywise.value == 0:
        raise OperationalError(f"{what}: a bound of entries is above zero")
    return Clause(
        rank=strictjson.integer(entry["rank"], what, 1, MAXIMUM_RANK) if "rank" in entry else None,
        sparse=SPARSE_KEYS[sparse[0]] if sparse else NO_SPARSE,
        count=strictjson.integer(entry[sparse[0]], what, 1, MAXIMUM_COUNT) if sparse else 0,
        residual=_bound(entry["residual"], what, in_heads) if "residual" in entry else None,
        entrywise=entrywise,
        rounding=rounding,
        blocks=_kronecker(entry["kronecker"], what) if "kronecker" in entry else None,
        circulant=_circulant(entry["circulant"], what) if "circulant" in entry else 0,
    )


def _heads(value, what: str) -> Heads:
    entry = strictjson.members(value, what, ("of",), ("size", "axes"))
    axis = AXES.get(strictjson.string(entry["of"], what))
    if axis is None:
        raise OperationalError(f"{what}: heads are of rows, columns or slices")
    if axis == OF_SLICES:
        strictjson.members(entry, what, ("of",), ("axes",))
        return Heads(axis, strictjson.integer(entry["axes"], what, 1, MAXIMUM_AXES) if "axes" in entry else 1)
    strictjson.members(entry, what, ("of", "size"))
    return Heads(axis, strictjson.integer(entry["size"], what, 1, MAXIMUM_HEAD_SIZE))


def _rule(value, what: str) -> Rule:
    entry = strictjson.members(value, what, ("tensors", "allow"), ("heads", "grow"))
    pattern = strictjson.string(entry["tensors"], what)
    Pattern(pattern)
    allow = entry["allow"]
    if "heads" in entry and "grow" in entry:
        raise OperationalError(f"{what}: heads and grow do not stand together")
    if isinstance(allow, str) and not isinstance(allow, strictjson.Number):
        if allow not in (FROZEN, ANY) or "heads" in entry or "grow" in entry:
            raise OperationalError(f"{what}: allow is frozen, any, or clauses; heads and grow stand with clauses")
        return Rule(pattern, allow)
    heads = _heads(entry["heads"], what) if "heads" in entry else None
    grow = None
    if "grow" in entry:
        grow_entry = strictjson.members(entry["grow"], what, ("rows",))
        grow = strictjson.integer(grow_entry["rows"], what, 1, MAXIMUM_GROWTH)
    listed = allow if isinstance(allow, list) else [allow]
    if not 1 <= len(listed) <= MAXIMUM_CLAUSES:
        raise OperationalError(f"{what}: 1 to {MAXIMUM_CLAUSES} clauses are expected")
    return Rule(pattern, CLAUSES, tuple(_clause(clause, what, heads is not None) for clause in listed), heads, grow)


def read_policy(content: bytes) -> Policy:
    """A policy from its file (specification/policy-grammar.md)."""
    if len(content) > MAXIMUM_FILE_BYTES:
        raise OperationalError(f"policy: at most {MAXIMUM_FILE_BYTES} bytes are expected")
    return decode(strictjson.parse(content, "policy", strictjson.POLICY_DEPTH, comments=True))


POLICY_KEYS = ("driftPolicy", "name", "securityBits", "rules")


def decode(value) -> Policy:
    """A policy from its JSON value (section 2)."""
    entry = strictjson.members(value, "policy", POLICY_KEYS, ("assume", "total", "$schema"))
    if "$schema" in entry:
        strictjson.string(entry["$schema"], "policy: $schema")
    strictjson.integer(entry["driftPolicy"], "policy: driftPolicy", 1, 1)
    name = strictjson.string(entry["name"], "policy: name")
    if not 1 <= len(name) <= 200 or any(unicodedata.category(character) == "Cc" for character in name):
        raise OperationalError("policy: a name has 1 to 200 characters and no controls")
    security = strictjson.integer(entry["securityBits"], "policy: securityBits", 128, 128)
    assumption = strictjson.string(entry["assume"], "policy: assume") if "assume" in entry else None
    if assumption is not None and assumption not in ASSUMPTIONS:
        raise OperationalError(f"policy: assume is one of {', '.join(ASSUMPTIONS)}")
    rules = strictjson.array(entry["rules"], "policy: rules")
    if not 1 <= len(rules) <= MAXIMUM_RULES:
        raise OperationalError(f"policy: 1 to {MAXIMUM_RULES} rules are expected")
    total = None
    if "total" in entry:
        total = _bound(strictjson.members(entry["total"], "policy: total", ("norm",))["norm"], "policy: total", False)
    decoded = tuple(_rule(rule, f"policy: rule {number}") for number, rule in enumerate(rules, 1))
    return Policy(name, security, decoded, total, assumption)


# --- canonical bytes ------------------------------------------------------------------------------------------------


class _CanonicalReader:
    """Reads canonical bytes into the JSON value that they stand for (section 5)."""

    def __init__(self, content: bytes):
        self.reader = Reader(content, "policy bytes")

    def choice(self, *choices):
        value = self.reader.u8()
        if value >= len(choices):
            raise InvalidProof("policy bytes: an unknown form")
        return choices[value]

    def string(self) -> str:
        try:
            return self.reader.short_string().decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidProof("policy bytes: a string that is not UTF-8") from None

    def number(self) -> strictjson.Number:
        return strictjson.Number(f"{self.reader.u64()}e{self.reader.i32()}")

    def whole(self) -> strictjson.Number:
        return strictjson.Number(self.reader.u32())

    def bound(self) -> dict:
        return {self.choice("relative", "absolute"): self.number()}

    def rounding(self) -> dict:
        """Members of a clause: `rounding`, or `entrywise` with a fraction of weights."""
        form = self.choice("halfUlps", "roundoffs", "ofWeight")
        if form == "ofWeight":
            fraction = {"ofWeight": self.number()}
            if self.choice(False, True):
                fraction["absolute"] = self.number()
            return {"entrywise": fraction}
        if form == "halfUlps":
            return {"rounding": {"halfUlps": self.number()}}
        quantities = self.reader.u8()
        if quantities > 7:
            raise InvalidProof("policy bytes: unknown quantities")
        named = [name for name, bit in QUANTITIES.items() if quantities & bit]
        return {"rounding": {"of": named, "roundoffs": self.number()}}

    def pattern(self) -> dict:
        form = self.choice("drift", "tuned", "base")
        return {"of": form} if form == "base" else {"of": form, "n": self.whole(), "m": self.whole()}

    def clause(self) -> dict:
        form = self.choice("norm", "sum", "entrywise", "rounding", "pattern")
        if form == "norm":
            return {"norm": self.bound()}
        if form == "pattern":
            return {"pattern": self.pattern()}
        result = {}
        factors = self.choice(None, "rank", "kronecker", "circulant")
        if factors == "rank":
            result["rank"] = self.whole()
        elif factors == "kronecker":
            terms = self.whole()
            result["kronecker"] = {"terms": terms, "inner": [self.whole(), self.whole()]}
        elif factors == "circulant":
            result["circulant"] = {"block": self.whole()}
        sparse = self.choice(None, "entries", "rows", "columns")
        if sparse:
            result[sparse] = self.whole()
        if self.choice(False, True):
            result["residual"] = self.bound()
        if form == "entrywise":
            result["entrywise"] = self.bound()
        elif form == "rounding":
            result.update(self.rounding())
        return result

    def rule(self) -> dict:
        result = {"tensors": self.string()}
        kind = self.choice(FROZEN, ANY, CLAUSES, "heads", "grow")
        if kind in (FROZEN, ANY):
            return {**result, "allow": kind}
        if kind == "heads":
            axis = self.choice("rows", "columns", "slices")
            result["heads"] = {"of": axis, "axes" if axis == "slices" else "size": self.whole()}
        elif kind == "grow":
            result["grow"] = {"rows": self.whole()}
        count = self.reader.u32()
        if count > MAXIMUM_CLAUSES:
            raise InvalidProof("policy bytes: too many clauses")
        return {**result, "allow": [self.clause() for _ in range(count)]}

    def policy(self) -> dict:
        if self.string() != "driftproof/policy/v1":
            raise InvalidProof("policy bytes: another format")
        version, name, security = self.reader.u32(), self.string(), self.whole()
        language = 1 if version == ASSUMING_VERSION else version
        result = {"driftPolicy": strictjson.Number(language), "name": name, "securityBits": security}
        if version == ASSUMING_VERSION:
            result["assume"] = self.choice(None, *ASSUMPTIONS)
            if result["assume"] is None:
                raise InvalidProof("policy bytes: an unknown assumption")
        count = self.reader.u32()
        if count > MAXIMUM_RULES:
            raise InvalidProof("policy bytes: too many rules")
        result["rules"] = [self.rule() for _ in range(count)]
        if self.choice(False, True):
            result["total"] = {"norm": self.bound()}
        self.reader.end()
        return result


def read_canonical(content: bytes) -> Policy:
    """A policy from its canonical bytes: what they stand for must be a policy and have these bytes."""
    value = _CanonicalReader(content).policy()
    try:
        policy = decode(value)
    except OperationalError as error:
        raise InvalidProof(f"policy bytes: {error}") from None
    if policy.canonical() != content:
        raise InvalidProof("policy bytes: not in canonical form")
    return policy
