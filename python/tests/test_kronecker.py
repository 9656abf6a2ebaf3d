# SPDX-License-Identifier: Apache-2.0
"""Sums of Kronecker products, in certificates that the program makes, and along chains."""

import json
from pathlib import Path

import models
import numpy as np
import pytest
import tampering
from conftest import exit_code, subject_of
from models import Tensor

pytestmark = pytest.mark.usefixtures("program")


def written(folder: Path, tensors: dict[str, Tensor]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    models.write_safetensors(folder / "model.safetensors", tensors)
    return folder


def policy_file(path: Path, rules: list[dict]) -> Path:
    path.write_text(json.dumps({"driftPolicy": 1, "name": "p", "securityBits": 128, "rules": rules}))
    return path


def run(*arguments) -> None:
    done = models.run(*arguments, "-q")
    assert done.returncode == 0, done.stderr.decode()


def products(draw: np.random.Generator, shape: tuple[int, int], inner: tuple[int, int], terms: int) -> np.ndarray:
    """A sum of Kronecker products of multiples of 1/64, as numpy has them."""
    outer = shape[0] // inner[0], shape[1] // inner[1]
    parts = [np.kron(draw.integers(-15, 16, outer) / 64, draw.integers(-15, 16, inner) / 64) for _ in range(terms)]
    return sum(parts)


def kronecker(terms: int, height: int, width: int, **more) -> dict:
    return {"kronecker": {"terms": terms, "inner": [height, width]}, **more}


RULES = [
    {"tensors": "exact", "allow": kronecker(2, 8, 16)},
    {"tensors": "merged", "allow": [kronecker(1, 4, 8, residual={"relative": 0.003}), {"norm": {"relative": 2}}]},
    {"tensors": "sum", "allow": kronecker(1, 8, 4, rows=2, residual={"absolute": 0.01})},
    {"tensors": "entries", "allow": kronecker(1, 2, 32, entrywise={"absolute": 0.01})},
    {"tensors": "heads", "heads": {"of": "columns", "size": 32}, "allow": kronecker(1, 4, 16)},
]


def model(draw: np.random.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    base: dict[str, Tensor] = {}
    tuned: dict[str, Tensor] = {}
    for name, dtype, shape, inner, terms in (
        ("exact", "F32", (96, 48), (8, 16), 2),
        ("merged", "BF16", (40, 24), (4, 8), 1),
        ("sum", "F32", (24, 20), (8, 4), 1),
        ("entries", "F16", (160, 128), (2, 32), 1),
        ("heads", "F32", (16, 64), (4, 16), 1),
    ):
        values = models.rounded(draw.normal(size=shape) * 0.3, "BF16")
        values = models.rounded(values, dtype)
        changed = values + products(draw, shape, inner, terms)
        if name == "sum":
            changed[[3, 20]] += draw.normal(size=(2, shape[1]))
        base[name], tuned[name] = Tensor.of(values, dtype), Tensor.of(changed, dtype)
    return base, tuned


def test_verifies_and_mutations_agree(tmp_path, bench):
    base, tuned = model(np.random.default_rng(5))
    first, second = written(tmp_path / "base", base), written(tmp_path / "tuned", tuned)
    policy = policy_file(tmp_path / "policy.json", RULES)
    files = models.Files(tmp_path, tmp_path / "c.drift", tmp_path / "base.identity.json", policy)
    run("identify", first, "-o", files.identity)
    given = ["--identity", files.identity, "--policy", policy, "--out", files.certificate]
    run("prove", "--base", first, "--tuned", second, *given, "--opening", tmp_path / "opening.secret")
    subject = subject_of(files)
    assert bench.code(subject) == 0
    mutator = tampering.Mutator(2)
    for _ in range(20):
        kind, changed = mutator.mutated(subject)
        assert bench.code(changed) == bench.program_code(changed), kind


def test_chains_add_products_up(tmp_path):
    draw = np.random.default_rng(6)
    states = [models.rounded(draw.normal(size=(16, 24)), "BF16")]
    for _ in range(2):
        states.append(states[-1] + products(draw, (16, 24), (4, 8), 1))
    folders = [written(tmp_path / f"{n}", {"w": Tensor.of(state, "F32")}) for n, state in enumerate(states)]
    identity = tmp_path / "base.identity.json"
    run("identify", folders[0], "-o", identity)
    policy = policy_file(tmp_path / "p.json", [{"tensors": "w", "allow": kronecker(1, 4, 8)}])
    certificates = [tmp_path / "1.drift", tmp_path / "2.drift"]
    for number, certificate in enumerate(certificates):
        parent = ["--parent", certificates[0]] if number else []
        given = ["--policy", policy, "--out", certificate, "--opening", tmp_path / f"{number}.secret", *parent]
        run("prove", "--base", folders[number], "--tuned", folders[number + 1], "--identity", identity, *given)
    allowed = [
        (kronecker(2, 4, 8), 0),
        (kronecker(1, 4, 8), 10),
        (kronecker(2, 4, 8, rows=1), 0),
        (kronecker(2, 2, 8), 10),
        # 24 blocks of 16 entries.
        (kronecker(16, 2, 8), 0),
        (kronecker(15, 2, 8), 10),
        # Outer factors of 4 x 3, inner ones of 4 x 8: a rank of at most 12 each, of 16 rows.
        ({"rank": 16}, 0),
        ({"rank": 15}, 10),
        ({"norm": {"absolute": 100}}, 10),
        ("frozen", 10),
    ]
    for allow, code in allowed:
        cumulative = policy_file(tmp_path / "c.json", [{"tensors": "w", "allow": allow}])
        arguments = ["chain", "verify", *certificates, "--base-identity", identity, "--cumulative", cumulative]
        assert exit_code(*arguments) == code, allow
        assert models.run(*arguments, "-q").returncode == code, allow
