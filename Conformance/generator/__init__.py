# SPDX-License-Identifier: Apache-2.0
"""The cases of the conformance suite."""

from .case import Case


def all_cases() -> list[Case]:
    from . import (
        attestations,
        audits,
        chains,
        curves,
        decisions,
        identities,
        inputs,
        manifests,
        policies,
        proofs,
        transitions,
        verified,
    )

    groups = (verified, inputs, policies, identities, manifests, proofs, transitions, chains, attestations, audits)
    return [case for group in (*groups, decisions, curves) for case in group.cases().found]
