# SPDX-License-Identifier: Apache-2.0
"""Random models with their tuned tableaus and transitions, and what can be done to them."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import adapters
import models
import numpy as np
import tampering
from models import Generator, Tensor, decimal, rounded, run, write_safetensors

from driftproof.independent.certificate import read_certificate
from driftproof.independent.errors import VerificationFailure
from driftproof.independent.manifest import ALIGNED_WORD
from driftproof.independent.transition import read_tuned_tableau
from driftproof.independent.wire import u32

SIXTEEN_BITS = ("BF16", "F16")


@dataclass(frozen=True)
class Subject:
    """What `verify --tuned-tableau --transition` is given."""

    certificate: bytes
    identity: bytes
    policy: bytes
    tableau: bytes
    transition: bytes

    NAMES: ClassVar = ("tuned.drift", "base.json", "policy.json", "tuned.tableau.json", "tuned.transition")

    @property
    def contents(self) -> tuple[bytes, ...]:
        return (self.certificate, self.identity, self.policy, self.tableau, self.transition)

    @staticmethod
    def read(folder: Path) -> "Subject":
        return Subject(*((folder / name).read_bytes() for name in Subject.NAMES))

    def arguments(self, folder: Path) -> list[str]:
        """Writes the files, and says how to verify them."""
        paths = [folder / name for name in self.NAMES]
        for path, content in zip(paths, self.contents, strict=True):
            path.write_bytes(content)
        certificate, identity, policy, tableau, transition = map(str, paths)
        arguments = ["verify", certificate, "--base-identity", identity, "--policy", policy]
        return [*arguments, "--tuned-tableau", tableau, "--transition", transition]


# --- subjects ---------------------------------------------------------------------------------------------------------


def make(generator: Generator, folder: Path, kind: str | None = None) -> Subject | int:
    """A certificate with a transition of a random model, or the exit code where the program refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    if generator.pick(0, 0, 1) if kind is None else kind == "rounding":
        return _merged(generator, folder)
    case = models.Case()
    generator.drifts, generator.has_entrywise = [], True
    changing = ["norm", "rank", "sparse", "sum", "both", "full_rank", "entrywise", "empty", "wide", "integers"]
    for number in range(generator.pick(1, 2, 3, 5, 8)):
        own = kind or generator.pick(*changing, "frozen", "frozen", "frozen")
        _tensor(generator, case, f"{generator.pick('layer', 'block', 'ä')}.{number}.{generator.pick('w', 'b')}", own)
    if generator.pick(0, 0, 1) and generator.drifts:
        case.total = {"absolute": decimal(sum(float(np.sum(d * d)) for d in generator.drifts) ** 0.5 * 1.5 + 1e-6)}
    base, tuned = folder / "base.safetensors", folder / "model.safetensors"
    write_safetensors(base, case.base)
    write_safetensors(tuned, case.tuned)
    (folder / "policy.json").write_text(json.dumps(case.policy("transition")))
    return prove(folder, base, tuned)


def _tensor(generator: Generator, case: models.Case, name: str, kind: str) -> None:
    dtype, shape = generator.pick(*SIXTEEN_BITS), generator.shape()
    if kind == "integers":
        case.base[name] = case.tuned[name] = Tensor("I32", (3, 5), bytes(60))
        case.rules.append({"tensors": name, "allow": "frozen"})
        return
    if kind == "empty":
        case.base[name] = case.tuned[name] = Tensor(dtype, (0, 4), b"")
        case.rules.append({"tensors": name, "allow": generator.pick("frozen", {"norm": {"absolute": 1}})})
        return
    base = generator.random.normal(size=shape) * generator.pick(0.02, 0.3, 1.0, 8.0)
    if generator.pick(0, 0, 0, 0, 1):
        base *= 0
    base = rounded(base, "F32" if kind == "wide" else dtype)
    case.base[name] = case.tuned[name] = Tensor.of(base, "F32" if kind == "wide" else dtype)
    if kind in ("frozen", "wide"):
        case.rules.append({"tensors": name, "allow": "frozen"})
        return
    rule: dict = {"tensors": name}
    tuned = getattr(generator, f"_{kind}")(rule, base, dtype)
    case.tuned[name] = Tensor.of(tuned, dtype)
    generator.drifts.append(rounded(tuned, dtype) - base)
    case.rules.append(rule)


