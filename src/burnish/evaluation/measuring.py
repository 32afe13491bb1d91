"""The columns that a target declares of each row of a table of predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.targets import Target


def measured(
    target: Target, truths: Sequence[Any], answers: Sequence[Any], nats: Sequence[float]
) -> dict[str, NDArray[np.float64]]:
    """[N] of each column that the target declares; not a number for rows without a truth.

    Args:
        truths, answers: as in the table.
        nats: loss of each row, summed over its elements.
    """
    names = target.columns()
    if not names:
        return {}
    values = np.full((len(truths), len(names)), np.nan)
    for row, (truth, answer, loss) in enumerate(zip(truths, answers, nats, strict=True)):
        if truth is not None:
            values[row] = target.measured(truth, answer, loss)
    return dict(zip(names, values.T, strict=True))
