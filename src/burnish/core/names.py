"""What targets with label names share."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator

from burnish.core.batch import Array
from burnish.core.errors import InputError, nearest
from burnish.core.written_lists import written_list


def text(value: Any) -> str | None:
    """A label as text, without outer white space; None where it is missing (null, nan, empty)."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers with gaps is read as floats
    return str(value).strip() or None


def _given(value: Any) -> Any:
    """Label names as a recipe gives them: YAML reads 0 as a number and true as a truth value; names are text."""
    if not isinstance(value, list | tuple):
        return value
    names = [text(v) for v in value]
    if None in names:
        raise ValueError("a label name is empty")
    twice = [n for n, times in Counter(names).items() if times > 1]
    if twice:
        raise ValueError(f"label name {twice[0]!r} is there twice")
    return names


Names = Annotated[list[str], BeforeValidator(_given)]
"""Label names in the order of the logits."""


def named(values: Any) -> Any:
    """A mapping by label name; names that are numbers or truth values become text, as they are in the data."""
    return {text(name): value for name, value in values.items()} if isinstance(values, dict) else values


def single(value: Any, column: str, fix: str = "name another column") -> Any:
    """The value, which must be a plain one: the writing of a list in Python is no label.

    Raises:
        InputError: a list, an object or bytes.
    """
    if isinstance(value, list | tuple | dict | bytes):
        raise InputError(
            f"column {column!r} holds {value!r:.60}, which is no label",
            expected="a text, a number or a truth value",
            fix=fix,
            place="target",
        )
    return value


def unknown_name(name: str, names: tuple[str, ...]) -> str:
    """Why a name that training did not see is a problem."""
    guess = nearest(name, names)
    return f"label {name!r} does not occur in the training split" + (f" (nearest: {guess!r})" if guess else "")


def softmax(logits: Array) -> Array:
    """Along the last axis, in float64 so that the largest probability is never rounded past a tie."""
    logits = logits.astype(np.float64)
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


def sigmoid(logits: Array) -> Array:
    """Element by element, without overflow."""
    logits = logits.astype(np.float64)
    small = np.exp(-np.abs(logits))
    return np.asarray(np.where(logits >= 0, 1.0 / (1.0 + small), small / (1.0 + small)))


TINY = float(np.finfo(np.float32).tiny)
"""Probabilities are float32 in tables of predictions: what is 0 there was at most this."""

_TAG = re.compile(r"O|[BIESLUMW]-.*", re.DOTALL)


def looks_like_tags(value: Any) -> bool:
    """Whether a value is a sequence of tags with the prefixes of IOB2, BIOES, BILOU or BMES, as a list or in one string."""
    if isinstance(value, str):
        written = written_list(value)
        words = value.split() if written is None else written
    else:
        words = value
    return isinstance(words, list) and bool(words) and all(isinstance(w, str) and _TAG.fullmatch(w) for w in words)


def as_number(value: Any) -> float | None:
    """A finite number, or None."""
    if value is None or isinstance(value, bool | list | dict):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


_CODE = re.compile(r"0\d+")  # 007 is a name: no number is written so


def looks_like_score(values: list[Any]) -> bool:
    """Whether every value is a number and they are too many or too finely graded to be classes."""
    present = [v for v in values if text(v) is not None]
    known = [n for n in map(as_number, present) if n is not None]
    if (
        len(known) != len(present)
        or not known
        or any(isinstance(v, str) and _CODE.fullmatch(v.strip()) for v in present)
    ):
        return False
    distinct = set(known)
    return len(distinct) > 20 or (len(distinct) > 2 and any(not n.is_integer() for n in distinct))


_CLASS_WORDS = {
    "label",
    "labels",
    "class",
    "classes",
    "category",
    "categories",
    "intent",
    "sentiment",
    "emotion",
    "topic",
}
_CLASS_WORDS |= {"type", "genre", "species", "code"}
_OPEN_WORDS = {"target", "y"}  # what such a column holds is a number as often as a class
_MOST_CODES = 1000


def looks_like_codes(values: list[Any], column: str) -> bool:
    """Whether whole numbers are codes of classes: the column is called like one, and the numbers repeat as codes do.

    Codes fill a range from 0 or 1, or are few for so many rows. Of a column called `target` they must do both.
    """
    words = {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", column)}
    numbers = [n for n in (as_number(v) for v in values if text(v) is not None) if n is not None]
    if not words & (_CLASS_WORDS | _OPEN_WORDS) or not numbers or any(n < -1 or not n.is_integer() for n in numbers):
        return False
    distinct = set(numbers) - {-1.0}
    if not distinct or len(distinct) > _MOST_CODES:
        return False
    full = min(distinct) in (0, 1) and len(distinct) >= 0.8 * (max(distinct) - min(distinct) + 1)
    few = len(distinct) <= 200 and 10 * len(distinct) <= len(numbers)
    repeat = full and 2 * len(distinct) <= len(numbers)
    return repeat or few if words & _CLASS_WORDS else repeat and few


def most_common(values: Iterable[Any]) -> Any:
    """Ties go to the first in alphabetical order, so that the order of rows decides nothing."""
    return min(Counter(values).items(), key=lambda item: (-item[1], item[0]))[0]
