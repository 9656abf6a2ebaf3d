# SPDX-License-Identifier: Apache-2.0
"""Plans, and the questions that follow from a plan and its key (specification/audit.md, sections 2 to 5)."""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from . import audit_json
from .audit_json import Fields, refuse
from .audit_sentences import SENTENCES
from .wire import is_stream_safe, sha256, text, u64

FAR_SHARES = (80, 50, 20, 10, 5)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_HOST = re.compile(r"[a-z0-9.\-_]+|\[[0-9a-f:]+\]")
_PLACE = re.compile("«([^»]*)»")
_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"
MAXIMUM_PROMPTS, MAXIMUM_PROMPT = 64 << 20, 65536


@dataclass(frozen=True)
class Mode:
    """1/α, m, 1/ρ."""

    inverse_alpha: int
    margin: int
    inverse_share: int


MODES = {"quick": Mode(40, 150, 20), "audit": Mode(100, 100, 50), "extended": Mode(1000, 80, 80)}


def words() -> tuple[str, ...]:
    """The list of words: beside this file in an installed package, in the program's sources otherwise."""
    here = Path(__file__).resolve()
    places = [here.parent / "words.txt", *(each / "Sources/Audit/Resources/words.txt" for each in here.parents[4:5])]
    path = next((path for path in places if path.exists()), None)
    if path is None:
        refuse("questions", "the list of words is not there")
    return tuple(line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))


def words_digest(listed: tuple[str, ...]) -> str:
    return sha256(b"".join(word.encode() + b"\n" for word in listed)).hex()


def sentences_digest() -> str:
    return sha256(b"".join(text(name) + b"".join(map(text, each)) for name, each in SENTENCES.items())).hex()


@dataclass(frozen=True)
class Plan:
    digest: str
    mode: Mode
    mode_name: str
    score: str
    margin: int
    inverse_share: int
    origin: str
    path: str
    model: str
    chat: bool
    tokens: int
    listed: int
    prompts: str | None
    commitment: str
    previous: str | None
    run: int
    certificate: str | None
    model_digest: str | None
    words: tuple[str, ...]

    @property
    def suffix(self) -> str:
        return "/chat/completions" if self.chat else "/completions"


def _address(value, what: str) -> tuple[str, str]:
    """Origin and path (section 3)."""
    entry = Fields(value, what, ("origin", "path"))
    origin, path = entry.text("origin"), entry.text("path")
    whole = origin + path
    if len(whole) > 1000 or not re.fullmatch(r"[!-~]+", whole) or re.search(r"[\\@?#]", whole):
        refuse(what, "no address")
    scheme, _, rest = origin.partition("://")
    found = re.fullmatch(r"(.+?)(?::([0-9]+))?", rest) if not rest.startswith("[") else None
    if rest.startswith("["):
        found = re.fullmatch(r"(\[[^\]]*\])(?::([0-9]+))?", rest)
    if scheme not in ("https", "http") or not found or not _HOST.fullmatch(found[1]):
        refuse(what, "no address")
    port = found[2]
    if port is not None:
        standard = 443 if scheme == "https" else 80
        if str(int(port)) != port or not 1 <= int(port) <= 65535 or int(port) == standard:
            refuse(what, "no port, or the scheme's own")
    if scheme == "http" and found[1] not in _LOCAL_HOSTS:
        refuse(what, "http, and not this machine")
    if path and (not path.startswith("/") or any(part in ("", ".", "..") for part in path[1:].split("/"))):
        refuse(what, "no path in its one spelling")
    return origin, path


def read_plan(content: bytes) -> Plan:
    """A plan from its file (section 2)."""
    what, value = "plan", audit_json.file(content, "plan")
    if not isinstance(value, dict) or value.get("audit") != 1 or isinstance(value.get("audit"), bool):
        refuse(what, "audit is 1")
    required = (
        "audit",
        "mode",
        "score",
        "margin",
        "endpoint",
        "model",
        "chat",
        "tokens",
        "prompts",
        "commitment",
        "run",
    )
    optional = ("previous", "beacon", "certificate", "modelDigest", "farShare", "listed")
    entry = Fields(value, what, required, optional)
    mode, score = entry.choice("mode", *MODES), entry.choice("score", "logprobs", "text")
    if entry.has("listed") != (score == "logprobs") or (entry.has("farShare") and score != "text"):
        refuse(what, "listed stands with log probabilities, farShare with texts")
    share = entry.integer("farShare", 5, 80) if entry.has("farShare") else MODES[mode].inverse_share
    if share not in FAR_SHARES:
        refuse(what, "farShare is one of 80, 50, 20, 10, 5")
    origin, path = ("local", "/v1") if value["endpoint"] == "local" else _address(value["endpoint"], "plan: endpoint")
    listed_words, prompts = words(), None
    if isinstance(value["prompts"], dict) and "file" in value["prompts"]:
        prompts = Fields(value["prompts"], "plan: prompts", ("file",)).digest("file")
    else:
        own = Fields(value["prompts"], "plan: prompts", ("sentences", "words"))
        if own.digest("sentences") != sentences_digest() or own.digest("words") != words_digest(listed_words):
            refuse(what, "other sentences or words")
    if entry.has("beacon"):
        entry.label("beacon")
    return Plan(
        digest=sha256(content).hex(),
        mode=MODES[mode],
        mode_name=mode,
        score=score,
        margin=entry.integer("margin", 100, 1000000),
        inverse_share=share,
        origin=origin,
        path=path,
        model=entry.label("model"),
        chat=entry.boolean("chat"),
        tokens=entry.integer("tokens", 1, 64),
        listed=entry.integer("listed", 1, 20) if entry.has("listed") else 0,
        prompts=prompts,
        commitment=entry.digest("commitment"),
        previous=entry.digest("previous") if entry.has("previous") else None,
        run=entry.integer("run", 1, 1000000),
        certificate=entry.digest("certificate") if entry.has("certificate") else None,
        model_digest=entry.digest("modelDigest") if entry.has("modelDigest") else None,
        words=listed_words,
    )


