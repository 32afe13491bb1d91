"""How often an epoch sees the rows of each data set: a pure function of seed, epoch and place."""

from __future__ import annotations

from collections import Counter
from typing import Any, cast

import numpy as np
import pytest

from burnish.core.component import build
from burnish.data.feeding.mixture import Mixture, seen
from burnish.data.feeding.order import Order, cut
from burnish.data.samplers import Sampler

ROWS = np.repeat([0, 1, 2], [10, 7, 20])
EVERY = ("shuffled", "length_bucketed", "balanced", "undersampled")


def order_of(kind: str, weights: tuple[float, ...] | None, data_sets: Any = ROWS) -> Order:
    count = len(data_sets)
    lengths = np.random.default_rng(1).integers(1, 30, count)
    mixture = None if weights is None else Mixture(data_sets, weights)
    sampler = cast(Sampler, build("burnish.data.samplers", kind))
    return Order(sampler, 3 + 2 * np.arange(count), lengths, np.arange(count) % 3, 4, 5, mixture)


@pytest.mark.parametrize(
    ("rows", "weight", "count"), [(10, 2, 20), (10, 0.5, 5), (7, 0.5, 4), (3, 0.01, 1), (0, 2, 0), (10, 1.25, 13)]
)
def test_an_epoch_sees_as_many_rows_as_the_weight_says(rows: int, weight: float, count: int) -> None:
    assert seen(rows, weight) == count


def test_twice_is_twice_and_a_half_is_another_half_in_the_next_epoch() -> None:
    mixture = Mixture(ROWS, (2.0, 1.0, 0.5))
    first, second, third = (mixture.rows(seed=0, epoch=epoch) for epoch in range(3))
    for rows in (first, second, third):
        counts = Counter(rows.tolist())
        assert [counts[row] for row in range(17)] == [2] * 10 + [1] * 7
        assert sum(counts[row] for row in range(17, 37)) == 10
    halves = [set(rows[rows >= 17].tolist()) for rows in (first, second, third)]
    assert halves[0] | halves[1] == set(range(17, 37))
    assert halves[0] == halves[2]
    other = mixture.rows(seed=1, epoch=0)
    assert set(other[other >= 17].tolist()) != halves[0]


@pytest.mark.parametrize("weight", [0.3, 0.5, 1.4, 2.7])
def test_over_epochs_every_row_is_seen_as_often_as_any_other(weight: float) -> None:
    mixture = Mixture(np.zeros(13, np.int64), (weight,))
    counts = Counter(row for epoch in range(11) for row in mixture.rows(seed=2, epoch=epoch).tolist())
    assert max(counts.values()) - min(counts[row] for row in range(13)) <= 1
    for epoch in range(11):
        once = Counter(mixture.rows(seed=2, epoch=epoch).tolist())
        assert set(once.values()) <= {int(weight), int(weight) + 1}


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("weights", [(2.0, 1.0, 0.5), (0.3, 1.7, 1.0)])
def test_all_epochs_are_of_one_length_and_any_step_is_found_directly(kind: str, weights: tuple[float, ...]) -> None:
    order = order_of(kind, weights)
    assert {len(order.epoch(epoch)) for epoch in range(6)} == {order.rows_per_epoch}
    last = 6 * order.steps_per_epoch - 1
    for step in (last, 0, order.steps_per_epoch, last // 2):  # a resumed run asks for its step alone
        np.testing.assert_array_equal(order.batch(step), order_of(kind, weights).batch(step))
    assert set(np.concatenate([order.epoch(e) for e in range(2)]).tolist()) <= set(order.usable.tolist())


@pytest.mark.parametrize("kind", EVERY)
def test_weights_of_one_are_no_weights(kind: str) -> None:
    plain, ones = order_of(kind, None), order_of(kind, (1.0, 1.0, 1.0))
    if kind in ("shuffled", "length_bucketed"):
        np.testing.assert_array_equal(plain.epoch(2), ones.epoch(2))
    assert plain.rows_per_epoch == ones.rows_per_epoch


def test_two_processes_share_each_batch() -> None:
    order = order_of("shuffled", (2.0, 1.0, 0.5))
    lengths = np.ones(100, np.int64)
    for step in range(order.steps_per_epoch):
        batch = order.batch(step)
        shares = [cut(batch, lengths, limit=2, overhead=0, process=p, processes=2) for p in range(2)]
        assert [len(share) for share in shares[:1]] == [len(share) for share in shares[1:]]
        got = [row for share in shares for rows, real in share for row in rows[:real].tolist()]
        assert Counter(got) == Counter(batch.tolist())
