# SPDX-License-Identifier: Apache-2.0
"""The notebook in Examples runs from top to bottom, and shows what it says."""

import os
from pathlib import Path

import pytest
from api_support import ROOT, needs_program

import driftproof

pytestmark = needs_program

nbformat = pytest.importorskip("nbformat", reason="nbclient runs the notebook")
nbclient = pytest.importorskip("nbclient")
for module in ("ipykernel", "torch", "transformers", "peft"):
    pytest.importorskip(module)


def test_the_notebook_trains_certifies_verifies_and_shows_the_report(tmp_path, monkeypatch):
    search = [str(Path(driftproof.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(search))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    notebook = nbformat.read(ROOT / "Examples" / "python" / "certify.ipynb", as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)  # nothing that was run elsewhere is committed
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    shown = [
        output.get("data", {}).get("text/html", "") + output.get("text", "")
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    ]
    assert any("VERIFIED, by two verifiers" in text for text in shown)
    assert any(text.startswith("exit code 11: ") for text in shown)
    assert any(text.startswith("<iframe sandbox") and "LoRA of rank 4" in text for text in shown)
    assert any("CHECKED" in text for text in shown)
