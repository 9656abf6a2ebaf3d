# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/Fixtures/c3a: small models, and what PEFT merges C3A adapters of three block sizes into them to.

Needs torch, peft and safetensors: python Tests/Interoperability/c3a_adapters.py FOLDER

It says, too, how far the merged changes are from blocks whose entry (i, j) is number (j - i) mod block of the adapter's kernel.
"""

import sys
from pathlib import Path

import peft
import torch
from safetensors.torch import save_file

#: Name of a layer, its outputs and inputs, and block_size.
LAYERS = {"pairs": (6, 10, 2), "eights": (24, 40, 8), "whole": (64, 128, 64)}


class Model(torch.nn.Module):
    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        for name, (outputs, inputs, _) in LAYERS.items():
            layer = torch.nn.Linear(inputs, outputs, bias=False, dtype=dtype)
            layer.weight.data.normal_(0, 0.05)
            self.add_module(name, layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.eights(x)


def blocks(kernel: torch.Tensor) -> torch.Tensor:
    """The change as docs/protocol.md writes it, in 64 bits."""
    down, across, size = kernel.shape
    places = (torch.arange(size)[None, :] - torch.arange(size)[:, None]) % size
    change = kernel.double()[:, :, places].permute(0, 2, 1, 3).reshape(down * size, across * size)
    return change / (across * size)


def write(folder: Path, dtype: torch.dtype) -> None:
    torch.manual_seed(12)
    model = Model(dtype)
    base = {f"{name}.weight": getattr(model, name).weight.detach().clone() for name in LAYERS}
    sizes = {name: size for name, (_, _, size) in LAYERS.items()}
    settings = peft.C3AConfig(
        block_size=2, block_size_pattern=sizes, target_modules=list(LAYERS), init_weights="gaussian")
    adapted = peft.get_peft_model(model, settings)
    kernels = {name: getattr(adapted.base_model.model, name).c3a_kernel["default"] for name in LAYERS}
    for name, kernel in kernels.items():
        # Changes of a tenth of the weights or so.
        kernel.data *= 0.005 * LAYERS[name][1]
    kernels = {name: kernel.detach().clone() for name, kernel in kernels.items()}
    merged = adapted.merge_and_unload()
    tuned = {f"{name}.weight": getattr(merged, name).weight.detach().clone() for name in LAYERS}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(base, folder / "base.safetensors")
    save_file(tuned, folder / "merged.safetensors")
    for name, kernel in kernels.items():
        key = f"{name}.weight"
        change = tuned[key].double() - base[key].double()
        rest = (change - blocks(kernel)).norm() / base[key].double().norm()
        print(f"{folder.name} {name}: ‖Δ‖ {change.norm() / base[key].double().norm():.3g} and rest {rest:.3g} of ‖W‖")


if __name__ == "__main__":
    for name, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        write(Path(sys.argv[1]) / name, dtype)
