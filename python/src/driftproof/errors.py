# SPDX-License-Identifier: Apache-2.0
"""One exception for each exit code of the program, and for what can go wrong around it."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DriftProofError(Exception):
    """Why something was not done or not verified.

    Attributes:
        exit_code: what the program ended with; None where it did not end by itself.
        reason: one sentence, with the findings.
        findings: single findings such as tensors, at most some tens of them.
        findings_count: how many there are altogether.
        raw: the JSON object that the program printed, which may have more; empty without one.
        result: the result as far as there is one, of commands that do their work and find something wrong
            (`chain_verify`, `report`, `audit`, `inspect`); None otherwise.
        command: the program's arguments.
        output: what the program wrote to standard error.
    """

    exit_code: int | None = None
    #: The key of the findings in the program's JSON; None for classes without findings.
    findings_key: ClassVar[str | None] = None

    def __init__(
        self,
        reason: str,
        *,
        raw: Mapping[str, Any] | None = None,
        result: Any = None,
        command: Sequence[str] = (),
        output: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw: Mapping[str, Any] = raw or {}
        self.result = result
        self.command = tuple(command)
        self.output = output
        self.findings: tuple[str, ...] = ()
        self.findings_count = 0
        for key in (self.findings_key, "failures"):
            lines = self.raw.get(key) if key else None
            if isinstance(lines, list):
                self.findings = tuple(str(line) for line in lines)
                count = self.raw.get(f"{key}Count")
                self.findings_count = count if isinstance(count, int) else len(self.findings)
                break


class OperationalError(DriftProofError):
    """1: a file cannot be read or written, memory does not suffice, or a limit is exceeded. No verdict."""

    exit_code = 1


class UsageError(DriftProofError):
    """2: arguments that do not go together, or two certificates of one commitment in a chain."""

    exit_code = 2


class PolicyViolated(DriftProofError):
    """10: the drift is outside the policy, or a chain's outside its cumulative policy. Nothing was proved."""

    exit_code = 10
    findings_key = "violations"

    @property
    def violations(self) -> tuple[str, ...]:
        """Which tensor exceeds what, and how far."""
        return self.findings


class ProofInvalid(DriftProofError):
    """11: the certificate, its proof, an attestation or an audit's transcript is invalid."""

    exit_code = 11


class IdentityMismatch(DriftProofError):
    """12: another base, parent, policy, checkpoint or model than the one it is about."""

    exit_code = 12


class CoverageGap(DriftProofError):
    """13: tensors are missing, added, renamed or reshaped, a rule matches nothing, or which weights is unclear."""

    exit_code = 13
    findings_key = "gaps"

    @property
    def gaps(self) -> tuple[str, ...]:
        """What is not covered."""
        return self.findings


class NotProvable(DriftProofError):
    """14: the drift cannot be proved at this precision."""

    exit_code = 14


class Revoked(DriftProofError):
    """15: a link of a chain is revoked."""

    exit_code = 15


class EndpointDifferent(DriftProofError):
    """20: the endpoint does not serve the reference's model. `result` is the `AuditResult`."""

    exit_code = 20


class EndpointUndecided(DriftProofError):
    """21: the requests of an audit do not tell. `result` is the `AuditResult`."""

    exit_code = 21


class ProgramNotFound(DriftProofError):
    """There is no program `driftproof` to call."""


class ProgramFailed(DriftProofError):
    """The program ended by a signal or with a code that it does not document, or printed no JSON that is understood."""


class Cancelled(DriftProofError):
    """The caller asked to stop, or the time was up. The program has ended; what it had not finished is not there."""


class CrossCheckDisagreement(DriftProofError):
    """The program and `driftproof.independent` do not agree: trust neither verdict, and report it.

    Attributes:
        program_exit_code: 0 for verified.
        independent_exit_code: 0 for verified.
    """

    def __init__(self, reason: str, *, program_exit_code: int, independent_exit_code: int, **details: Any) -> None:
        super().__init__(reason, **details)
        self.program_exit_code = program_exit_code
        self.independent_exit_code = independent_exit_code


BY_EXIT_CODE: Mapping[int, type[DriftProofError]] = {
    error.exit_code: error
    for error in (
        OperationalError,
        UsageError,
        PolicyViolated,
        ProofInvalid,
        IdentityMismatch,
        CoverageGap,
        NotProvable,
        Revoked,
        EndpointDifferent,
        EndpointUndecided,
    )
}
