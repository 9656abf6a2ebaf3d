# SPDX-License-Identifier: Apache-2.0
"""One sumcheck (specification/stages.md, section 1)."""

from collections.abc import Callable
from dataclasses import dataclass

from .channel import Channel
from .errors import InvalidProof
from .field import Cubic
from .opening import interpolate

Evaluations = dict[str, Cubic]


@dataclass
class Finish:
    """Oracles that are evaluated after `rounds` rounds, and what they contribute at the point so far."""

    rounds: int
    names: list[str]
    contribution: Callable[[list[Cubic], Evaluations], Cubic]


@dataclass
class Outcome:
    """The point (top first), the oracles' evaluations, and g at the point."""

    point: list[Cubic]
    values: Evaluations
    mask: Cubic

    @property
    def top(self) -> Cubic:
        return self.point[0]

    @property
    def rest(self) -> list[Cubic]:
        return self.point[1:]


def run(channel: Channel, stage: str, rounds: int, degree: int, total: Cubic, finishes: list[Finish]) -> Outcome:
    """Runs a stage whose sum is `total`."""
    mask_sum = channel.element(f"{stage}/sum g")
    gamma = channel.challenge(f"{stage}/gamma")
    claim = total + gamma * mask_sum
    point: list[Cubic] = []
    values: Evaluations = {}
    for number in range(1, rounds + 1):
        sent = channel.elements(f"{stage}/round", degree)
        point.append(channel.challenge(f"{stage}/r"))
        claim = interpolate([claim - sent[0], *sent], point[-1])
        finished = [finish for finish in finishes if finish.rounds == number]
        for finish in finished:
            for name in finish.names:
                values[name] = channel.element(f"{stage}/{name}")
        for finish in finished:
            claim = claim - finish.contribution(list(point), values)
    mask = channel.element(f"{stage}/g")
    if claim != gamma * mask:
        raise InvalidProof(f"stage {stage}: the last claim is not what the evaluations say")
    return Outcome(point, values, mask)
