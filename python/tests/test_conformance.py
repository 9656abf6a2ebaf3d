# SPDX-License-Identifier: Apache-2.0
"""The conformance suite: what its generator writes, and what its runner finds."""

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
from conftest import REPOSITORY

SUITE = REPOSITORY / "Conformance"
HAS_CURVE = any(find_spec(package) for package in ("py_arkworks_bls12381", "py_ecc"))


def run(name: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, SUITE / name, *arguments], capture_output=True, text=True)


@pytest.mark.skipif(not HAS_CURVE, reason="needs driftproof[curve]")
def test_the_index_is_what_the_generator_writes():
    done = run("generate", "--check")
    assert done.returncode == 0, done.stderr


def test_the_independent_verifier_conforms():
    done = run("run", "--independent", "--reasons", "independent", *([] if HAS_CURVE else ["--skip", "curve/"]))
    assert done.returncode == 0, done.stdout


def test_the_runner_finds_verifiers_that_do_not_conform(tmp_path):
    """One that accepts everything, one that refuses everything, and one that says the wrong thing."""
    cases = json.loads((SUITE / "index.json").read_text())["cases"]
    chosen = [case for case in cases if case["name"].startswith("identity/")]
    for command, expected in (("true", 0), ("false", 1)):
        done = run("run", "--verifier", command, "--only", "identity/", "--only", "verify/version-2-norm")
        right = sum(case["exitCode"] == expected for case in chosen) + (expected == 0)
        assert done.returncode == 1 and done.stdout.count("FAILED") == len(chosen) + 1 - right
    done = run("run", "--verifier", "false", "--only", "identity/order", "--reasons", "program")
    assert done.returncode == 1 and "does not show" in done.stdout
    assert run("run", "--verifier", "true", "--only", "nothing-is-named-so").returncode == 1