def _merged(generator: Generator, folder: Path) -> Subject | int:
    """Rounding bounds, with the adapter that was merged."""
    files = adapters.make_merged(generator, folder)
    if isinstance(files, int):
        return files
    policy = json.loads(files.policy.read_text())
    for rule in policy["rules"]:
        if generator.pick(0, 1):
            clauses = rule["allow"] if isinstance(rule["allow"], list) else [rule["allow"]]
            bounds = [{"entrywise": {"absolute": 0.6}}, {"rank": 3, "entrywise": {"absolute": 0.5}}]
            rule["allow"] = generator.pick(bounds[:1], bounds) if clauses == ["frozen"] else [*clauses, bounds[0]]
    files.policy.write_text(json.dumps(policy))
    files.certificate.unlink()
    (folder / "opening.secret").unlink()
    return prove(folder, folder / "base.safetensors", folder / "merged.safetensors", "--adapter", folder / "adapter")


def prove(folder: Path, base: Path, tuned: Path, *options, hides: bool = False) -> Subject | int:
    """The base's identity, which may hide its weights, the tuned tableau, the certificate and the transition."""
    certificate, identity, policy, tableau, transition = (folder / name for name in Subject.NAMES)
    secrets = folder / "opening.secret", folder / "tableau.secret"
    proof = ["--base", base, "--tuned", tuned, *options, "--policy", policy, "--identity", identity]
    proof += ["--out", certificate, "--opening", secrets[0], "--tuned-tableau", tableau, "--tuned-opening", secrets[1]]
    hiding = ["--hiding", "--opening", folder / "base.secret", "--proofs", "3"] if hides else []
    proof += ["--base-opening", folder / "base.secret"] if hides else []
    for command in (
        ["identify", base, "--commit", *hiding, "-o", identity],
        ["commit", tuned, "--identity", identity, "--out", tableau, "--opening", secrets[1]],
        ["prove", *proof, "--transition", transition],
    ):
        done = run(*command, "-q")
        if done.returncode:
            return done.returncode
    return Subject.read(folder)


# --- tampering --------------------------------------------------------------------------------------------------------


def with_manifest(subject: Subject, manifest: bytes, seal: bool = True) -> Subject:
    """Another manifest; with `seal` the tuned commitment and the transition's name for it are made right."""
    certificate = replace(read_certificate(subject.certificate), manifest=manifest)
    if not seal:
        return replace(subject, certificate=tampering.certificate_bytes(certificate))
    certificate = replace(certificate, tuned_commitment=certificate.commitment_of_parts)
    transition = subject.transition[:100] + certificate.tuned_commitment + subject.transition[132:]
    return replace(subject, certificate=tampering.certificate_bytes(certificate), transition=transition)


def without_word(subject: Subject) -> bytes:
    manifest = read_certificate(subject.certificate).manifest
    assert manifest[:4] == u32(ALIGNED_WORD)
    return manifest[4:]


