# SPDX-License-Identifier: Apache-2.0
"""Random models under patterns, and under bounds by the base's own weights, beside an identity that commits to them."""

import json
from pathlib import Path

import models
import numpy as np
from models import Files, Generator, Tensor, decimal, rounded, run, write_safetensors

SIXTEEN_BITS = ("BF16", "F16")


def thinned(draw: np.random.Generator, values: np.ndarray, n: int, m: int) -> np.ndarray:
    """At most n of each m neighbours in a row, chosen anew in each group; zeros elsewhere."""
    matrix = Generator.matrix(values)
    groups = matrix.reshape(matrix.shape[0], -1, m)
    order = np.argsort(draw.random(groups.shape), axis=2)
    return np.where(order < n, groups, 0).reshape(values.shape)


def _shape(generator: Generator, m: int) -> tuple[int, ...]:
    """A shape whose rows are whole groups, now and then one with three dimensions."""
    rows = int(2 ** generator.random.uniform(0, 7))
    columns = m * max(1, int(2 ** generator.random.uniform(0, 6)) // 2)
    return generator.pick((rows, columns), (rows, columns), (rows, 2, columns // 2), (columns,))


def _pattern_of_drift(generator: Generator, rule: dict, base: np.ndarray, dtype: str, m: int) -> np.ndarray:
    n = int(generator.random.integers(1, m))
    change = generator.random.normal(size=base.shape) * (np.abs(base).mean() + 1e-3) * 0.3
    tuned = base + thinned(generator.random, change, n, m)
    clauses = [{"pattern": {"of": "drift", "n": n, "m": m}}]
    drift = rounded(tuned, dtype) - base
    if generator.pick(0, 1):
        clauses.append({"norm": generator.bound(float(np.linalg.norm(drift)), base)})
    if m < 64 and generator.pick(0, 0, 1):
        # Two groups side by side have at most twice as many.
        wide = {"pattern": {"of": "drift", "n": min(2 * n, 2 * m - 1), "m": 2 * m}}
        clauses += [wide] if Generator.matrix(base).shape[1] % (2 * m) == 0 else []
    rows = Generator.matrix(base).shape[0]
    if generator.pick(0, 0, 1) and base.ndim == 2 and len(clauses) == 1 and rows % 2 == 0:
        rule["heads"] = {"of": "rows", "size": rows // 2}
    rule["allow"] = clauses if len(clauses) > 1 else generator.pick(clauses, clauses[0])
    return tuned


def _pattern_of_tuned(generator: Generator, rule: dict, base: np.ndarray, dtype: str, m: int) -> np.ndarray:
    n = int(generator.random.integers(1, m))
    tuned = thinned(generator.random, base * generator.pick(1, 1.01, 0.9), n, m)
    norm = {"norm": generator.bound(float(np.linalg.norm(rounded(tuned, dtype) - base)), base)}
    rule["allow"] = [{"pattern": {"of": "tuned", "n": n, "m": m}}, norm]
    return tuned


def _pattern_of_base(generator: Generator, rule: dict, base: np.ndarray, dtype: str, m: int) -> np.ndarray:
    tuned = base * (1 + generator.random.normal(size=base.shape) * 0.01)
    drift = rounded(tuned, dtype) - base
    other = generator.pick(
        {"norm": generator.bound(float(np.linalg.norm(drift)), base)},
        {"entrywise": {"absolute": decimal(2 * float(np.abs(drift).max(initial=0)) + 1e-4)}},
    )
    rule["allow"] = [{"pattern": {"of": "base"}}, other]
    return tuned


def _of_weight(generator: Generator, rule: dict, base: np.ndarray, dtype: str, m: int) -> np.ndarray:
    share = generator.pick(0.02, 0.05, 0.3)
    tuned = base * (1 + generator.random.uniform(-0.4, 0.4, size=base.shape) * share)
    bound = {"ofWeight": decimal(share)}
    if generator.pick(0, 1):
        bound["absolute"] = decimal(float(np.abs(base).max(initial=0)) * 1e-3 + 1e-5)
    clause = {"entrywise": bound}
    if generator.pick(0, 0, 1):
        # The fit of a rank leaves more than the change was.
        tuned = base * (1 + generator.random.uniform(-0.01, 0.01, size=base.shape))
        clause = {"rank": generator.pick(1, 2), "entrywise": {"ofWeight": 0.9, "absolute": 0.1}}
    rule["allow"] = [clause] + generator.pick([], [{"norm": {"relative": 1}}])
    return tuned


def _norm(generator: Generator, rule: dict, base: np.ndarray, dtype: str, m: int) -> np.ndarray:
    return generator._norm(rule, base, dtype)


def make(generator: Generator, folder: Path) -> Files | int:
    """A certificate of a random statement, half of them beside a linked identity; the exit code where it is refused."""
    folder.mkdir(parents=True, exist_ok=True)
    case, is_linked = models.Case(), bool(generator.pick(0, 1, 1))
    free = [_pattern_of_drift, _pattern_of_drift, _norm]
    bound = [_pattern_of_tuned, _pattern_of_base, _of_weight, _of_weight]
    for number in range(generator.pick(1, 2, 3, 5)):
        kind = generator.pick(*(free + bound if is_linked else free))
        m = generator.pick(2, 4, 8, 16, 32, 64)
        dtype = generator.pick(*(SIXTEEN_BITS if kind in bound else models.FLOATING))
        base = generator.random.normal(size=_shape(generator, m)) * generator.pick(0.02, 0.3, 4.0)
        if kind == _pattern_of_base or generator.pick(0, 0, 0, 1):
            base = thinned(generator.random, base, generator.pick(1, m // 2) or 1, m)
        base, name = rounded(base, dtype), f"{generator.pick('layer', 'block')}.{number}.{generator.pick('w', 'b')}"
        rule: dict = {"tensors": name}
        case.base[name] = Tensor.of(base, dtype)
        case.tuned[name] = Tensor.of(kind(generator, rule, base, dtype, m), dtype)
        case.rules.append(rule)
    if generator.pick(0, 1):
        case.base["z"] = case.tuned["z"] = Tensor.of(np.ones((3, 5)), "BF16")
        case.rules.append({"tensors": "*", "allow": "frozen"})
    files = Files(folder, folder / "tuned.drift", folder / "base.json", folder / "policy.json")
    write_safetensors(folder / "base.safetensors", case.base)
    write_safetensors(folder / "tuned.safetensors", case.tuned)
    files.policy.write_text(json.dumps(case.policy("linked")))
    commit = ["--commit"] if is_linked else []
    done = run("identify", folder / "base.safetensors", *commit, "-o", files.identity, "-q")
    if done.returncode == 0:
        pair = ["--base", folder / "base.safetensors", "--tuned", folder / "tuned.safetensors"]
        made = ["--identity", files.identity, "--policy", files.policy, "--out", files.certificate]
        done = run("prove", *pair, *made, "--opening", folder / "opening.secret", "-q")
    return done.returncode or files
