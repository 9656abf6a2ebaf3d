# SPDX-License-Identifier: Apache-2.0
"""Where the program `driftproof` is."""

import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

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
    found = _on_path()
    if found is None:
        raise ProgramNotFound(
            "the program driftproof is not in this installation of the package, not named by the environment variable "
            f"{VARIABLE}, and not on PATH; install a wheel with the program, or build it (swift build -c release "
            "--product driftproof) and name it"
        )
    return found


def main() -> NoReturn:
    """The command `driftproof` of an environment with this package: becomes the program."""
    try:
        found = program()
    except ProgramNotFound as error:
        sys.exit(f"driftproof: error: {error}")
    os.execv(found, [found, *sys.argv[1:]])


def _on_path() -> str | None:
    for folder in os.get_exec_path():
        found = shutil.which("driftproof", path=folder)
        if found is not None and not _is_command_of_this_package(found):
            return found
    return None


def _is_command_of_this_package(path: str) -> bool:
    """Whether it is a script that pip wrote to call `main`, which would only look for the program again."""
    try:
        with open(path, "rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return start.startswith(b"#!") and b"driftproof._program" in start
