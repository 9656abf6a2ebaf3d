# SPDX-License-Identifier: Apache-2.0
"""Stage O: products of the rows of orthonormal tensors (specification/stages.md, section 2)."""

from dataclasses import dataclass

from . import field as f
from .channel import Channel
from .cubes import Point, zeros
from .field import Cubic
from .layout import Layout
from .statement import ceil_log2
from .sumcheck import Finish, Outcome, run


@dataclass
class OrthonormalStage:
    s: Point
    alpha: Point
    beta: Point
    sigma: Cubic
    outcome: Outcome

    @property
    def top(self) -> Cubic:
        return self.outcome.top

    @property
    def y(self) -> Point:
        return self.outcome.rest


def run_orthonormal_stage(channel: Channel, layout: Layout) -> OrthonormalStage:
    s = channel.challenges("s orthonormal", ceil_log2(len(layout.orthonormal)))
    alpha = channel.challenges("alpha", layout.o_log_rows)
    beta = channel.challenges("beta", layout.o_log_rows)
    sigma = channel.element("sigma")

    def contribution(point: Point, values: dict[str, Cubic]) -> Cubic:
        top, y = point[0], point[1:]
        first = [f.equality(y, index) for index in range(3)]
        weight = first[0] + first[1] * f.X + first[2] * f.X_SQUARED
        return (1 - top) * (values["left"] * values["right"] + weight * values["blind"])

    rounds = 1 + layout.o_stage_variables
    finish = Finish(rounds, ["left", "right", "blind"], contribution)
    return OrthonormalStage(s, alpha, beta, sigma, run(channel, "O", rounds, 3, sigma, [finish]))


def mask_places(y: Point) -> list[Cubic]:
    """E_i = eq(y[0,3), i)·Π_{v≥3}(1 - y_v), i = 0…7."""
    rest = zeros(y[3:])
    return [f.equality(y[:3], index) * rest for index in range(8)]
