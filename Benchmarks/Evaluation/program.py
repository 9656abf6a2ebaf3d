# SPDX-License-Identifier: Apache-2.0
"""Runs the built programs and says what they found and what they cost."""

import json
import os
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Run:
    exit_code: int
    output: str
    errors: str
    wall: float
    # Of all threads, in user mode: what the machine's other load does not change.
    processor: float
    result: dict = field(default_factory=dict)


def run(arguments, environment=None, folder=None):
    """Runs a program to its end; its cost is that of its own process and threads."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL, stdout=output, stderr=errors, cwd=folder, env={**os.environ, **(environment or {})},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - start
        texts = []
        for file in (output, errors):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
    return Run(process.returncode, texts[0], texts[1], wall, usage.ru_utime)


class DriftProof:
    """The command line program."""

    def __init__(self, binaries):
        self.path = Path(binaries) / "driftproof"

    def __call__(self, *arguments):
        """One command with --json; its object is in `result`, for failures, too."""
        done = run([self.path, *arguments, "--json", "--quiet"])
        try:
            done.result = json.loads(done.output)
        except ValueError as error:
            raise SystemExit(f"driftproof {' '.join(map(str, arguments))}: no JSON ({error})\n{done.errors}")
        return done

    def need(self, *arguments):
        done = self(*arguments)
        if done.exit_code != 0:
            raise SystemExit(f"driftproof {' '.join(map(str, arguments))}: exit code {done.exit_code}\n{done.errors}")
        return done


def policy(name, rules):
    """A policy: (pattern, allowance) pairs, all else frozen."""
    listed = [{"tensors": pattern, "allow": allowance} for pattern, allowance in rules]
    return {
        "driftPolicy": 1,
        "name": name,
        "securityBits": 128,
        "rules": listed + [{"tensors": "*", "allow": "frozen"}],
    }


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2))
    return path
