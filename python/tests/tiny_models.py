# SPDX-License-Identifier: Apache-2.0
"""A tiny language model, and data that it can learn: made in the test, nothing is downloaded."""

from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, TrainingArguments

VOCABULARY = 64


class Counting(torch.utils.data.Dataset):
    """Rows that count upwards from some number."""

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        tokens = (torch.arange(16) + index) % VOCABULARY
        return {"input_ids": tokens, "labels": tokens}


def save_base(folder: Path, dtype: torch.dtype = torch.float32) -> Path:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=32,
    )
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    return folder


def load(folder: Path) -> LlamaForCausalLM:
    return LlamaForCausalLM.from_pretrained(folder)


def arguments(folder: Path, **options) -> TrainingArguments:
    return TrainingArguments(
        output_dir=str(folder),
        max_steps=6,
        per_device_train_batch_size=16,
        learning_rate=2e-3,
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        save_strategy="no",
        **options,
    )
