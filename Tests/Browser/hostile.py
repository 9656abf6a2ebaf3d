# SPDX-License-Identifier: Apache-2.0
"""Writes a pair of checkpoints whose names try to break a page, its identity's policy included: hostile.py FOLDER

A stack of layers as wide as BERT's, so that maps are split and merged; values are small and repeatable."""

import json
import pathlib
import random
import struct
import sys

HOSTILE = [
    "</script><script>document.title='broken'</script>",
    "\"><img src=x onerror=alert(1)>",
    "&lt;b&gt; & 'quotes' \"here\"",
    "bidi \u202egnp.exe \u2066isolate\u2069 \u200f",
    "control \u0001\u001b[31m\n\t\u007f\u0085",
    "hidden \u200b\ufeff\u00ad\u2028 tags \U000e0041",
    "עברית.0.משקל",
    "long " + "x" * 5000,
]
LAYERS = 14
MODULES = [
    f"{module}.{kind}"
    for module in (
        "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
        "attention.output.LayerNorm", "intermediate.dense", "output.dense", "output.LayerNorm")
    for kind in ("weight", "bias")
]
POLICY = {
    "driftPolicy": 1, "name": "hostile \u202e<i>names</i> & \"quotes\"", "securityBits": 128,
    "rules": [
        {"tensors": "*self.{query,value}.weight", "allow": {"rank": 1, "residual": {"relative": 0.01}}},
        {"tensors": "*dense.weight", "allow": [{"norm": {"relative": 0.1}}, {"rank": 2, "residual": {"absolute": 1}}]},
        {"tensors": "*.bias", "allow": {"entries": 3}},
        {"tensors": "encoder.layer.{3,5}.*", "allow": {"norm": {"relative": 0.2}}},
        {"tensors": "encoder.*", "allow": "frozen"},
        {"tensors": "*script*", "allow": {"norm": {"absolute": 1}}},
        {"tensors": "*", "allow": "any"},
    ],
}


def write(path, tensors):
    header, offset, data = {}, 0, b""
    for name, (shape, values) in tensors.items():
        block = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(block)]}
        offset, data = offset + len(block), data + block
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main(folder):
    folder = pathlib.Path(folder)
    draw = random.Random(7)
    names = [f"encoder.layer.{layer}.{module}" for layer in range(LAYERS) for module in MODULES] + HOSTILE
    base, tuned = {}, {}
    for name in names:
        shape = [8, 8] if name.endswith("weight") or name in HOSTILE else [8]
        values = [draw.uniform(-0.5, 0.5) for _ in range(64 if len(shape) == 2 else 8)]
        changed = list(values)
        if "query.weight" in name or "value.weight" in name:
            left, right = ([draw.uniform(-0.1, 0.1) for _ in range(8)] for _ in range(2))
            changed = [value + left[i // 8] * right[i % 8] for i, value in enumerate(values)]
        elif name.endswith(".bias"):
            changed[3] += 0.1
        elif name in HOSTILE:
            changed = [value * 1.001 for value in values]
        base[name], tuned[name] = (shape, values), (shape, changed)
    write(folder / "base.safetensors", base)
    write(folder / "tuned.safetensors", tuned)
    (folder / "policy.json").write_text(json.dumps(POLICY))


main(sys.argv[1])
