# SPDX-License-Identifier: Apache-2.0
"""Where things lie."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SUITE = REPOSITORY / "Conformance"
FILES = SUITE / "files"
KEYS = REPOSITORY / "Tests" / "Fixtures" / "attestation"
