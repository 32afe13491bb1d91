"""The learning rate range test: the rate rises from step to step until the loss explodes; then all is as it was before."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from burnish.core.batch import Batch
from burnish.core.network import modes_kept
from burnish.schedules import ValidationScore
from burnish.training.loop import Batches, Training, fit

KEPT = 0.9
"""Share of the smoothed loss that stays at each step."""
EXPLODED = 4.0
"""Times the lowest smoothed loss at which the test ends."""
FELL = 0.02
"""Share of the first smoothed loss by which it must fall before a rate is suggested."""
SKIPPED = 5
"""Steps at the beginning whose smoothed losses are of too few to tell a slope."""


@dataclass(frozen=True)
class RangeTest:
    """What was measured.

    Attributes:
        rates: of each step; the base rate, which layers and head have their own multiples of.
        losses: mean loss of each step, before its update.
        smoothed: the same, as an average that forgets, corrected for where it began.
        suggested: the smaller of `steepest` and a tenth of `lowest`; None where the loss never fell.
        steepest: the rate at which the smoothed loss fell fastest before it was lowest.
        lowest: the rate with the lowest smoothed loss.
        ended: why the test ended, in words.
    """

    rates: list[float]
    losses: list[float]
    smoothed: list[float]
    suggested: float | None
    steepest: float | None
    lowest: float
    ended: str


def range_test(training: Training, *, steps: int, lowest: float, highest: float) -> RangeTest:
    """Train with a rate that rises exponentially from `lowest` to `highest`, and put everything back.

    Smith 2017 (arXiv 1506.01186); smoothed and read as in fastai. Weights, buffers, optimizer, random states, modes of modules
    and the size of micro-batches are afterwards what they were, bit for bit; the order of rows is a function of the step and
    has no state.

    Args:
        training: assembled, before its first step.
        steps: of the test; it ends earlier where the loss explodes.
        lowest, highest: rates.
    """
    rising = _Rising(lowest, highest)
    tried = replace(
        training,
        schedule=rising,
        learning_rate=highest,
        batches=_Some(training.batches, steps),
        scores=[],
        skipped=set(),
    )
    rates: list[float] = []
    losses: list[float] = []
    smoothed: list[float] = []
    ended, average = "all steps done", 0.0
    with restored(training):
        for step in fit(tried):
            loss = step.loss.mean
            if not (math.isfinite(loss) and step.applied):
                ended = f"the loss or a gradient was not finite at a rate of {step.learning_rate:.2g}"
                break
            average = KEPT * average + (1 - KEPT) * loss
            rates.append(step.learning_rate)
            losses.append(loss)
            smoothed.append(average / (1 - KEPT ** len(rates)))
            if len(rates) > SKIPPED and smoothed[-1] > EXPLODED * min(smoothed):
                ended = f"the loss exploded at a rate of {step.learning_rate:.2g}"
                break
    return RangeTest(rates, losses, smoothed, *_read(rates, smoothed), ended)


def _read(rates: Sequence[float], smoothed: Sequence[float]) -> tuple[float | None, float | None, float]:
    """The suggested rate, that of the steepest fall before the lowest smoothed loss, and that of the lowest."""
    values = np.array(smoothed)
    if not len(values):
        return None, None, math.nan
    lowest = int(values.argmin())
    if lowest <= SKIPPED or values[lowest] > (1 - FELL) * values[min(SKIPPED, lowest)]:
        return None, None, float(rates[lowest])
    slopes = np.gradient(values[: lowest + 1], np.log(np.array(rates[: lowest + 1])))
    steepest = float(rates[SKIPPED + int(slopes[SKIPPED:].argmin())])
    # The average lags behind, so the lowest point is late already; a tenth of it is the usual margin.
    return min(steepest, float(rates[lowest]) / 10), steepest, float(rates[lowest])


@dataclass(frozen=True)
class _Rising:
    lowest: float
    highest: float

    def __call__(self, progress: float, scores: Sequence[ValidationScore] = ()) -> float:
        """The multiplier of the highest rate: even steps on a scale of ratios."""
        return float((self.lowest / self.highest) ** (1 - progress))


@dataclass(frozen=True)
class _Some:
    """The batches of a run, as many as the test takes; from the first again where the run is shorter."""

    whole: Batches
    total_steps: int

    @property
    def steps_per_epoch(self) -> int:
        """Those of the run."""
        return self.whole.steps_per_epoch

    def micro(self, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """Those of the run."""
        return self.whole.micro(step % self.whole.total_steps, micro_batch_size)


@contextmanager
def restored(training: Training) -> Iterator[None]:
    """Put weights, buffers, optimizer, random states and modes back at the end, bit for bit."""
    network, optimizer, scaler = training.network, training.optimizer, training.accelerator.scaler
    tensors = {name: value.detach().clone() for name, value in network.state_dict(keep_vars=True).items()}
    learns = {name: p.requires_grad for name, p in network.named_parameters()}
    states = copy.deepcopy(optimizer.state_dict())
    scale = copy.deepcopy(scaler.state_dict()) if scaler is not None else None
    size, streams = training.micro_batch_size, _random_states()
    try:
        with modes_kept(training.objective):
            yield
    finally:
        with torch.no_grad():
            for name, value in network.state_dict(keep_vars=True).items():
                value.copy_(tensors[name])
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(learns[name])
            parameter.grad = None
        optimizer.state.clear()
        optimizer.load_state_dict(states)
        if scaler is not None and scale is not None:
            scaler.load_state_dict(scale)
        training.micro_batch_size = size
        _set_random_states(streams)


def _random_states() -> dict[str, Any]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"torch": torch.get_rng_state(), "cuda": cuda, "numpy": np.random.get_state(), "python": random.getstate()}


def _set_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["torch"])
    if states["cuda"]:
        torch.cuda.set_rng_state_all(states["cuda"])
    np.random.set_state(states["numpy"])
    random.setstate(states["python"])
