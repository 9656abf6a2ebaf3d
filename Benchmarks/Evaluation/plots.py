# SPDX-License-Identifier: Apache-2.0
"""The plots of docs/evaluation.md."""

import math

from clauses import ATTACKS
from svg import SERIES, Drawing


def matrix(path, title, cells):
    """Clause × attack: refused, inside the clause, or not as expected."""
    clauses = list(dict.fromkeys(clause for clause, _ in cells))
    left, top, width, height = 150, 62, 112, 30
    drawing = Drawing(left + width * len(ATTACKS) + 12, top + height * len(clauses) + 34, title)
    for j, attack in enumerate(ATTACKS):
        drawing.text(attack, left + width * (j + 0.5), top - 10, "small", "middle")
    for i, clause in enumerate(clauses):
        y = top + height * i
        drawing.text(clause, left - 8, y + 19, "", "end")
        for j, attack in enumerate(ATTACKS):
            cell = cells.get((clause, attack))
            style, words = "none", ""
            if cell:
                style, words = ("yes", "refused") if cell["exit"] == 10 else ("no", "inside")
                if not cell["expected"]:
                    style, words = "bad", f"exit {cell['exit']}!"
            drawing.box(left + width * j + 2, y + 2, width - 4, height - 4, style, cell["reason"] if cell else "")
            drawing.text(
                words, left + width * (j + 0.5), y + 19, "small " + ("dark" if style == "no" else "on"), "middle"
            )
    drawing.text(
        "the last column: of the base, of 0.2 % of the matrix's norm; a bound on size alone has room for it",
        12,
        top + height * len(clauses) + 22,
        "small",
    )
    drawing.write(path)


def movement(path, found):
    """Bars on a logarithmic axis, by subject."""
    names = list(found)
    clauses = [entry["clause"] for entry in found[names[0]]]
    left, top, height, span = 210, 58, 15 * len(names) + 12, 460
    low, high = -4, -1.5
    drawing = Drawing(
        left + span + 90,
        top + height * len(clauses) + 40,
        "What is left to a cheater who knows the clause: ‖W' − RN(W + P)‖/‖W‖",
    )

    def place(value):
        return left + span * (min(max(math.log10(max(value, 1e-9)), low), high) - low) / (high - low)

    bottom = top + height * len(clauses)
    for power in range(low, math.floor(high) + 1):
        drawing.line(place(10**power), top - 4, place(10**power), bottom)
        drawing.text(f"{10**power:g}", place(10**power), bottom + 16, "small", "middle")
    for i, clause in enumerate(clauses):
        drawing.text(clause, left - 8, top + height * i + height / 2 + 2, "", "end")
        for j, name in enumerate(names):
            value = found[name][i]["movement"]
            y = top + height * i + 5 + 15 * j
            drawing.box(left, y, place(value) - left, 12, SERIES[j], f"{name}: {value:.5f}")
            drawing.text(f"{value:.4f}", place(value) + 5, y + 10, "small")
    x = 12
    for j, name in enumerate(names):
        drawing.box(x, 32, 10, 10, SERIES[j])
        drawing.text(name, x + 15, 41, "small")
        x += 30 + 6.2 * len(name)
    drawing.write(path)


def forced(path, outcomes, checks):
    """Which check stopped how many forced proofs, by case."""
    left, top, height, span = 330, 62, 20, 430
    drawing = Drawing(
        left + span + 90, top + height * len(outcomes) + 14, "Which check of the verifier stopped forced proofs"
    )
    x = 12
    for j, check in enumerate(checks):
        drawing.box(x, 34, 10, 10, SERIES[j])
        drawing.text(check, x + 15, 43, "small")
        x += 30 + 6.4 * len(check)
    for i, outcome in enumerate(outcomes):
        y = top + height * i
        drawing.text(f"{outcome['clause']}: {outcome['attack']}", left - 8, y + 13, "small", "end")
        start = left
        for j, check in enumerate(checks):
            count = outcome["rejections"].get(check, 0)
            width = span * count / max(1, outcome["proofs"])
            drawing.box(start, y + 2, width, height - 5, SERIES[j], f"{check}: {count}")
            start += width
        drawing.text(f"{outcome['proofs'] - outcome['accepted']}/{outcome['proofs']}", left + span + 8, y + 13, "small")
    drawing.write(path)


def blocks(path, title, unit, rows):
    """Ours as bars, the paper's ranges as diamonds: (name, ours, (paper low, paper high))."""
    left, top, height, span = 150, 60, 30, 420
    values = [value for _, ours, paper in rows for value in (ours, *paper)]
    low, high = math.floor(math.log10(min(values)) * 2) / 2 - 0.2, math.ceil(math.log10(max(values)) * 2) / 2
    drawing = Drawing(left + span + 100, top + height * len(rows) + 34, title)
    drawing.box(12, 32, 10, 10, "a")
    drawing.text("here", 27, 41, "small")
    drawing.diamond(80, 37, "the paper")
    drawing.text("the paper", 92, 41, "small")

    def place(value):
        return left + span * (math.log10(value) - low) / (high - low)

    bottom = top + height * len(rows)
    for power in range(math.ceil(low), math.floor(high) + 1):
        drawing.line(place(10**power), top - 4, place(10**power), bottom)
        drawing.text(f"{10**power:g} {unit}", place(10**power), bottom + 16, "small", "middle")
    for i, (name, ours, paper) in enumerate(rows):
        y = top + height * i
        drawing.text(name, left - 8, y + 19, "", "end")
        drawing.box(left, y + 3, place(ours) - left, 10, "a", f"{ours:g} {unit}")
        drawing.text(f"{ours:.3g}", place(ours) + 8, y + 12, "small")
        for value in paper:
            drawing.diamond(place(value), y + 21, f"{value:g} {unit}")
    drawing.write(path)
