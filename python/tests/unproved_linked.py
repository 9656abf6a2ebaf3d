# SPDX-License-Identifier: Apache-2.0
"""Certificates without a proof beside made-up linked identities: random numbers of the base's tableau under roundings,
fractions of weights and patterns, aligned or not. The tableau's roots are of nothing; no verifier can tell.
"""

import copy
import hashlib
import json
import math
import random
from dataclasses import replace

import tampering
from unproved import QUERIES

from driftproof.independent import read_identity
from driftproof.independent.certificate import Certificate
from driftproof.independent.identity import (
    LinkedTensor,
    chunk_positions,
    linked_units,
    tree_members,
)
from driftproof.independent.layout import Layout
from driftproof.independent.manifest import Manifest, TunedTensor
from driftproof.independent.parameters import CodeParameters
from driftproof.independent.statement import Statement, TableauTensor
from driftproof.independent.wire import i64, sha256, text, u32, u64

SIXTEEN_BITS = ("F16", "BF16")


class LinkedDraft:
    """Draws one certificate."""

    def __init__(self, seed: int):
        self.draw = random.Random(seed)
        self.aligned = self.draw.random() < 0.35
        self.lines: list[dict] = []
        self.rules: list[dict] = []
        self.tensors: list[TunedTensor] = []

    def number(self, low: float, high: float) -> float:
        return float(f"{10 ** self.draw.uniform(low, high):.{self.draw.randint(1, 6)}g}")

    def _shape(self) -> list[int]:
        spread = self.draw.choice([5, 9, 13, 17, 21, 24])
        if self.draw.random() < 0.2:
            return [max(1, int(2 ** self.draw.uniform(0, min(spread, 14))))]
        rows = max(1, int(2 ** self.draw.uniform(0, spread / 2 + 2)))
        columns = max(1, int(2 ** self.draw.uniform(0, spread / 2)))
        return [rows, columns * self.draw.choice([1, 1, 2, 8, 64])]

    def _clauses(self, columns: int) -> list[dict]:
        draw, found = self.draw, []
        divisors = [m for m in (2, 4, 8, 16, 32, 64) if columns % m == 0]
        for _ in range(draw.choice([1, 1, 2, 3])):
            kind = draw.choice(["rounding", "rounding", "weight", "weight", "pattern", "pattern", "entrywise", "norm"])
            if kind == "norm":
                found.append(
                    {"norm": draw.choice([{"absolute": self.number(-3, 3)}, {"relative": self.number(-4, 0)}])}
                )
            elif kind == "entrywise":
                found.append({"entrywise": {"absolute": self.number(-3, 1)}})
            elif kind == "pattern":
                if not divisors or draw.random() < 0.25:
                    found.append({"pattern": {"of": "base"}})
                    continue
                m = draw.choice(divisors)
                of = draw.choice(["drift", "tuned"])
                found.append({"pattern": {"of": of, "n": draw.randint(1, m - 1), "m": m}})
            else:
                clause: dict = {}
                if draw.random() < 0.7:
                    clause["rank"] = draw.choice([1, 4, 8, 64, draw.randint(1, 300)])
                elif draw.random() < 0.4:
                    clause[draw.choice(["entries", "rows", "columns"])] = draw.choice([1, 5, 100])
                if kind == "weight":
                    clause["entrywise"] = {"ofWeight": min(1, self.number(-4, 0))}
                    if draw.random() < 0.5:
                        clause["entrywise"]["absolute"] = self.number(-6, 0)
                elif draw.random() < 0.6:
                    clause["rounding"] = {"halfUlps": round(draw.uniform(1, 2), draw.randint(1, 4))}
                else:
                    of = draw.sample(["tuned", "base", "update"], draw.randint(1, 3))
                    clause["rounding"] = {"roundoffs": round(draw.uniform(0.5, 4), draw.randint(1, 4)), "of": of}
                found.append(clause)
        # Most statements want a norm beside the rest.
        return found + [{"norm": {"relative": 1}}] * (draw.random() < 0.6)

    def _add(self, name: str) -> None:
        draw, shape = self.draw, self._shape()
        entries = math.prod(shape)
        dtype = draw.choice(SIXTEEN_BITS) if draw.random() < 0.9 else "F32"
        bits = draw.randint(6, 24)
        largest = draw.choice([0, 1, draw.randint(1, 2**12), draw.randint(2**12, 2**26), draw.randint(1, 2**26)])
        most = entries * largest**2
        square = min(most, max(largest**2, int(most * 10 ** draw.uniform(-4, 0))))
        digest = hashlib.sha256(name.encode()).hexdigest()
        line = {"name": name, "dtype": dtype, "shape": shape, "fractionBits": bits, "sumOfSquares": str(square)}
        self.lines.append(line | {"maxAbs": largest, "sha256": digest})
        columns = entries if len(shape) == 1 else math.prod(shape[1:])
        is_frozen = dtype == "F32" or draw.random() < 0.2
        allow = "frozen" if is_frozen else self._clauses(columns)
        self.rules.append({"tensors": name, "allow": allow})
        kind = (0, None, 0) if is_frozen else (1, bytes(32), 0)
        self.tensors.append(TunedTensor(name, dtype, tuple(shape), *kind))

    def _linked(self, code: CodeParameters) -> dict:
        """A linked part that fits the shapes and numbers."""
        plain = read_identity(tampering.resealed_identity({"driftIdentity": 1, "root": "", "tensors": self.lines}))
        lines, tensors = {}, []
        for base in plain.tensors:
            if base.dtype not in SIXTEEN_BITS:
                continue
            rows, columns = (1, base.entries) if len(base.shape) < 2 else (base.shape[0], math.prod(base.shape[1:]))
            share = self.draw.choice([1, 1, 0.5, 0.1, 10 ** self.draw.uniform(-4, 0)])
            heaviest = max(base.max_abs**2, int(base.sum_of_squares * share))
            lines[base.name] = LinkedTensor(heaviest, self.draw.randint(0, base.entries), 0)
            units = linked_units(base, lines[base.name], chunk_positions(rows, columns))
            lines[base.name] = replace(lines[base.name], fraction_bits=units)
            tensors.append(TableauTensor(base.name, rows, columns, units, True))
        bare = CodeParameters(code.log_length, code.log_blowup, 1, 0, 1)
        layouts = [Layout(Statement(bare, tuple(tree))) for tree in tree_members(tensors, code.log_length)]
        for layout in layouts:
            for index, tensor in enumerate(layout.tensors):
                # No chunk is lighter than the average.
                chunks = sum(1 << each.piece.log_chunks for each in layout.square_pieces if each.tensor == index)
                least = -(-plain.by_name[tensor.name].sum_of_squares // chunks)
                if lines[tensor.name].heaviest_chunk < least and self.draw.random() < 0.95:
                    raise ValueError("too light")
        digest = text("driftproof/base-layout/v1") + u32(code.log_length) + u32(len(layouts))
        for layout in layouts:
            digest += u64(len(layout.tensors))
            for tensor in layout.tensors:
                digest += text(tensor.name) + u64(tensor.rows) + u64(tensor.columns) + i64(tensor.fraction_bits)
        trees = [{"rows": layout.row_count, "root": sha256(u64(n)).hex()} for n, layout in enumerate(layouts)]
        listed = [
            {
                "name": name,
                "heaviestChunk": str(line.heaviest_chunk),
                "entriesBelowFloor": line.entries_below_floor,
                "fractionBits": line.fraction_bits,
            }
            for name, line in lines.items()
        ]
        return {
            "logLength": code.log_length,
            "logBlowup": code.log_blowup,
            "bands": 1,
            "trees": trees,
            "layoutDigest": sha256(digest).hex(),
            "tensors": listed,
        }

    def subject(self) -> tampering.Subject | None:
        """The certificate, or None where the numbers fit no tableau."""
        draw = self.draw
        for number in range(draw.choice([1, 2, 3, 6])):
            self._add(f"layer.{number}.{draw.choice('wb')}")
        if not any(line["dtype"] in SIXTEEN_BITS for line in self.lines):
            return None
        policy = {"driftPolicy": 1, "name": "linked", "securityBits": 128, "rules": self.rules}
        if draw.random() < 0.3:
            policy["total"] = {"norm": {"absolute": self.number(-2, 4)}}
        spelled = json.dumps(policy)
        has_weights = any(word in spelled for word in ("rounding", "ofWeight"))
        version = 9 if "pattern" in spelled else 8 if has_weights else 6 if "entrywise" in spelled else 4
        if not self.aligned and version < 8:
            return None
        blowup = draw.randint(1, 5)
        length = draw.choice([14, 14, 14, 15, 16, 18, 20])
        code = CodeParameters(length, blowup, QUERIES[blowup], 20, 2 * QUERIES[blowup])
        try:
            linked = self._linked(code)
        except ValueError:
            return None
        value = {"driftIdentity": 3, "root": "", "tensors": copy.deepcopy(self.lines), "linked": linked}
        manifest = Manifest(version, None, code, 1, bytes(32), tuple(self.tensors), self.aligned)
        empty = Certificate(*[bytes(32)] * 3, tampering.manifest_bytes(manifest), b"", bytes(32), b"", b"")
        identity = tampering.resealed_identity(value)
        subject = tampering.Subject(tampering.certificate_bytes(empty), identity, spelled.encode())
        return tampering.resealed(subject, manifest, lay_out=True)
