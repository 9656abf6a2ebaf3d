# SPDX-License-Identifier: Apache-2.0
"""Writes Tests/Fixtures/lokr: small models with LoKr adapters that PEFT made, and what PEFT merges them to.

Needs torch, peft and safetensors: python Tests/Interoperability/lokr_adapters.py FOLDER
"""

import sys
from pathlib import Path

import peft
import torch
from safetensors.torch import save_file

#: Folder, type, settings of the adapter.
CASES = [
    ("whole-f64", torch.float64, {"r": 64, "alpha": 24, "target_modules": ["wide", "tall", "prime", "kernels", "point"]}),
    ("factored-f64", torch.float64, {
        "r": 2, "alpha": 3, "decompose_factor": 4, "decompose_both": True, "target_modules": ["wide", "tall", "kernels"],
        "rank_pattern": {"tall": 1}, "alpha_pattern": {"wide": 5},
    }),
    ("effective-f64", torch.float64, {
        "r": 2, "alpha": 3, "use_effective_conv2d": True, "target_modules": ["kernels", "point", "wide"],
    }),
    ("flat-line-f64", torch.float64, {"r": 1, "alpha": 2, "target_modules": ["line"]}),
    ("whole-bf16", torch.bfloat16, {"r": 64, "alpha": 64, "target_modules": ["wide", "tall", "prime", "kernels"]}),
    ("refused-line", torch.float64, {"r": 64, "alpha": 2, "target_modules": ["line"]}),
]


class Model(torch.nn.Module):
    """Sizes that are no powers of two, a prime, kernels of one, two and no dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = torch.nn.Linear(40, 12)
        self.tall = torch.nn.Linear(9, 30)
        self.prime = torch.nn.Linear(7, 6)
        self.kernels = torch.nn.Conv2d(12, 20, 3)
        self.point = torch.nn.Conv2d(6, 8, 1)
        self.line = torch.nn.Conv1d(12, 10, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def contents(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.contiguous() for name, value in module.state_dict().items()}


def main(target: Path) -> None:
    for name, dtype, settings in CASES:
        torch.manual_seed(sum(name.encode()))
        folder = target / name
        folder.mkdir(parents=True, exist_ok=True)
        model = Model().to(dtype)
        save_file(contents(model), folder / "base.safetensors")
        tuned = peft.get_peft_model(model, peft.LoKrConfig(init_weights=False, **settings))
        for key, value in tuned.named_parameters():
            if "lokr_" in key:
                value.data = torch.randn(value.shape, dtype=torch.float32).to(value.dtype) * 0.2
        tuned.save_pretrained(folder / "adapter")
        (folder / "adapter" / "README.md").unlink(missing_ok=True)
        save_file(contents(tuned.merge_and_unload()), folder / "merged.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
