# SPDX-License-Identifier: Apache-2.0
"""Patterns of zeros and bounds by a fraction of weights, in certificates that the program makes, and along chains."""

import json
from pathlib import Path

import models
import numpy as np
import pytest
import tampering
from conftest import exit_code, subject_of
from models import Tensor

pytestmark = pytest.mark.usefixtures("program")


def pruned(values: np.ndarray, n: int, m: int) -> np.ndarray:
    """The n largest of each m neighbours, and zeros."""
    groups = values.reshape(values.shape[0], -1, m).copy()
    order = np.argsort(np.abs(groups), axis=2)
    np.put_along_axis(groups, order[:, :, : m - n], 0, axis=2)
    return groups.reshape(values.shape)


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


def made(folder: Path, base: dict[str, Tensor], tuned: dict[str, Tensor], rules: list[dict]) -> models.Files:
    first, second = written(folder / "base", base), written(folder / "tuned", tuned)
    files = models.Files(
        folder, folder / "c.drift", folder / "base.identity.json", policy_file(folder / "policy.json", rules)
    )
    run("identify", first, "--commit", "-o", files.identity)
    given = ["--identity", files.identity, "--policy", files.policy, "--out", files.certificate]
    run("prove", "--base", first, "--tuned", second, *given, "--opening", folder / "opening.secret")
    return files


def linked_model(draw: np.random.Generator) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Tensors with rows of their own and shared ones, of all three forms, and others beside them."""
    base: dict[str, Tensor] = {}
    tuned: dict[str, Tensor] = {}

    def add(name: str, dtype: str, shape: tuple[int, ...], change) -> None:
        values = models.rounded(draw.normal(size=shape) * 0.05, dtype)
        if name == "zeros":
            values = pruned(values, 1, 2)
        base[name], tuned[name] = Tensor.of(values, dtype), Tensor.of(change(values), dtype)

    def sparse(step: int):
        def change(values: np.ndarray) -> np.ndarray:
            result = values.copy()
            result[:, ::step] += 0.001
            return result

        return change

    for name, shape in (("pruned.0", (40, 48)), ("pruned.1", (40, 48)), ("pruned.2", (300, 96))):
        add(name, "BF16", shape, lambda values: pruned(values * 1.001, 2, 4))
    for name, shape in (("drift.0", (200, 160)), ("drift.1", (24, 24))):
        add(name, "F32", shape, sparse(8))
    add("heads", "F32", (16, 64), sparse(4))
    add("zeros", "BF16", (128, 256), lambda values: values * 1.01)
    add("other", "F16", (48, 64), lambda values: values * 1.001)
    return base, tuned


RULES = [
    {
        "tensors": "pruned.*",
        "allow": [
            {"pattern": {"of": "tuned", "n": 2, "m": 4}},
            {"pattern": {"of": "tuned", "n": 4, "m": 8}},
            {"norm": {"relative": 2}},
        ],
    },
    {
        "tensors": "drift.*",
        "allow": [{"pattern": {"of": "drift", "n": 1, "m": 8}}, {"pattern": {"of": "drift", "n": 1, "m": 2}}],
    },
    {
        "tensors": "heads",
        "heads": {"of": "rows", "size": 4},
        "allow": {"pattern": {"of": "drift", "n": 1, "m": 4}},
    },
]
WITH_NORMS = [
    *RULES,
    {"tensors": "zeros", "allow": [{"pattern": {"of": "base"}}, {"pattern": {"of": "tuned", "n": 1, "m": 2}}]},
    {"tensors": "other", "allow": {"norm": {"relative": 1}}},
]
WITH_FRACTIONS = [
    *RULES,
    {"tensors": "zeros", "allow": [{"pattern": {"of": "base"}}, {"entrywise": {"ofWeight": 0.05}}]},
    {"tensors": "other", "allow": {"entrywise": {"ofWeight": 0.02, "absolute": 0.0001}}},
]


@pytest.mark.parametrize("rules", [WITH_NORMS, WITH_FRACTIONS], ids=["norms", "fractions"])
def test_verifies_and_mutations_agree(rules, tmp_path, bench):
    files = made(tmp_path / "case", *linked_model(np.random.default_rng(3)), rules)
    subject = subject_of(files)
    assert bench.code(subject) == 0
    mutator = tampering.Mutator(1)
    for _ in range(20):
        kind, changed = mutator.mutated(subject)
        assert bench.code(changed) == bench.program_code(changed), kind


def test_chains_add_patterns_up(tmp_path):
    """Two links of 1:8 are 2:8, and no more is forgotten: never an unchanged tensor, nor 1:8."""
    draw = np.random.default_rng(4)
    values = models.rounded(draw.normal(size=(24, 32)), "F32")
    states = [values]
    for column in (0, 3):
        changed = states[-1].copy()
        changed[:, column::8] += 0.01
        states.append(models.rounded(changed, "F32"))
    folders = [written(tmp_path / f"{n}", {"w": Tensor.of(state, "F32")}) for n, state in enumerate(states)]
    identity = tmp_path / "base.identity.json"
    run("identify", folders[0], "-o", identity)
    policy = policy_file(tmp_path / "p.json", [{"tensors": "w", "allow": {"pattern": {"of": "drift", "n": 1, "m": 8}}}])
    certificates = [tmp_path / "1.drift", tmp_path / "2.drift"]
    for number, certificate in enumerate(certificates):
        parent = ["--parent", certificates[0]] if number else []
        given = ["--policy", policy, "--out", certificate, "--opening", tmp_path / f"{number}.secret", *parent]
        run("prove", "--base", folders[number], "--tuned", folders[number + 1], "--identity", identity, *given)
    expected = {
        ("drift", 2, 8): 0,
        ("drift", 1, 4): 10,
        ("drift", 1, 8): 10,
        ("drift", 2, 4): 0,
        ("drift", 4, 16): 0,
        ("drift", 3, 16): 10,
    }
    allowed = [({"pattern": {"of": of, "n": n, "m": m}}, code) for (of, n, m), code in expected.items()]
    allowed += [({"entries": 24 * 8}, 0), ({"entries": 24 * 8 - 1}, 10), ("frozen", 10), ({"rank": 8}, 10)]
    for allow, code in allowed:
        cumulative = policy_file(tmp_path / "c.json", [{"tensors": "w", "allow": allow}])
        arguments = ["chain", "verify", *certificates, "--base-identity", identity, "--cumulative", cumulative]
        assert exit_code(*arguments) == code, allow
        assert models.run(*arguments, "-q").returncode == code, allow
