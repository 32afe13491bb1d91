"""Samplers: padding against transformers' group_by_length, class counts, speed."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from transformers.trainer_pt_utils import LengthGroupedSampler

from burnish.core.errors import InputError
from burnish.data.samplers import Sampler
from burnish.data.samplers.balanced import Balanced
from burnish.data.samplers.length_bucketed import LengthBucketed
from burnish.data.samplers.shuffled import Shuffled
from burnish.data.samplers.undersampled import Undersampled

STRATA = np.repeat([0, 1, 2], [100, 30, 7]).astype(np.int64)
LENGTHS = np.random.default_rng(3).integers(3, 60, len(STRATA))


def padding(order: NDArray[np.int64], lengths: NDArray[np.int64], batch_size: int) -> float:
    """Share of padded elements over all batches."""
    batches = [lengths[order[i : i + batch_size]] for i in range(0, len(order), batch_size)]
    return 1 - float(lengths[order].sum()) / sum(len(batch) * int(batch.max()) for batch in batches)


def counts(order: NDArray[np.int64]) -> list[int]:
    return np.bincount(STRATA[order], minlength=3).tolist()


@pytest.mark.parametrize(("count", "batch_size"), [(130, 16), (1_000, 16), (6_920, 32), (20_000, 8)])
def test_pads_no_more_than_transformers_group_by_length(count: int, batch_size: int) -> None:
    """Mean over epochs, on lengths spread like those of sentences."""
    lengths = (np.random.default_rng(1).lognormal(3.0, 0.6, count) + 3).astype(np.int64)
    strata = np.zeros(count, np.int64)
    ours, theirs, plain = [], [], []
    for epoch in range(6):
        order = LengthBucketed().order(lengths, strata, batch_size=batch_size, seed=0, epoch=epoch)
        ours.append(padding(order, lengths, batch_size))
        sampler = LengthGroupedSampler(
            batch_size, lengths=lengths.tolist(), generator=torch.Generator().manual_seed(epoch)
        )
        theirs.append(padding(np.array(list(sampler)), lengths, batch_size))
        shuffled = Shuffled().order(lengths, strata, batch_size=batch_size, seed=0, epoch=epoch)
        plain.append(padding(shuffled, lengths, batch_size))
    assert np.mean(ours) <= np.mean(theirs)
    assert np.mean(ours) < 0.6 * np.mean(plain)


def test_a_million_rows_are_ordered_in_under_a_second() -> None:
    lengths = np.random.default_rng(1).integers(1, 512, 1_000_000)
    strata = np.random.default_rng(2).integers(0, 20, 1_000_000)
    for sampler in (LengthBucketed(), Balanced(bucketed=True), Undersampled(bucketed=True)):
        # Processor time, so that other work on the machine does not count.
        start = time.process_time()
        sampler.order(lengths, strata, batch_size=32, seed=0, epoch=0)
        assert time.process_time() - start < 1.0


def test_batches_are_made_up_differently_in_every_epoch() -> None:
    lengths = np.arange(64)

    def batches(epoch: int) -> set[frozenset[int]]:
        order = LengthBucketed().order(lengths, lengths, batch_size=8, seed=0, epoch=epoch)
        return {frozenset(order[i : i + 8].tolist()) for i in range(0, 64, 8)}

    assert not batches(0) & batches(1)


def test_the_short_batch_comes_last_and_is_not_always_the_longest() -> None:
    lengths = np.arange(1, 68)
    last = [LengthBucketed().order(lengths, lengths, batch_size=8, seed=0, epoch=e)[-3:] for e in range(20)]
    means = [float(lengths[rows].mean()) for rows in last]
    assert min(means) < 34 < max(means)
    assert all(np.ptp(lengths[rows]) < 16 for rows in last)


def test_balanced_repeats_every_class_up_to_the_largest() -> None:
    for epoch in range(5):
        order = Balanced().order(LENGTHS, STRATA, batch_size=8, seed=0, epoch=epoch)
        assert counts(order) == [100, 100, 100]
        times = np.bincount(order)
        assert set(times[STRATA == 0]) == {1}
        assert set(times[STRATA == 1]) == {3, 4}
        assert set(times[STRATA == 2]) == {14, 15}


@pytest.mark.parametrize(("ratio", "expected"), [(0.5, [100, 50, 50]), (0.1, [100, 30, 10]), (0.01, [100, 30, 7])])
def test_balanced_up_to_a_share_of_the_largest_leaves_larger_classes_alone(ratio: float, expected: list[int]) -> None:
    assert counts(Balanced(target_ratio=ratio).order(LENGTHS, STRATA, batch_size=8, seed=0, epoch=0)) == expected


def test_undersampled_takes_as_many_of_each_class_as_the_smallest_has_and_none_twice() -> None:
    for epoch in range(30):
        order = Undersampled().order(LENGTHS, STRATA, batch_size=8, seed=0, epoch=epoch)
        assert counts(order) == [7, 7, 7]
        assert len(set(order.tolist())) == 21


def test_undersampled_sees_a_class_completely_in_as_few_epochs_as_can_be() -> None:
    seen: set[int] = set()
    for epoch in range(15):  # 100 rows, 7 at a time
        seen |= set(Undersampled().order(LENGTHS, STRATA, batch_size=8, seed=4, epoch=epoch).tolist())
    assert seen == set(range(len(STRATA)))


@pytest.mark.parametrize("sampler", [Balanced(), Undersampled()], ids=["balanced", "undersampled"])
def test_balancing_without_classes_is_refused(sampler: Sampler) -> None:
    with pytest.raises(InputError, match="nothing to balance"):
        sampler.order(LENGTHS, np.full_like(STRATA, -1), batch_size=8, seed=0, epoch=0)


@pytest.mark.parametrize("kind", [Balanced, Undersampled])
def test_bucketing_changes_the_order_and_not_the_rows(kind: type[Balanced] | type[Undersampled]) -> None:
    plain = kind().order(LENGTHS, STRATA, batch_size=7, seed=0, epoch=0)
    sorted_in_buckets = kind(bucketed=True).order(LENGTHS, STRATA, batch_size=7, seed=0, epoch=0)
    np.testing.assert_array_equal(np.sort(plain), np.sort(sorted_in_buckets))
    assert padding(sorted_in_buckets, LENGTHS, 7) < padding(plain, LENGTHS, 7)
