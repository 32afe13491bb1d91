"""Figures of each layer at some steps: how far its weights move, what it gives, and how many of its units are dead."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.network import Network
from burnish.training.monitoring.activations import Activations, sampled
from burnish.training.step_part import StepPart
from burnish.training.updating import level

SAMPLE = 1024
"""Numbers of each weight that its movement is measured on, evenly over it: all of a small one."""
Figures = dict[str, dict[str, float | int | None]]


class Monitor(StepPart):
    """Looks at every so many steps. It changes nothing, and draws nothing.

    Args:
        network: adapted, on its device.
        optimizer: over `parameter_groups`.
        every: steps from one that is looked at to the next; the first is.
    """

    def __init__(self, network: Network, optimizer: torch.optim.Optimizer, every: int) -> None:
        self._optimizer, self._every = optimizer, every
        self._layers = network.layers
        self._activations = Activations(network)
        self._before: list[tuple[dict[str, Any], nn.Parameter, Tensor]] | None = None
        self._moved: dict[int, list[Tensor]] = {}
        self._looking = False

    def begins(self, number: int) -> None:
        """Watch the forward passes of a step that is looked at."""
        self._looking = number % self._every == 0
        self._moved, self._before = {}, None
        if self._looking:
            self._activations.watch()

    def on_gradients(self) -> None:
        """The forward passes are over: keep a sample of the weights as they are before the optimizer's step."""
        self._activations.stop()
        if self._looking:
            self._before = [
                (group, parameter, sampled(parameter.detach(), SAMPLE).clone())
                for group in self._optimizer.param_groups
                for parameter in group["params"]
                if parameter.requires_grad
            ]

    @torch.no_grad()
    def on_weights(self) -> None:
        """Compare the weights with what they were, parameter by parameter; sums by depth."""
        for group, parameter, before in self._before or ():
            now = sampled(parameter.detach(), SAMPLE)
            share = parameter.numel() / now.numel()
            change = (now.float() - before.float()).square().sum() * share
            size = before.float().square().sum() * share
            depth = int(group["burnish_depth"])
            sums = self._moved.setdefault(depth, [change.new_zeros(()) for _ in range(3)])
            sums[2] = sums[2] + change
            # Vectors begin at zero or one and say little; low-rank parts begin at zero, so that nothing is small beside them.
            if group["burnish_decays"]:
                sums[0], sums[1] = sums[0] + change * before.any(), sums[1] + size

    def taken(self) -> Figures | None:
        """What was seen in the last step, by layer; None where it was not looked at. It is given once.

        `update`: length of the change of the weight matrices over that of the matrices; None where the step was not applied.
        `still`: whether nothing moved at all though it may learn. `mean`, `deviation`, `largest` of what the layer gives.
        `units`, `dead`: of activations that are cut off, and the share of units that gave 0 to all values `seen` of them.
        """
        if not self._looking:
            return None
        self._looking = False
        sums, units = self._activations.sums(), self._activations.units()
        numbers = _listed(self._moved), _listed(sums), _listed({d: [dead] for d, (_, dead, _) in units.items()})
        found: Figures = {}
        for depth in sorted({*numbers[0], *numbers[1], *numbers[2]}):
            row: dict[str, float | int | None] = {}
            if depth in numbers[0]:
                change, size, any_change = numbers[0][depth]
                row["update"] = math.sqrt(change / size) if size > 0 else None
                row["still"] = int(any_change == 0)
            if depth in numbers[1]:
                count, total, squares, largest = numbers[1][depth]
                mean = total / count
                row |= {"mean": mean, "deviation": math.sqrt(max(0.0, squares / count - mean**2)), "largest": largest}
            if depth in numbers[2]:
                row |= {
                    "units": units[depth][0],
                    "dead": numbers[2][depth][0] / units[depth][0],
                    "seen": units[depth][2],
                }
            found[level(depth, self._layers)] = row
        return found


def _listed(sums: dict[int, list[Tensor]]) -> dict[int, list[float]]:
    """Scalars as numbers, fetched from the device at once."""
    if not sums:
        return {}
    flat = torch.stack([value.double() for values in sums.values() for value in values]).tolist()
    found, place = {}, 0
    for depth, values in sums.items():
        found[depth] = flat[place : place + len(values)]
        place += len(values)
    return found
