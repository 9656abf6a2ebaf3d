# SPDX-License-Identifier: Apache-2.0
"""Types and shapes of tensors (specification/files.md, section 3)."""

BITS = {
    **dict.fromkeys(("F4",), 4),
    **dict.fromkeys(("F6_E2M3", "F6_E3M2"), 6),
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"), 8),
    **dict.fromkeys(("I16", "U16", "F16", "BF16"), 16),
    **dict.fromkeys(("I32", "U32", "F32"), 32),
    **dict.fromkeys(("C64", "F64", "I64", "U64"), 64),
}
FLOATING = frozenset({"F64", "F32", "F16", "BF16"})
LIMIT = 1 << 63


def shape_problem(dtype: str, shape: tuple[int, ...]) -> str | None:
    """Why no tensor has this type and shape, or None."""
    if dtype not in BITS:
        return f"type {dtype!r} is unknown"
    product = 1
    for size in shape:
        product *= size
        if size >= LIMIT or product >= LIMIT:
            return "the sizes are too large"
    if product * BITS[dtype] >= LIMIT or product * BITS[dtype] % 8:
        return "the tensor has too many bits, or no whole bytes"
    return None
