"""Rows by class, for what is asked of each class against all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.data.looking.closer.rows import Rows
from burnish.targets import linear_of, names_of

QUARTERS = ("lowest quarter", "second quarter", "third quarter", "highest quarter")
FEWEST = 20
"""Rows of a class below which nothing is said of it."""


@dataclass(frozen=True)
class Classes:
    """Which of N rows are of which class.

    Attributes:
        names: of the classes that have rows enough.
        members: [C, N] whether a row is of a class; a row of a set of names is of several.
        known: [N] whether a row has a truth.
    """

    names: tuple[str, ...]
    members: NDArray[np.bool_]
    known: NDArray[np.bool_]


def classes_of_rows(rows: Rows) -> Classes | None:
    """Classes of labels, names of sets, quarters of numbers; None of targets of which rows have no classes."""
    target = rows.reporter.target
    kind = linear_of(target)
    if kind is None or target.shape == "element" or not len(rows):
        return None
    truths = [truth for scan in rows.reporter.scans.values() for truth in scan.truth.each()]
    known = np.array([truth is not None for truth in truths], np.bool_)
    if kind == "numbers":
        return _quarters(truths, known)
    names = names_of(target)
    place = {name: number for number, name in enumerate(names)}
    members = np.zeros((len(names), len(truths)), np.bool_)
    for row, truth in enumerate(truths):
        for name in _names(truth):
            if name in place:
                members[place[name], row] = True
    return _frequent(names, members, known)


def _names(truth: Any) -> list[str]:
    if truth is None:
        return []
    return [str(truth)] if not isinstance(truth, list | tuple | set | frozenset) else [str(name) for name in truth]


def _quarters(truths: list[Any], known: NDArray[np.bool_]) -> Classes | None:
    values = np.array([np.nan if truth is None else float(truth) for truth in truths])
    if known.sum() < 4 * FEWEST:
        return None
    cuts = np.quantile(values[known], (0.25, 0.5, 0.75))
    quarter = np.where(known, np.searchsorted(cuts, values, side="right"), -1)
    return _frequent(QUARTERS, quarter[None] == np.arange(4)[:, None], known)


def _frequent(names: tuple[str, ...], members: NDArray[np.bool_], known: NDArray[np.bool_]) -> Classes:
    counts = members.sum(axis=1)
    kept = np.flatnonzero((counts >= FEWEST) & (known.sum() - counts >= FEWEST))
    return Classes(tuple(names[i] for i in kept), members[kept], known)
