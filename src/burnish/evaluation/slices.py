"""Slices: the tested examples divided by a column, each part with its score."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.intervals import bootstrap
from burnish.media.text.personal import personal
from burnish.metrics import Metric

LEAST = 20
"""Examples of a part that can be tested, and of the rest."""
FEW = 10
"""Different numbers of a column up to which each is a part; more are put into bins."""
SHARES = (0.25, 0.5, 0.75)
"""Quantiles of the training examples that are the edges of bins."""
MOST = 50
"""Parts of a column: the most frequent values."""
MISSING = "(missing)"
RESAMPLES, FEWEST = 500, 200
"""Resamples behind the interval of a part: at most, and of large parts at least."""
DRAWN = 4_000_000
"""Examples times resamples of one part, where that leaves `FEWEST`."""

How = Literal["values", "bins of training", "bins of the tested examples"]


@dataclass(frozen=True)
class Column:
    """N examples in parts.

    Attributes:
        name: of the column; `length` and `source` are no columns of the data.
        labels: what each part is called.
        numbers: int64 [N], the part of each example; -1: none of them.
        how: whether parts are values, or bins of numbers and of which.
    """

    name: str
    labels: tuple[str, ...]
    numbers: NDArray[np.int64]
    how: How = "values"

    def at(self, rows: NDArray[np.bool_]) -> Column:
        """The same of some of the examples, bool [N]."""
        return Column(self.name, self.labels, self.numbers[rows], self.how)


def divided(name: str, values: Sequence[Any], learned: Sequence[Any] | None = None) -> Column | str:
    """A column in parts; or why it cannot be.

    Numbers, also those written as text, are put into bins at the quartiles of the training examples where more than `FEW` of
    them differ. Other values are parts as they are, the most frequent `MOST`; an empty or missing one is `(missing)`.

    Args:
        name: of the column.
        values: N cells.
        learned: cells of the training examples; None: edges are those of the values themselves.
    """
    if odd := next((v for v in values if v is not None and not isinstance(v, str | bool | int | float)), None):
        return f"it holds values of type {type(odd).__name__}, which divide no examples"
    numbers = _numbers(values)
    if numbers is not None and len(np.unique(numbers[np.isfinite(numbers)])) > FEW:
        theirs = None if learned is None else _numbers(learned)
        return _binned(name, numbers, theirs)
    return _by_value(name, [MISSING if v is None or v == "" else str(v) for v in values])


def _numbers(values: Sequence[Any]) -> NDArray[np.float64] | None:
    """[N], nan where there is none; None where any cell is no number."""
    made = np.full(len(values), math.nan)
    for place, value in enumerate(values):
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            return None
        try:
            made[place] = float(value)
        except ValueError:
            return None
    return made


def _binned(name: str, numbers: NDArray[np.float64], learned: NDArray[np.float64] | None) -> Column:
    known = learned[np.isfinite(learned)] if learned is not None else np.zeros(0)
    how: How = "bins of training" if len(known) else "bins of the tested examples"
    edges = np.unique(np.quantile(known if len(known) else numbers[np.isfinite(numbers)], SHARES))
    said = [f"{edge:,.6g}" for edge in edges]
    labels = [
        f"up to {said[0]}",
        *(f"over {a} to {b}" for a, b in pairwise(said)),
        f"over {said[-1]}",
    ]
    parts = np.searchsorted(edges, numbers, side="left")  # a value that is an edge lies below it
    finite = np.isfinite(numbers)
    if not finite.all():
        labels.append(MISSING)
        parts = np.where(finite, parts, len(edges) + 1)
    return _packed(name, labels, parts, how)


def _by_value(name: str, values: Sequence[str]) -> Column | str:
    counts = Counter(values)
    if len(counts) < 2:
        return f"all examples have the same value: {next(iter(counts), MISSING)!r}"
    if counts.most_common(1)[0][1] < LEAST:
        return f"each of its {len(counts):,} values has fewer than {LEAST} examples"
    if any(personal(value) for value in counts):
        return "its values look like personal data"
    kept = [value for value, count in counts.most_common(MOST) if count > 1 or len(counts) <= MOST]
    number = {value: i for i, value in enumerate(kept)}
    return Column(name, tuple(kept), np.array([number.get(value, -1) for value in values], np.int64))


def _packed(name: str, labels: Sequence[str], parts: NDArray[Any], how: How) -> Column:
    """Without the parts that no example is in, in their order."""
    there = np.unique(parts)
    return Column(name, tuple(labels[int(i)] for i in there), np.searchsorted(there, parts).astype(np.int64), how)


def scored(known: Predictions, column: Column, metric: Metric, *, resamples: int, seed: int) -> list[dict[str, Any]]:
    """Each part of a column: `slice`, `rows`, and where the metric is defined `value`, `low` and `high`.

    Args:
        known: N examples with truth.
        column: their parts.
        metric: what is computed of each part.
        resamples, seed: of the intervals; at most `RESAMPLES`, fewer of large parts.
    """
    parts = []
    for number, label in enumerate(column.labels):
        rows = np.flatnonzero(column.numbers == number)
        if len(rows):
            parts.append({"slice": label, **figures(known, rows, metric, resamples=resamples, seed=seed)})
    return parts


def figures(
    known: Predictions, rows: NDArray[np.int64], metric: Metric, *, resamples: int, seed: int
) -> dict[str, Any]:
    """`rows`, and `value`, `low` and `high` of a metric over some examples; None where it is not defined."""
    part = known.take(rows)
    if not metric.applies(part):
        return {"rows": len(rows), "value": None, "low": None, "high": None}
    count = min(resamples, RESAMPLES, max(FEWEST, DRAWN // len(rows)))
    found = bootstrap(metric, part, resamples=count, seed=seed)
    several = len(rows) > 1 and (part.groups is None or len(set(part.groups)) > 1)
    ends = (found.low, found.high) if several else (math.nan, math.nan)
    named = zip(("value", "low", "high"), (found.value, *ends), strict=True)
    return {"rows": len(rows), **{name: float(v) if math.isfinite(v) else None for name, v in named}}


def parts_of(columns: Mapping[str, tuple[Sequence[Any], Sequence[Any] | None]]) -> tuple[list[Column], dict[str, str]]:
    """Columns in parts, and why the others are left out; by name the cells and those of training."""
    made, left_out = list[Column](), dict[str, str]()
    for name, (values, learned) in columns.items():
        column = divided(name, values, learned)
        if isinstance(column, str):
            left_out[name] = column
        else:
            made.append(column)
    return made, left_out
