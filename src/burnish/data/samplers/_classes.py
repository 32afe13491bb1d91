"""Shared by the samplers that change how often classes are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError


def by_class(strata: NDArray[np.int64]) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """The positions of each class that occurs, and the positions without a class (stratum -1).

    Raises:
        InputError: no row has a class (regression), so there is nothing to balance.
    """
    order = np.argsort(strata, kind="stable")
    cuts = np.flatnonzero(np.diff(strata[order])) + 1
    groups = np.split(order, cuts)
    without = [group for group in groups if len(group) and strata[group[0]] < 0]
    classes = [group for group in groups if len(group) and strata[group[0]] >= 0]
    if not classes:
        raise InputError(
            "no training row has a class, so there is nothing to balance",
            expected="a target with classes, such as label",
            fix="write sampler: shuffled, or length_bucketed for texts",
            place="sampler",
        )
    return classes, np.concatenate([np.zeros(0, np.int64), *without])
