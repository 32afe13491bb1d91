"""Rows to answers, where a row that cannot be answered has an error of its own and spoils no other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from burnish.answering.predictor import Predictor
from burnish.core.answer import Answer
from burnish.core.errors import InputError, RunFailed

ADDED = ("prediction", "probability", "probabilities", "abstained", "error")
"""Columns that are added to a table of answers; CSV leaves `probabilities` out, and `abstained` is there where the bundle
abstains."""
HOPELESS = 8  # rows: when so many fail together, and none because of what is in it, the model is at fault

Row = dict[str, Any]


def answers_of(predictor: Predictor, rows: Sequence[Row]) -> list[Row]:
    """The `ADDED` values of each row, in order; `error` says why a row has no answer and is None where it has one.

    Raises:
        RunFailed: no row can be answered, and it is not because of what is in them.
    """
    # Texts are sorted by length over all rows; pictures and sounds are large, so few are in memory at a time.
    size = max(1, len(rows)) if predictor.bundle.input.stored else predictor.batch_size
    found: list[Row] = []
    for start in range(0, len(rows), size):
        found += _isolated(predictor, rows[start : start + size])
    return found


def _isolated(predictor: Predictor, rows: Sequence[Row]) -> list[Row]:
    """All together; where that fails, each half on its own, so that one bad row among n costs log n more batches."""
    try:
        return [_said(answer) for answer in predictor(list(rows))]
    except Exception as error:  # whatever a decoder or a network raises for one row must not cost the others
        if len(rows) == 1:
            return [_failed(error)]
        half = len(rows) // 2
        found = _isolated(predictor, rows[:half]) + _isolated(predictor, rows[half:])
        if len(rows) >= HOPELESS and not isinstance(error, InputError) and all(row["error"] for row in found):
            raise RunFailed(f"none of {len(rows)} rows could be answered: {_words(error)}") from error
        return found


def finite(answer: Answer) -> bool:
    """Whether every number of an answer is one: the largest of probabilities that are none is no answer."""
    numbers = [answer.answer] if isinstance(answer.answer, float) else answer.probabilities.values()
    return all(math.isfinite(n) for n in numbers)


def _said(answer: Answer) -> Row:
    if not finite(answer):
        return _failed(InputError("the model's answer is not a finite number"))
    return {
        "prediction": answer.answer,
        "probability": answer.confidence,
        "probabilities": answer.probabilities,
        **({} if answer.abstained is None else {"abstained": answer.abstained}),
        "error": None,
    }


def _failed(error: Exception) -> Row:
    return {"prediction": None, "probability": None, "probabilities": {}, "error": _words(error)}


def _words(error: Exception) -> str:
    """One line that says what was found, and where."""
    if isinstance(error, InputError):
        return f"{error.place}: {error.found}" if error.place else error.found
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
