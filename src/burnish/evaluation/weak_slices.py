"""Slices on which a model is worse than on the rest: found by itself, and called weak only where that holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.intervals import draws
from burnish.evaluation.randomisation import holm
from burnish.evaluation.row_errors import RowErrors, row_errors
from burnish.evaluation.slices import LEAST, Column
from burnish.targets import Transcribed, target_of

LEVEL = 0.05
"""The corrected p from which on a slice is not called weak."""
GROUPS = 5
"""Groups of a slice that can be tested, and of the rest, where examples are in groups."""
TESTS = 200
"""Slices that are tested at most: all single columns, then the largest pairs."""
PAIRED = 10
"""Columns whose pairs are looked at: the first ones."""
THROWS = 2000
"""Resamples of the bootstrap test at least."""
FOR_EACH = 40
"""Resamples for each slice that is tested: else no p could be small enough for Holm's correction."""
DRAWN, FEWEST = 50_000_000, 300
"""Examples times resamples behind the intervals, where that leaves so many resamples."""
WORK = 50_000_000
"""Examples times slices times slices at most, where slices are tested by the bootstrap."""


@dataclass(frozen=True)
class Slice:
    """Some of the examples, and how they were tested against the rest.

    Attributes:
        where: (column, part) of which they are: one or two.
        rows: int64, their places.
        error, rest: mean error of them, and of the rest.
        low, high: interval (95 %, bootstrap) of the difference of both.
        p: one-sided p that the error is no larger than that of the rest.
        corrected: by Holm's correction over all slices tested.
    """

    where: tuple[tuple[str, str], ...]
    rows: NDArray[np.int64]
    error: float = math.nan
    rest: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    corrected: float = math.nan


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes:
        weak: slices that hold, the surest first; of pairs within a slice of one column that is weak only those that are worse
            than the rest of that slice as well.
        tested: how many slices were tested.
        passed_over: how many more there were than were tested.
        unit: what errors are.
        test: how they were tested, in words.
    """

    weak: list[Slice]
    tested: int
    passed_over: int
    unit: str
    test: str


def weak_slices(known: Predictions, columns: Sequence[Column], *, seed: int) -> Search | str:
    """Tests each part of each column, and of each pair of columns, against the rest; or why nothing can be tested.

    Where a prediction is right or wrong and examples are independent: Fisher's exact test (1935), one-sided. Else the bootstrap
    over examples or groups: p = (1 + resamples in which the slice is no worse) / (1 + resamples). All p are corrected
    together (Holm 1979), so that with 95 % confidence none is called weak by chance.

    Args:
        known: N examples, all with truth.
        columns: their parts.
        seed: of the bootstrap.
    """
    errors = row_errors(known)
    if errors is None:
        return "predictions of this kind have no error of one example"
    above, below = _sums(known, errors)
    exact = errors.binary and known.groups is None
    most = TESTS if exact else max(10, min(TESTS, math.isqrt(WORK // len(known))))
    found, passed_over = _candidates(known, columns, most)
    if not found:
        return f"no slice has {LEAST} examples inside and outside" + _in_groups(known)
    total_above, total_below = above.sum(), below.sum()
    tested = []
    for one in found:
        inside, size = above[one.rows].sum(), below[one.rows].sum()
        rest = (total_above - inside) / max(total_below - size, 1e-12)
        tested.append(replace(one, error=float(inside / max(size, 1e-12)), rest=float(rest)))
    p = _fisher(tested, above) if exact else _bootstrapped(known, tested, above, below, seed)[0]
    corrected = holm(p)
    tested = [replace(one, p=p[i], corrected=corrected[i]) for i, one in enumerate(tested)]
    holding = [one for one in tested if one.corrected < LEVEL]
    weak = [one for one in holding if _adds(known, one, holding, above, below, seed, exact=exact)]
    weak.sort(key=lambda one: (one.corrected, one.p, -one.error))
    if weak:
        throws = max(FEWEST, min(THROWS, DRAWN // len(known)))
        ends = _bootstrapped(known, weak, above, below, seed, throws)[1]
        weak = [replace(one, low=low, high=high) for one, (low, high) in zip(weak, ends, strict=True)]
    words = "Fisher's exact test" if exact else f"bootstrap of {'groups' if known.groups is not None else 'examples'}"
    return Search(weak, len(tested), passed_over, _unit(known, errors), f"{words}, one-sided, Holm's correction")


def _in_groups(known: Predictions) -> str:
    return "" if known.groups is None else f", and {GROUPS} groups"


def _sums(known: Predictions, errors: RowErrors) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """[N] errors and what they are divided by: longer texts have more words to be wrong."""
    target = target_of(known)
    if isinstance(target, Transcribed):
        return errors.values, known.numbers("words")
    if _tagged(known):
        return errors.values, np.array([sum(t is not None for t in truth) for truth in known.truth], np.float64)
    return errors.values, np.ones(len(known))


def _tagged(known: Predictions) -> bool:
    """Whether each word has a label; an encoder that fills in words has an answer for each as well, and a number as truth."""
    return target_of(known).shape == "element" and isinstance(next(iter(known.truth), None), Sequence)


def _unit(known: Predictions, errors: RowErrors) -> str:
    target = target_of(known)
    if isinstance(target, Transcribed):
        return "share of wrong words"
    if _tagged(known):
        return "share of words with a wrong tag"
    return "share of wrong predictions" if errors.binary else f"mean {errors.unit}"


def _candidates(known: Predictions, columns: Sequence[Column], most: int) -> tuple[list[Slice], int]:
    """Slices that are large enough, single columns first and then the largest pairs; and how many more there were."""
    single, pairs = list[Slice](), list[Slice]()
    for column in columns:
        for number, label in enumerate(column.labels):
            single.append(Slice(((column.name, label),), np.flatnonzero(column.numbers == number)))
    for one, other in combinations(columns[:PAIRED], 2):
        cells = np.where((one.numbers >= 0) & (other.numbers >= 0), one.numbers * len(other.labels) + other.numbers, -1)
        kept, counts = np.unique(cells[cells >= 0], return_counts=True)
        for cell, count in zip(kept.tolist(), counts.tolist(), strict=True):
            first, second = divmod(cell, len(other.labels))
            alone = (int((one.numbers == first).sum()), int((other.numbers == second).sum()))
            if count >= LEAST and count not in alone:  # else it is the column alone
                where = ((one.name, one.labels[first]), (other.name, other.labels[second]))
                pairs.append(Slice(where, np.flatnonzero(cells == cell)))
    pairs.sort(key=lambda pair: -len(pair.rows))
    enough = [one for one in (*single, *pairs) if _enough(known, one)]
    return enough[:most], max(0, len(enough) - most)


def _enough(known: Predictions, one: Slice) -> bool:
    if not LEAST <= len(one.rows) <= len(known) - LEAST:
        return False
    if known.groups is None:
        return True
    inside = np.zeros(len(known), np.bool_)
    inside[one.rows] = True
    names = np.array([f"row {i}" if g is None else f"group {g}" for i, g in enumerate(known.groups)])
    return min(len(np.unique(names[inside])), len(np.unique(names[~inside]))) >= GROUPS


def _fisher(slices: Sequence[Slice], wrong: NDArray[np.float64]) -> list[float]:
    """The chance of so many wrong ones or more in each, drawn without replacement from all."""
    from scipy.stats import hypergeom

    inside = np.array([wrong[one.rows].sum() for one in slices])
    sizes = np.array([len(one.rows) for one in slices])
    return [float(p) for p in hypergeom.sf(inside - 1, len(wrong), int(wrong.sum()), sizes)]


def _bootstrapped(
    known: Predictions,
    slices: Sequence[Slice],
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    seed: int,
    throws: int | None = None,
) -> tuple[list[float], list[tuple[float, float]]]:
    """p of each slice, and the interval of its difference to the rest."""
    from scipy.sparse import csc_matrix

    places = np.concatenate([one.rows for one in slices])
    columns = np.repeat(np.arange(len(slices)), [len(one.rows) for one in slices])
    member = csc_matrix((np.ones(len(places)), (places, columns)), shape=(len(known), len(slices)))
    mine, size = (member.multiply(v[:, None]).tocsc() for v in (above, below))
    found = list[NDArray[np.float64]]()
    throws = throws or max(THROWS, FOR_EACH * len(slices))
    for counts in draws(known.groups, len(known), resamples=throws, seed=seed):
        inside, of = (np.asarray(counts @ part) for part in (mine, size))
        total, of_total = (counts @ above)[:, None], (counts @ below)[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            found.append(inside / of - (total - inside) / (of_total - of))
    differences = np.concatenate(found)
    worse = differences > 0  # of nan, where a slice was not drawn, nothing is shown
    p = (1 + (~worse).sum(axis=0)) / (1 + len(differences))
    ends = [np.nanquantile(column, [0.025, 0.975]).tolist() for column in differences.T]
    return [float(one) for one in p], [(low, high) for low, high in ends]


def _adds(
    known: Predictions,
    one: Slice,
    holding: Sequence[Slice],
    above: NDArray[np.float64],
    below: NDArray[np.float64],
    seed: int,
    *,
    exact: bool,
) -> bool:
    """Whether a slice says more than the weak columns it is made of: a pair must be worse than the rest of each as well."""
    parents = [other for other in holding if len(other.where) == 1 < len(one.where) and other.where[0] in one.where]
    for parent in parents:
        inside = replace(one, rows=np.searchsorted(parent.rows, one.rows))
        if exact:
            p = _fisher([inside], above[parent.rows])[0]
        else:
            some = known.take(parent.rows)
            p = _bootstrapped(some, [inside], above[parent.rows], below[parent.rows], seed)[0][0]
        if p >= LEVEL:
            return False
    return True


def as_json(one: Slice) -> dict[str, Any]:
    """A weak slice as it stands in scores.json, but for the metric."""
    return {
        "slice": dict(one.where),
        "error": one.error,
        "rest": one.rest,
        "difference": {"value": one.error - one.rest, "low": one.low, "high": one.high},
        "p": one.p,
        "p_holm": one.corrected,
    }
