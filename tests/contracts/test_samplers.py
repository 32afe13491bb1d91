"""What every sampler must do: an order that is a pure function of (seed, epoch), of known length, over real rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from burnish.core.component import build, component_class, kinds
from burnish.data.samplers import Sampler

AXIS = "burnish.data.samplers"
EVERY_ROW = ("shuffled", "length_bucketed", "balanced")
BY_CLASS = ("balanced", "class_balanced", "undersampled")


def settings_of(kind: str) -> list[dict[str, Any]]:
    """The defaults, and with buckets where there is a choice."""
    fields = component_class(AXIS, kind).model_fields
    return [{"kind": kind}] + ([{"kind": kind, "bucketed": True, "window": 3}] if "bucketed" in fields else [])


ALL = [settings for kind in kinds(AXIS) for settings in settings_of(kind)]


def made(settings: dict[str, Any]) -> Sampler:
    found = build(AXIS, settings)
    assert isinstance(found, Sampler)
    return found


def rows(count: int = 317) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Lengths and imbalanced strata."""
    random = np.random.default_rng(0)
    lengths = random.geometric(0.05, count).astype(np.int64)
    return lengths, random.choice(4, count, p=[0.6, 0.25, 0.1, 0.05]).astype(np.int64)


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_is_a_pure_function_of_seed_and_epoch(settings: dict[str, Any]) -> None:
    lengths, strata = rows()
    first = made(settings).order(lengths, strata, batch_size=16, seed=1, epoch=3)
    np.random.seed(9)  # the global stream must not matter
    made(settings).order(lengths, strata, batch_size=16, seed=1, epoch=0)
    np.testing.assert_array_equal(first, made(settings).order(lengths, strata, batch_size=16, seed=1, epoch=3))
    for seed, epoch in ((1, 4), (2, 3)):
        assert not np.array_equal(first, made(settings).order(lengths, strata, batch_size=16, seed=seed, epoch=epoch))


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_length_is_the_same_in_every_epoch_and_positions_are_rows(settings: dict[str, Any]) -> None:
    lengths, strata = rows()
    orders = [made(settings).order(lengths, strata, batch_size=16, seed=5, epoch=epoch) for epoch in range(5)]
    assert len({len(order) for order in orders}) == 1
    for order in orders:
        assert order.dtype == np.int64
        assert order.min() >= 0
        assert order.max() < len(lengths)


@pytest.mark.parametrize("settings", ALL, ids=str)
@pytest.mark.parametrize("count", [1, 2, 7, 15, 16, 17, 33])
def test_few_rows_are_enough(settings: dict[str, Any], count: int) -> None:
    lengths, strata = rows(count)
    assert len(made(settings).order(lengths, strata, batch_size=16, seed=0, epoch=0)) >= 1


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_over_the_epochs_no_row_is_left_out(settings: dict[str, Any]) -> None:
    lengths, strata = rows()
    seen: set[int] = set()
    for epoch in range(1 if settings["kind"] in EVERY_ROW else 40):
        seen |= set(made(settings).order(lengths, strata, batch_size=16, seed=5, epoch=epoch).tolist())
    assert seen == set(range(len(lengths)))


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_rows_without_a_class_come_once_beside_rows_that_have_one(settings: dict[str, Any]) -> None:
    lengths, strata = rows()
    strata[::10] = -1
    order = made(settings).order(lengths, strata, batch_size=16, seed=5, epoch=0)
    np.testing.assert_array_equal(np.sort(order[strata[order] == -1]), np.arange(0, len(strata), 10))


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind not in BY_CLASS])
def test_regression_needs_no_classes(kind: str) -> None:
    lengths, strata = rows()
    order = made({"kind": kind}).order(lengths, np.full_like(strata, -1), batch_size=16, seed=5, epoch=0)
    assert len(order) == len(lengths)


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_does_not_change_what_it_is_given(settings: dict[str, Any]) -> None:
    lengths, strata = rows()
    lengths.flags.writeable = strata.flags.writeable = False
    made(settings).order(lengths, strata, batch_size=16, seed=5, epoch=0)


@pytest.mark.parametrize("settings", ALL, ids=str)
def test_is_written_and_read_back(settings: dict[str, Any]) -> None:
    assert build(AXIS, made(settings).model_dump()) == made(settings)
    assert made(settings).sentence()
