# SPDX-License-Identifier: Apache-2.0
"""Puts the program that DRIFTPROOF names into the wheel, and tags the wheel for the machines on which it runs."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))
from wheel_platform import read_program  # noqa: E402

PLACE = "driftproof/_bin/driftproof"


class ProgramHook(BuildHookInterface):  # type: ignore[type-arg]
    """Without DRIFTPROOF the wheel is pure, and finds a program on the machine where it is installed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        named = os.environ.get("DRIFTPROOF")
        if self.target_name != "wheel" or version == "editable":
            return
        if not named:
            self.app.display_info("no program in this wheel: DRIFTPROOF is not set")
            return
        found = shutil.which(named)
        if found is None:
            raise RuntimeError(f"DRIFTPROOF is {named!r}, which is no executable file")
        found = str(Path(found).resolve())
        program = read_program(found)
        build_data["force_include"][found] = PLACE
        for suffix in (".cdx.json", ".licences.txt"):  # what scripts/package writes beside it
            if Path(found + suffix).is_file():
                build_data["force_include"][found + suffix] = PLACE + suffix
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{program.platform_tag}"
        for line in program.explanation:
            self.app.display_info(line)
