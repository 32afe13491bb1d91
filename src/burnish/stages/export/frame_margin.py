"""How near the frames of a recording were whose tokens differ between a trained network and an exported one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array
from burnish.data.table import Part
from burnish.runtimes import Runner
from burnish.stages.held_out import HeldOut


def frame_margin(
    held: HeldOut, part: Part, before: tuple[Runner, Bundle], after: tuple[Runner, Bundle]
) -> Callable[[int], float]:
    """Of a row of `part`: the greatest difference of probability, in the trained network, between its token of a frame and
    the one that the exported network has there; over all frames in which they differ.

    Args:
        held: the splits.
        part: what was answered.
        before, after: what computes, and the bundle as it reads rows, of the trained network and of the export.
    """

    def margin(row: int) -> float:
        pairs = zip(_frames(held, part, row, *before), _frames(held, part, row, *after), strict=True)
        return max((_apart(one, other) for one, other in pairs), default=0.0)

    return margin


def _frames(held: HeldOut, part: Part, row: int, run: Runner, bundle: Bundle) -> list[Array]:
    """Logits [L, C] of each window of a row, padding left out."""
    target: Any = bundle.target
    (views,) = held.loader(part, bundle).views(np.array([row]))
    out = []
    for view in views:
        (logits,) = run(**bundle.input.collate([view], bundle.processor.for_input)[0])
        out.append(logits[: target.frames(view, len(logits), bundle.processor)])
    return out


def _apart(before: Array, after: Array) -> float:
    """Infinite where they have not as many frames."""
    if len(before) != len(after):
        return float("inf")
    first, second = before.argmax(axis=-1), after.argmax(axis=-1)
    places = np.flatnonzero(first != second)
    powers = np.exp(before[places].astype(np.float64) - before[places].max(axis=-1, keepdims=True))
    chances = powers / powers.sum(axis=-1, keepdims=True)
    rows = np.arange(len(places))
    return float((chances[rows, first[places]] - chances[rows, second[places]]).max(initial=0.0))
