# SPDX-License-Identifier: Apache-2.0
"""Random small certificates of the curve backend, and changes of all their parts with hashes made right."""

import contextlib
import json
from pathlib import Path
from random import Random

import curves
import models
import numpy as np

from driftproof.independent.curve_points import G1_GENERATOR, G1_INFINITY
from driftproof.independent.curve_scalars import R
from driftproof.independent.errors import VerificationFailure
from driftproof.independent.policy import read_policy

#: A setup of 2^9 powers that a test made: what is proved under it convinces nobody.
LOG_POWERS = 9


def make_setup(folder: Path) -> Path:
    path = folder / "small.setup"
    done = models.run("setup", "new", "--log-powers", LOG_POWERS, "-o", path, "-q")
    if done.returncode:
        raise RuntimeError(done.stderr.decode())
    return path


def _exact(generator: models.Generator, rule: dict, base: np.ndarray, dtype: str) -> np.ndarray:
    """A product of integers in units that base and tuned weights have in every type; F16 and BF16 round nothing."""
    rows, columns = generator.matrix(base).shape
    rank = generator.pick(1, 2, 3, 5)
    factors = [generator.random.integers(-1, 2, size=size) for size in ((rows, rank), (rank, columns))]
    rule["allow"] = {"rank": generator.pick(rank, rank, 2 * rank, 1024)}
    if generator.random.random() < 0.4:
        rule["allow"]["residual"] = {"absolute": generator.pick(0, 0.001, 3)}
    return base + (factors[0] @ factors[1]).reshape(base.shape) * 2.0**-4


def _structured(generator: models.Generator, kind: str, dtype: str) -> tuple[np.ndarray, np.ndarray, object]:
    """Base, tuned weights, and what is allowed: ranks and sparse parts, some beside another clause."""
    rule: dict = {}
    base = models.rounded(generator.weights(generator.shape()), dtype)
    if kind == "exact":
        base = np.round(np.clip(base, -4, 4) * 16) / 16
        tuned = _exact(generator, rule, base, dtype)
    else:
        tuned = getattr(generator, "_" + kind)(rule, base, dtype)
    tuned = models.rounded(tuned, dtype)
    if not isinstance(rule["allow"], list) and generator.random.random() < 0.3:
        rule["allow"] = [rule["allow"], generator._norm_rule(base, tuned - base)]
        if generator.random.random() < 0.5:
            rule["allow"].insert(generator.pick(0, 2), {"rank": min(1024, *generator.matrix(base).shape)})
    return base, tuned, rule["allow"]


#: What tensors are allowed; most often something that a clause bounds.
KINDS = ("frozen", "any", "norm", "norm", "exact", "rank", "rank", "sparse", "sparse", "sum")


def case(generator: models.Generator) -> models.Case:
    """Tensors under the rules that this backend takes."""
    result, drifts = models.Case(), []
    for number in range(generator.pick(1, 1, 2, 3, 5)):
        name, kind = f"{generator.pick('layer', 'ä')}.{number}", generator.pick(*KINDS)
        dtype, shape = generator.pick(*models.FLOATING), generator.shape()
        base = models.rounded(generator.weights(shape), dtype)
        tuned, rule = base, {"tensors": name, "allow": kind}
        if kind == "any" and generator.random.random() < 0.5:
            tuned = models.rounded(generator.weights(generator.shape()), dtype)
        elif kind in KINDS[4:]:
            base, tuned, rule["allow"] = _structured(generator, kind, dtype)
            drifts.append(tuned - base)
        elif kind != "frozen":
            tuned = models.rounded(base + generator._noise(base), dtype)
        if kind == "norm":
            rule["allow"] = generator._norm_rule(base, tuned - base)
            drifts.append(tuned - base)
        result.base[name], result.tuned[name] = models.Tensor.of(base, dtype), models.Tensor.of(tuned, dtype)
        result.rules.append(rule)
    if drifts and generator.random.random() < 0.3:
        size = sum(float((drift * drift).sum()) for drift in drifts) ** 0.5
        result.total = generator.bound(size, 0 * drifts[0])
    return result


