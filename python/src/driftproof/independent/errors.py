# SPDX-License-Identifier: Apache-2.0
"""One exception for each exit code of the program (README.md, table of exit codes)."""


class VerificationFailure(Exception):
    """A reason not to accept. `exit_code` is what the program `driftproof` ends with for the same reason."""

    exit_code = 11


class OperationalError(VerificationFailure):
    """A file that cannot be read or is malformed, or a statement beyond the limits of any verifier."""

    exit_code = 1


class UsageError(VerificationFailure):
    """A wrong command line, or two certificates of one commitment in a chain."""

    exit_code = 2


class OutsideCumulativePolicy(VerificationFailure):
    """The drift from the chain's base may exceed the cumulative policy."""

    exit_code = 10


class InvalidProof(VerificationFailure):
    """The certificate, its proof, or an attestation is invalid."""

    exit_code = 11


class AnotherSubject(VerificationFailure):
    """Another base, parent, policy or model than the certificate's or attestation's."""

    exit_code = 12


class NotCovered(VerificationFailure):
    """Tensors are missing, added, renamed or reshaped, or a rule matches nothing."""

    exit_code = 13


class NotProvable(VerificationFailure):
    """A policy that the certificate's backend does not prove."""

    exit_code = 14


class Revoked(VerificationFailure):
    """A link of a chain is withdrawn."""

    exit_code = 15
