# SPDX-License-Identifier: Apache-2.0
"""Drawings that follow the reader's light or dark scheme: text, boxes, lines."""

from xml.sax.saxutils import escape

STYLE = """
text{font-family:system-ui,sans-serif;font-size:12px;fill:#222}.title{font-size:14px;font-weight:600}
.small{font-size:11px}
.back{fill:#fff}.grid{stroke:#ccc;stroke-width:1}.yes{fill:#2e7d4f}.no{fill:#c9b458}.bad{fill:#b03a3a}.none{fill:#ddd}
.on{fill:#fff}.dark{fill:#222}.a{fill:#3465a4}.b{fill:#c4601d}.c{fill:#2e7d4f}.d{fill:#8e3b8e}.e{fill:#6b6b6b}
.f{fill:#2a8a8a}.paper{fill:none;stroke:#b00020;stroke-width:2}
@media (prefers-color-scheme: dark){text{fill:#ddd}.back{fill:#161616}.grid{stroke:#444}.none{fill:#3a3a3a}
.on{fill:#fff}
.dark{fill:#111}.a{fill:#7aa6dc}.b{fill:#f0a060}.c{fill:#6cc58f}.d{fill:#d48ad4}.e{fill:#aaa}.f{fill:#66c8c8}
.paper{stroke:#ff7a8a}}
"""
SERIES = "abcdef"


class Drawing:
    def __init__(self, width, height, title):
        self.width, self.height = width, height
        self.parts = [f'<rect class="back" width="{width}" height="{height}"/>']
        self.text(title, 12, 22, "title")

    def text(self, words, x, y, style="", anchor="start"):
        self.parts.append(
            f'<text class="{style}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def box(self, x, y, width, height, style, title=""):
        self.parts.append(
            f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}">'
            f"<title>{escape(title)}</title></rect>"
        )

    def line(self, x1, y1, x2, y2, style="grid"):
        self.parts.append(f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def diamond(self, x, y, title):
        points = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in ((0, -6), (6, 0), (0, 6), (-6, 0)))
        self.parts.append(f'<polygon class="paper" points="{points}"><title>{escape(title)}</title></polygon>')

    def write(self, path):
        body = "\n".join(self.parts)
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img">\n<style>{STYLE}</style>\n{body}\n</svg>\n'
        )
