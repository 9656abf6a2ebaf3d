# SPDX-License-Identifier: Apache-2.0
"""What the tests of the API share: the program, the repository's example pair, certificates made once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

import driftproof
from driftproof.results import Proof

ROOT = Path(__file__).parents[2]
PAIR = ROOT / "Examples" / "mlp-lora"
DIGITS = ROOT / "Examples" / "digits"


def has_program() -> bool:
    try:
        driftproof.program()
    except driftproof.ProgramNotFound:
        return False
    return True


needs_program = pytest.mark.skipif(
    not has_program(), reason="no program driftproof: set DRIFTPROOF to a built one, or put it on PATH"
)


@dataclass(frozen=True)
class Made:
    """A certificate of the example pair, and its files."""

    folder: Path
    certificate: Path
    opening: Path
    identity: Path
    proof: Proof

    @property
    def policy(self) -> Path:
        return PAIR / "policy.json"


def make(folder: Path) -> Made:
    identity, certificate, opening = folder / "base.json", folder / "tuned.drift", folder / "tuned.secret"
    driftproof.identify(PAIR / "base", identity)
    proof = driftproof.prove(
        PAIR / "base", PAIR / "tuned", policy=PAIR / "policy.json", out=certificate, opening=opening, identity=identity
    )
    return Made(folder, certificate, opening, identity, proof)
