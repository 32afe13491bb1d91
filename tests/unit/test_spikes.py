"""Losses that leap: when it is one, and that the watch goes on from a checkpoint as if never stopped."""

from __future__ import annotations

import json
import math
from typing import Any

from burnish.training.spikes import SpikeWatch


def watch(**settings: Any) -> SpikeWatch:
    return SpikeWatch(**{"window": 20, "deviations": 6.0, "most": 2, "rate_factor": 0.5, **settings})


def fed(found: SpikeWatch, losses: list[float], first: int = 1) -> list[Any]:
    return [found.see(number, loss) for number, loss in enumerate(losses, first)]


QUIET = [1.0 + 0.02 * (i % 5) for i in range(20)]


def test_three_steps_in_a_row_are_a_spike_and_one_is_none() -> None:
    assert not any(fed(watch(), [*QUIET, 5.0, 1.0, 5.0, 5.0, 1.0, *QUIET]))
    found = fed(watch(), [*QUIET, 5.0, 6.0, 7.0])
    assert [spike is not None for spike in found] == [False] * 22 + [True]
    spike = found[-1]
    assert (spike.began, spike.loss) == (21, 6.0)
    assert spike.usual == 1.04


def test_nothing_is_unusual_before_half_of_the_window() -> None:
    assert not any(fed(watch(), [1.0] * 9 + [50.0] * 1))
    assert not any(fed(watch(window=100), [*QUIET, 50.0, 50.0, 50.0]))


def test_near_zero_a_leap_is_no_harm() -> None:
    """Losses began at 1; at 0.001 a rise to 0.3 is a hundred deviations, and not half of where the run began."""
    assert not any(fed(watch(), [*[1.0] * 5, *[0.001] * 30, 0.3, 0.3, 0.3]))
    assert fed(watch(), [*[1.0] * 5, *[0.001] * 30, 0.9, 0.9, 0.9])[-1]


def test_what_is_not_finite_is_passed_over() -> None:
    found = watch()
    fed(found, [*QUIET, math.nan, math.inf])
    assert found.state()["losses"] == QUIET


def test_goes_on_from_plain_values() -> None:
    losses = [*QUIET, 5.0, 6.0, 1.0, 5.0, 5.0, 5.0, *QUIET]
    whole = fed(watch(), losses)
    for stop in range(len(losses)):
        first, second = watch(), watch()
        fed(first, losses[:stop])
        second.restore(json.loads(json.dumps(first.state())))
        assert fed(second, losses[stop:], stop + 1) == whole[stop:]


def test_going_back_does_not_forget_how_often() -> None:
    found = watch()
    saved = found.state()
    found.rollbacks = 2
    found.restore(saved)
    assert found.rollbacks == 2
    assert found.factor == 0.25
