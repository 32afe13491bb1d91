"""Techniques put in their places: around the objective, and into the steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from burnish.training.step_part import StepPart
from burnish.training.technique import Technique

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.core.network import Network
    from burnish.training.objective import ObjectiveModule


def surrounded(
    objective: ObjectiveModule, techniques: Sequence[Technique], probe: Callable[[], dict[str, Tensor]]
) -> ObjectiveModule:
    """The objective with every technique around it that is not off, the first one innermost."""
    for technique in techniques:
        if not technique.is_off:
            objective = technique.around(objective, probe)
    return objective


def parts_of(network: Network, optimizer: Any, techniques: Sequence[Technique]) -> list[StepPart]:
    """What the techniques that are not off do at each step, in their order."""
    made = [t.part(network, optimizer) for t in techniques if not t.is_off]
    return [part for part in made if part is not None]
