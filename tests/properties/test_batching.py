"""Which rows are in which batch: every row once, a pure function of the step, cut without losing or doubling a row."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from burnish.core.component import build
from burnish.data.feeding.order import Order, cut, padding_ratio
from burnish.data.samplers import Sampler
from burnish.data.samplers.shuffled import Shuffled

EVERY_ROW_ONCE = ("shuffled", "length_bucketed")
LENGTHS = st.lists(st.integers(0, 60), min_size=1, max_size=150)
SIZES = st.integers(1, 40)


def order_of(kind: str, lengths: list[int], batch_size: int, seed: int, first: int = 5) -> Order:
    """Usable rows are every second one of a table that starts with `first` others."""
    own = np.array(lengths, np.int64)
    usable = first + 2 * np.arange(len(own))
    sampler = cast(Sampler, build("burnish.data.samplers", kind))
    return Order(sampler, usable, own, np.arange(len(own)) % 3, batch_size, seed)


@given(st.sampled_from(EVERY_ROW_ONCE), LENGTHS, SIZES, st.integers(0, 2**31), st.integers(0, 3))
@settings(deadline=None, max_examples=80)
def test_batches_of_an_epoch_hold_every_usable_row_once(
    kind: str, lengths: list[int], batch_size: int, seed: int, epoch: int
) -> None:
    order = order_of(kind, lengths, batch_size, seed)
    assert order.steps_per_epoch == -(-len(lengths) // batch_size)
    steps = range(epoch * order.steps_per_epoch, (epoch + 1) * order.steps_per_epoch)
    batches = [order.batch(step) for step in steps]
    assert all(len(b) == batch_size for b in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), order.usable)


@given(st.sampled_from((*EVERY_ROW_ONCE, "balanced", "undersampled")), LENGTHS, SIZES, st.integers(0, 2**31), st.data())
@settings(deadline=None, max_examples=60)
def test_a_batch_depends_on_seed_and_step_alone(
    kind: str, lengths: list[int], batch_size: int, seed: int, data: st.DataObject
) -> None:
    """Asked in any order, of any object: a resumed run goes on where it was."""
    order = order_of(kind, lengths, batch_size, seed)
    steps = data.draw(st.lists(st.integers(0, 4 * order.steps_per_epoch), min_size=1, max_size=6))
    for step in steps:
        fresh = order_of(kind, lengths, batch_size, seed)
        np.testing.assert_array_equal(order.batch(step), fresh.batch(step))


def test_step_ten_thousand_directly_is_step_ten_thousand_in_turn() -> None:
    lengths = np.random.default_rng(0).integers(1, 50, 97).tolist()
    for kind in EVERY_ROW_ONCE:
        walked = order_of(kind, lengths, 8, 3)
        for step in range(10_001):
            batch = walked.batch(step)
        np.testing.assert_array_equal(batch, order_of(kind, lengths, 8, 3).batch(10_000))


def test_an_order_is_made_once_an_epoch_and_not_once_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million rows take half a second to order."""
    made: list[int] = []
    original = Shuffled.order

    def counted(self: Shuffled, *arguments: Any, **settings: Any) -> NDArray[np.int64]:
        made.append(settings["epoch"])
        return original(self, *arguments, **settings)

    monkeypatch.setattr(Shuffled, "order", counted)
    order = order_of("shuffled", [1] * 40, 8, 0)
    for step in range(15):
        order.batch(step)
    assert made == [0, 1, 2]
    made.clear()
    order_of("shuffled", [1] * 40, 8, 0).batch(10_000)
    assert made == [0, 2000]


def cost(pieces: list[tuple[NDArray[np.int64], int]], lengths: NDArray[np.int64], overhead: int) -> int:
    return sum(int(lengths[p].max()) * len(p) + overhead for p, _ in pieces)


@given(LENGTHS, st.integers(1, 30), st.integers(0, 300), st.integers(1, 5), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=150)
def test_pieces_over_all_processes_are_the_rows_once(
    values: list[int], limit: int, overhead: int, processes: int, random: Any
) -> None:
    table = np.array(values, np.int64)
    rows = np.array(random.sample(range(len(table)), random.randint(1, len(table))), np.int64)
    shares = [
        cut(rows, table, limit=limit, overhead=overhead, process=p, processes=processes) for p in range(processes)
    ]
    assert len({len(share) for share in shares}) == 1
    real = np.concatenate([positions[:count] for share in shares for positions, count in share])
    np.testing.assert_array_equal(np.sort(real), np.sort(rows))
    for share in shares:
        for positions, count in share:
            assert 1 <= len(positions) <= limit
            assert 0 <= count <= len(positions)
            assert set(positions.tolist()) <= set(rows.tolist())
    for pieces in zip(*shares, strict=True):
        counts = [count for _, count in pieces]
        assert max(counts) - min(counts) <= 1, "rows are dealt out evenly"


@given(LENGTHS, st.integers(1, 200), st.integers(0, 300))
@settings(deadline=None, max_examples=150)
def test_cutting_never_costs_more_than_even_batches(values: list[int], limit: int, overhead: int) -> None:
    table = np.array(values, np.int64)
    rows = np.arange(len(table))
    pieces = cut(rows, table, limit=limit, overhead=overhead)
    by_length = np.argsort(-table, kind="stable")
    plain = [(by_length[at : at + limit], 0) for at in range(0, len(rows), limit)]
    assert cost(pieces, table, overhead) <= cost(plain, table, overhead)
    if len(rows) <= limit:
        assert cost(pieces, table, overhead) <= int(table.max()) * len(rows) + overhead


@given(st.lists(st.integers(0, 60), min_size=1, max_size=9), st.integers(1, 9), st.integers(0, 100))
@settings(deadline=None, max_examples=60)
def test_cutting_costs_least_of_all_ways_to_cut(values: list[int], limit: int, overhead: int) -> None:
    """Against every way to cut the rows in falling order of length."""
    table = np.array(values, np.int64)
    falling = np.sort(table)[::-1]
    best = min(
        sum(int(piece[0]) * len(piece) + overhead for piece in np.split(falling, places))
        for mask in range(1 << (len(table) - 1))
        if max(map(len, np.split(falling, places := [i + 1 for i in range(len(table) - 1) if mask >> i & 1]))) <= limit
    )
    assert cost(cut(np.arange(len(table)), table, limit=limit, overhead=overhead), table, overhead) == best


@given(LENGTHS, SIZES, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=80)
def test_padding_ratio_is_the_share_of_padding(values: list[int], batch_size: int, random: Any) -> None:
    table = np.array(values, np.int64)
    order = np.array(random.choices(range(len(table)), k=random.randint(0, 60)), np.int64)
    useful = total = 0
    for at in range(0, len(order), batch_size):
        batch = [values[i] for i in order[at : at + batch_size]]
        useful += sum(batch)
        total += max(batch) * len(batch)
    assert padding_ratio(order, table, batch_size) == pytest.approx(1 - useful / total if total else 0.0)
