# SPDX-License-Identifier: Apache-2.0
"""Distances, the rule, intervals (specification/audit.md, sections 8, 9 and 11). Nothing is a floating number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from .audit_plan import Mode, Plan
from .audit_transcript import Line

UNIT = 1000000
GREEDY = 50000
SAME, DIFFERENT, UNDECIDED = "SAME", "DIFFERENT", "UNDECIDED"


def _byte_level() -> dict[str, int]:
    themselves = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in themselves]
    return {chr(byte): byte for byte in themselves} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


_BYTE_LEVEL = _byte_level()


def _read(token: bytes, spelling: str) -> bytes | None:
    """The bytes that a token stands for, or None where it cannot be read."""
    if spelling == "plain":
        return token
    if spelling == "byteLevel":
        try:
            return bytes(_BYTE_LEVEL[character] for character in token.decode())
        except (UnicodeDecodeError, KeyError):
            return None
    if len(token) == 6 and token.startswith(b"<0x") and token.endswith(b">"):
        try:
            digits = token[3:5].decode()
            if all(digit in "0123456789abcdefABCDEF" for digit in digits):
                return bytes([int(digits, 16)])
        except UnicodeDecodeError:
            pass
    return token.replace("\u2581".encode(), b" ")


def _as_text(content: bytes) -> str:
    return content.decode(errors="replace").replace("\ufffd", "").lstrip(" ")


def _is_unclear(token: bytes) -> bool:
    """Whether it has U+FFFD: a part of a character, whichever."""
    return b"\xef\xbf\xbd" in token


def _text(token: bytes) -> bytes:
    """What is left of it as text."""
    return token.decode(errors="replace").replace("\ufffd", "").encode()


def _is_text(token: bytes) -> bool:
    try:
        token.decode()
    except UnicodeDecodeError:
        return False
    return True


@dataclass(frozen=True)
class Place:
    """One token of an answer: bytes, value, and the likely ones by falling value."""

    token: bytes
    value: int
    top: tuple[tuple[bytes, int], ...]
    dropped: frozenset[bytes] = frozenset()

    @property
    def parts(self) -> set[bytes]:
        return {token for token, _ in self.top if not _is_text(token)}

    def may_show(self, part: bytes) -> bool:
        """Whether a part of a character may be listed under a text."""
        known = {self.token, *(token for token, _ in self.top), *self.dropped}
        return _text(part) in known or any(_is_unclear(token) for token in known)

    @property
    def is_greedy(self) -> bool:
        return max(self.value, *(value for _, value in self.top), self.value) - self.value <= GREEDY

    @property
    def bound(self) -> int:
        others = [value for token, value in self.top if token != self.token]
        return others[-1] if others else self.value

    def value_of(self, token: bytes) -> int | None:
        listed = dict(self.top)
        return listed.get(token, self.value if token == self.token else None)


class Answer:
    """An answer in its transcript's spelling."""

    def __init__(self, line: Line, spelling: str, score: str):
        self.text, self.finish = line.text, line.value["finish"]
        self.is_readable, self.shown = bool(self.text) and self.finish != "content_filter", 0
        self.places: list[Place] = []
        if score != "logprobs" or not self.is_readable:
            return
        for token in line.tokens:
            content = _read(token.content, spelling)
            if content is None:
                self.is_readable = False
                return
            read = [(_read(other, spelling), value) for other, value in token.top]
            top = self._top(read)
            dropped = {other for other, _ in read if other is not None} - {other for other, _ in top}
            self.places.append(Place(content, token.value, top, frozenset(dropped)))
        whole = [place.token for place in self.places]
        wanted = _as_text(self.text)
        if whole and _as_text(b"".join(whole)) == wanted:
            self.shown = len(whole)
        elif whole and _as_text(b"".join(whole[:-1])) == wanted:
            self.shown = len(whole) - 1
        else:
            self.is_readable = False

    @staticmethod
    def _top(read: Sequence[tuple[bytes | None, int]]) -> tuple[tuple[bytes, int], ...]:
        tokens = [token for token, _ in read]
        kept = [(token, value) for token, value in read if token is not None and tokens.count(token) == 1]
        return tuple(sorted(kept, key=lambda pair: (-pair[1], pair[0])))

    @property
    def is_greedy(self) -> bool:
        return all(place.is_greedy for place in self.places[: max(1, self.shown)])


