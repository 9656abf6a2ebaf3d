# SPDX-License-Identifier: Apache-2.0
"""Circulant blocks, in certificates that the program makes, and along chains."""

import json
from pathlib import Path

import models
import numpy as np
import pytest
import tampering
from conftest import exit_code, subject_of
from models import Tensor

from driftproof.independent import field as f
from driftproof.independent.field import equality
from driftproof.independent.structure_stage import diagonal_weight

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


def circulant_change(draw: np.random.Generator, shape: tuple[int, int], size: int) -> np.ndarray:
    """Circulant blocks of multiples of 1/256, row by row as numpy rolls them."""
    down, across = shape[0] // size, shape[1] // size
    result = np.zeros(shape)
    for i in range(down):
        for j in range(across):
            first = draw.integers(-15, 16, size) / 256
            block = np.stack([np.roll(first, row) for row in range(size)])
            result[i * size : (i + 1) * size, j * size : (j + 1) * size] = block
    return result


def circulant(size: int, **more) -> dict:
    return {"circulant": {"block": size}, **more}


RULES = [
    {"tensors": "exact", "allow": circulant(16)},
    {"tensors": "merged", "allow": [circulant(8, residual={"relative": 0.003}), {"norm": {"relative": 2}}]},
    {"tensors": "sum", "allow": circulant(4, rows=2, residual={"absolute": 0.01})},
    {"tensors": "entries", "allow": circulant(32, entrywise={"absolute": 0.01})},
    {"tensors": "pairs", "heads": {"of": "columns", "size": 32}, "allow": circulant(2)},
    {"tensors": "product", "allow": {"kronecker": {"terms": 1, "inner": [4, 4]}}},
]


def model(draw: np.random.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    base: dict[str, Tensor] = {}
    tuned: dict[str, Tensor] = {}
    for name, dtype, shape, size in (
        ("exact", "F32", (96, 48), 16),
        ("merged", "BF16", (40, 24), 8),
        ("sum", "F32", (24, 20), 4),
        ("entries", "F16", (160, 128), 32),
        ("pairs", "F32", (6, 64), 2),
        ("product", "F32", (8, 12), 4),
    ):
        values = models.rounded(draw.normal(size=shape) * 0.3, "BF16")
        values = models.rounded(values, dtype)
        changed = values + circulant_change(draw, shape, size)
        if name == "sum":
            changed[[3, 20]] += draw.normal(size=(2, shape[1]))
        if name == "product":
            changed = values + np.kron(draw.integers(-3, 4, (2, 3)) / 16, draw.integers(-3, 4, (4, 4)) / 16)
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


def test_chains_keep_blocks(tmp_path):
    draw = np.random.default_rng(6)
    states = [models.rounded(draw.normal(size=(16, 24)), "BF16")]
    for _ in range(2):
        states.append(states[-1] + circulant_change(draw, (16, 24), 8))
    folders = [written(tmp_path / f"{n}", {"w": Tensor.of(state, "F32")}) for n, state in enumerate(states)]
    identity = tmp_path / "base.identity.json"
    run("identify", folders[0], "-o", identity)
    policy = policy_file(tmp_path / "p.json", [{"tensors": "w", "allow": circulant(8)}])
    certificates = [tmp_path / "1.drift", tmp_path / "2.drift"]
    for number, certificate in enumerate(certificates):
        parent = ["--parent", certificates[0]] if number else []
        given = ["--policy", policy, "--out", certificate, "--opening", tmp_path / f"{number}.secret", *parent]
        run("prove", "--base", folders[number], "--tuned", folders[number + 1], "--identity", identity, *given)
    allowed = [
        (circulant(8), 0),
        (circulant(8, rows=1), 0),
        (circulant(4), 10),
        ({"kronecker": {"terms": 5, "inner": [8, 8]}}, 10),
        # Two by three blocks: every matrix is a sum of six products.
        ({"kronecker": {"terms": 6, "inner": [8, 8]}}, 0),
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


def test_kappa_is_a_sum_over_diagonals():
    draw = np.random.default_rng(7)
    for log in (1, 2, 4):
        points = [
            [f.Cubic(*(int(value) for value in draw.integers(0, 2**62, 3))) for _ in range(log)] for _ in range(3)
        ]
        rows, columns, at = points
        expected = f.ZERO
        for i in range(1 << log):
            for j in range(1 << log):
                t = (j - i) % (1 << log)
                expected = expected + equality(rows, i) * equality(columns, j) * equality(at, t)
        assert diagonal_weight(rows, columns, at) == expected
