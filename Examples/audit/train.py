#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Trains the small language models beside this script, from the project's own texts. By hand; needs jax, tokenizers and
safetensors, and some ten minutes of one core.

    train.py [SECONDS]
    train.py --step FOLDER        one step of fine-tuning of model/, all weights, by Adam with a rate of 1e-4: FOLDER/step

model/    a llama of half a million parameters, SECONDS (240) long
small/    one of a fifth of its size: what a cheat would serve
other/    model's architecture from another seed
adapter/  model tuned further on shell and TOML files by an adapter of rank 4, as PEFT saves it
"""

import json
import os
import pathlib
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VOCABULARY = 1024
CONTEXT = 128
SIZES = {"model": (4, 96, 256, 4), "other": (4, 96, 256, 4), "small": (2, 48, 128, 2)}


def texts(patterns):
    found = sorted(path for pattern in patterns for path in ROOT.glob(pattern))
    return [path.read_text(encoding="utf-8") for path in found if ".build" not in path.parts and path.is_file()]


def tokenizer(corpus):
    result = Tokenizer(models.BPE())
    result.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    result.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    result.train_from_iterator(
        corpus,
        trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<|end|>"], initial_alphabet=alphabet),
    )
    return result


def fresh(key, layers, width, inner):
    keys = iter(jax.random.split(key, 8 * layers + 2))

    def weight(rows, columns):
        return jax.random.normal(next(keys), (rows, columns)) * columns**-0.5

    parameters = {"model.embed_tokens.weight": weight(VOCABULARY, width), "model.norm.weight": jnp.ones(width)}
    for layer in range(layers):
        name = f"model.layers.{layer}."
        parameters |= {name + f"self_attn.{part}_proj.weight": weight(width, width) for part in "qkvo"}
        parameters |= {name + f"mlp.{part}_proj.weight": weight(inner, width) for part in ("gate", "up")}
        parameters[name + "mlp.down_proj.weight"] = weight(width, inner)
        parameters[name + "input_layernorm.weight"] = jnp.ones(width)
        parameters[name + "post_attention_layernorm.weight"] = jnp.ones(width)
    return parameters


def normalised(x, scale):
    return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + 1e-5) * scale


def rotated(x):
    half = x.shape[3] // 2
    angle = jnp.arange(x.shape[1])[:, None] * 10000.0 ** (-jnp.arange(half) / half)
    cosine, sine = jnp.cos(angle)[None, :, None], jnp.sin(angle)[None, :, None]
    a, b = x[..., :half], x[..., half:]
    return jnp.concatenate([a * cosine - b * sine, b * cosine + a * sine], -1)


def logits(parameters, ids, layers, heads):
    hidden = parameters["model.embed_tokens.weight"][ids]
    batch, length = ids.shape
    mask = jnp.tril(jnp.ones((length, length), bool))
    for layer in range(layers):
        name = f"model.layers.{layer}."
        x = normalised(hidden, parameters[name + "input_layernorm.weight"])

        def split(part):
            return (x @ parameters[name + f"self_attn.{part}_proj.weight"].T).reshape(batch, length, heads, -1)

        query, key, value = rotated(split("q")), rotated(split("k")), split("v")
        score = jnp.einsum("bthd,bshd->bhts", query, key) * query.shape[-1] ** -0.5
        mixed = jnp.einsum("bhts,bshd->bthd", jax.nn.softmax(jnp.where(mask, score, -1e30), -1), value)
        hidden += mixed.reshape(batch, length, -1) @ parameters[name + "self_attn.o_proj.weight"].T
        x = normalised(hidden, parameters[name + "post_attention_layernorm.weight"])
        gate, up = (x @ parameters[name + f"mlp.{part}_proj.weight"].T for part in ("gate", "up"))
        hidden += (jax.nn.silu(gate) * up) @ parameters[name + "mlp.down_proj.weight"].T
    return normalised(hidden, parameters["model.norm.weight"]) @ parameters["model.embed_tokens.weight"].T


def train(trained, complete, ids, layers, heads, seed, seconds, rate, steps):
    """Adam on `trained`, which `complete` makes a model of."""
    draws = np.random.default_rng(seed)

    def loss(trained, batch):
        values = jax.nn.log_softmax(logits(complete(trained), batch[:, :-1], layers, heads))
        return -jnp.mean(jnp.take_along_axis(values, batch[:, 1:, None], -1))

    @jax.jit
    def step(trained, first, second, batch, count, rate):
        value, gradient = jax.value_and_grad(loss)(trained, batch)
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jax.tree.map(lambda v, g: 0.98 * v + 0.02 * g * g, second, gradient)
        trained = jax.tree.map(
            lambda w, m, v: w - rate * (m / (1 - 0.9**count)) / (jnp.sqrt(v / (1 - 0.98**count)) + 1e-8),
            trained, first, second,
        )
        return trained, first, second, value

    first = second = jax.tree.map(jnp.zeros_like, trained)
    begun = time.time()
    for count in range(1, steps + 1):
        starts = draws.integers(0, len(ids) - CONTEXT - 1, 16)
        batch = np.stack([ids[start : start + CONTEXT + 1] for start in starts])
        left = max(0.05, 1 - max(count / steps, (time.time() - begun) / seconds))
        trained, first, second, value = step(trained, first, second, batch, float(count), rate * min(1, count / 40) * left)
        if count % 100 == 0:
            print(count, round(float(value), 3), round(time.time() - begun), flush=True)
        if time.time() - begun > seconds:
            break
    return trained


def save(folder, parameters, coder, size):
    layers, width, inner, heads = size
    folder.mkdir(exist_ok=True)
    save_file({key: np.asarray(value, np.float16) for key, value in parameters.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "architectures": ["LlamaForCausalLM"], "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "silu",
                "hidden_size": width, "intermediate_size": inner, "max_position_embeddings": 512,
                "model_type": "llama", "num_attention_heads": heads, "num_hidden_layers": layers,
                "num_key_value_heads": heads, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
                "tie_word_embeddings": True, "torch_dtype": "float16", "vocab_size": VOCABULARY,
            },
            indent=2,
        )
        + "\n"
    )
    coder.save(str(folder / "tokenizer.json"))


def adapted(parameters, adapter):
    result = dict(parameters)
    for name in {key.rsplit(".lora_", 1)[0] for key in adapter}:
        result[name + ".weight"] += 2 * adapter[name + ".lora_B.weight"] @ adapter[name + ".lora_A.weight"]
    return result


def one_step(folder):
    coder = Tokenizer.from_file(str(HERE / "model/tokenizer.json"))
    weights = {name: jnp.asarray(value, jnp.float32) for name, value in load_file(HERE / "model/model.safetensors").items()}
    ids = np.concatenate([np.array(coder.encode(text).ids, np.int32) for text in texts(["scripts/*", "Tests/Mutants/*.toml"])])
    layers, _, _, heads = SIZES["model"]
    # Rates rise over 40 steps and end at a twentieth; this step is the first and the last.
    stepped = train(weights, lambda all: all, ids, layers, heads, 3, 60, 40 * 20 * 1e-4, 1)
    save(folder, stepped, coder, SIZES["model"])


def main():
    if sys.argv[1:2] == ["--step"]:
        return one_step(pathlib.Path(sys.argv[2]) / "step")
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 240.0
    corpus = texts(["README.md", "docs/**/*.md", "Sources/**/*.swift", "Sources/**/*.c", "python/src/**/*.py"])
    coder = tokenizer(corpus)
    ids = np.concatenate([np.array(coder.encode(text).ids, np.int32) for text in corpus])
    print(len(ids), "tokens", flush=True)
    made = {}
    for seed, (name, size) in enumerate(SIZES.items()):
        layers, width, inner, heads = size
        start = fresh(jax.random.key(seed), layers, width, inner)
        share = 0.5 if name == "small" else 1
        made[name] = train(start, lambda all: all, ids, layers, heads, seed, seconds * share, 4e-3, 3000)
        save(HERE / name, made[name], coder, size)
    layers, width, _, heads = SIZES["model"]
    keys = iter(jax.random.split(jax.random.key(9), 2 * layers))
    adapter = {}
    for layer in range(layers):
        for part in "qv":
            name = f"model.layers.{layer}.self_attn.{part}_proj"
            adapter[name + ".lora_A.weight"] = jax.random.normal(next(keys), (4, width)) * 0.05
            adapter[name + ".lora_B.weight"] = jnp.zeros((width, 4))
    other = texts(["scripts/*", "Tests/Mutants/*.toml"])
    other_ids = np.concatenate([np.array(coder.encode(text).ids, np.int32) for text in other])
    adapter = train(
        adapter, lambda adapter: adapted(made["model"], adapter), other_ids, layers, heads, 7, seconds / 4, 2e-3, 60
    )
    folder = HERE / "adapter"
    folder.mkdir(exist_ok=True)
    save_file(
        {"base_model.model." + key: np.asarray(value, np.float32) for key, value in adapter.items()},
        folder / "adapter_model.safetensors",
    )
    (folder / "adapter_config.json").write_text(
        json.dumps(
            {
                "base_model_name_or_path": "../model", "bias": "none", "fan_in_fan_out": False, "lora_alpha": 8,
                "peft_type": "LORA", "r": 4, "target_modules": ["q_proj", "v_proj"], "task_type": "CAUSAL_LM",
            },
            indent=2,
        )
        + "\n"
    )


main()
