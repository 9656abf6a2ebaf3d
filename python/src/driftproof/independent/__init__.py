# SPDX-License-Identifier: Apache-2.0
"""An independent verifier of DriftProof certificates, written from the specification alone.

It shares no code with the program `driftproof` and does not call it. Each module is one part of the text in
docs/specification, and each function names its section. `python -m driftproof.independent --help` says how to use it.
"""

from .errors import (
    AnotherSubject,
    InvalidProof,
    NotCovered,
    OperationalError,
    OutsideCumulativePolicy,
    Revoked,
    UsageError,
    VerificationFailure,
)
from .identity import read_identity
from .policy import read_policy
from .verifier import Verified, verify

__all__ = [
    "AnotherSubject",
    "InvalidProof",
    "NotCovered",
    "OperationalError",
    "OutsideCumulativePolicy",
    "Revoked",
    "UsageError",
    "Verified",
    "VerificationFailure",
    "read_identity",
    "read_policy",
    "verify",
]
