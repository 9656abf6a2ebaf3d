# SPDX-License-Identifier: Apache-2.0
"""Transcripts: lines, their chain and tree, and what may follow what (specification/audit.md, section 6)."""

import re
from dataclasses import dataclass, field

from . import audit_json
from .audit_json import Fields, base64_bytes, refuse
from .wire import sha256

MAXIMUM_BYTES = 256 << 20
MOST = 10**9
REFERENCE, CANDIDATE = "reference", "candidate"
VERDICTS = ("SAME", "DIFFERENT", "UNDECIDED")
FAILURES = ("status", "timeout", "connection", "malformed", "tooLarge", "redirect")
#: Members besides kind and prev, then those that may be missing.
MEMBERS = {
    "header": (("audit", "side", "plan", "origin", "path", "model", "spelling", "tool", "started"), ("beacon",)),
    "session": (("at", "concurrency"), ("reference",)),
    "sent": (("i", "attempt", "request", "salt", "at"), ()),
    "answer": (
        ("i", "attempt", "status", "body", "text", "tokens", "finish", "salt"),
        ("model", "fingerprint", "promptTokens"),
    ),
    "failure": (("i", "attempt", "reason"), ("status", "retryAfter")),
    "missing": (("i", "attempts"), ()),
    "end": (("n", "lines", "root"), ("verdict", "different", "same")),
}
_FINISH = re.compile(r"[ -~]{0,200}")
_MANTISSA = re.compile(r"0|[1-9][0-9]{0,19}")
_BEACON = re.compile(r"(?:[0-9a-f]{2}){1,64}")


@dataclass(frozen=True)
class Token:
    """A token as the server spells it, its value in millionths of a nat, and the likely ones."""

    content: bytes
    value: int
    top: tuple[tuple[bytes, int], ...]


@dataclass
class Line:
    """A line: `kind` "withheld" for one whose digest alone is there."""

    kind: str
    value: dict
    digest: bytes
    text: bytes = b""
    tokens: tuple[Token, ...] = ()
    number: int = 0


def _token(value, what: str) -> Token:
    entry = Fields(value, what, ("b", "l", "top"))
    top = []
    for pair in entry.items("top", 64):
        if not isinstance(pair, list) or len(pair) != 2:
            refuse(what, "top has pairs")
        top.append((base64_bytes(pair[0], what, 1024), _value(pair[1], what)))
    return Token(entry.base64("b", 1024), entry.integer("l", -(10**8), 0), tuple(top))


def _value(found, what: str) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or not -(10**8) <= found <= 0:
        refuse(what, "a log probability is expected")
    return found


def _check_members(line: Line, entry: Fields) -> None:
    kind = line.kind
    if kind == "header":
        entry.integer("audit", 1, 1)
        entry.choice("side", REFERENCE, CANDIDATE)
        entry.choice("spelling", "plain", "byteLevel", "sentencePiece")
        entry.digest("plan")
        for key in ("origin", "path", "model", "tool"):
            entry.label(key)
        entry.time("started")
        if entry.has("beacon") and not _BEACON.fullmatch(entry.text("beacon")):
            refuse(entry.what, "no beacon")
    elif kind == "session":
        entry.time("at")
        entry.integer("concurrency", 1, 1000)
        if entry.has("reference"):
            entry.digest("reference")
    elif kind == "end":
        _check_end(entry)
    else:
        entry.integer("i", 0, 999999)
        if kind == "missing":
            entry.integer("attempts", 1, 10000)
            return
        entry.integer("attempt", 1, 10000)
        if kind == "sent":
            entry.digest("request")
            entry.digest("salt")
            entry.time("at")
        elif kind == "failure":
            entry.choice("reason", *FAILURES)
            if entry.has("status"):
                entry.integer("status", 100, 999)
            if entry.has("retryAfter"):
                entry.integer("retryAfter", 0, MOST)
        else:
            _check_answer(line, entry)


def _check_answer(line: Line, entry: Fields) -> None:
    entry.integer("status", 200, 200)
    entry.digest("body")
    entry.digest("salt")
    if not _FINISH.fullmatch(entry.text("finish")):
        refuse(entry.what, "finish is a label or empty")
    for key in ("model", "fingerprint"):
        if entry.has(key):
            entry.label(key)
    if entry.has("promptTokens"):
        entry.integer("promptTokens", 0, MOST)
    line.text = entry.base64("text", 1 << 18)
    line.tokens = tuple(_token(each, entry.what) for each in entry.items("tokens", 72))


def _check_end(entry: Fields) -> None:
    entry.integer("n", 0, MOST)
    entry.integer("lines", 0, MOST)
    entry.digest("root")
    verdict = [entry.has(key) for key in ("verdict", "different", "same")]
    if any(verdict) != all(verdict):
        refuse(entry.what, "a verdict stands with its evidence")
    if not all(verdict):
        return
    entry.choice("verdict", *VERDICTS)
    for pair in entry.items("different", 14):
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            refuse(entry.what, "different has pairs")
        if not _MANTISSA.fullmatch(pair[0]) or int(pair[0]) >= 1 << 64:
            refuse(entry.what, "no mantissa")
        if not isinstance(pair[1], int) or isinstance(pair[1], bool) or not -MOST <= pair[1] <= MOST:
            refuse(entry.what, "no exponent")
    same = Fields(entry.value["same"], entry.what, ("S", "Q", "tail"))
    for key in ("S", "Q"):
        same.integer(key, 0, (1 << 63) - 1)
    same.integer("tail", 0, MOST)


