# SPDX-License-Identifier: Apache-2.0
"""DriftProof in Python: proofs that a fine-tuned network differs from its base only as a policy allows.

Functions call the program `driftproof`: paths in, frozen dataclasses out, one exception for each exit code.
`driftproof.independent` is a verifier of its own, written from the specification, that does not call the program.
`driftproof.integrations` certifies at the end of training.
"""

from . import audit, errors, results
from ._certificates import attest, chain_verify, check, forecast, prove, report, verify
from ._models import calibrate, commit, digest, identify, inspect, merge, policy_explain, policy_init
from ._program import program
from .errors import (
    Cancelled,
    CoverageGap,
    CrossCheckDisagreement,
    DriftProofError,
    EndpointDifferent,
    EndpointUndecided,
    IdentityMismatch,
    NotProvable,
    OperationalError,
    PolicyViolated,
    ProgramFailed,
    ProgramNotFound,
    ProofInvalid,
    Revoked,
    UsageError,
)
from .progress import Progress

__version__ = "0.1.0"

__all__ = [
    "Cancelled",
    "CoverageGap",
    "CrossCheckDisagreement",
    "DriftProofError",
    "EndpointDifferent",
    "EndpointUndecided",
    "IdentityMismatch",
    "NotProvable",
    "OperationalError",
    "PolicyViolated",
    "ProgramFailed",
    "ProgramNotFound",
    "Progress",
    "ProofInvalid",
    "Revoked",
    "UsageError",
    "attest",
    "audit",
    "calibrate",
    "chain_verify",
    "check",
    "commit",
    "digest",
    "errors",
    "forecast",
    "identify",
    "inspect",
    "merge",
    "policy_explain",
    "policy_init",
    "program",
    "prove",
    "report",
    "results",
    "verify",
]
