"""The answers of a head that was trained for the same names elsewhere, in the names of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.evaluation.baselines import Baseline, answered_as, answers_of
from burnish.targets import linear_of, target_of

SHOWN = 5
"""Names in a sentence."""


def matched(theirs: Sequence[str], ours: Sequence[str]) -> list[int] | str:
    """Which output of a head stands for each of our names, by name without case; or why they do not match.

    Args:
        theirs: names of the head, in the order of its outputs.
        ours: names of the data, in the order of the table.
    """
    folded = [name.strip().casefold() for name in theirs]
    if len(set(folded)) < len(folded):
        return f"its head names two outputs alike but for case: {_listed(theirs)}"
    if len({name.strip().casefold() for name in ours}) < len(ours):
        return f"two labels of the data differ in case alone: {_listed(ours)}"
    place = {name: i for i, name in enumerate(folded)}
    missing = [name for name in ours if name.strip().casefold() not in place]
    if missing:
        return (
            f"its head answers {_listed(theirs)}, and the data has {len(missing)} of {len(ours)} labels that are none of "
            f"them: {_listed(missing)}"
        )
    return [place[name.strip().casefold()] for name in ours]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more


def of_own_head(
    probabilities: NDArray[np.float64],
    places: Sequence[int],
    like: Predictions,
    note: str,
    *,
    least: Callable[[str], float] = lambda name: 0.5,
) -> Baseline:
    """A baseline of what such a head says.

    Names that the data has not are left out. Where an answer is exactly one name, the probabilities of the others then add
    up to 1 again.

    Args:
        probabilities: [M, H] of the head's own outputs, in the order of the table.
        places: C of them, one for each name of the table.
        like: the table whose rows are answered.
        note: how the answers came about.
        least: of sets of names, the probability from which on a name is given.
    """
    shares = probabilities[:, list(places)]
    if linear_of(target_of(like)) != "sets":
        total = shares.sum(axis=1, keepdims=True)
        shares = np.where(total > 0, shares / np.where(total > 0, total, 1.0), 1.0 / len(places))
        if left := probabilities.shape[1] - len(places):
            note += f"; {left} of its {probabilities.shape[1]} names are not in the data and are left out"
    return Baseline(answered_as(like, answers_of(like, shares, least), shares), note)