def variants(subject: Subject, other: Subject, draw: random.Random, flips: int) -> Iterator[tuple[str, Subject]]:
    """Changed subjects; `other` is another verified one."""
    manifest = read_certificate(subject.certificate).manifest
    for seal in (False, True):
        yield "word removed", with_manifest(subject, without_word(subject), seal)
        yield "word twice", with_manifest(subject, u32(ALIGNED_WORD) + manifest, seal)
        odd = u32(ALIGNED_WORD) + u32(5) + bytes(32) + manifest[8:]
        yield "a link", with_manifest(subject, odd, seal)
        yield "a version less", with_manifest(subject, manifest[:4] + u32(2) + manifest[8:], seal)
        yield "only the word", with_manifest(subject, manifest[:4], seal)
        yield "half the word", with_manifest(subject, manifest[:3], seal)
    for name in ("certificate", "identity", "policy", "tableau", "transition"):
        yield f"another's {name}", replace(subject, **{name: getattr(other, name)})
        yield f"no {name}", replace(subject, **{name: b""})
        yield f"{name} in place of the transition", replace(subject, transition=getattr(subject, name))
        yield f"{name} in place of the tableau", replace(subject, tableau=getattr(subject, name))
        yield f"{name} in place of the certificate", replace(subject, certificate=getattr(subject, name))
    yield "both another's", replace(subject, tableau=other.tableau, transition=other.transition)
    transition = subject.transition
    for place in (0, 8, 12, 20, 52, 60, 92, 100, 132, 140, len(transition) - 1):
        yield f"transition's byte {place}", replace(subject, transition=flipped(transition, place))
    for _ in range(flips):
        place = draw.randrange(140, len(transition))
        yield f"transition's byte {place}", replace(subject, transition=flipped(transition, place))
    for length in (7, 12, 139, 140, draw.randrange(len(transition)), len(transition) - 1):
        yield f"transition cut at {length}", replace(subject, transition=transition[:length])
    yield "transition longer", replace(subject, transition=transition + b"\0")
    longer = transition[:132] + (len(transition) - 140 + 32).to_bytes(8, "little") + transition[140:] + bytes(32)
    yield "proof longer", replace(subject, transition=longer)
    yield from _tableaus(subject, draw, flips)


def flipped(content: bytes, place: int) -> bytes:
    place %= len(content)
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _tableaus(subject: Subject, draw: random.Random, flips: int) -> Iterator[tuple[str, Subject]]:
    """Other tableaus, by their text, and with a transition that names them."""
    for _ in range(flips):
        yield "tableau's text", replace(subject, tableau=flipped(subject.tableau, draw.randrange(len(subject.tableau))))
    value = json.loads(subject.tableau)
    yield "tableau respelled", replace(subject, tableau=json.dumps(dict(reversed(value.items())), indent=1).encode())
    pins, rows = value["pins"], value["rows"]
    changes = [
        {"rows": rows + 1},
        {"rows": rows + 1, "pins": pins + pins[:48]},
        {"rows": rows - 1, "pins": pins[48:]},
        {"rows": 0, "pins": ""},
        {"rows": (1 << 20) + 1},
        {"rows": float(rows)},
        {"pins": pins[48:] + pins[:48] + pins[:1]},
        {"pins": pins.upper()},
        {"pins": "f" * len(pins)},
        {"pins": flipped(pins.encode(), 3).decode()},
        {"root": value["root"][::-1]},
        {"root": value["root"][2:]},
        {"baseIdentity": value["baseIdentity"][::-1]},
        {"driftTableau": 2},
        {"more": 1},
        *({name: value[name] + step} for name in CODE for step in (-1, 1)),
        {"queries": 0},
        {"logLength": 2**40},
        {"driftTail": 2**33},
    ]
    for change in changes:
        changed = value | change
        tableau = json.dumps(changed).encode()
        yield f"tableau with {change!r:.60}", replace(subject, tableau=tableau)
        named = digest_of(changed)
        if named:
            transition = subject.transition[:60] + named + subject.transition[92:]
            yield f"named tableau with {change!r:.60}", replace(subject, tableau=tableau, transition=transition)
    without = {name: each for name, each in value.items() if name != "rows"}
    yield "tableau without rows", replace(subject, tableau=json.dumps(without).encode())


CODE = ("logLength", "logBlowup", "queries", "grindingBits", "driftTail")


def digest_of(value: dict) -> bytes | None:
    """The digest of a tableau's file, None where it is none."""
    try:
        return read_tuned_tableau(json.dumps(value).encode()).digest
    except VerificationFailure:
        return None
