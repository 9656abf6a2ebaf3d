#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes a model of this folder as GGUF: gguf_files.py FOLDER OUT.gguf {F32,F16,Q8_0,Q4_0} [--adapter FOLDER]

Needs gguf and numpy.
"""

import json
import pathlib
import struct
import sys

import gguf
import numpy as np
from gguf import quants

KINDS = {"Q8_0": gguf.GGMLQuantizationType.Q8_0, "Q4_0": gguf.GGMLQuantizationType.Q4_0}
NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def tensors(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F16": np.float16, "F32": np.float32}
    return {
        name: np.frombuffer(data, kinds[entry["dtype"]], int(np.prod(entry["shape"])), 8 + length + entry["data_offsets"][0])
        .reshape(entry["shape"])
        .astype(np.float32)
        for name, entry in header.items()
    }


def rotated(weight, heads):
    """llama.cpp turns neighbouring entries of a head, transformers its two halves."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write(folder, out, kind, adapter=None):
    folder = pathlib.Path(folder)
    weights = tensors(folder / "model.safetensors")
    if adapter:
        factors = tensors(pathlib.Path(adapter) / "adapter_model.safetensors")
        settings = json.loads((pathlib.Path(adapter) / "adapter_config.json").read_text())
        scale = settings["lora_alpha"] / settings["r"]
        for key in factors:
            if key.endswith(".lora_A.weight"):
                name = key.removeprefix("base_model.model.").removesuffix(".lora_A.weight") + ".weight"
                weights[name] += scale * factors[key.replace("lora_A", "lora_B")] @ factors[key]
    config = json.loads((folder / "config.json").read_text())
    words = json.loads((folder / "tokenizer.json").read_text())["model"]
    vocabulary = sorted(words["vocab"], key=words["vocab"].get)
    heads = config["num_attention_heads"]
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_name("driftproof-example")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_rope_dimension_count(config["hidden_size"] // heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(len(vocabulary))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(vocabulary)
    writer.add_token_types([3 if number == 0 else 1 for number in range(len(vocabulary))])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in words["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template("{% for message in messages %}{{ message['content'] }}\n{% endfor %}")

    def add(name, weight):
        weight = np.ascontiguousarray(weight, np.float32)
        if weight.ndim == 1 or kind == "F32":
            writer.add_tensor(name, weight)
        elif kind == "F16":
            writer.add_tensor(name, weight.astype(np.float16))
        else:
            writer.add_tensor(name, quants.quantize(weight, KINDS[kind]), raw_dtype=KINDS[kind])

    add("token_embd.weight", weights["model.embed_tokens.weight"])
    add("output_norm.weight", weights["model.norm.weight"])
    for layer in range(config["num_hidden_layers"]):
        for name, short in NAMES.items():
            weight = weights[f"model.layers.{layer}.{name}.weight"]
            add(f"blk.{layer}.{short}.weight", rotated(weight, heads) if short in ("attn_q", "attn_k") else weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    arguments = sys.argv[1:]
    adapter = None
    if "--adapter" in arguments:
        place = arguments.index("--adapter")
        adapter = arguments[place + 1]
        del arguments[place : place + 2]
    write(*arguments, adapter=adapter)