def read_line(content: bytes, what: str, may_withhold: bool) -> Line:
    value = audit_json.parse(content, what)
    kind = value.get("kind") if isinstance(value, dict) else None
    if may_withhold and kind == "withheld":
        return Line("withheld", value, bytes.fromhex(Fields(value, what, ("digest", "kind")).digest("digest")))
    if not isinstance(kind, str) or kind not in MEMBERS:
        refuse(what, "a kind that there is not")
    if may_withhold and kind in ("sent", "answer"):
        refuse(what, "a question or an answer, although they are withheld")
    required, optional = MEMBERS[kind]
    entry = Fields(value, what, ("kind", "prev", *required), optional)
    line = Line(kind, value, sha256(content))
    entry.digest("prev")
    _check_members(line, entry)
    return line


def merkle_root(digests: list[bytes]) -> bytes:
    """The tree of RFC 6962 over digests of lines."""
    nodes = [sha256(b"\0", digest) for digest in digests]
    while len(nodes) > 1:
        pairs = [sha256(b"\1", nodes[at], nodes[at + 1]) for at in range(0, len(nodes) - 1, 2)]
        nodes = pairs + ([nodes[-1]] if len(nodes) % 2 else [])
    return nodes[0] if nodes else sha256()


@dataclass
class Question:
    """What became of a question so far."""

    attempts: int = 0
    failures: int = 0
    is_open: bool = False
    settled: Line | None = None


@dataclass
class Transcript:
    """A transcript that holds together."""

    side: str
    lines: list[Line]
    header: dict
    questions: dict[int, Question] = field(default_factory=dict)

    @property
    def root(self) -> bytes:
        return merkle_root([line.digest for line in self.lines])

    @property
    def ends(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "end"]

    def answer(self, number: int) -> Line | None:
        """The line that answers a question."""
        found = self.questions.get(number)
        return found.settled if found and found.settled and found.settled.kind == "answer" else None


def digests_of(content: bytes, may_withhold: bool) -> list[bytes]:
    """Of all lines, whatever they are; a withheld line counts as the digest in it."""
    found = []
    for line in content.split(b"\n")[:-1]:
        withheld = re.fullmatch(rb'\{"digest":"([0-9a-f]{64})","kind":"withheld"\}', line) if may_withhold else None
        found.append(bytes.fromhex(withheld[1].decode()) if withheld else sha256(line))
    return found


def read_transcript(content: bytes, side: str, plan: str, may_withhold: bool = False) -> Transcript:
    what = f"{side}.ndjson"
    if len(content) > MAXIMUM_BYTES or not content.endswith(b"\n"):
        refuse(what, "too long, or no line feed at its end")
    lines = []
    for number, line in enumerate(content[:-1].split(b"\n"), 1):
        lines.append(read_line(line, f"{what}: line {number}", may_withhold))
        lines[-1].number = number
    transcript = Transcript(side, lines, lines[0].value)
    _check_chain(transcript, plan)
    _check_order(transcript)
    if lines[0].value["plan"] != plan:
        refuse(what, "another plan")
    return transcript


def _check_chain(transcript: Transcript, plan: str) -> None:
    before = plan
    for line in transcript.lines:
        if line.kind != "withheld" and line.value["prev"] != before:
            refuse(f"{transcript.side}.ndjson", f"line {line.number} does not follow the one before it")
        before = line.digest.hex()


def _check_order(transcript: Transcript) -> None:
    """Rules 1 to 7; of withheld lines nothing is known."""
    is_candidate = transcript.side == CANDIDATE
    in_session, is_decided, digests = False, False, []
    withholds = any(line.kind == "withheld" for line in transcript.lines)
    for line in transcript.lines:
        what, value = f"{transcript.side}.ndjson: line {line.number}", line.value
        if is_decided:
            refuse(what, "stands behind a verdict")
        if (line.kind == "header") != (line.number == 1):
            refuse(what, "a header stands first, and nowhere else")
        if line.kind == "header":
            if value["side"] != transcript.side:
                refuse(what, "another side")
        elif line.kind == "session":
            if ("reference" in value) != is_candidate:
                refuse(what, "a candidate's session names a reference")
            for question in transcript.questions.values():
                question.is_open = False
            in_session = True
        elif not in_session:
            refuse(what, "stands before a session")
        elif line.kind == "end":
            if ("verdict" in value) != is_candidate:
                refuse(what, "a verdict is a candidate's")
            if value["lines"] != len(digests) or value["root"] != merkle_root(digests).hex():
                refuse(what, "other lines than those before it")
            for question in transcript.questions.values():
                question.is_open = False
            in_session, is_decided = False, value.get("verdict") in ("SAME", "DIFFERENT")
        elif line.kind != "withheld":
            _check_question(transcript, line, what, withholds)
        digests.append(line.digest)


def _check_question(transcript: Transcript, line: Line, what: str, withholds: bool) -> None:
    value = line.value
    question = transcript.questions.setdefault(value["i"], Question())
    if withholds:
        if line.kind == "missing":
            if question.settled:
                refuse(what, "a question is given up twice")
            question.settled = line
        return
    if question.settled:
        refuse(what, "the question is settled")
    if line.kind == "sent":
        if question.is_open or value["attempt"] != question.attempts + 1:
            refuse(what, "sent again too early, or counted otherwise")
        question.attempts, question.is_open = value["attempt"], True
    elif line.kind == "missing":
        if question.is_open or not question.failures or value["attempts"] != question.attempts:
            refuse(what, "given up without a failure")
        question.settled = line
    else:
        if not question.is_open or value["attempt"] != question.attempts:
            refuse(what, "answers what was not sent")
        question.is_open = False
        if line.kind == "answer":
            question.settled = line
        else:
            question.failures += 1
