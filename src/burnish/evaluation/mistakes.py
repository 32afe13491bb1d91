"""The answers that are most wrong: worth reading, because they show what the model did not learn, or wrong labels."""

from __future__ import annotations

from dataclasses import dataclass

from burnish.core.predictions import Predictions
from burnish.counting.resampling import remembered, with_truth
from burnish.targets import Judged, target_of


@dataclass(frozen=True)
class Mistake:
    """One wrongly answered row.

    Attributes:
        row: position in the split's table, counted from 0.
        truth: what would have been right, in words.
        answer: what was answered, in words.
        size: how bad it is, in the unit named by the target's `mistakes.size`.
    """

    row: int
    truth: str
    answer: str
    size: float


def mistakes(predictions: Predictions, most: int = 15) -> tuple[list[Mistake], int]:
    """The worst mistakes by the target's own measure, worst first, and how many wrong rows there are in all."""
    found = remembered(with_truth(predictions), "mistakes", _all)
    return found[:most], len(found)


def _all(known: Predictions) -> list[Mistake]:
    """Every wrong row, worst first."""
    target, names = target_of(known), known.names
    if not isinstance(target, Judged):
        return []
    listed = []
    answers = zip(known.truth, known.answer, known.probabilities, strict=True)
    for row, (truth, answer, probabilities) in zip(known.table["row"].to_pylist(), answers, strict=True):
        if wrong := target.wrong(truth, answer, probabilities, names):
            listed.append(Mistake(int(row), wrong.truth, wrong.answer, wrong.size))
    return sorted(listed, key=lambda m: (-abs(m.size), m.row))
