# SPDX-License-Identifier: Apache-2.0
"""DriftProof in Python. `driftproof.independent` is a verifier of its own, written from the specification."""
