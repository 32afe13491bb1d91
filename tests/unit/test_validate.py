"""Validation shared by processes: all rows, in their order, whatever the number of processes."""

from __future__ import annotations

import numpy as np
import pytest

from burnish.core.weighted import WeightedSum
from burnish.stages.train.validate import _joined
from tests.prediction_cases import synthetic


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
@pytest.mark.parametrize("rows", [1, 2, 20])
def test_shares_of_rows_become_all_rows(processes: int, rows: int) -> None:
    whole = synthetic("label", rows=20)[0].take(np.arange(rows))
    shares = [
        (whole.take(np.arange(k, rows, processes)), WeightedSum(float(k), float(len(range(k, rows, processes)))))
        for k in range(processes)
    ]
    joined, loss = _joined(shares)
    assert joined.table.equals(whole.table)
    assert (loss.total, loss.weight) == (sum(range(processes)), rows)
