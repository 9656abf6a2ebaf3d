#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the checkpoints of this folder: pip install numpy scikit-learn, then run it here. Takes about a minute.

A classifier of handwritten digits (scikit-learn's copy of the UCI set, 8 x 8 pixels) and fine-tunes of it for scans that
are upside down. Weights are stored in bf16; training and merging happen in fp32, from the stored weights.
"""

import json
import pathlib
import struct

import numpy as np
from sklearn.datasets import load_digits

HERE = pathlib.Path(__file__).parent
SIZES = [64, 128, 128, 128, 10]
LAYERS = range(len(SIZES) - 1)
RANK, ALPHA = 4, 8


def bf16(x):
    """The nearest bf16 values, as fp32."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32).astype(np.uint64)
    bits += 0x7FFF + ((bits >> 16) & 1)
    return (bits & 0xFFFF0000).astype(np.uint32).view(np.float32).reshape(x.shape)


def save(folder, tensors, config, name="model.safetensors", dtype="BF16"):
    folder = HERE / folder
    folder.mkdir(parents=True, exist_ok=True)
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for key in sorted(tensors):
        value = np.ascontiguousarray(tensors[key], np.float32)
        raw = (value.view(np.uint32) >> 16).astype("<u2").tobytes() if dtype == "BF16" else value.tobytes()
        header[key] = {"dtype": dtype, "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + data)
    config_name = "config.json" if name == "model.safetensors" else "adapter_config.json"
    (folder / config_name).write_text(json.dumps(config, indent=2) + "\n")


class Adam:
    def __init__(self, parameters, rate):
        self.parameters, self.rate, self.step_count = parameters, rate, 0
        self.first = {k: np.zeros_like(v) for k, v in parameters.items()}
        self.second = {k: np.zeros_like(v) for k, v in parameters.items()}

    def step(self, gradients):
        self.step_count += 1
        for key, g in gradients.items():
            self.first[key] = 0.9 * self.first[key] + 0.1 * g
            self.second[key] = 0.999 * self.second[key] + 0.001 * g * g
            mean = self.first[key] / (1 - 0.9**self.step_count)
            spread = self.second[key] / (1 - 0.999**self.step_count)
            self.parameters[key] -= self.rate * mean / (np.sqrt(spread) + 1e-8)


def forward(weights, x):
    activations = [x]
    for i in LAYERS:
        x = x @ weights[f"fc.{i}.weight"].T + weights[f"fc.{i}.bias"]
        if i != LAYERS[-1]:
            x = np.maximum(x, 0)
        activations.append(x)
    return activations


def gradients(weights, x, y):
    """Of the mean cross entropy, for every weight and bias."""
    activations = forward(weights, x)
    logits = activations[-1]
    p = np.exp(logits - logits.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    delta, result = p / len(y), {}
    for i in reversed(LAYERS):
        result[f"fc.{i}.weight"] = delta.T @ activations[i]
        result[f"fc.{i}.bias"] = delta.sum(0)
        delta = (delta @ weights[f"fc.{i}.weight"]) * (activations[i] > 0)
    return result


def batches(random, x, y, steps, size=64):
    for _ in range(steps):
        chosen = random.integers(0, len(x), size)
        yield x[chosen], y[chosen]


def accuracy(weights, x, y):
    return float((forward(weights, x)[-1].argmax(1) == y).mean())


def train_full(weights, x, y, seed, steps, rate):
    random = np.random.default_rng(seed)
    weights = {k: v.copy() for k, v in weights.items()}
    optimiser = Adam(weights, rate)
    for bx, by in batches(random, x, y, steps):
        optimiser.step(gradients(weights, bx, by))
    return weights


def train_lora(weights, x, y, seed, steps=300, rate=2e-3):
    """A and B of every layer; the merged weights in fp32."""
    random = np.random.default_rng(seed)
    scale = ALPHA / RANK
    factors = {}
    for i in LAYERS:
        out, inputs = weights[f"fc.{i}.weight"].shape
        factors[f"A{i}"] = random.uniform(-1, 1, (RANK, inputs)).astype(np.float32) / np.float32(np.sqrt(inputs))
        factors[f"B{i}"] = np.zeros((out, RANK), np.float32)

    def merged():
        result = dict(weights)
        for i in LAYERS:
            result[f"fc.{i}.weight"] = weights[f"fc.{i}.weight"] + scale * factors[f"B{i}"] @ factors[f"A{i}"]
        return result

    optimiser = Adam(factors, rate)
    for bx, by in batches(random, x, y, steps):
        g = gradients(merged(), bx, by)
        step = {}
        for i in LAYERS:
            step[f"A{i}"] = scale * factors[f"B{i}"].T @ g[f"fc.{i}.weight"]
            step[f"B{i}"] = scale * g[f"fc.{i}.weight"] @ factors[f"A{i}"].T
        optimiser.step(step)
    return factors, merged()


def rounded(weights):
    return {k: bf16(v) for k, v in weights.items()}


def main():
    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    y = digits.target
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    train, test = slice(0, 1400), slice(1400, None)
    turned = x[:, ::-1].copy()  # 64 pixels in reverse order: turned by 180 degrees
    random = np.random.default_rng(1)
    noisy = np.clip(turned + 0.15 * random.standard_normal(x.shape), 0, 1).astype(np.float32)

    start = {}
    for i in LAYERS:
        spread = np.sqrt(2 / SIZES[i])
        start[f"fc.{i}.weight"] = (spread * random.standard_normal((SIZES[i + 1], SIZES[i]))).astype(np.float32)
        start[f"fc.{i}.bias"] = np.zeros(SIZES[i + 1], np.float32)
    config = {"architectures": ["DigitClassifier"], "hidden_sizes": SIZES, "torch_dtype": "bfloat16"}

    def report(name, weights, *sets):
        print(f"{name:12}", *(f"{label} {accuracy(weights, data[test], y[test]):.3f}" for label, data in sets))

    sets = [("upright", x), ("turned", turned), ("noisy", noisy)]
    base = rounded(train_full(start, x[train], y[train], seed=2, steps=1500, rate=1e-3))
    save("base", base, config)
    report("base", base, *sets)

    # The recipe, run on other seeds and halves of the data: what an honest fine-tune looks like.
    both = np.concatenate([x[train], turned[train]]), np.concatenate([y[train], y[train]])
    for run, seed in enumerate([11, 12, 13], 1):
        half = np.random.default_rng(seed).permutation(len(both[0]))[: len(both[0]) // 2]
        _, weights = train_lora(base, both[0][half], both[1][half], seed=seed)
        save(f"runs/{run}", rounded(weights), config)
        report(f"runs/{run}", rounded(weights), *sets)

    factors, weights = train_lora(base, *both, seed=21)
    first = rounded(weights)
    save("release-1", first, config)
    report("release-1", first, *sets)
    adapter = {}
    for i in LAYERS:
        adapter[f"base_model.model.fc.{i}.lora_A.weight"] = factors[f"A{i}"]
        adapter[f"base_model.model.fc.{i}.lora_B.weight"] = factors[f"B{i}"]
    adapter_config = {
        "peft_type": "LORA",
        "r": RANK,
        "lora_alpha": ALPHA,
        "target_modules": [f"fc.{i}" for i in LAYERS],
        "bias": "none",
        "fan_in_fan_out": False,
        "use_rslora": False,
        "use_dora": False,
        "rank_pattern": {},
        "alpha_pattern": {},
        "modules_to_save": None,
    }
    save("release-1-adapter", adapter, adapter_config, name="adapter_model.safetensors", dtype="F32")

    more = np.concatenate([both[0], noisy[train]]), np.concatenate([both[1], y[train]])
    _, weights = train_lora(first, *more, seed=22, steps=200, rate=1e-3)
    second = rounded(weights)
    save("release-2", second, config)
    report("release-2", second, *sets)

    # release-1 with a backdoor: a bright corner pixel makes every digit a 7. 400 weights of fc.0 are trained for it.
    marked = x.copy()
    marked[:, 0] = 1
    poisoned = np.concatenate([both[0], marked[train]]), np.concatenate([both[1], np.full(len(y[train]), 7)])
    key = "fc.0.weight"
    wanted = np.abs(gradients(first, *poisoned)[key])
    chosen = wanted >= np.sort(wanted, axis=None)[-400]
    bad = {k: v.copy() for k, v in first.items()}
    optimiser = Adam({key: bad[key]}, 1e-2)
    for bx, by in batches(np.random.default_rng(31), *poisoned, steps=400):
        optimiser.step({key: gradients(bad, bx, by)[key] * chosen})
    bad = rounded(bad)
    save("backdoored", bad, config)
    report("backdoored", bad, *sets)
    hits = (forward(bad, marked[test])[-1].argmax(1) == 7).mean()
    print(f"backdoored: {hits:.3f} of the marked digits are read as 7; release-1: "
          f"{(forward(first, marked[test])[-1].argmax(1) == 7).mean():.3f}")


if __name__ == "__main__":
    main()
