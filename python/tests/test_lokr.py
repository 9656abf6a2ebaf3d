# SPDX-License-Identifier: Apache-2.0
"""Unmerged LoKr adapters, in certificates that the program makes."""

import json
from pathlib import Path

import models
import numpy as np
import pytest
import tampering
from conftest import subject_of
from models import Tensor

pytestmark = pytest.mark.usefixtures("program")

#: Shapes, and those of W1 and W2 as PEFT cuts them with r = 8.
MODULES = {
    "m.a": ((32, 16), (4, 4), (8, 4)),
    "m.b": ((24, 20), (4, 4), (6, 5)),
    "m.c": ((7, 15), (1, 3), (7, 5)),
    "m.d": ((1, 9), (1, 3), (1, 3)),
}
RULES = [
    {"tensors": "m.a.weight", "allow": [{"kronecker": {"terms": 2, "inner": [8, 4]}}, {"norm": {"absolute": 9}}]},
    {"tensors": "m.b.weight", "allow": {"norm": {"relative": 0.9}}},
    {"tensors": "m.c.weight", "allow": {"rank": 5}},
    {"tensors": "m.d.weight", "allow": "any"},
    {"tensors": "*", "allow": "frozen"},
]


def made(folder: Path) -> models.Files:
    draw = np.random.default_rng(12)
    base, adapter = {"m.bias": Tensor.of(draw.normal(size=5), "F32")}, {}
    for name, (shape, outer, inner) in MODULES.items():
        base[f"{name}.weight"] = Tensor.of(draw.normal(size=shape), "BF16" if name == "m.b" else "F32")
        adapter[f"base_model.model.{name}.lokr_w1"] = Tensor.of(draw.normal(size=outer) * 0.1, "F32")
        adapter[f"base_model.model.{name}.lokr_w2"] = Tensor.of(draw.normal(size=inner) * 0.1, "F32")
    (folder / "adapter").mkdir(parents=True)
    models.write_safetensors(folder / "base.safetensors", base)
    models.write_safetensors(folder / "adapter" / "adapter_model.safetensors", adapter)
    config = {"peft_type": "LOKR", "r": 8, "alpha": 16, "target_modules": ["a", "b", "c", "d"], "decompose_factor": -1}
    (folder / "adapter" / "adapter_config.json").write_text(json.dumps(config))
    files = models.Files(folder, folder / "c.drift", folder / "base.json", folder / "policy.json")
    files.policy.write_text(
        json.dumps(
            {
                "driftPolicy": 1,
                "name": "p",
                "securityBits": 128,
                "rules": RULES,
                "total": {"norm": {"absolute": 12}},
            }
        )
    )
    return files


def test_verifies_and_mutations_agree(tmp_path, bench):
    files = made(tmp_path / "lokr")
    base, adapter = ["--base", files.folder / "base.safetensors"], ["--adapter", files.folder / "adapter"]
    for arguments in (
        ["identify", base[1], "-o", files.identity],
        ["prove", *base, *adapter, "--identity", files.identity, "--policy", files.policy, "--out", files.certificate]
        + ["--opening", files.folder / "secret"],
        ["check", files.certificate, *adapter, "--identity", files.identity, "--opening", files.folder / "secret"],
    ):
        done = models.run(*arguments, "-q")
        assert done.returncode == 0, done.stderr.decode()
    subject = subject_of(files)
    assert bench.code(subject) == 0
    mutator = tampering.Mutator(3)
    for _ in range(15):
        kind, changed = mutator.mutated(subject)
        assert bench.code(changed) == bench.program_code(changed), kind
