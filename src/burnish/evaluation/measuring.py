"""The columns that a target declares of each row of a table of predictions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.targets import Outcome, Target


def measured(target: Target, outcomes: Sequence[Outcome]) -> dict[str, NDArray[np.float64]]:
    """[N] of each column that the target declares; not a number for rows without a truth.

    Args:
        outcomes: of each row of the table; the truth is None where it is missing.
    """
    names = target.columns()
    if not names:
        return {}
    values = np.full((len(outcomes), len(names)), np.nan)
    for row, outcome in enumerate(outcomes):
        if outcome.truth is not None:
            values[row] = target.measures(outcome)
    return dict(zip(names, values.T, strict=True))
