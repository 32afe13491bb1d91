"""Sets and intervals that hold the truth as often as asked for: how large they must be, and how often they do.

Split conformal prediction (Vovk, Gammerman and Shafer 2005; Papadopoulos et al. 2002; Lei et al. 2018, arXiv 1604.04173): of n
rows that are exchangeable with those to come and that the network was not trained on, the limit is the
ceil((n + 1) * coverage)-th smallest nonconformity score. A new score is then not above it with a probability of at least the
coverage, whatever the network and the distribution; averaged over draws of the n rows and of the new one.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.reliability import wilson
from burnish.targets import Covering, Target, names_of

Method = Literal["lac", "aps"]
CLOSE = 1e-9
"""What products such as 10 * 0.9 may be above a whole number by rounding alone."""


def rank(rows: int, coverage: float) -> int:
    """Which score, counted from 1 in rising order, is the limit; above `rows` where there are too few for the coverage."""
    return math.ceil((rows + 1) * coverage - CLOSE)


def fewest(coverage: float) -> int:
    """The fewest rows of which one is a limit for this coverage: (n + 1) * coverage must not be above n."""
    rows = max(1, math.floor(coverage / (1 - coverage)))
    while rank(rows, coverage) > rows:
        rows += 1
    return rows


def limit_of(scores: NDArray[np.float64], coverage: float) -> float:
    """The conformal quantile of N scores; infinite where there are too few, or where too many are infinite."""
    place = rank(len(scores), coverage)
    return float(np.sort(scores)[place - 1]) if place <= len(scores) else math.inf


def require_enough(rows: Mapping[str, int], coverage: float, *, halved: bool = False) -> None:
    """Check that there are enough validation rows of each class, or of all together.

    Args:
        rows: by class, or one number for all under an empty name.
        coverage: that is asked for.
        halved: whether the other half is needed to calibrate probabilities.

    Raises:
        InputError: too few, with the reason.
    """
    needed = fewest(coverage)
    few = {name: count for name, count in rows.items() if count < needed}
    if not few:
        return
    shown = ", ".join(
        f"{name!r} has {count:,}" if name else f"there are {count:,}" for name, count in [*few.items()][:5]
    )
    more = f" and {len(few) - 5} more classes" if len(few) > 5 else ""
    what = f"of {'class ' if any(few) else 'labelled examples '}"
    half = " (half of the validation examples; calibration is learned from the other half)" if halved else ""
    most = max(0.0, min(few.values()) / (min(few.values()) + 1))
    raise InputError(
        f"conformal coverage {coverage:g}: {what}{shown}{more} to learn from{half}",
        expected=f"at least {needed:,} validation examples{' of each class' if any(few) else ''}: with n of them "
        "(n + 1) * coverage must not be above n, else nothing but all labels (or an endless interval) is often enough right",
        fix=f"more validation examples, conformal.coverage={math.floor(most * 100) / 100:g} or less"
        + (", or conformal.guarantee=marginal" if any(few) else ""),
        place="conformal",
    )


def apart(
    rows: Sequence[int], truths: Sequence[Any], groups: Sequence[str] | None, seed: int, *, by_class: bool
) -> NDArray[np.bool_]:
    """[N] which half of the rows a conformal limit is learned from, where the other half calibrates probabilities.

    Drawn by a hash of the row's number, so that the order of rows does not matter. Groups stay whole.

    Args:
        rows: numbers of N rows.
        truths: their labels.
        groups: their groups, where they have any.
        seed: of the draw.
        by_class: whether each class is halved on its own, which is not possible with groups.
    """
    keys = [str(row) for row in rows] if groups is None else list(groups)
    strata = [str(truth) if by_class and groups is None else "" for truth in truths]
    members: dict[str, set[str]] = {}
    for stratum, key in zip(strata, keys, strict=True):
        members.setdefault(stratum, set()).add(key)
    chosen = {stratum: _half(of, seed) for stratum, of in members.items()}
    return np.array([key in chosen[stratum] for stratum, key in zip(strata, keys, strict=True)], np.bool_)


def _half(keys: set[str], seed: int) -> set[str]:
    drawn = sorted(keys, key=lambda key: hashlib.blake2b(f"{seed}:{key}".encode(errors="replace")).digest())
    return set(drawn[: math.ceil(len(drawn) / 2)])


def learned_regions(
    target: Target, predictions: Predictions, coverage: float, method: Method, *, by_class: bool
) -> tuple[Target, dict[str, Any]]:
    """The target whose regions have the coverage, and what was learned.

    Args:
        target: as it answered.
        predictions: of rows that neither trained the network nor calibrated its probabilities, all with truth.
        coverage: share of new rows whose region should hold the truth.
        method: nonconformity score.
        by_class: whether the coverage should hold of each class alone (Vovk 2012, arXiv 1209.2673), and not only of all rows.

    Raises:
        InputError: too few rows, or too many whose label training did not have.
    """
    assert isinstance(target, Covering)
    truths = predictions.truth
    scores = target.nonconformity(method, truths, predictions.answer, predictions.probabilities)
    facts: dict[str, Any] = {"coverage": coverage, "method": method, "guarantee": "marginal", "rows": len(scores)}
    if not by_class:
        require_enough({"": len(scores)}, coverage)
        facts["limit"] = _finite(limit_of(scores, coverage), int(np.isinf(scores).sum()), len(scores))
        return target.covering(coverage, method, facts["limit"], {}), facts
    labels = np.array([str(truth) for truth in truths])
    counts = Counter(labels.tolist())
    require_enough({name: counts[name] for name in names_of(target)}, coverage)
    limits = {name: limit_of(scores[labels == name], coverage) for name in names_of(target)}
    facts |= {"guarantee": "class_conditional", "rows_of": dict(counts), "limits": limits}
    return target.covering(coverage, method, None, limits), facts


def _finite(limit: float, unknown: int, rows: int) -> float:
    if math.isfinite(limit):
        return limit
    raise InputError(
        f"{unknown:,} of {rows:,} validation examples have a label that training did not have: no set can hold it",
        expected="labels of the training split, or a lower coverage",
        fix=f"conformal.coverage={max(0.0, math.floor((rows - unknown) / (rows + 1) * 100) / 100):g} or less",
        place="conformal",
    )


def reached(facts: Mapping[str, Any], target: Target, predictions: Predictions) -> dict[str, Any]:
    """How often regions hold the truth of rows that they were not learned from, and how large they are.

    Args:
        facts: of `learned_regions`.
        target: with these regions.
        predictions: what it answered.

    Returns:
        `rows`, `covered`, `coverage` with its 95 % Wilson interval `low` to `high`; where the guarantee is marginal `expected` [2],
        between which the coverage lies in 95 of 100 draws of both sets of rows; `size` (mean); of sets `sizes` {labels: rows} and
        `by_class` {name: {rows, coverage, low, high, size}}, with `expected` where the guarantee is of each class.
    """
    assert isinstance(target, Covering)
    known = predictions.known
    covered, sizes = target.reached(known.truth, known.answer, known.probabilities)
    found = _share(covered, sizes)
    if not len(known):
        return found
    if facts["guarantee"] == "marginal":
        found["expected"] = expected(facts["rows"], facts["coverage"], len(known))
    if names := names_of(target):
        labels = np.array([str(truth) for truth in known.truth])
        found["sizes"] = {str(int(size)): int(count) for size, count in sorted(Counter(sizes.tolist()).items())}
        found["by_class"] = {name: _share(covered[labels == name], sizes[labels == name]) for name in names}
        for name, of_class in found["by_class"].items():
            if "limits" in facts and of_class["rows"]:
                of_class["expected"] = expected(facts["rows_of"][name], facts["coverage"], of_class["rows"])
    return found


def expected(learned_from: int, coverage: float, rows: int) -> list[float]:
    """Between which the share of covered rows lies in 95 of 100 draws: beta-binomial (Vovk 2012, arXiv 1209.2673).

    Args:
        learned_from: rows that the limit is of.
        coverage: that was asked for.
        rows: of which the share is.
    """
    from scipy.stats import betabinom

    place = rank(learned_from, coverage)
    drawn = betabinom(rows, place, learned_from + 1 - place)
    return [float(drawn.ppf(0.025)) / rows, float(drawn.ppf(0.975)) / rows]


def _share(covered: NDArray[np.bool_], sizes: NDArray[np.float64]) -> dict[str, Any]:
    rows, hits = len(covered), int(covered.sum())
    if not rows:
        return {"rows": 0, "covered": 0, "coverage": None, "low": None, "high": None, "size": None}
    low, high = wilson(hits / rows, rows)
    return {
        "rows": rows,
        "covered": hits,
        "coverage": hits / rows,
        "low": low,
        "high": high,
        "size": float(sizes.mean()),
    }
