# SPDX-License-Identifier: Apache-2.0
"""Two verifiers must agree: the program, and `driftproof.independent`, which shares no code with it."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ._process import Finished, run_child
from .errors import CrossCheckDisagreement, DriftProofError
from .progress import CancelToken, ProgressOption
from .results import Claims

Outcome = TypeVar("Outcome")

MODULE = "driftproof.independent"
#: What the second verifier prints of a verified certificate, and the member of `Claims` that must be the same.
FACTS = {"base identity": "base_identity", "tuned commitment": "tuned_commitment"}


def _run(
    command: str, arguments: Sequence[str], progress: ProgressOption, cancel: CancelToken | None, timeout: float | None
) -> Finished:
    """The second verifier, in a process of its own so that it can be stopped and its memory is its own."""
    package = str(Path(__file__).parents[1])
    search = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    name = f"{command} (independent verifier)"
    return run_child(
        [sys.executable, "-m", MODULE, *command.split(), *arguments],
        name,
        progress=progress,
        cancel=cancel,
        timeout=timeout,
        environment={"PYTHONPATH": search},
    )


def _disagreements(outcome: object, printed: str) -> list[str]:
    """What two verifiers that both accept say differently."""
    if not isinstance(outcome, Claims):
        return []
    found = []
    for label, member in FACTS.items():
        line = re.search(rf"^{label} +([0-9a-f]{{64}})$", printed, re.MULTILINE)
        other = line.group(1) if line else None
        if other != getattr(outcome, member):
            found.append(f"{label} {getattr(outcome, member)} and {other}")
    policy = re.search(r"^policy +.*\(([0-9a-f]{64})\)$", printed, re.MULTILINE)
    if policy is None or policy.group(1) != outcome.policy_digest:
        found.append("the policy's digest")
    return found


def agree(
    command: str,
    program: Callable[[], Outcome],
    arguments: Sequence[str],
    progress: ProgressOption,
    cancel: CancelToken | None,
    timeout: float | None,
) -> Outcome:
    """The program's outcome, if the second verifier has the same.

    Raises:
        CrossCheckDisagreement: one accepts what the other rejects, they reject with different codes, or they accept
            different things.
        DriftProofError: what `program` raises, when the second verifier rejects with the same code.
    """
    outcome: Outcome | None = None
    failure: DriftProofError | None = None
    try:
        outcome = program()
    except DriftProofError as error:
        if error.exit_code is None:
            raise  # no verdict that could be compared
        failure = error
    second = _run(command, arguments, progress, cancel, timeout)
    first_code = 0 if failure is None else failure.exit_code or 0
    if second.code == first_code:
        if failure is not None:
            raise failure
        assert outcome is not None
        differences = _disagreements(outcome, second.output)
        if not differences:
            return outcome
        reason = "the two verifiers accept different things: " + "; ".join(differences)
    else:
        said = "verified" if failure is None else f"rejected ({failure.exit_code}: {failure.reason})"
        last = (second.remarks.splitlines() or ["verified"])[-1]
        reason = f"the program says {said}, the independent verifier ended with {second.code}: {last}"
    raise CrossCheckDisagreement(
        reason,
        program_exit_code=first_code,
        independent_exit_code=second.code,
        command=second.command[1:],
        output=second.remarks,
    )
