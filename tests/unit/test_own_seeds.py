"""Rows of a test whose answers are sounds have seeds of their own."""

from __future__ import annotations

import numpy as np

from burnish.evaluation.filed_answers import own_seeds
from tests import music_cases as cases
from tests.data_cases import label_target


def test_each_row_has_its_own_whatever_its_batch() -> None:
    views = [[{"_length": np.int32(1)}] for _ in range(3)]
    target = cases.target()
    seeds = [int(own["_seed"]) for (own,) in map(list, own_seeds(target, views, np.array([4, 5, 9]), 7))]  # type: ignore[arg-type]
    assert len(set(seeds)) == 3
    alone = [int(own["_seed"]) for (own,) in map(list, own_seeds(target, views[:1], np.array([9]), 7))]  # type: ignore[arg-type]
    assert alone == seeds[2:]
    other = own_seeds(target, views[:1], np.array([9]), 8)
    assert next(iter(next(iter(other))))["_seed"] != alone[0]
    assert own_seeds(label_target("a"), views, np.array([4, 5, 9]), 7) is views  # type: ignore[arg-type]
