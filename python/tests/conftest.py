# SPDX-License-Identifier: Apache-2.0
"""Fixtures: pinned certificates of the repository, and certificates that the program makes, if there is one."""

import contextlib
import io
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import models  # noqa: E402
import tampering  # noqa: E402

from driftproof.independent.__main__ import main  # noqa: E402
from driftproof.independent.certificate import read_certificate  # noqa: E402

REPOSITORY = Path(__file__).resolve().parents[2]
PINNED = sorted(path.parent for path in (REPOSITORY / "Tests" / "Fixtures").glob("pinned-*/*/tuned.drift"))


def exit_code(*arguments) -> int:
    """What the independent verifier's command line ends with."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main([str(argument) for argument in arguments])


class Bench:
    """Writes a subject's three files and verifies them."""

    def __init__(self, folder: Path):
        self.paths = [folder / name for name in ("tuned.drift", "base.json", "policy.json")]

    def arguments(self, subject: tampering.Subject) -> list[str]:
        for path, content in zip(self.paths, (subject.certificate, subject.identity, subject.policy), strict=True):
            path.write_bytes(content)
        arguments = [
            "verify",
            str(self.paths[0]),
            "--base-identity",
            str(self.paths[1]),
            "--policy",
            str(self.paths[2]),
        ]
        return arguments + (["--parent", subject.parent.hex()] if subject.parent else [])

    def code(self, subject: tampering.Subject) -> int:
        return exit_code(*self.arguments(subject))

    def program_code(self, subject: tampering.Subject) -> int:
        return models.run(*self.arguments(subject), "-q").returncode


def pinned_subject(folder: Path) -> tampering.Subject:
    """A pinned certificate; a link verifies with its parent alone."""
    contents = [(folder / name).read_bytes() for name in ("tuned.drift", "base.identity.json", "policy.json")]
    parent = folder / "parent.drift"
    continued = read_certificate(parent.read_bytes()).tuned_commitment if parent.exists() else None
    return tampering.Subject(*contents, continued)


def subject_of(files: models.Files) -> tampering.Subject:
    return tampering.Subject(*(path.read_bytes() for path in (files.certificate, files.identity, files.policy)))


@pytest.fixture
def bench(tmp_path) -> Bench:
    return Bench(tmp_path)


@pytest.fixture
def draw() -> random.Random:
    return random.Random(7)


@pytest.fixture(scope="session")
def program() -> str:
    found = models.program()
    if not found:
        pytest.skip("needs the program: DRIFTPROOF names none, and driftproof is not on PATH")
    return found
