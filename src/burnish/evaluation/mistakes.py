"""The answers that are most wrong: worth reading, because they show what the model did not learn, or wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.metrics._calibration import confidence
from burnish.metrics._resampling import with_truth
from burnish.metrics._spans import spans


@dataclass(frozen=True)
class Mistake:
    """One wrongly answered row.

    Attributes:
        row: position in the split's table, counted from 0.
        truth: what would have been right, in words.
        answer: what was answered, in words.
        size: how bad it is, in the unit named by `size_name`.
    """

    row: int
    truth: str
    answer: str
    size: float


SIZES = {
    "label": "confidence",
    "labels": "confidence in the worst label",
    "score": "error",
    "tags": "wrong or missed entities",
}
"""What `Mistake.size` is for each target."""


def mistakes(predictions: Predictions, most: int = 15) -> tuple[list[Mistake], int]:
    """The worst mistakes, worst first, and how many wrong rows there are in all (for scores: rows).

    `label`: wrong answers by their probability. `labels`: by the probability of the surest wrong decision. `score`: by
    absolute error. `tags`: by entities that are wrong or missed.
    """
    known = with_truth(predictions)
    if not len(known) or known.target not in _FINDERS:
        return [], 0
    found = _FINDERS[known.target](known)
    return sorted(found, key=lambda m: (-abs(m.size), m.row))[:most], len(found)


def _rows(known: Predictions) -> list[int]:
    return [int(row) for row in known.table["row"].to_pylist()]


def _labels_wrong(known: Predictions) -> list[Mistake]:
    sure, right = confidence(known)
    pairs = zip(_rows(known), known.truth, known.answer, sure, right, strict=True)
    return [Mistake(row, str(t), str(a), float(s) if np.isfinite(s) else 0.0) for row, t, a, s, r in pairs if not r]


def _sets_wrong(known: Predictions) -> list[Mistake]:
    found = []
    probabilities = known.probabilities
    for i, (row, truth, answer) in enumerate(zip(_rows(known), known.truth, known.answer, strict=True)):
        wrong = set(truth) ^ set(answer)
        if not wrong:
            continue
        sizes = [1.0]  # a true label without a name: certainly not answered
        if probabilities.shape[1]:
            of = dict(zip(known.names, probabilities[i], strict=True))
            sizes = [of.get(n, 0.0) if n in answer else 1 - of.get(n, 0.0) for n in wrong]
        found.append(Mistake(row, _set(truth), _set(answer), float(np.nan_to_num(max(sizes)))))
    return found


def _set(values: Any) -> str:
    return ", ".join(sorted(map(str, values))) or "(none)"


def _scores_wrong(known: Predictions) -> list[Mistake]:
    pairs = zip(_rows(known), known.truth, known.answer, strict=True)
    return [
        Mistake(row, f"{t:.4g}", f"{a:.4g}", float(a - t) if np.isfinite(a - t) else float("inf"))
        for row, t, a in pairs
        if a != t
    ]


def _tags_wrong(known: Predictions) -> list[Mistake]:
    found = []
    for row, truth, answer in zip(_rows(known), known.truth, known.answer, strict=True):
        true, answered = spans(truth), spans(answer or [])
        if true != answered:
            missed, wrong = _entities(true - answered), _entities(answered - true)
            found.append(Mistake(row, missed or "(nothing more)", wrong or "(nothing)", float(len(true ^ answered))))
    return found


def _entities(found: set[tuple[str, int, int]]) -> str:
    """Entities as `type words 3-4`, words counted from 1."""
    ordered = sorted(found, key=lambda s: s[1])
    return ", ".join(f"{k} word {a + 1}" if a == b else f"{k} words {a + 1}-{b + 1}" for k, a, b in ordered)


_FINDERS: dict[str, Callable[[Predictions], list[Mistake]]] = {
    "label": _labels_wrong,
    "labels": _sets_wrong,
    "score": _scores_wrong,
    "tags": _tags_wrong,
}