# --- questions (sections 4 and 5) -------------------------------------------------------------------------------------


def _hmac(key: bytes, *parts: bytes) -> bytes:
    return hmac.new(key, b"".join(parts), hashlib.sha256).digest()


class Stream:
    """Pseudorandom choices of a label and an index."""

    def __init__(self, challenge_key: bytes, label: str, index: int):
        self._key = _hmac(challenge_key, label.encode(), u64(index))
        self._bytes = self._blocks()

    def _blocks(self) -> Iterator[int]:
        number = 0
        while True:
            yield from _hmac(self._key, u64(number))
            number += 1

    def below(self, count: int) -> int:
        if count == 1:
            return 0
        bits = (count - 1).bit_length()
        while True:
            content = bytes(next(self._bytes) for _ in range(-(-bits // 8)))
            found = int.from_bytes(content, "little") & ((1 << bits) - 1)
            if found < count:
                return found

    def pick(self, choices):
        return choices[self.below(len(choices))]


class Questions:
    """The questions of a plan under a key, and the salts that follow from it."""

    def __init__(self, plan: Plan, key: bytes, beacon: bytes, prompts: bytes | None):
        self.plan, self.key = plan, key
        self.challenge_key = _hmac(key, b"driftproof/audit/challenge/v1", bytes.fromhex(plan.digest), beacon)
        self.lines = None if plan.prompts is None else self._shuffled(_prompt_lines(prompts))

    def _shuffled(self, lines: list[str]) -> list[str]:
        stream = Stream(self.challenge_key, "order", 0)
        for place in range(len(lines) - 1, -1, -1):
            other = stream.below(place + 1)
            lines[place], lines[other] = lines[other], lines[place]
        return lines

    def prompt(self, number: int) -> str | None:
        """Question `number`; None where a file of prompts has no more."""
        if self.lines is not None:
            return self.lines[number] if number < len(self.lines) else None
        stream = Stream(self.challenge_key, "prompt", number)
        sentence = stream.pick(stream.pick(tuple(SENTENCES.values())))
        return _PLACE.sub(lambda found: self._filled(found[1], stream), sentence)

    def _filled(self, place: str, stream: Stream) -> str:
        if place == "w":
            return stream.pick(self.plan.words)
        if place == "W":
            word = stream.pick(self.plan.words)
            return word[:1].upper() + word[1:]
        if place == "9":
            return str(100000000 + stream.below(900000000))
        if place == "6":
            return str(stream.below(1000000))
        if place == "x":
            return f"{stream.below(1 << 32):08x}"
        if place in ("n2", "n3", "n4"):
            return "".join(stream.pick(_CONSONANTS) + stream.pick(_VOWELS) for _ in range(int(place[1])))
        return stream.pick(place.split("|"))

    @cached_property
    def _cache(self) -> dict[tuple[int, str], str]:
        return {}

    def request_digest(self, number: int, model: str) -> str | None:
        """SHA-256 of the request of a question with a model's name; None without such a question."""
        if (number, model) not in self._cache:
            prompt = self.prompt(number)
            if prompt is None:
                return None
            self._cache[number, model] = request_digest(self.plan, prompt, model)
        return self._cache[number, model]

    def salt(self, is_candidate: bool, is_answer: bool, number: int, attempt: int) -> str:
        place = bytes([is_candidate, is_answer]) + u64(number) + u64(attempt)
        return _hmac(self.key, b"driftproof/audit/salt/v1", place).hex()


def request_digest(plan: Plan, prompt: str, model: str) -> str:
    request = {"max_tokens": plan.tokens, "model": model, "stream": False, "temperature": 0}
    if plan.chat:
        request["messages"] = [{"content": prompt, "role": "user"}]
        if plan.score == "logprobs":
            request |= {"logprobs": True, "top_logprobs": plan.listed}
    else:
        request["prompt"] = prompt
        if plan.score == "logprobs":
            request["logprobs"] = plan.listed
    return sha256(audit_json.canonical(request).encode()).hex()


def _prompt_lines(content: bytes) -> list[str]:
    what = "prompts.txt"
    if len(content) > MAXIMUM_PROMPTS:
        refuse(what, "too long")
    found: dict[bytes, None] = {}
    for line in content.split(b"\n"):
        line = line.removesuffix(b"\r")
        if len(line) > MAXIMUM_PROMPT:
            refuse(what, "a line is too long")
        if any(byte > 0x20 for byte in line):
            found.setdefault(line)
    try:
        lines = [line.decode() for line in found]
    except UnicodeDecodeError:
        refuse(what, "not UTF-8")
    if not all(map(is_stream_safe, lines)):
        refuse(what, "more than 30 combining marks in a row")
    return lines