def distance(reference: Answer, candidate: Answer, plan: Plan) -> tuple[int, int, int]:
    """Low, high, count."""
    if plan.score == "text":
        longer = max(len(reference.text), len(candidate.text))
        common = 0
        for a, b in zip(reference.text, candidate.text):
            if a != b:
                break
            common += 1
        return (longer - common) * UNIT, (longer - common) * UNIT, longer
    at_place = min(5, (plan.listed + 1) // 2)
    low = high = count = 0
    longer = max((reference, candidate), key=lambda answer: len(answer.places))
    for index in range(len(longer.places)):
        if index >= min(len(reference.places), len(candidate.places)):
            both_stopped = reference.finish == candidate.finish == "stop"
            if not (index == longer.shown and both_stopped):
                count += at_place
                high += at_place * UNIT
            break
        ours, theirs = reference.places[index], candidate.places[index]
        if not theirs.is_greedy:
            return UNIT, UNIT, 1
        for token, value in (ours.top or ((ours.token, ours.value),))[:at_place]:
            count += 1
            known = theirs.value_of(token)
            is_unclear = (
                _is_unclear(token)
                or (known is None and not _is_text(token) and theirs.may_show(token))
                or (not token.strip(b" ") and any(_text(part) == token for part in ours.parts ^ theirs.parts))
            )
            low += 0 if is_unclear else min(UNIT, max(0, value - theirs.bound) if known is None else abs(value - known))
            high += UNIT if known is None else min(UNIT, abs(value - known))
        if ours.token != theirs.token:
            break
    return low, high, max(1, count)


def score(reference: Answer, candidate: Answer | None, plan: Plan) -> tuple[int, int]:
    """z_low, z_high."""
    if candidate is None or not candidate.is_readable:
        return 0, 1000
    low, high, count = distance(reference, candidate, plan)
    scale = count * plan.margin
    return min(1000, plan.mode.margin * low // scale), min(1000, -(-plan.mode.margin * high // scale))


# --- the rule ---------------------------------------------------------------------------------------------------------

FRACTIONS, WEIGHTS = (1, 2, 4, 8, 16, 24, 30), (1, 1, 1, 1, 2, 3, 3)
#: l, ψ·2^40, need·2^40 by 1/α.
_NEED_32 = {40: 7866582777192, 100: 8874055091311, 1000: 11405774175001}
_NEED_16 = {40: 7104459392406, 100: 8111931706525, 1000: 10643650790216}
MEAN_LINES = (
    (8, 41431876820, _NEED_32),
    (16, 212367570898, _NEED_16),
    (24, 699613048740, _NEED_16),
    (28, 1324297480054, _NEED_16),
    (30, 2017701388104, _NEED_32),
)
TAIL_LINES = (
    (16, 212367570898, _NEED_16),
    (24, 699613048740, {40: 5896522406598, 100: 6903994720717, 1000: 9435713804407}),
    (32, 0, {40: 4818089238049, 100: 5825561552168, 1000: 8357280635858}),
)


def times(wealth: tuple[int, int], numerator: int, denominator: int) -> tuple[int, int]:
    mantissa, exponent = wealth
    if mantissa == 0:
        return wealth
    if numerator == 0:
        return 0, 0
    shift = max(0, 64 + denominator.bit_length() - (mantissa * numerator).bit_length())
    quotient = (mantissa * numerator << shift) // denominator
    extra = quotient.bit_length() - 63
    return quotient >> extra if extra >= 0 else quotient << -extra, exponent - shift + extra


def weighted_sum_reaches(wealths: list[tuple[int, int]], weights: tuple[int, ...], bound: int) -> bool:
    """Whether Σ weight·M·2^E, cut as the text says, is at least `bound`."""
    terms = [(weight * m, e) for weight, (m, e) in zip(weights, wealths, strict=True) if m > 0]
    if not terms:
        return False
    top = max(product.bit_length() + exponent for product, exponent in terms)
    total = 0
    for product, exponent in terms:
        shift = exponent - top + 121
        if shift > -128:
            total += product << shift if shift >= 0 else product >> -shift
    return Fraction(total) * Fraction(2) ** (top - 121) >= bound


def fresh() -> list[tuple[int, int]]:
    return [(1 << 62, -62)] * 7


def bet(wealths: list[tuple[int, int]], margin: int, value: int) -> list[tuple[int, int]]:
    """Seven bets after a score."""
    steps = zip(wealths, FRACTIONS, strict=True)
    return [times(wealth, margin * (32 - a) + a * value, 32 * margin) for wealth, a in steps]


@dataclass
class Sums:
    """n, S, Q, and how many were far."""

    count: int = 0
    total: int = 0
    squares: int = 0
    far: int = 0

    def add(self, high: int) -> None:
        self.count += 1
        self.total += high
        self.squares += high**2
        self.far += high >= 500

    def mean_below(self, margin: int, mode: Mode) -> bool:
        gain = (self.count * margin - self.total) * 1000 << 40
        return any(
            line * gain - 32 * psi * self.squares >= 32 * 10**6 * need[mode.inverse_alpha]
            for line, psi, need in MEAN_LINES
        )

    def tail_below(self, numerator: int, denominator: int, mode: Mode) -> bool:
        gain = (self.count * numerator - denominator * self.far) << 40
        return any(
            line * gain - 32 * denominator * psi * self.far >= 32 * denominator * need[mode.inverse_alpha]
            for line, psi, need in TAIL_LINES
            if line < 32 or self.far == 0
        )


@dataclass
class Rule:
    """The rule, score by score."""

    plan: Plan
    mean: list[tuple[int, int]] = field(default_factory=fresh)
    tail: list[tuple[int, int]] = field(default_factory=fresh)
    sums: Sums = field(default_factory=Sums)
    verdict: str = UNDECIDED

    def add(self, low: int, high: int) -> None:
        mode, share = self.plan.mode, self.plan.inverse_share
        self.mean = bet(self.mean, mode.margin, low)
        self.tail = bet(self.tail, 1, share if low >= 500 else 0)
        self.sums.add(high)
        if weighted_sum_reaches(self.mean + self.tail, WEIGHTS * 2, 24 * mode.inverse_alpha):
            self.verdict = DIFFERENT
        elif self.sums.mean_below(mode.margin, mode) and self.sums.tail_below(1, share, mode):
            self.verdict = SAME

    @property
    def stated(self) -> dict:
        """What an end states."""
        sums = self.sums
        return {
            "verdict": self.verdict,
            "n": sums.count,
            "different": [[str(mantissa), exponent] for mantissa, exponent in self.mean + self.tail],
            "same": {"S": sums.total, "Q": sums.squares, "tail": sums.far},
        }


class Intervals:
    """Bounds that stand beside a verdict (section 11)."""

    def __init__(self, scores: list[tuple[int, int]], mode: Mode):
        self.scores, self.mode = scores, mode

    @cached_property
    def members(self) -> dict[str, int]:
        sums = Sums()
        for _, high in self.scores:
            sums.add(high)
        found = {
            "meanAbove": self._refuted([low for low, _ in self.scores]),
            "meanBelow": self._least(lambda margin: sums.mean_below(margin, self.mode)),
            "tailAbove": self._refuted([1000 if low >= 500 else 0 for low, _ in self.scores]),
            "tailBelow": self._least(lambda margin: sums.tail_below(margin, 1000, self.mode)),
        }
        return {key: value for key, value in found.items() if value is not None}

    def _refuted(self, values: list[int]) -> int:
        refuted, still_open = 0, 1000
        while still_open - refuted > 1:
            margin = (refuted + still_open) // 2
            refuted, still_open = (margin, still_open) if self._is_refuted(margin, values) else (refuted, margin)
        return refuted

    def _is_refuted(self, margin: int, values: list[int]) -> bool:
        wealths = fresh()
        for value in values:
            wealths = bet(wealths, margin, value)
            if weighted_sum_reaches(wealths, WEIGHTS, 12 * self.mode.inverse_alpha):
                return True
        return False

    @staticmethod
    def _least(is_below) -> int | None:
        if not is_below(1000):
            return None
        still_open, shown = 0, 1000
        while shown - still_open > 1:
            margin = (still_open + shown) // 2
            still_open, shown = (still_open, margin) if is_below(margin) else (margin, shown)
        return shown
