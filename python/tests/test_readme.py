# SPDX-License-Identifier: Apache-2.0
"""The README's lines run, in their order, on the repository's example pair."""

import re
from pathlib import Path

from api_support import PAIR, needs_program

import driftproof
from driftproof import errors

PROJECT = Path(__file__).parents[1]


@needs_program
def test_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name in ("base", "tuned", "policy.json"):
        (tmp_path / name).symlink_to(PAIR / name)
    driftproof.identify("tuned", "tuned.identity.json")
    blocks = re.findall(r"```python\n(.*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    assert len(blocks) == 2
    names: dict = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert names["verified"].verified
    printed = capsys.readouterr().out
    assert "1,189,888 parameters" in printed and "\n12 the certificate is about the base" in printed


def test_the_page_names_every_function_and_exception():
    page = (PROJECT.parent / "docs" / "python.md").read_text()
    functions = [name for name in driftproof.__all__ if name.islower() and callable(getattr(driftproof, name))]
    assert functions and all(f"`{name}(" in page or f"driftproof.{name}(" in page for name in functions)
    assert all(f"`{error.__name__}`" in page for error in errors.BY_EXIT_CODE.values())
