# SPDX-License-Identifier: Apache-2.0
"""Makes the pinned certificates of ranks and sparse parts anew: other secrets, so other bytes everywhere.

PYTHONPATH=python/src DRIFTPROOF=path/to/driftproof python python/tests/curve_fixtures.py
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import curves
import models
import numpy as np

LOG_POWERS = 10


def exact(draw: np.random.Generator, rows: int, columns: int, rank: int) -> np.ndarray:
    """A product of small integers in units of 2^-10."""
    return draw.integers(-3, 4, size=(rows, rank)) @ draw.integers(-3, 4, size=(rank, columns)) * 2.0**-10


def rank(draw: np.random.Generator) -> tuple[dict, dict, list, dict | None]:
    """Exact ranks of one and of two, a rank with a residual, two ranks of one tensor; norms and a total beside them."""
    base = {name: draw.integers(-99, 99, size=size) * 2.0**-10 for name, size in SIZES.items()}
    tuned = dict(base)
    tuned["a.exact"] = base["a.exact"] + exact(draw, 12, 20, 2)
    tuned["b.rounded"] = base["b.rounded"] + exact(draw, 33, 17, 3) + draw.integers(-1, 2, size=(33, 17)) * 2.0**-14
    tuned["c.both"] = base["c.both"] + exact(draw, 1, 9, 1)
    tuned["d.norm"] = base["d.norm"] + draw.integers(-3, 4, size=(5, 5)) * 2.0**-10
    rules = [
        {"tensors": "a.exact", "allow": {"rank": 2}},
        {"tensors": "b.rounded", "allow": [{"rank": 3, "residual": {"absolute": 0.002}}, {"norm": {"absolute": 1}}]},
        {"tensors": "c.both", "allow": [{"rank": 4}, {"rank": 1, "residual": {"relative": 0.5}}]},
        {"tensors": "d.norm", "allow": {"norm": {"relative": 0.5}}},
        {"tensors": "*", "allow": "frozen"},
    ]
    return base, tuned, rules, {"relative": 0.75}


SIZES = {"a.exact": (12, 20), "b.rounded": (33, 17), "c.both": (1, 9), "d.norm": (5, 5), "e.still": (3, 4)}


def sparse(draw: np.random.Generator) -> tuple[dict, dict, list, dict | None]:
    """Entries, rows with a residual, columns beside a rank, and one row of one row, which has no address."""
    sizes = {"a.entries": (20, 24), "b.rows": (40, 10), "c.columns": (9, 30), "d.single": (1, 6)}
    base = {name: draw.integers(-99, 99, size=size) * 2.0**-10 for name, size in sizes.items()}
    tuned = {name: values.copy() for name, values in base.items()}
    for row, column in ((0, 0), (7, 23), (19, 1)):
        tuned["a.entries"][row, column] += 0.5
    tuned["b.rows"][[3, 38]] += 0.25
    tuned["b.rows"] += draw.integers(-1, 2, size=(40, 10)) * 2.0**-14
    tuned["c.columns"] += exact(draw, 9, 30, 1)
    tuned["c.columns"][:, 29] -= 0.125
    tuned["d.single"] -= 0.5
    rules = [
        {"tensors": "a.entries", "allow": {"entries": 5}},
        {"tensors": "b.rows", "allow": {"rows": 2, "residual": {"absolute": 0.01}}},
        {"tensors": "c.columns", "allow": {"rank": 1, "columns": 1}},
        {"tensors": "d.single", "allow": [{"rows": 3}, {"norm": {"absolute": 2}}]},
    ]
    return base, tuned, rules, None


def run(*arguments) -> None:
    done = models.run(*arguments, "-q")
    if done.returncode:
        sys.exit(f"driftproof {' '.join(map(str, arguments))}: {done.stderr.decode()}")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        run("setup", "new", "--log-powers", LOG_POWERS, "-o", work / "setup")
        backend = ("--backend", "kzg", "--setup", work / "setup")
        for make in (rank, sparse):
            kept = curves.FOLDER / make.__name__
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            identity, policy = kept / "base.identity.json", kept / "policy.json"
            base, tuned, rules, total = make(np.random.default_rng(14))
            files = {"--base": base, "--tuned": tuned}
            for option, values in files.items():
                files[option] = work / f"{option[2:]}.safetensors"
                models.write_safetensors(files[option], {n: models.Tensor.of(v, "F32") for n, v in values.items()})
            value = {"driftPolicy": 1, "name": make.__name__, "securityBits": 128, "rules": rules}
            policy.write_text(json.dumps(value | ({"total": {"norm": total}} if total else {}), indent=1) + "\n")
            run("identify", files["--base"], "--commit", *backend, "-o", identity)
            given = [word for pair in files.items() for word in pair]
            given += ["--policy", policy, "--identity", identity, *backend]
            run("prove", *given, "--out", kept / "tuned.drift", "--opening", work / f"{make.__name__}.secret")


if __name__ == "__main__":
    main()
