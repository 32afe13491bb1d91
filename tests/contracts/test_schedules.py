"""What every schedule must do: a pure, bounded function of progress with warm-up in front."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.schedules import Schedule, ValidationScore

AXIS = "burnish.schedules"
# These fall only when told to, or never.
LEVEL = ("constant", "reduce_on_plateau")
# one_cycle warms up by itself and takes no other warm-up.
OWN_WARMUP = ("one_cycle",)
WARMED = [kind for kind in kinds(AXIS) if kind not in OWN_WARMUP]
SCORES = [
    ValidationScore(i / 20, value) for i, value in enumerate([0.1, 0.5, 0.5, 0.4, 0.5, 0.6, 0.2, 0.2, 0.2, 0.2, 0.2])
]


def made(kind: str, **settings: Any) -> Schedule:
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Schedule)
    return found


def curve(schedule: Schedule, points: int = 401, scores: list[ValidationScore] = SCORES) -> np.ndarray:
    return np.array([schedule(float(p), scores) for p in np.linspace(0, 1, points)])


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_stays_between_zero_and_one_and_reaches_one(kind: str) -> None:
    values = curve(made(kind), scores=[])
    assert values.dtype == np.float64
    assert bool(np.isfinite(values).all())
    assert values.min() >= 0
    assert values.max() == pytest.approx(1, abs=0.02)
    assert values.max() <= 1


@pytest.mark.parametrize("kind", [kind for kind in kinds(AXIS) if kind not in LEVEL])
def test_ends_lower_than_its_peak(kind: str) -> None:
    assert made(kind)(1.0) < 0.5


@pytest.mark.parametrize("kind", WARMED)
def test_warms_up_along_a_line_from_zero(kind: str) -> None:
    schedule = made(kind, warmup_ratio=0.2)
    assert [schedule(p, SCORES) for p in (0.0, 0.05, 0.1)] == pytest.approx([0, 0.25, 0.5])
    assert schedule(0.2) == pytest.approx(1)


@pytest.mark.parametrize("kind", WARMED)
def test_warmup_in_steps_is_warmup_as_a_share(kind: str) -> None:
    in_steps, as_share = made(kind, warmup_steps=25).resolved(200), made(kind, warmup_ratio=0.125)
    np.testing.assert_array_equal(curve(in_steps), curve(as_share))
    assert made(kind, warmup_steps=500).resolved(200)(0.5) == 0.5


@pytest.mark.parametrize("kind", OWN_WARMUP)
@pytest.mark.parametrize("settings", [{"warmup_ratio": 0.1}, {"warmup_steps": 10}], ids=str)
def test_own_warmup_refuses_another(kind: str, settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="own warm-up"):
        made(kind, **settings)


@pytest.mark.parametrize("kind", WARMED)
def test_nothing_but_warmup_is_allowed(kind: str) -> None:
    schedule = made(kind, warmup_ratio=1.0)
    assert schedule(0.75) == 0.75
    assert math.isfinite(schedule(1.0))
    assert made(kind, warmup_ratio=0.0)(0.0) == pytest.approx(1)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_the_same_progress_gives_the_same_multiplier_in_any_order(kind: str) -> None:
    schedule, points = made(kind), np.linspace(0, 1, 101)
    forwards = {p: schedule(p, SCORES) for p in points}
    assert {p: made(kind)(p, list(SCORES)) for p in points[::-1]} == forwards


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_scores_from_later_in_the_run_do_not_matter(kind: str) -> None:
    """What a resumed run sees in its history must not change the rate of the steps it repeats."""
    schedule = made(kind)
    for progress in (0.1, 0.25, 0.4):
        until_now = [score for score in SCORES if score.progress <= progress]
        assert schedule(progress, SCORES) == schedule(progress, until_now)


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_written_and_read_back(kind: str) -> None:
    assert build(AXIS, made(kind).model_dump()) == made(kind)
    assert made(kind).sentence()
