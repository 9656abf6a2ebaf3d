# SPDX-License-Identifier: Apache-2.0
"""The random projection R (specification/transcript-and-field.md, section 7)."""

import numpy as np

from . import field as f
from .channel import Channel
from .field import Cubic
from .layout import LOG_CHUNK, PROJECTION_ROWS

BYTES_PER_COLUMN = 33


def draw_projection(channel: Channel) -> np.ndarray:
    """R as an array (2^14 columns, 132 rows) of -1, 0, 1."""
    content = channel.transcript.challenge_bytes("R", BYTES_PER_COLUMN << LOG_CHUNK)
    columns = np.frombuffer(content, dtype=np.uint8).reshape(1 << LOG_CHUNK, BYTES_PER_COLUMN)
    bits = np.unpackbits(columns, axis=1, bitorder="little").astype(np.int8)
    return bits[:, :PROJECTION_ROWS] + bits[:, PROJECTION_ROWS : 2 * PROJECTION_ROWS] - 1


def combine_rows(projection: np.ndarray, weights: list[Cubic]) -> np.ndarray:
    """R*(x) = Σ_m weight_m·R_m(x), an array (2^14, 3). Exact: by limbs of 16 bits, sums stay below 2^53."""
    words = f.cubic_array(weights)
    limbs = np.concatenate([(words >> np.uint64(16 * k)) & np.uint64(0xFFFF) for k in range(4)], axis=1)
    sums = projection.astype(np.float64) @ limbs.astype(np.float64)
    result = np.zeros((len(projection), 3), dtype=np.uint64)
    for k in range(4):
        part = sums[:, 3 * k : 3 * k + 3].astype(np.int64)
        in_field = np.where(part < 0, np.uint64(f.P) - (-part).astype(np.uint64), part.astype(np.uint64))
        in_field = np.where(part == 0, np.uint64(0), in_field)
        result = f.add(result, f.mul(in_field, np.full_like(in_field, 1 << (16 * k))))
    return result
