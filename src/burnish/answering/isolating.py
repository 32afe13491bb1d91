"""Rows to answers, where a row that cannot be answered has an error of its own and spoils no other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from burnish.answering.predictor import Predictor
from burnish.core.answer import Answer
from burnish.core.errors import InputError, RunFailed

ADDED = ("prediction", "probability", "probabilities", "abstained", "error")
"""Columns that are added to a table of answers; CSV leaves `probabilities` out, and `abstained` is there where the bundle
abstains. Between them and `error` stands the region of an answer, where the bundle has one (`targets.covers`)."""
TAGGED = "tagged"
"""The column that is added as well where answers are lists of tags."""
ENDED = "ended"
"""The column that is added as well where answers are written: `stop`, or `length` where one was cut off."""
HOPELESS = 8  # rows: when so many fail together, and none because of what is in it, the model is at fault

Row = dict[str, Any]
R = TypeVar("R")
A = TypeVar("A")
E = TypeVar("E")


def answers_of(predictor: Predictor, rows: Sequence[Row]) -> list[Row]:
    """The `ADDED` values of each row, in order; `error` says why a row has no answer and is None where it has one.

    Raises:
        RunFailed: no row can be answered, and it is not because of what is in them.
    """
    # Texts are sorted by length over all rows; pictures and sounds are large, so few are in memory at a time.
    size = max(1, len(rows)) if predictor.bundle.input.stored else predictor.batch_size
    answers: list[Answer | Exception] = []
    for start in range(0, len(rows), size):
        answers += isolated(lambda some: predictor(list(some)), rows[start : start + size], hopeless=HOPELESS)
    return [_failed(answer) if isinstance(answer, Exception) else _said(answer) for answer in answers]


def isolated(
    compute: Callable[[Sequence[R]], Sequence[Answer]], rows: Sequence[R], *, hopeless: int | None = None
) -> list[Answer | Exception]:
    """An answer, or the error of its own, for each row: all together, and where that fails, each half on its own.

    So one bad row among n costs 2 log n more batches, and what a decoder or a network raises for it costs no other row its
    answer. An answer that is not a finite number is an error of its row.

    Args:
        compute: rows to answers, in their order; called with all rows, then with halves, at last with single ones.
        rows: of one batch.
        hopeless: when so many rows fail together, and not because of what is in them (`InputError`), the model is at
            fault; None: that is for the caller to see.

    Raises:
        RunFailed: `hopeless` rows or more failed together, each of them.
    """
    try:
        return [a if finite(a) else InputError("the model's prediction is not a finite number") for a in compute(rows)]
    except Exception as error:  # whatever it is, it must not cost the others
        if len(rows) < 2:
            return [error] * len(rows)
        half = len(rows) // 2
        answers = [a for some in (rows[:half], rows[half:]) for a in isolated(compute, some, hopeless=hopeless)]
        none = all(isinstance(answer, Exception) for answer in answers)
        if hopeless is not None and len(rows) >= hopeless and none and not isinstance(error, InputError):
            raise RunFailed(f"none of {len(rows)} examples could be predicted: {_words(error)}") from error
        return answers


def beside(errors: type[E], rows: Sequence[Any], answers: Iterable[A]) -> list[A | E]:
    """Answers to the rows that are no errors, with the errors of the others in their places.

    Args:
        errors: the class of what stands for a row that could not be read.
        rows: all, as they were asked.
        answers: one for each row that is no error, in their order.
    """
    answered = iter(answers)
    return [row if isinstance(row, errors) else next(answered) for row in rows]


def finite(answer: Answer) -> bool:
    """Whether every number of an answer is one: the largest of probabilities that are none is no answer."""
    numbers = [answer.answer] if isinstance(answer.answer, float) else [*answer.probabilities.values()]
    return all(math.isfinite(n) for n in [*numbers, *([] if answer.score is None else [answer.score])])


def _said(answer: Answer) -> Row:
    return {
        "prediction": answer.answer,
        "probability": answer.confidence,
        "probabilities": answer.probabilities,
        **({} if answer.abstained is None else {"abstained": answer.abstained}),
        **answer.region,
        **({} if answer.tokens is None else {TAGGED: answer.tagged}),
        **({} if answer.ended is None else {ENDED: answer.ended}),
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
