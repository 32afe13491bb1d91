"""Samplers over arbitrary tables, batch sizes and windows."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from burnish.core.component import build, kinds
from burnish.data.samplers import Sampler
from burnish.data.samplers.balanced import Balanced
from burnish.data.samplers.length_bucketed import LengthBucketed
from burnish.data.samplers.shuffled import Shuffled
from burnish.data.samplers.undersampled import Undersampled

AXIS = "burnish.data.samplers"
Columns = tuple[NDArray[np.int64], NDArray[np.int64]]


def columns(sizes: list[int], seed: int) -> Columns:
    """Lengths and strata of a table with classes of these sizes, in random order."""
    random = np.random.default_rng(seed)
    strata = random.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return random.integers(1, 40, len(strata)), strata


# Sizes, and not a list of rows: hypothesis draws short lists, in which hardly anything is ever repeated.
TABLES = st.builds(columns, st.lists(st.integers(0, 60), min_size=1, max_size=5).filter(any), st.integers(0, 1000))
BATCH_SIZES = st.integers(1, 40)
WINDOWS = st.integers(1, 12)
COUNTERS = st.integers(0, 2**31)


@given(TABLES, BATCH_SIZES, WINDOWS, COUNTERS, COUNTERS)
@settings(deadline=None, max_examples=80)
def test_an_epoch_of_all_rows_is_a_permutation(
    table: Columns, batch_size: int, window: int, seed: int, epoch: int
) -> None:
    lengths, strata = table
    for sampler in (Shuffled(), LengthBucketed(window=window)):
        order = sampler.order(lengths, strata, batch_size=batch_size, seed=seed, epoch=epoch)
        np.testing.assert_array_equal(np.sort(order), np.arange(len(strata)))


@given(TABLES, BATCH_SIZES, COUNTERS, COUNTERS)
@settings(deadline=None, max_examples=60)
def test_length_never_depends_on_the_epoch(table: Columns, batch_size: int, seed: int, epoch: int) -> None:
    lengths, strata = table
    for kind in kinds(AXIS):
        sampler = build(AXIS, kind)
        assert isinstance(sampler, Sampler)
        one, other = (sampler.order(lengths, strata, batch_size=batch_size, seed=seed, epoch=e) for e in (0, epoch))
        assert len(one) == len(other) >= 1


@given(TABLES, BATCH_SIZES, WINDOWS, st.booleans(), st.floats(0.01, 1), COUNTERS)
@settings(deadline=None, max_examples=80)
def test_oversampling_keeps_every_row_and_repeats_evenly(
    table: Columns, batch_size: int, window: int, bucketed: bool, ratio: float, epoch: int
) -> None:
    lengths, strata = table
    sampler = Balanced(bucketed=bucketed, window=window, target_ratio=ratio)
    times = np.bincount(
        sampler.order(lengths, strata, batch_size=batch_size, seed=0, epoch=epoch), minlength=len(strata)
    )
    largest = int(np.bincount(strata).max())
    for stratum in np.unique(strata):
        of_class = times[strata == stratum]
        assert of_class.min() >= 1
        assert np.ptp(of_class) <= 1
        assert ratio * largest - 1e-6 <= of_class.sum() <= max(len(of_class), ratio * largest + 1)


@given(TABLES, BATCH_SIZES, WINDOWS, st.booleans(), COUNTERS, st.integers(0, 1000))
@settings(deadline=None, max_examples=80)
def test_undersampling_takes_equally_and_sees_every_row_in_turn(
    table: Columns, batch_size: int, window: int, bucketed: bool, seed: int, first: int
) -> None:
    """From any epoch on, not only from the first."""
    lengths, strata = table
    sampler = Undersampled(bucketed=bucketed, window=window)
    sizes = np.bincount(strata)
    smallest, largest = int(sizes[sizes > 0].min()), int(sizes.max())
    seen: set[int] = set()
    for epoch in range(first, first + -(-largest // smallest)):
        order = sampler.order(lengths, strata, batch_size=batch_size, seed=seed, epoch=epoch)
        assert len(set(order.tolist())) == len(order)
        assert set(np.bincount(strata[order])[sizes > 0]) == {smallest}
        seen |= set(order.tolist())
    assert seen == set(range(len(strata)))
