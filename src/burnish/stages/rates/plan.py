"""The verb `plot`: rate, momentum and what learns over a run that has not begun."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.network import Network
from burnish.recipe.recipe import Recipe, Settled
from burnish.report.rates import plan_picture
from burnish.stages.prepare.prepare import prepare
from burnish.stages.rates._notes import notes_to
from burnish.stages.train.assemble import training_batches
from burnish.stages.train.averaged import rate_of
from burnish.stages.train.moved import optimizer_of
from burnish.training.accelerator import Accelerator

SHOWN = 400
"""Steps that are drawn, evenly over the run."""


@dataclass(frozen=True)
class Plan:
    """What a run will do.

    Attributes:
        total: its steps.
        steps: those that are looked at, from 1.
        rates: rate of the head, of the top layer and of the lowest one that learn, at these steps.
        momentum: of the optimizer; None where it has none.
        learns: [levels, steps] share of the parameters of each level that learn.
        levels: their names, from the inputs up.
        waits: whether the rate depends on validation scores, which nobody knows yet.
    """

    total: int
    steps: list[int]
    rates: dict[str, list[float]]
    momentum: list[float] | None
    learns: NDArray[np.float64]
    levels: list[str]
    waits: bool

    def lines(self) -> list[str]:
        """It in words."""
        lines = [f"{self.total:,} steps"]
        for name, values in self.rates.items():
            peak = int(np.argmax(values))
            first, last = values[0], values[-1]
            lines.append(
                f"{name}: {first:.2g} at first, {values[peak]:.2g} at step {self.steps[peak]:,}, {last:.2g} at last"
            )
        if self.momentum is not None:
            lines.append(f"momentum: {self.momentum[0]:g} throughout")
        for level, shares in zip(self.levels, self.learns, strict=True):
            learning = np.flatnonzero(shares > 0)
            if not len(learning):
                lines.append(f"{level}: never learns")
            elif learning[0] > 0:
                lines.append(f"{level}: learns from step {self.steps[int(learning[0])]:,}")
        if self.waits:
            lines.append(
                "the rate is lowered when validation no longer improves; drawn is a run in which it always does"
            )
        return lines


def plan(recipe: Recipe, say: Callable[[str], None], *, picture: Path) -> Plan:
    """Work out what `train` would do, and draw it. Nothing is trained.

    Raises:
        InputError: whatever `train` would refuse.
    """
    accelerator = Accelerator(recipe.device, "float32")
    prepared = prepare(recipe, notes_to(say), accelerator)
    settled = prepared.recipe
    if settled.resampler is not None:
        say(
            f"note: how many rows resampler {settled.resampler.kind()!r} makes is not known yet: drawn is a run without it"
        )
    network = settled.model.build(settled.input, settled.target, seed=settled.seed)
    settled.adapter.prepare(network)
    total = training_batches(prepared, accelerator).total_steps
    optimizer = optimizer_of(settled, network)
    numbers = np.unique(np.linspace(0, total - 1, min(SHOWN, total)).round().astype(np.int64))
    found = Plan(
        total=total,
        steps=[int(n) + 1 for n in numbers],
        rates=_rates(settled, optimizer, total, numbers),
        momentum=_momentum(optimizer, len(numbers)),
        learns=_learns(settled, network, total, numbers),
        levels=_levels(network),
        waits=settled.schedule.kind() == "reduce_on_plateau",
    )
    plan_picture(found.steps, found.rates, found.momentum, found.learns, found.levels, picture)
    return found


def _rates(settled: Settled, optimizer: Any, total: int, numbers: NDArray[np.int64]) -> dict[str, list[float]]:
    """As the loop sets them: rate times scale of the group times the schedule in the middle of each step."""
    schedule = rate_of(settled, total)
    factors = [schedule((int(n) + 0.5) / total, []) for n in numbers]
    scales: dict[int, float] = {int(g["burnish_depth"]): float(g["burnish_scale"]) for g in optimizer.param_groups}
    layers = max(int(g["burnish_layers"]) for g in optimizer.param_groups)
    below = sorted(depth for depth in scales if depth <= layers)
    named = {"head": layers + 1} if layers + 1 in scales else {}
    if below and scales[below[0]] == scales[below[-1]]:
        named["all layers" if not named or scales[below[0]] != scales[layers + 1] else "below the head"] = below[0]
    elif below:
        named |= {"top layer": below[-1], "lowest layer": below[0]}
    return {
        name: [settled.learning_rate * scales[depth] * factor for factor in factors] for name, depth in named.items()
    }


def _momentum(optimizer: Any, count: int) -> list[float] | None:
    group = optimizer.param_groups[0]
    value = group["betas"][0] if group.get("betas") else group.get("momentum")
    return None if not isinstance(value, float) else [value] * count


def _learns(settled: Settled, network: Network, total: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """[levels, steps] the share of the parameters of each level that the adapter lets learn at each step."""
    depths = {name: network.depth(name) for name, _ in network.named_parameters()}
    shares = np.zeros((network.layers + 2, len(numbers)))
    every = np.zeros(network.layers + 2)
    for name, parameter in network.named_parameters():
        every[depths[name]] += parameter.numel()
    for column, number in enumerate(numbers):
        if column == 0 or settled.adapter.changes:
            settled.adapter.at(network, (int(number) + 0.5) / total)
            for name, parameter in network.named_parameters():
                if parameter.requires_grad:
                    shares[depths[name], column] += parameter.numel()
        else:
            shares[:, column] = shares[:, 0]
    return np.asarray(shares / np.maximum(every, 1)[:, None])


def _levels(network: Network) -> list[str]:
    return ["embeddings", *(f"layer {n}" for n in range(1, network.layers + 1)), "head"]
