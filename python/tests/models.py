# SPDX-License-Identifier: Apache-2.0
"""Random small models, policies that they obey, and the program that makes certificates of them."""

import json
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FLOATING = ("F32", "F16", "BF16", "F64")


def program() -> str | None:
    """The program `driftproof`: DRIFTPROOF names it, or it is on PATH."""
    return os.environ.get("DRIFTPROOF") or shutil.which("driftproof")


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([program(), *map(str, arguments)], capture_output=True, timeout=600)


# --- tensors and files ----------------------------------------------------------------------------------------------


def to_words(values: np.ndarray, dtype: str) -> np.ndarray:
    """Values in a type, as the words that are stored."""
    if dtype == "F64":
        return values.astype("<f8")
    if dtype == "F32":
        return values.astype("<f4")
    if dtype == "F16":
        return values.astype("<f2")
    bits = values.astype("<f4").view("<u4")
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def from_words(words: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "BF16":
        return (words.astype("<u4") << 16).view("<f4").astype(np.float64)
    return words.astype(np.float64)


def rounded(values: np.ndarray, dtype: str) -> np.ndarray:
    return from_words(to_words(values, dtype), dtype)


@dataclass
class Tensor:
    """A tensor as it is stored: floating values, or bytes of another type."""

    dtype: str
    shape: tuple[int, ...]
    content: bytes

    @staticmethod
    def of(values: np.ndarray, dtype: str) -> "Tensor":
        return Tensor(dtype, tuple(values.shape), to_words(values, dtype).tobytes())

    def values(self) -> np.ndarray:
        kinds = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
        return from_words(np.frombuffer(self.content, kinds[self.dtype]), self.dtype).reshape(self.shape)


def write_safetensors(path: Path, tensors: dict[str, Tensor]) -> None:
    header, at, contents = {}, 0, []
    for name, tensor in tensors.items():
        end = at + len(tensor.content)
        header[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": [at, end]}
        contents.append(tensor.content)
        at = end
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    path.write_bytes(struct.pack("<Q", len(encoded)) + encoded + b"".join(contents))


# --- random statements ----------------------------------------------------------------------------------------------


@dataclass
class Case:
    """A base, a tuned model, a policy, and what `prove` is called with."""

    base: dict[str, Tensor] = field(default_factory=dict)
    tuned: dict[str, Tensor] = field(default_factory=dict)
    rules: list[dict] = field(default_factory=list)
    total: dict | None = None

    def policy(self, name: str = "case") -> dict:
        result = {"driftPolicy": 1, "name": name, "securityBits": 128, "rules": self.rules}
        return {**result, "total": {"norm": self.total}} if self.total else result


def decimal(value: float, up: bool = True) -> float:
    """A short decimal near a value, not below it."""
    if value == 0:
        return 0
    short = float(f"{value:.3g}")
    return float(f"{value * 1.01:.3g}") if up and short < value else short


class Generator:
    """Draws statements of all kinds, small enough to be proved in a fraction of a second."""

    def __init__(self, seed: int, largest: int = 40000):
        self.random = np.random.default_rng(seed)
        self.largest = largest

    def pick(self, *choices):
        return choices[int(self.random.integers(len(choices)))]

    def shape(self, dimensions: int | None = None) -> tuple[int, ...]:
        dimensions = dimensions or self.pick(1, 1, 2, 2, 2, 2, 3)
        while True:
            sizes = tuple(int(2 ** self.random.uniform(0, 14 / dimensions + 1)) for _ in range(dimensions))
            if np.prod(sizes) <= self.largest:
                return sizes

    def weights(self, shape: tuple[int, ...]) -> np.ndarray:
        scale = self.pick(0.02, 0.05, 0.3, 1.0, 1e-3, 8.0)
        return self.random.normal(size=shape) * scale if self.random.random() > 0.05 else np.zeros(shape)

    def bound(self, size: float, base: np.ndarray, relative: bool = True, entrywise: bool = False) -> dict:
        """A bound that admits `size`, with some room."""
        size = size * float(self.random.uniform(1.03, 3)) + 1e-6
        measure = float(np.abs(base).max(initial=0)) if entrywise else float(np.linalg.norm(base))
        if relative and measure > 0 and self.random.random() < 0.5:
            return {"relative": decimal(size / measure)}
        return {"absolute": decimal(size)}

    def case(self) -> Case:
        case = Case()
        self.has_entrywise = self.random.random() < 0.3
        for number in range(self.pick(1, 1, 2, 3, 4, 6)):
            self._tensor(case, f"{self.pick('layer', 'block', 'ä')}.{number}.{self.pick('weight', 'bias', 'proj')}")
        if self.random.random() < 0.3:
            drift = sum(float(np.sum(d * d)) for d in self.drifts)
            norm = sum(float(np.sum(t.values() ** 2)) for t in case.base.values() if t.dtype in FLOATING)
            case.total = self.bound(drift**0.5, np.array([norm**0.5]))
        self.drifts = []
        if self.random.random() < 0.3:
            case.rules.append({"tensors": "*", "allow": "frozen"})
            case.base["z.last"] = case.tuned["z.last"] = Tensor.of(self.weights((3, 5)), "F32")
        return case

    drifts: list = []

    def _tensor(self, case: Case, name: str) -> None:
        kind = self.pick(
            "frozen",
            "retyped",
            "any",
            "integers",
            "norm",
            "norm",
            "rank",
            "rank",
            "sparse",
            "sparse",
            "sum",
            "both",
            "heads",
            "slices",
            "grow",
            "entrywise",
            "full rank",
            "circulant",
            "empty",
        )
        dtype, shape = self.pick(*FLOATING), self.shape(3 if kind == "slices" else None)
        if kind == "integers":
            content = self.random.integers(0, 100, size=shape).astype("<i4").tobytes()
            case.base[name] = case.tuned[name] = Tensor("I32", shape, content)
            case.rules.append({"tensors": name, "allow": "frozen"})
            return
        if kind == "empty":
            case.base[name] = case.tuned[name] = Tensor(dtype, (0, 4), b"")
            case.rules.append({"tensors": name, "allow": self.pick("frozen", {"norm": {"absolute": 1}})})
            return
        base = rounded(self.weights(shape), dtype)
        case.base[name] = Tensor.of(base, dtype)
        if kind == "any":
            case.tuned[name] = Tensor.of(self.weights(self.shape()), self.pick(*FLOATING))
            case.rules.append({"tensors": name, "allow": "any"})
            return
        if kind in ("frozen", "retyped"):
            wide = "F64" if kind == "retyped" else dtype
            case.tuned[name] = Tensor.of(base, wide)
            case.rules.append({"tensors": name, "allow": "frozen"})
            return
        rule: dict = {"tensors": name}
        tuned = getattr(self, "_" + kind.replace(" ", "_"))(rule, base, dtype)
        case.tuned[name] = Tensor.of(tuned, dtype)
        extended = np.zeros_like(tuned)
        extended.reshape(-1)[: base.size] = base.reshape(-1)
        self.drifts = [*self.drifts, rounded(tuned, dtype) - extended]
        case.rules.append(rule)

    @staticmethod
    def matrix(values: np.ndarray) -> np.ndarray:
        return values.reshape(1, -1) if values.ndim < 2 else values.reshape(values.shape[0], -1)

    def _noise(self, base: np.ndarray) -> np.ndarray:
        return self.random.normal(size=base.shape) * (np.abs(base).mean() + 1e-3) * self.pick(0.3, 0.01, 0.001)

    def _norm_rule(self, base, drift, relative=True) -> dict:
        return {"norm": self.bound(float(np.linalg.norm(drift)), base, relative)}

    def _norm(self, rule, base, dtype):
        tuned = base + self._noise(base)
        rule["allow"] = self._norm_rule(base, rounded(tuned, dtype) - base)
        return tuned

    def _rest(self, drift: np.ndarray, rank: int) -> float:
        values = np.linalg.svd(self.matrix(drift), compute_uv=False)
        return float(np.sqrt(np.sum(values[rank:] ** 2)))

    def _low(self, base: np.ndarray, rank: int) -> np.ndarray:
        rows, columns = self.matrix(base).shape
        scale = (np.abs(base).mean() + 1e-3) * 0.3
        product = self.random.normal(size=(rows, rank)) @ self.random.normal(size=(rank, columns))
        return (product * scale).reshape(base.shape)

    def _rank(self, rule, base, dtype):
        rank = self.pick(1, 2, 3, 8)
        tuned = base + self._low(base, rank)
        drift = rounded(tuned, dtype) - base
        residual = self.bound(2 * self._rest(drift, rank) + 1e-5 * float(np.linalg.norm(drift)), base)
        clause = {"rank": rank, "residual": residual}
        rule["allow"] = [clause, self._norm_rule(base, drift)] if self.random.random() < 0.4 else clause
        return tuned

    def _full_rank(self, rule, base, dtype):
        tuned = base + self._noise(base)
        rule["allow"] = [
            {"rank": min(1024, max(self.matrix(base).shape))},
            self._norm_rule(base, rounded(tuned, dtype) - base),
        ]
        if min(self.matrix(base).shape) > 1024:
            rule["allow"] = self._norm_rule(base, rounded(tuned, dtype) - base)
        return tuned

    def _circulant(self, rule, base, dtype):
        matrix = self.matrix(base)
        sizes = [n for n in (2, 4, 8, 16, 32, 64) if matrix.shape[0] % n == 0 and matrix.shape[1] % n == 0]
        if base.ndim != 2 or not sizes:
            return self._norm(rule, base, dtype)
        block = self.pick(*sizes)
        kernels = self.random.normal(size=(base.shape[0] // block, base.shape[1] // block, block))
        turned = np.stack([np.roll(kernels, row, axis=2) for row in range(block)], axis=2)
        change = turned.transpose(0, 2, 1, 3).reshape(base.shape)
        tuned = base + change * (np.abs(base).mean() + 1e-3) * 0.3
        drift = rounded(tuned, dtype) - base
        rest = self.bound(float(np.linalg.norm(drift)), base)
        clause = {"circulant": {"block": block}, "residual": rest}
        rule["allow"] = [clause, self._norm_rule(base, drift)] if self.random.random() < 0.3 else clause
        return tuned

    def _support(self, base: np.ndarray) -> tuple[str, int, np.ndarray]:
        matrix = self.matrix(base)
        form = self.pick("entries", "rows", "columns")
        size = {"entries": matrix.size, "rows": matrix.shape[0], "columns": matrix.shape[1]}[form]
        count = int(self.random.integers(1, min(size, 40) + 1))
        chosen = self.random.choice(size, count, replace=False)
        mask = np.zeros(matrix.shape, dtype=bool)
        if form == "entries":
            mask.reshape(-1)[chosen] = True
        elif form == "rows":
            mask[chosen] = True
        else:
            mask[:, chosen] = True
        return form, count, mask.reshape(base.shape)

    def _sparse(self, rule, base, dtype):
        form, count, mask = self._support(base)
        tuned = base + self._noise(base) * mask
        clause = {form: count}
        if self.random.random() < 0.3:
            tuned = tuned + self._noise(base) * 0.01
            rest = (rounded(tuned, dtype) - base) * ~mask
            clause["residual"] = self.bound(1.2 * float(np.linalg.norm(rest)), base)
        rule["allow"] = clause
        return tuned

    def _sum(self, rule, base, dtype):
        form, count, mask = self._support(base)
        rank = self.pick(1, 2)
        tuned = base + self._low(base, rank) + self._noise(base) * mask
        drift = rounded(tuned, dtype) - base
        clause = {"rank": rank, form: count, "residual": self.bound(float(np.linalg.norm(drift)), base)}
        rule["allow"] = [clause, self._norm_rule(base, drift)] if self.random.random() < 0.3 else clause
        return tuned

    def _both(self, rule, base, dtype):
        tuned = base + self._noise(base)
        drift = rounded(tuned, dtype) - base
        rule["allow"] = [self._norm_rule(base, drift), self._norm_rule(base, drift)]
        return tuned

    def _heads(self, rule, base, dtype):
        matrix, of = self.matrix(base), self.pick("rows", "columns")
        size = matrix.shape[0 if of == "rows" else 1]
        divisors = [n for n in range(1, size + 1) if size % n == 0 and size // n <= 16 and n <= 65536]
        rule["heads"] = {"of": of, "size": self.pick(*divisors)}
        tuned = base + self._noise(base)
        drift = rounded(tuned, dtype) - base
        rule["allow"] = self._norm_rule(base, drift, relative=False)
        if self.random.random() < 0.4:
            rule["allow"] = [
                rule["allow"],
                {"rank": 2, "residual": self.bound(float(np.linalg.norm(drift)), base, False)},
            ]
        return tuned

    def _slices(self, rule, base, dtype):
        rule["heads"] = self.pick({"of": "slices"}, {"of": "slices", "axes": 1})
        tuned = base + self._noise(base)
        drift = rounded(tuned, dtype) - base
        rule["allow"] = self._norm_rule(base, drift, relative=False)
        return tuned

    def _grow(self, rule, base, dtype):
        rows = int(self.random.integers(0, 4))
        rule["grow"] = {"rows": rows + int(self.random.integers(1, 3))}
        new = self.weights((rows, *base.shape[1:])) * 0.1
        tuned = np.concatenate([base + self._noise(base), new])
        drift = rounded(tuned, dtype) - np.concatenate([base, np.zeros_like(new)])
        rule["allow"] = self._norm_rule(base, drift)
        return tuned

    def _entrywise(self, rule, base, dtype):
        if not self.has_entrywise:
            return self._norm(rule, base, dtype)
        tuned = base + self._noise(base)
        drift = rounded(tuned, dtype) - base
        clause = {"entrywise": self.bound(1.6 * float(np.abs(drift).max()) + 1e-4, base, entrywise=True)}
        choice = self.random.random()
        if choice < 0.3:
            clause = {"rank": 1, **clause, "residual": self.bound(float(np.linalg.norm(drift)), base)}
        elif choice < 0.6:
            clause = [clause, self._norm_rule(base, drift)]
        rule["allow"] = clause
        return tuned


# --- certificates ---------------------------------------------------------------------------------------------------


@dataclass
class Files:
    """Where a certificate and what it is verified with lie."""

    folder: Path
    certificate: Path
    identity: Path
    policy: Path


def make(case: Case, folder: Path, name: str = "case") -> Files | int:
    """Writes a case and proves it; the exit code where the program refuses."""
    folder.mkdir(parents=True, exist_ok=True)
    files = Files(folder, folder / "tuned.drift", folder / "base.json", folder / "policy.json")
    write_safetensors(folder / "base.safetensors", case.base)
    write_safetensors(folder / "tuned.safetensors", case.tuned)
    files.policy.write_text(json.dumps(case.policy(name)))
    done = run("identify", folder / "base.safetensors", "-o", files.identity, "-q")
    if done.returncode == 0:
        done = run(
            "prove",
            "--base",
            folder / "base.safetensors",
            "--tuned",
            folder / "tuned.safetensors",
            "--policy",
            files.policy,
            "--out",
            files.certificate,
            "--opening",
            folder / "opening.secret",
            "-q",
        )
    return done.returncode or files