def make(generator: models.Generator, folder: Path, setup: Path) -> curves.CurveSubject | int:
    """Proves a random case; the exit code where the program refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = case(generator)
    base, tuned, policy, identity, certificate = (
        folder / name for name in ("base.safetensors", "tuned.safetensors", "policy.json", "base.json", "tuned.drift")
    )
    models.write_safetensors(base, drawn.base)
    models.write_safetensors(tuned, drawn.tuned)
    policy.write_text(json.dumps(drawn.policy()))
    backend = ("--backend", "kzg", "--setup", setup)
    done = models.run("identify", base, "--commit", *backend, "-o", identity, "-q")
    if done.returncode == 0:
        files = ("--base", base, "--tuned", tuned, "--policy", policy, "--identity", identity)
        done = models.run("prove", *files, *backend, "--out", certificate, "--opening", folder / "opening.secret", "-q")
    if done.returncode:
        return done.returncode
    return curves.CurveSubject(certificate.read_bytes(), identity.read_bytes(), policy.read_bytes())


# --- changes --------------------------------------------------------------------------------------------------------


def _with_byte(content: bytes, draw: Random) -> bytes:
    at = draw.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]


def _with_word(content: bytes, draw: Random) -> bytes:
    """A scalar or a point of another value, somewhere."""
    width = draw.choice((32, 48))
    if len(content) < width:
        return _with_byte(content, draw) if content else content
    scalars = [bytes(32), (1).to_bytes(32, "big"), (R - 1).to_bytes(32, "big"), R.to_bytes(32, "big")]
    points = [G1_INFINITY, G1_GENERATOR, bytes(48)]
    at = draw.randrange(len(content) - width + 1)
    own = draw.randrange(len(content) - width + 1)
    word = draw.choice([*(scalars if width == 32 else points), content[own : own + width]])
    return content[:at] + word + content[at + width :]


def _cut_or_grown(content: bytes, draw: Random) -> bytes:
    if draw.random() < 0.7:
        return content[: draw.randrange(len(content))]
    return content + draw.randbytes(draw.randrange(1, 64))


def _with_point(points: bytes, draw: Random) -> bytes:
    """Rows with one of them another point of the same, the generator, nothing, or no point."""
    count = len(points) // 48
    at, other = draw.randrange(count), draw.randrange(count)
    point = draw.choice([G1_GENERATOR, G1_INFINITY, points[48 * other : 48 * other + 48], draw.randbytes(48)])
    return points[: 48 * at] + point + points[48 * at + 48 :]


def _with_number(policy: bytes, draw: Random) -> bytes:
    """A rank, a count or a bound of a clause is another, or a clause of another form."""
    value = json.loads(policy)
    clauses = []
    for rule in value["rules"]:
        if not isinstance(rule["allow"], str):
            clauses += rule["allow"] if isinstance(rule["allow"], list) else [rule["allow"]]
    clause = draw.choice(clauses)
    key = draw.choice(list(clause))
    if isinstance(clause[key], dict):
        bound = clause[key]
        kind = draw.choice(list(bound))
        number = bound.pop(kind)
        bound[draw.choice(["absolute", "relative"])] = draw.choice([number, 0, float(f"{number / 2:.3g}"), 1e6])
    else:
        number = clause.pop(key)
        forms = ["rank"] if key == "rank" else ["entries", "rows", "columns"]
        clause[draw.choice(forms)] = max(1, number + draw.choice([-1, 1, 0, number]))
    return json.dumps(value, ensure_ascii=False).encode()


def changed(own: curves.CurveSubject, other: curves.CurveSubject, draw: Random) -> tuple[str, curves.CurveSubject]:
    """One change and its kind. A change that finds nothing to change is one of single bytes."""
    kind = draw.choice(
        ["byte", "byte", "length", "proof", "proof", "proof", "rows", "rows", "kinds", "policy", "identity"]
        + ["base rows", "swap", "clause", "clause", "version"]
    )
    parts = {"certificate": own.certificate, "identity": own.identity, "policy": own.policy}
    if kind in ("byte", "length", "swap"):
        part = draw.choice(list(parts))
        if kind == "swap":
            parts[part] = getattr(other, part)
        else:
            parts[part] = (_with_byte if kind == "byte" else _cut_or_grown)(parts[part], draw)
        return f"curve {kind}", curves.CurveSubject(**parts)
    certificate, identity, _ = own.parts
    with contextlib.suppress(VerificationFailure, IndexError, ValueError):
        kinds, stored = own.taken_apart()
        if kind == "proof":
            parts["certificate"] = curves.rebuilt(own, stored, proof=_with_word(certificate.proof, draw))
        elif kind == "rows":
            at = draw.choice([i for i, each in enumerate(stored) if len(each) >= 48])
            stored[at] = _with_point(stored[at], draw)
            parts["certificate"] = curves.rebuilt(own, stored)
        elif kind == "kinds":
            kinds[draw.randrange(len(kinds))] = draw.randrange(6)
            parts["certificate"] = curves.rebuilt(own, stored, kinds=kinds)
        elif kind == "version":
            version = 3 - certificate.version if draw.random() < 0.8 else draw.choice([0, 3, 1 << 31])
            parts["certificate"] = curves.rebuilt(own, stored, version=version)
        elif kind == "clause":
            parts["policy"] = _with_number(own.policy, draw)
            canonical = read_policy(parts["policy"]).canonical()
            parts["certificate"] = curves.rebuilt(own, stored, policy=canonical)
        elif kind == "policy":
            policy = _with_byte(own.policy, draw)
            parts["policy"] = policy
            parts["certificate"] = curves.rebuilt(own, stored, policy=certificate.policy)
        elif kind == "identity":
            value = json.loads(own.identity)
            line = draw.choice(value["tensors"])
            line[draw.choice(list(line))] = draw.choice([0, 1, -1, "x", "0", [1, 2], 1 << 40])
            parts["identity"] = json.dumps(value, ensure_ascii=False).encode()
        elif kind == "base rows":
            at = draw.choice([i for i, each in enumerate(identity.rows) if each])
            rows = list(identity.rows)
            rows[at] = _with_point(rows[at], draw)
            parts["identity"] = curves.identity_with_rows(own, rows)
    result = curves.CurveSubject(**parts)
    if result == own:
        parts["certificate"] = _with_byte(own.certificate, draw)
        return "curve byte", curves.CurveSubject(**parts)
    return f"curve {kind}", result
