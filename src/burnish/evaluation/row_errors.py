"""How wrong each row is, lower better, so that two runs can be compared row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.counting.classes import label_sets
from burnish.targets import Recognised, Target, Transcribed, is_exclusive, linear_of, target_of


@dataclass(frozen=True)
class RowErrors:
    """One number for each of N rows with truth.

    Attributes:
        values: float64 [N], 0 or more, lower is better.
        unit: what is counted, as in "wrong labels".
        step: a row has changed where its number moves by more than this.
        binary: whether a row is either right (0) or wrong (1).
    """

    values: NDArray[np.float64]
    unit: str
    step: float
    binary: bool = False


def row_errors(known: Predictions) -> RowErrors | None:
    """The errors of rows that all have truth; None where a target gives no error of one row.

    - One of the names: wrong or right.
    - A set of labels: labels that are missing or too many.
    - A number: distance from the truth. A row has changed where it moves by more than a tenth of the truths' standard deviation.
    - Tags: words whose tag is wrong.
    - Transcripts: words substituted, deleted and inserted, after normalisation.
    - Texts that a network writes: nats of the true text, for each of its tokens; changed where it moves by more than 0.1.
    """
    target = target_of(known)
    return next((found for way in _WAYS if (found := way(target, known)) is not None), None)


def _names(target: Target, known: Predictions) -> RowErrors | None:
    if not is_exclusive(target):
        return None
    wrong = np.array([t != a for t, a in zip(known.truth, known.answer, strict=True)], np.float64)
    return RowErrors(wrong, "wrong", 0.5, binary=True)


def _sets(target: Target, known: Predictions) -> RowErrors | None:
    if linear_of(target) != "sets":
        return None
    sets = label_sets(known)
    return RowErrors((sets.truth != sets.answer).sum(axis=1).astype(np.float64), "wrong labels", 0.5)


def _numbers(target: Target, known: Predictions) -> RowErrors | None:
    if linear_of(target) != "numbers":
        return None
    truth, answer = np.array(known.truth, np.float64), np.array(known.answer, np.float64)
    return RowErrors(np.abs(truth - answer), "distance from the truth", 0.1 * float(truth.std()))


def _transcripts(target: Target, known: Predictions) -> RowErrors | None:
    if not isinstance(target, Transcribed):
        return None
    columns = ("word_substitutions", "word_deletions", "word_insertions")
    return RowErrors(np.sum([known.numbers(name) for name in columns], axis=0), "wrong words", 0.5)


def _tags(target: Target, known: Predictions) -> RowErrors | None:
    if target.shape != "element" or not isinstance(target, Recognised):
        return None
    wrong = []
    for truth, answer in zip(known.truth, known.answer, strict=True):
        given = [*(answer or ()), *[None] * max(0, len(truth) - len(answer or ()))]
        wrong.append(sum(t is not None and t != a for t, a in zip(truth, given, strict=False)))
    return RowErrors(np.array(wrong, np.float64), "words with a wrong tag", 0.5)


def _written(target: Target, known: Predictions) -> RowErrors | None:
    if not {"nats", "tokens"} <= set(known.table.column_names):
        return None
    nats, tokens = known.numbers("nats"), known.numbers("tokens")
    if not np.isfinite(nats).all():
        return None
    return RowErrors(nats / np.maximum(tokens, 1), "nats a token of the label", 0.1)


_WAYS: tuple[Callable[[Target, Predictions], RowErrors | None], ...] = (
    *(_names, _sets, _numbers, _transcripts, _tags, _written),
)
