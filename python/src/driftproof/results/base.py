# SPDX-License-Identifier: Apache-2.0
"""What all results share."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Result:
    """One object of the program's JSON.

    Attributes:
        raw: the object as the program printed it, members included that this version of the package does not know.
    """

    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


def table(title: str, rows: Mapping[str, object]) -> str:
    """A small table for notebooks; every text is escaped."""
    left = "style='text-align:left'"
    cells = "".join(
        f"<tr><th {left}>{html.escape(name)}</th><td {left}>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<table><caption {left}><b>{html.escape(title)}</b></caption><tbody>{cells}</tbody></table>"
