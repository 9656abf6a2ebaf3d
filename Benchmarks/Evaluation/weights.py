# SPDX-License-Identifier: Apache-2.0
"""Checkpoints as arrays: reading, writing, storing in a type, adapters."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import load_file, save_file

TYPES = {"fp32": np.dtype(np.float32), "fp16": np.dtype(np.float16), "bf16": np.dtype(ml_dtypes.bfloat16)}
# Significant bits, the hidden one included.
PRECISION = {"fp32": 24, "fp16": 11, "bf16": 8}


def read(folder):
    return load_file(str(Path(folder) / "model.safetensors"))


def write(folder, tensors, source=None):
    """A model folder; its configuration is that of `source`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, str(folder / "model.safetensors"))
    if source is not None and (Path(source) / "config.json").exists():
        shutil.copy(Path(source) / "config.json", folder / "config.json")
    return folder


def stored(values, kind):
    """Rounded once, to nearest and ties to even, as a merge in float64 stores it."""
    # By way of float32 a bf16 value could be rounded twice: the first rounding goes to odd.
    if kind != "bf16":
        return values.astype(TYPES[kind])
    single = values.astype(np.float32)
    inexact = single.astype(np.float64) != values
    bits = single.view(np.int32)
    towards_zero = np.where(np.abs(single.astype(np.float64)) > np.abs(values), bits - 1, bits)
    return np.where(inexact, towards_zero | 1, bits).astype(np.int32).view(np.float32).astype(TYPES["bf16"])


def doubles(values):
    return values.astype(np.float32).astype(np.float64) if values.dtype == TYPES["bf16"] else values.astype(np.float64)


def cast(tensors, kind):
    return {
        name: stored(doubles(value), kind) if value.dtype in TYPES.values() else value
        for name, value in tensors.items()
    }


def norm(values):
    return float(np.linalg.norm(values.ravel()))


@dataclass
class Adapter:
    """LoRA matrices as PEFT saves them: W + scale·B·A."""

    folder: Path
    scale: float
    pairs: dict = field(default_factory=dict)

    @staticmethod
    def read(folder):
        configuration = json.loads((Path(folder) / "adapter_config.json").read_text())
        tensors = load_file(str(Path(folder) / "adapter_model.safetensors"))
        adapter = Adapter(Path(folder), configuration["lora_alpha"] / configuration["r"])
        for name, value in tensors.items():
            if not name.endswith(".lora_A.weight"):
                continue
            module = name.removesuffix(".lora_A.weight")
            other = tensors[module + ".lora_B.weight"]
            adapter.pairs[module.removeprefix("base_model.model.") + ".weight"] = (doubles(other), doubles(value))
        return adapter

    def product(self, tensor):
        left, right = self.pairs[tensor]
        return self.scale * (left @ right)

    @staticmethod
    def write(folder, base, tensors, rank, size, random):
        """A new adapter of random matrices: each product has the `size`-th part of its tensor's norm."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        saved, targets = {}, set()
        for tensor in tensors:
            weight = doubles(base[tensor])
            rows, columns = weight.shape
            left = random.standard_normal((rows, rank))
            right = random.standard_normal((rank, columns))
            length = (size * norm(weight) / norm(left @ right)) ** 0.5
            module = tensor.removesuffix(".weight")
            targets.add(module)
            saved[f"base_model.model.{module}.lora_A.weight"] = (length * right).astype(np.float32)
            saved[f"base_model.model.{module}.lora_B.weight"] = (length * left).astype(np.float32)
        save_file(saved, str(folder / "adapter_model.safetensors"))
        (folder / "adapter_config.json").write_text(
            json.dumps(
                {"peft_type": "LORA", "r": rank, "lora_alpha": rank, "target_modules": sorted(targets), "bias": "none"}
            )
        )
        return Adapter.read(folder)
