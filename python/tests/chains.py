# SPDX-License-Identifier: Apache-2.0
"""Random chains: a base, releases that continue each other, and variants of what `chain verify` is given."""

import json
from dataclasses import dataclass
from pathlib import Path

import linked
import numpy as np
from models import FLOATING, Case, Generator, Tensor, decimal, rounded, run, write_safetensors


@dataclass
class Chain:
    folder: Path
    identity: Path
    certificates: list[Path]
    policies: list[Path]
    names: list[str]
    norms: dict[str, float]


def _start(generator: Generator) -> dict[str, Tensor]:
    tensors = {}
    for number in range(generator.pick(1, 2, 3)):
        dtype, dimensions = generator.pick(*FLOATING), generator.pick(1, 2, 2, 3)
        values = generator.random.normal(size=generator.shape(dimensions)) * generator.pick(0.02, 0.3)
        tensors[f"layer.{number}.weight"] = Tensor.of(values, dtype)
    return tensors


def _step(generator: Generator, first: dict[str, Tensor], before: dict[str, Tensor], is_link: bool) -> Case:
    """The next release and a policy that it obeys; bounds are of the first base."""
    case = Case(base=dict(before), tuned={})
    drifts = 0.0
    for name, tensor in before.items():
        old, base = tensor.values(), first[name].values()
        grown = old.shape != base.shape
        kind = generator.pick(
            "frozen", "norm", "norm", "sum", "rows", "entries", "entrywise", "heads", "any", "grow", "type", "pattern"
        )
        if kind == "frozen" and grown or kind in ("heads", "any") and grown:
            kind = "norm"
        rule: dict = {"tensors": name}
        dtype = tensor.dtype
        new = old + generator.random.normal(size=old.shape) * (np.abs(base).mean() + 1e-3) * generator.pick(0.1, 0.01)
        matrix = generator.matrix(old)
        count = max(1, matrix.shape[0] // 2)
        if kind == "frozen":
            new, rule["allow"] = old, "frozen"
        elif kind == "any":
            rule["allow"] = "any"
        elif kind == "type":
            dtype = generator.pick("F32", "F64")
        if kind == "rows":
            mask = np.zeros(matrix.shape)
            mask[:count] = 1
            new = old + (new - old) * mask.reshape(old.shape)
            rule["allow"] = {"rows": count}
        elif kind == "entries":
            mask = np.zeros(old.size)
            mask[: min(5, old.size)] = 1
            new = old + (new - old) * mask.reshape(old.shape)
            rule["allow"] = {"entries": min(5, old.size)}
        groups = [m for m in (2, 4, 8, 16) if matrix.shape[1] % m == 0]
        if kind == "pattern" and groups:
            m = generator.pick(*groups)
            n = generator.pick(1, 1, m // 2)
            new = old + linked.thinned(generator.random, new - old, n, m)
            rule["allow"] = {"pattern": {"of": "drift", "n": n, "m": m}}
        if kind == "grow":
            extra = generator.random.normal(size=(generator.pick(0, 1, 2), *old.shape[1:])) * 0.01
            new = np.concatenate([new, extra])
        if grown or kind == "grow":
            rule["grow"] = {"rows": new.shape[0] - base.shape[0] + 1}
        stored = rounded(new, dtype)
        extended = np.zeros_like(stored)
        extended.reshape(-1)[: old.size] = old.reshape(-1)
        drift = stored - extended
        norm, largest = float(np.linalg.norm(drift)), float(np.abs(drift).max(initial=0))
        if kind != "any":
            drifts += norm**2
        if "allow" not in rule:
            clause = {"norm": generator.bound(norm, base, relative="heads" not in rule)}
            if kind == "sum":
                clause = {"rank": generator.pick(1, 2), "residual": generator.bound(norm, base)}
                clause = [clause, {"norm": generator.bound(norm, base)}] if generator.pick(0, 1) else clause
            elif kind == "entrywise":
                clause = {"entrywise": {"absolute": decimal(2 * largest + 1e-4)}}
            elif kind == "heads":
                rule["heads"] = {"of": "rows", "size": matrix.shape[0] // generator.pick(1, 1) or 1}
                if old.ndim == 3:
                    rule["heads"] = {"of": "slices"}
                clause = {"norm": {"absolute": decimal(norm * 1.1 + 1e-6)}}
            rule["allow"] = clause
        if rule["allow"] == {"rows": count} and (grown or kind == "grow"):
            rule["allow"] = {"rows": count + 3}
        case.tuned[name] = Tensor.of(new, dtype)
        case.rules.append(rule)
    if generator.pick(0, 0, 1):
        case.total = {"absolute": decimal(drifts**0.5 * 1.2 + 1e-6)}
    return case


def make(generator: Generator, folder: Path) -> Chain | None:
    """A chain of two or three certificates, or None where the program refuses a link."""
    folder.mkdir(parents=True, exist_ok=True)
    first = _start(generator)
    write_safetensors(folder / "m0.safetensors", first)
    identity = folder / "m0.identity.json"
    if run("identify", folder / "m0.safetensors", "-o", identity, "-q").returncode:
        return None
    chain = Chain(
        folder, identity, [], [], list(first), {n: float(np.linalg.norm(t.values())) for n, t in first.items()}
    )
    before = first
    for number in range(1, generator.pick(2, 3) + 1):
        case = _step(generator, first, before, number > 1)
        write_safetensors(folder / f"m{number}.safetensors", case.tuned)
        policy, certificate = folder / f"p{number}.json", folder / f"m{number}.drift"
        policy.write_text(json.dumps(case.policy(f"step {number}")))
        parent = ["--parent", chain.certificates[-1]] if chain.certificates else []
        done = run(
            "prove",
            "--base",
            folder / f"m{number - 1}.safetensors",
            "--tuned",
            folder / f"m{number}.safetensors",
            "--policy",
            policy,
            "--out",
            certificate,
            "--opening",
            folder / f"m{number}.secret",
            "-q",
            "--identity",
            identity,
            *parent,
        )
        if done.returncode:
            break
        chain.certificates.append(certificate)
        chain.policies.append(policy)
        before = case.tuned
    return chain if chain.certificates else None


def _cumulative(chain: Chain, draw) -> Path:
    """A cumulative policy with bounds around what the links add up to."""
    rules = []
    documents = [json.loads(path.read_text()) for path in chain.policies]
    for name in chain.names:
        clauses = []
        for _ in range(draw.choice([1, 1, 2])):
            factor = draw.choice([0.3, 0.9, 0.999, 1.0, 1.001, 1.1, 2, 10])
            size = sum(_stated(document, name, chain.norms[name]) for document in documents)
            kind = draw.choice(["norm", "norm", "relative", "sum", "rows", "entries", "entrywise", "exact", "pattern"])
            if kind == "norm":
                clauses.append({"norm": {"absolute": decimal(size * factor + 1e-5, False)}})
            elif kind == "relative" and chain.norms[name]:
                clauses.append({"norm": {"relative": decimal(size * factor / chain.norms[name], False)}})
            elif kind == "sum":
                clauses.append(
                    {"rank": draw.choice([1, 2, 4, 40]), "residual": {"absolute": decimal(size * factor, False)}}
                )
            elif kind in ("rows", "entries"):
                clauses.append({kind: draw.choice([1, 5, 10, 20, 5000])})
            elif kind == "entrywise":
                clauses.append({"entrywise": {"absolute": decimal(size * factor + 1e-4, False)}})
            elif kind == "pattern":
                m = draw.choice([2, 4, 8, 16])
                of = draw.choice(["drift", "drift", "drift", "tuned"])
                clauses.append({"pattern": {"of": of, "n": draw.randint(1, m - 1), "m": m}})
            else:
                clauses.append({"rank": draw.choice([1, 300])})
        rule = {"tensors": name, "allow": draw.choice([clauses, clauses, clauses, clauses, "frozen", "any"])}
        if isinstance(rule["allow"], list) and draw.random() < 0.4:
            rule["grow"] = {"rows": draw.choice([2, 8])}
        elif isinstance(rule["allow"], list) and draw.random() < 0.2:
            if not any("relative" in str(clause) for clause in clauses):
                rule["heads"] = draw.choice([{"of": "rows", "size": 1}, {"of": "slices"}, {"of": "columns", "size": 1}])
        rules.append(rule)
    policy = {"driftPolicy": 1, "name": "cumulative", "securityBits": 128, "rules": rules}
    if draw.random() < 0.4:
        totals = [document.get("total", {"norm": {"absolute": 1}})["norm"].get("absolute", 1) for document in documents]
        policy["total"] = {"norm": {"absolute": decimal(sum(totals) * draw.choice([0.5, 1, 1.001, 2, 10]))}}
    path = chain.folder / "cumulative.json"
    path.write_text(json.dumps(policy))
    return path


def _stated(document: dict, name: str, norm: float) -> float:
    """The largest norm that a policy states of a tensor, roughly."""
    allow = next(rule["allow"] for rule in document["rules"] if rule["tensors"] == name)
    found = [0.0]
    for clause in allow if isinstance(allow, list) else [allow]:
        for bound in clause.values() if isinstance(clause, dict) else ():
            if isinstance(bound, dict):
                found.append(bound.get("absolute", bound.get("relative", 0) * norm))
    return max(found)


def variants(chain: Chain, draw, count: int):
    """Arguments of `chain verify`."""
    import hashlib

    for number in range(count):
        order = list(range(len(chain.certificates)))
        choice = draw.choice(
            ["all", "cumulative", "cumulative", "cumulative", "shuffle", "missing", "twice", "revoked", "flip", "inner"]
        )
        if choice == "shuffle":
            draw.shuffle(order)
        elif choice == "missing" and len(order) > 1:
            order.pop(draw.randrange(len(order)))
        elif choice == "twice":
            order.append(draw.choice(order))
        certificates = [chain.certificates[index] for index in order]
        policies = [chain.policies[index] for index in order]
        if choice == "flip":
            index = draw.randrange(len(certificates))
            content = bytearray(certificates[index].read_bytes())
            content[draw.randrange(len(content))] ^= 1
            certificates[index] = chain.folder / "flipped.drift"
            certificates[index].write_bytes(bytes(content))
        arguments = [*certificates, "--base-identity", chain.identity]
        if choice != "inner":
            arguments += ["--policy", *policies]
        if choice == "cumulative" or draw.random() < 0.1:
            arguments += ["--cumulative", _cumulative(chain, draw)]
        if choice == "revoked":
            victim = draw.choice(certificates)
            digest = hashlib.sha256(victim.read_bytes()).hexdigest()
            commitment = victim.read_bytes()[12 + 40 + 40 + 8 :][:32].hex()
            entry = draw.choice([{"certificate": digest}, {"commitment": commitment}, {"commitment": digest}])
            date = draw.choice(
                ["2026-03-01T12:30:00Z", "2024-02-29T23:59:60.5+01:00", "2023-02-29T00:00:00Z", "2026-03-01t12:30:00Z"]
            )
            content = {
                "driftRevocations": 1,
                "revoked": [{**entry, "reason": draw.choice(["r", "r", "", "x" * 4097]), "date": date}],
            }
            path = chain.folder / "revoked.json"
            path.write_text(json.dumps(content))
            arguments += ["--revoked", path]
        yield arguments
