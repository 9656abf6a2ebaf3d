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


class Started:
    """A program that runs beside us."""

    def __init__(self, arguments, environment=None, folder=None):
        self.files = [tempfile.TemporaryFile(), tempfile.TemporaryFile()]
        self.start = time.monotonic()
        self.process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=self.files[0],
            stderr=self.files[1],
            cwd=folder,
            env={**os.environ, **(environment or {})},
        )

    def finish(self):
        """Waits for its end; its cost is that of its own process, threads and children."""
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - self.start
        texts = []
        for file in self.files:
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
            file.close()
        return Run(self.process.returncode, texts[0], texts[1], wall, usage.ru_utime)


def run(arguments, environment=None, folder=None):
    return Started(arguments, environment, folder).finish()


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
