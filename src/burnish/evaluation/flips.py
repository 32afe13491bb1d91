"""Rows that got better or worse from one run to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.row_errors import RowErrors, row_errors
from burnish.targets import is_exclusive, linear_of, target_of


@dataclass(frozen=True)
class Flip:
    """A row that changed.

    Attributes:
        row: position in the split's table, counted from 0.
        at: its place in the aligned tables.
        truth, before, after: label, prediction of the first run and of the second.
        change: how much less wrong it is now; negative: worse.
    """

    row: int
    at: int
    truth: Any
    before: Any
    after: Any
    change: float


@dataclass(frozen=True)
class Flips:
    """All rows that changed, and what they have in common.

    Attributes:
        unit: what is counted in a row.
        binary: whether a row is either right or wrong.
        worse, better: the rows, the largest change first.
        matrix: rows right in both, only in the first, only in the second, in neither; None where rows are not right or wrong.
        mostly: class of at least half of the rows that got worse, as a label; None where there is none.
    """

    unit: str
    binary: bool
    worse: list[Flip]
    better: list[Flip]
    matrix: tuple[int, int, int, int] | None
    mostly: str | None


def flips(before: Predictions, after: Predictions) -> Flips | None:
    """The rows that changed between two aligned tables; None where their target gives no error of one row."""
    first, second = row_errors(before), row_errors(after)
    if first is None or second is None:
        return None
    change = first.values - second.values
    worse = _listed(before, after, change, np.flatnonzero(change < -first.step))
    better = _listed(before, after, change, np.flatnonzero(change > first.step))
    return Flips(first.unit, first.binary, worse, better, _matrix(first, second), _mostly(before, worse))


def _listed(
    before: Predictions, after: Predictions, change: NDArray[np.float64], places: NDArray[np.int64]
) -> list[Flip]:
    rows = before.table["row"].to_numpy()
    order = places[np.argsort(-np.abs(change[places]), kind="stable")]
    return [
        Flip(int(rows[at]), int(at), before.truth[at], before.answer[at], after.answer[at], float(change[at]))
        for at in order
    ]


def _matrix(first: RowErrors, second: RowErrors) -> tuple[int, int, int, int] | None:
    if not first.binary:
        return None
    was, now = first.values == 0, second.values == 0
    return int((was & now).sum()), int((was & ~now).sum()), int((~was & now).sum()), int((~was & ~now).sum())


def _mostly(known: Predictions, worse: Sequence[Flip]) -> str | None:
    """The class that most of the rows have that got worse: at least half of them, and two."""
    target = target_of(known)
    if not worse or not (is_exclusive(target) or linear_of(target) == "sets"):
        return None
    classes = Counter(str(name) for flip in worse for name in _classes(flip))
    (name, rows), *_ = classes.most_common(1) or [("", 0)]
    return name if rows >= 2 and 2 * rows >= len(worse) else None


def _classes(flip: Flip) -> Sequence[Any]:
    """Its label; of a set the labels that are answered otherwise than before and wrongly."""
    if not isinstance(flip.truth, list):
        return [flip.truth]
    return sorted((set(flip.before) ^ set(flip.after)) & (set(flip.after) ^ set(flip.truth)))
