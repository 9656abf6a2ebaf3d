# SPDX-License-Identifier: Apache-2.0
"""Certificates at the end of training, and where they go: beside the checkpoint, into model cards, the Hub and MLflow.

`transformers`, `peft`, `hub` and `mlflow` import the library of their name when they are used, not before.
"""

from .bundle import Certified, certify
from .card import write_facts

__all__ = ["Certified", "certify", "write_facts"]
