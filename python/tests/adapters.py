# SPDX-License-Identifier: Apache-2.0
"""Random unmerged adapters, and models into which one was merged under a policy with rounding bounds."""

import json
from pathlib import Path

import numpy as np
from models import Files, Generator, Tensor, decimal, run, write_safetensors


def _base(generator: Generator, types: tuple[str, ...]) -> dict[str, Tensor]:
    tensors = {}
    for number in range(generator.pick(1, 2, 3)):
        shape = tuple(int(2 ** generator.random.uniform(2, 7.5)) for _ in range(2))
        values = generator.random.normal(size=shape) * generator.pick(0.02, 0.05, 0.3)
        tensors[f"layer.{number}.weight"] = Tensor.of(values, generator.pick(*types))
    tensors["layer.9.bias"] = Tensor.of(
        generator.random.normal(size=int(generator.random.integers(1, 90))) * 0.1, types[0]
    )
    return tensors


def _adapter(generator: Generator, base: dict[str, Tensor], folder: Path) -> dict[str, tuple[int, float]]:
    """Writes an adapter on some of the matrices: rank and norm of each product."""
    folder.mkdir(parents=True, exist_ok=True)
    rank, alpha = generator.pick(1, 2, 3, 8), generator.pick(8, 16)
    tensors, products = {}, {}
    for name in [name for name in base if name.endswith("weight")]:
        if products and generator.pick(0, 0, 1):
            continue
        rows, columns = base[name].shape
        scale = 0.1 * float(np.abs(base[name].values()).mean()) ** 0.5 * 0.3
        down = generator.random.normal(size=(rank, columns)) * scale
        up = generator.random.normal(size=(rows, rank)) * scale
        module = name.removesuffix(".weight")
        tensors[f"base_model.model.{module}.lora_A.weight"] = Tensor.of(down, "F32")
        tensors[f"base_model.model.{module}.lora_B.weight"] = Tensor.of(up, "F32")
        products[name] = (rank, float(np.linalg.norm(up @ down)) * alpha / rank)
    config = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": alpha,
        "bias": "none",
        "fan_in_fan_out": False,
        "target_modules": [name.removesuffix(".weight") for name in products],
        "use_rslora": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config))
    write_safetensors(folder / "adapter_model.safetensors", tensors)
    return products


def _files(folder: Path, rules: list[dict], total: dict | None) -> Files:
    policy = {"driftPolicy": 1, "name": "adapter", "securityBits": 128, "rules": rules}
    if total:
        policy["total"] = {"norm": total}
    files = Files(folder, folder / "tuned.drift", folder / "base.json", folder / "policy.json")
    files.policy.write_text(json.dumps(policy))
    return files


def make_unmerged(generator: Generator, folder: Path) -> Files | int:
    """A certificate of an unmerged adapter."""
    folder.mkdir(parents=True, exist_ok=True)
    base = _base(generator, ("F32", "BF16", "F16"))
    products = _adapter(generator, base, folder / "adapter")
    rules, square = [], 0.0
    for name, tensor in base.items():
        rank, norm = products.get(name, (1, 0.01))
        size = float(np.linalg.norm(tensor.values()))
        square += norm**2
        norm_clause = {
            "norm": generator.pick(
                {"absolute": decimal(norm * 1.2 + 1e-4)}, {"relative": decimal(norm * 1.2 / size + 1e-4)}
            )
        }
        clauses = generator.pick(
            [{"rank": rank}],
            [norm_clause],
            [{"rank": rank + 1}, norm_clause],
            [{"rank": rank, "residual": {"relative": 0.01}}],
        )
        rules.append({"tensors": name, "allow": clauses if name in products else generator.pick("frozen", clauses)})
        if (
            name in products
            and clauses[0].get("rank")
            and len(clauses) == 1
            and generator.pick(0, 1)
            and tensor.shape[0] % 2 == 0
        ):
            rules[-1]["heads"] = {"of": "rows", "size": tensor.shape[0] // 2}
            rules[-1]["allow"] = [{"rank": rank}]
    total = {"absolute": decimal(square**0.5 * 1.3 + 1e-3)} if generator.pick(0, 1) else None
    files = _files(folder, rules, total)
    write_safetensors(folder / "base.safetensors", base)
    done = run("identify", folder / "base.safetensors", "-o", files.identity, "-q")
    if done.returncode == 0:
        done = run(
            "prove",
            "--base",
            folder / "base.safetensors",
            "--adapter",
            folder / "adapter",
            "--identity",
            files.identity,
            "--policy",
            files.policy,
            "--out",
            files.certificate,
            "--opening",
            folder / "opening.secret",
            "-q",
        )
    return done.returncode or files


def make_merged(generator: Generator, folder: Path) -> Files | int:
    """A certificate with rounding bounds."""
    folder.mkdir(parents=True, exist_ok=True)
    base = _base(generator, ("BF16", "F16"))
    products = _adapter(generator, base, folder / "adapter")
    rules = []
    for name, tensor in base.items():
        if name not in products:
            rules.append({"tensors": name, "allow": generator.pick("frozen", {"norm": {"absolute": 0.5}})})
            continue
        rank, norm = products[name]
        rounding = generator.pick(
            {"halfUlps": 1.05},
            {"halfUlps": 1.3},
            {"halfUlps": 2},
            {"roundoffs": 1.3},
            {"roundoffs": 2, "of": ["tuned", "base"]},
            {"roundoffs": 3, "of": ["tuned", "update"]},
            {"roundoffs": 4, "of": ["base", "tuned", "update"]},
        )
        clauses = [{"rank": rank, "rounding": rounding}]
        if generator.pick(0, 1, 1):
            clauses.append({"norm": {"absolute": decimal(norm * 1.3 + 1e-3)}})
        if generator.pick(0, 0, 1):
            clauses.append({"entrywise": {"absolute": decimal(norm + 0.01)}})
        rules.append({"tensors": name, "allow": clauses})
    files = _files(folder, rules, None)
    write_safetensors(folder / "base.safetensors", base)
    done = run("merge", folder / "base.safetensors", folder / "adapter", "--out", folder / "merged.safetensors", "-q")
    if done.returncode == 0:
        done = run("identify", folder / "base.safetensors", "--commit", "-o", files.identity, "-q")
    if done.returncode == 0:
        done = run(
            "prove",
            "--base",
            folder / "base.safetensors",
            "--tuned",
            folder / "merged.safetensors",
            "--adapter",
            folder / "adapter",
            "--identity",
            files.identity,
            "--policy",
            files.policy,
            "--out",
            files.certificate,
            "--opening",
            folder / "opening.secret",
            "-q",
        )
    return done.returncode or files
