# SPDX-License-Identifier: Apache-2.0
"""Certificates without a proof: random identities, policies and manifests whose hashes and layouts are right.

A verifier that derives the same statement gets as far as the proof, and finds that it ends; one that derives other
units, scales, tensors or rows stops at the layout digest. So derivations are compared without proving, at all sizes.
"""

import hashlib
import json
import math
import random

import tampering

from driftproof.independent.certificate import Certificate
from driftproof.independent.errors import VerificationFailure
from driftproof.independent.manifest import ADAPTER_UNCHANGED, PRODUCT, Manifest, TunedTensor
from driftproof.independent.parameters import CodeParameters
from driftproof.independent.verifier import verify

FLOATING = ("F32", "BF16", "F16", "F64")
QUERIES = {1: 254, 2: 124, 3: 82, 4: 61, 5: 49}


class Draft:
    """Draws one certificate."""

    def __init__(self, seed: int):
        self.draw = random.Random(seed)
        self.version = self.draw.choice([2, 4, 4, 4, 6, 6, 9, 9])
        self.is_adapter = self.draw.random() < 0.1
        self.lines: list[dict] = []
        self.rules: list[dict] = []
        self.tensors: list[TunedTensor] = []

    def number(self, low: float, high: float) -> float:
        return float(f"{10 ** self.draw.uniform(low, high):.{self.draw.randint(1, 12)}g}")

    def bound(self, in_heads: bool, low: float = -8, high: float = 3) -> dict:
        if in_heads or self.draw.random() < 0.5:
            return {"absolute": self.number(low, high)}
        return {"relative": self.number(-6, 1)}

    def clause(self, in_heads: bool, columns: int = 1) -> dict:
        """A clause; `columns` of the tensor, which a pattern's groups have to divide, or nearly always do."""
        draw, clause = self.draw, {}
        if self.version == 9 and draw.random() < 0.5:
            m = draw.choice([m for m in (2, 4, 8, 16, 32, 64) if columns % m == 0 or draw.random() < 0.02] or [2])
            return {"pattern": {"of": "drift", "n": draw.randint(1, m - 1), "m": m}}
        if draw.random() < 0.35:
            return {"norm": self.bound(in_heads, -8, 12)}
        if draw.random() < 0.7:
            clause["rank"] = draw.choice([1, 2, 8, 64, draw.randint(1, 1024)])
        if draw.random() < 0.3 or not clause:
            clause[draw.choice(["entries", "rows", "columns"])] = draw.choice([1, 5, 100, draw.randint(1, 2**20)])
        if draw.random() < 0.7:
            clause["residual"] = self.bound(in_heads, -9, 4)
        if self.version >= 6 and draw.random() < 0.5:
            clause["entrywise"] = self.bound(in_heads, -6, 2)
        return clause

    def heads(self, shape: list[int]) -> dict | None:
        rows = 1 if len(shape) == 1 else shape[0]
        columns = math.prod(shape) // rows
        of = self.draw.choice(["rows", "columns", "slices"])
        if of == "slices":
            return {"of": of} if len(shape) == 3 and self.version >= 4 else None
        length = rows if of == "rows" else columns
        sizes = [n for n in range(max(1, length // 200), min(length, 65536) + 1) if length % n == 0]
        return {"of": of, "size": self.draw.choice(sizes)} if sizes else None

    def add_tensor(self, name: str) -> None:
        draw = self.draw
        dimensions, spread = draw.choice([1, 2, 2, 2, 3]), draw.choice([6, 10, 14, 22])
        shape = [
            max(1, int(2 ** draw.uniform(0, spread / dimensions + draw.choice([0, 0, 3])))) for _ in range(dimensions)
        ]
        if draw.random() < 0.03:
            shape[draw.randrange(dimensions)] = 0
        entries, bits = math.prod(shape), draw.randint(-20, 24)
        largest = (
            draw.choice([0, draw.randint(0, 2**21), 2**20, draw.randint(1, 2**40) if bits == -20 else 1])
            if entries
            else 0
        )
        square = min(entries * largest**2, max(largest**2, int(entries * largest**2 * 10 ** draw.uniform(-8, 0))))
        dtype, digest = draw.choice(FLOATING), hashlib.sha256(name.encode()).hexdigest()
        self.lines.append(
            {"name": name, "dtype": dtype, "shape": shape, "fractionBits": bits, "sumOfSquares": str(square)}
            | {"maxAbs": largest, "sha256": digest}
        )
        rule: dict = {"tensors": name}
        tuned, choice = list(shape), draw.random()
        heads = self.heads(shape) if choice < 0.15 and entries else None
        if heads:
            rule["heads"] = heads
        elif 0.15 < choice < 0.3 and self.version >= 4 and entries and not self.is_adapter:
            more = draw.randint(0, 3)
            rule["grow"] = {"rows": max(1, more + draw.randint(0, 1))}
            tuned[0] += more
        columns = entries if dimensions == 1 else math.prod(shape[1:])
        rule["allow"] = [self.clause(heads is not None, columns) for _ in range(draw.choice([1, 1, 1, 2, 3]))]
        if len(rule) == 2 and draw.random() < 0.1:
            rule["allow"] = "frozen"
        self.rules.append(rule)
        is_frozen = rule["allow"] == "frozen" or math.prod(tuned) == 0
        if self.is_adapter:
            columns = entries if dimensions == 1 else math.prod(shape[1:])
            if is_frozen or draw.random() < 0.3:
                self.tensors.append(TunedTensor(name, dtype, tuple(shape), ADAPTER_UNCHANGED, None, 0))
            else:
                rank = min(draw.choice([1, 2, 8, 64, draw.randint(1, 1024)]), columns)
                self.tensors.append(TunedTensor(name, dtype, tuple(shape), PRODUCT, bytes(32), rank))
            return
        retyped = draw.choice(FLOATING) if self.version >= 4 and draw.random() < 0.2 else dtype
        change = (0, None, 0) if is_frozen else (1, bytes(32), 0)
        self.tensors.append(TunedTensor(name, retyped, tuple(tuned), *change))

    def subject(self) -> tampering.Subject:
        draw = self.draw
        for number in range(draw.choice([1, 1, 2, 3, 8])):
            self.add_tensor(f"t.{number}")
        policy = {"driftPolicy": 1, "name": "draft", "securityBits": 128, "rules": self.rules}
        if draw.random() < 0.4:
            policy["total"] = {"norm": self.bound(False, -3, 6)}
        if self.version == 9 and "pattern" not in json.dumps(policy):
            self.version = 6
        if self.version == 6 and "entrywise" not in json.dumps(policy):
            self.version = 4
        identity = tampering.resealed_identity({"driftIdentity": 1, "root": "", "tensors": self.lines})
        blowup = draw.randint(1, 5)
        code = CodeParameters(
            draw.choice([14, 14, 15, 16, 17, 18, 20, 22, 26]), blowup, QUERIES[blowup], 20, 2 * QUERIES[blowup]
        )
        manifest = Manifest(self.version, None, code, 1, bytes(32), tuple(self.tensors))
        empty = Certificate(*[bytes(32)] * 3, tampering.manifest_bytes(manifest), b"", bytes(32), b"", b"")
        subject = tampering.Subject(tampering.certificate_bytes(empty), identity, json.dumps(policy).encode())
        return tampering.resealed(subject, manifest, lay_out=True)


def reaches_proof(subject: tampering.Subject) -> bool:
    """Whether the independent verifier gets as far as the proof, which is missing."""
    try:
        identity = tampering.read_identity(subject.identity)
        verify(subject.certificate, identity, tampering.read_policy(subject.policy))
    except VerificationFailure as failure:
        return str(failure).startswith("proof:")
    return False


def program_reaches_proof(output: bytes) -> bool:
    """The same of the program, from its `--json`."""
    return "the proof ends" in (json.loads(output)["reason"] or "")
