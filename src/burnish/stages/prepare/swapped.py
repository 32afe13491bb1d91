"""Input and target that were named the wrong way round: texts to be predicted from labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.core.names import text
from burnish.inputs import Input
from burnish.targets import Named, Target

_ENOUGH = 8  # rows with a value; fewer tell nothing
_DIFFERENT = 0.9  # share of the target's values that are different
_REPEATED = 4  # rows for each different value of the input, at least
_LONGER = 3  # times the length of the input's values


def label_beside(column: str, sample: Sequence[Example], others: Iterable[str]) -> str:
    """The column that holds labels where `column` holds texts; empty where it is not so, or several might be meant."""
    texts = [row.get(column) for row in sample]
    return found[0] if len(found := [name for name in others if _crossed(texts, sample, name)]) == 1 else ""


def require_not_swapped(input_: Input, target: Target, sample: Sequence[Example]) -> None:
    """That the target is not a column of texts, and the input one of labels.

    Raises:
        InputError: they are.
    """
    if not isinstance(target, Named) or target.shape != "row" or len(input_.required_columns) != 1:
        return
    if label := label_beside(target.column, sample, input_.required_columns):
        raise swapped(target.column, label)


def swapped(texts: str, label: str) -> InputError:
    """The error for a column of texts that was named as the target."""
    return InputError(
        f"column {texts!r} is to be predicted, but nearly all of its values are different and long, and {label!r} holds a "
        "few short values: input and target seem to be swapped",
        expected="labels that repeat in the target",
        fix=f"--target {label} --input {texts}",
        place="target",
    )


def _crossed(texts: Sequence[Any], sample: Sequence[Example], column: str) -> bool:
    pairs = [
        (one, other)
        for value, row in zip(texts, sample, strict=True)
        if (one := _word(value)) and (other := _word(row.get(column)))
    ]
    if len(pairs) < _ENOUGH:
        return False
    long, short = zip(*pairs, strict=True)
    if len(set(long)) < _DIFFERENT * len(pairs) or len(set(short)) * _REPEATED > len(pairs):
        return False
    return median(map(len, long)) >= _LONGER * median(map(len, short))


def _word(value: Any) -> str:
    """A plain value as text; empty for lists, objects and what is missing."""
    return "" if isinstance(value, list | dict | bytes) else text(value) or ""
