"""What every kind of class weights must do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from burnish.class_weights import ClassWeights
from burnish.core.component import build, kinds

AXIS = "burnish.class_weights"
NAMES = ("billing", "delivery", "refund", "thanks")
COUNTS = {"billing": 600, "delivery": 300, "refund": 30, "thanks": 6}
# Settings for kinds that cannot be built without any.
REQUIRED: dict[str, dict[str, Any]] = {"given": {"values": {"billing": 1, "delivery": 1, "refund": 3, "thanks": 9}}}


def made(kind: str) -> ClassWeights:
    found = build(AXIS, {"kind": kind, **REQUIRED.get(kind, {})})
    assert isinstance(found, ClassWeights)
    return found


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_one_finite_weight_a_class_rarer_never_lighter(kind: str) -> None:
    weights = made(kind).weights(NAMES, COUNTS)
    assert weights.shape == (4,)
    assert weights.dtype == np.float32
    assert bool((weights > 0).all())
    assert bool((np.diff(weights) >= 0).all())


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_follows_the_order_of_the_names(kind: str) -> None:
    forwards = made(kind).weights(NAMES, COUNTS)
    backwards = made(kind).weights(NAMES[::-1], COUNTS)
    np.testing.assert_array_equal(forwards, backwards[::-1])


@pytest.mark.parametrize("kind", [k for k in kinds(AXIS) if k not in ("none", "given")])
def test_computed_weights_of_an_absent_class_are_zero_and_change_no_other(kind: str) -> None:
    present = {name: count for name, count in COUNTS.items() if name != "refund"}
    weights = made(kind).weights(NAMES, {**present, "refund": 0})
    np.testing.assert_array_equal(weights, made(kind).weights(NAMES, present))
    assert weights[2] == 0
    np.testing.assert_array_equal(np.delete(weights, 2), made(kind).weights(("billing", "delivery", "thanks"), present))


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_equal_counts_and_one_row_classes_stay_finite(kind: str) -> None:
    weights = made(kind).weights(NAMES, dict.fromkeys(NAMES, 1))
    assert bool(np.isfinite(weights).all())
    if kind != "given":
        np.testing.assert_allclose(weights, 1, rtol=1e-6)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_written_and_read_back(kind: str) -> None:
    assert build(AXIS, made(kind).model_dump()) == made(kind)
    assert made(kind).sentence()
