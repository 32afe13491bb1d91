"""A result cannot depend on how rows are cut or padded: sums of arbitrary cuts equal the whole, gradients too."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from burnish.core.weighted import ZERO, WeightedSum
from tests.loss_cases import EVERY, PAIRS, Case, loss_case, loss_class, weighed

SEEDS = st.integers(0, 10_000)
ROWS = 12
CUTS = st.sets(st.integers(1, ROWS - 1))


def weighted_case(target: str, seed: int) -> Case:
    """A case some of whose elements have weight 0."""
    logits, targets, weights = loss_case(target, ROWS, seed=seed)
    some = torch.rand(weights.shape, generator=torch.Generator().manual_seed(seed + 1)) < 0.3
    return logits.requires_grad_(), targets, weights.masked_fill(some, 0)


def close(one: torch.Tensor, other: torch.Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-6 if one.dtype == torch.float32 else 1e-12, atol=1e-12)


@pytest.mark.parametrize(("kind", "target"), EVERY)
@given(seed=SEEDS, cuts=CUTS)
@settings(deadline=None, max_examples=15)
def test_sums_over_any_cuts_equal_the_whole(kind: str, target: str, seed: int, cuts: set[int]) -> None:
    loss = loss_class(kind)()
    logits, targets, weights = weighted_case(target, seed)
    whole = weighed(loss, logits, targets, weights)
    (expected,) = torch.autograd.grad(whole.total, logits)

    edges = [0, *sorted(cuts), ROWS]
    pieces = [slice(a, b) for a, b in pairwise(edges)]
    sums = [weighed(loss, logits[piece], targets[piece], weights[piece]) for piece in pieces]
    together = reduce(add, sums)
    close(together.total, whole.total)
    close(together.weight, whole.weight)
    for piece in sums:  # gradients accumulate one micro-batch at a time
        piece.total.backward()
    assert logits.grad is not None
    close(logits.grad, expected)


@pytest.mark.parametrize(("kind", "target"), PAIRS)
@given(seed=SEEDS, padding=st.integers(1, 9), poison=st.sampled_from([0.0, 1e30, float("inf"), float("-inf")]))
@settings(deadline=None, max_examples=15)
def test_padding_of_weight_zero_changes_nothing(kind: str, target: str, seed: int, padding: int, poison: float) -> None:
    """Rows for every target, and columns of elements for tags and tokens; also where the network gives infinite logits there."""
    loss = loss_class(kind)()
    logits, targets, weights = weighted_case(target, seed)
    plain = weighed(loss, logits, targets, weights)
    (expected,) = torch.autograd.grad(plain.total, logits)
    for axis in (0, 1) if target in ("tags", "transcript") else (0,):
        shape = list(logits.shape)
        shape[axis] = padding
        ghosts = torch.full(shape, poison, dtype=logits.dtype, requires_grad=True)
        some = [*targets.shape]
        some[axis] = padding
        padded = weighed(
            loss,
            torch.cat([logits, ghosts], axis),
            torch.cat([targets, torch.zeros(some, dtype=targets.dtype)], axis),
            torch.cat([weights, torch.zeros(some)], axis),
        )
        found, of_ghosts = torch.autograd.grad(padded.total, (logits, ghosts))
        close(padded.total, plain.total)
        close(padded.weight, plain.weight)
        close(found, expected)
        assert not of_ghosts.any()


@pytest.mark.parametrize(("kind", "target"), EVERY)
@given(seed=SEEDS)
@settings(deadline=None, max_examples=10)
def test_the_order_of_rows_changes_nothing(kind: str, target: str, seed: int) -> None:
    loss = loss_class(kind)()
    logits, targets, weights = weighted_case(target, seed)
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(seed))
    one, other = weighed(loss, logits, targets, weights), weighed(loss, logits[order], targets[order], weights[order])
    close(one.total, other.total)
    close(one.weight, other.weight)


NUMBERS = st.integers(-64_000, 64_000).map(lambda n: n / 64)
SUMS = st.builds(lambda total, weight: WeightedSum(total, abs(weight)), NUMBERS, NUMBERS)


@given(st.lists(SUMS, max_size=6), st.lists(SUMS, max_size=6))
def test_adding_is_the_same_however_it_is_grouped(
    one: list[WeightedSum[float]], other: list[WeightedSum[float]]
) -> None:
    grouped = sum(one, ZERO) + sum(other, ZERO)
    flat = sum([*one, *other], ZERO)
    assert grouped.total == pytest.approx(flat.total, abs=1e-6)
    assert grouped.weight == pytest.approx(flat.weight, abs=1e-6)


@given(st.lists(SUMS, min_size=1, max_size=8))
def test_the_mean_is_one_division_at_the_end(sums: list[WeightedSum[float]]) -> None:
    together = sum(sums, ZERO)
    if together.weight:
        assert together.mean == pytest.approx(sum(s.total for s in sums) / sum(s.weight for s in sums))
    else:
        assert together.mean != together.mean
