# SPDX-License-Identifier: Apache-2.0
"""Where the program `driftproof` is."""

import os
import shutil
from pathlib import Path

from .errors import ProgramNotFound

VARIABLE = "DRIFTPROOF"
BUNDLED = Path(__file__).parent / "_bin" / "driftproof"


def program() -> str:
    """The path of the program: the one in this wheel, else what DRIFTPROOF names, else `driftproof` on PATH.

    Raises:
        ProgramNotFound: there is none, or DRIFTPROOF names no program.
    """
    if BUNDLED.is_file():
        return str(BUNDLED)
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise ProgramNotFound(
                f"{VARIABLE} is {named!r}, which is no executable file; name the built program, or unset it"
            )
        return found
    found = shutil.which("driftproof")
    # Python's own entry points may have the same name; this package installs none.
    if found is None:
        raise ProgramNotFound(
            "the program driftproof is not in this installation of the package, not named by the environment variable "
            f"{VARIABLE}, and not on PATH; install a wheel with the program, or build it (swift build -c release "
            "--product driftproof) and name it"
        )
    return found
