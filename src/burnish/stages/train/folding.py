"""What was learned about logits becomes part of the weights, so that other libraries give the same confidences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.terms import Outputs, Terms
from burnish.core.views import joined
from burnish.runtimes.torch import running
from burnish.targets import Target
from burnish.training.temperature import folded

if TYPE_CHECKING:
    from burnish.core.network import Network
    from burnish.losses import Loss
    from burnish.stages.prepare.prepare import Prepared

ROWS = 8  # on which it is checked that the logits become those divided by the temperature
FACT = "temperature_in_weights"
"""In bundle.json: the temperature that the weights hold already."""


def with_temperature(prepared: Prepared, network: Network, target: Target) -> tuple[Target, float]:
    """Put the target's temperature into the network's last layer, where that is exact.

    Args:
        prepared: the run; a few of its training rows are answered.
        network: with the weights that will be saved.
        target: that divides logits by its temperature.

    Returns:
        The target that divides by nothing more, and what the weights hold; or the same target and 1.
    """
    temperature = float(getattr(target, "temperature", 1.0))
    if temperature == 1 or not folded(network, temperature, target.outputs, _logits(prepared, network)):
        return target, 1.0
    offsets = {name: value / temperature for name, value in getattr(target, "offsets", {}).items()}
    return target.model_copy(update={"temperature": 1.0, **({"offsets": offsets} if offsets else {})}), temperature


def _logits(prepared: Prepared, network: Network) -> Callable[[], Array]:
    input_, part, processor = prepared.recipe.input, prepared.parts["train"], prepared.processor.for_input
    rows = part.rows[: min(ROWS, len(part))]
    examples = part.table.take(rows, list(input_.required_columns)).to_pylist()
    views = [list(row_views) for row_views in input_.views(examples, processor)]

    def logits() -> Array:
        seen = joined(
            running(network),
            lambda some: input_.collate(some, processor),
            views,
            limit=ROWS,
            join=prepared.recipe.target.joined,
        )
        return np.asarray(seen.values)

    return logits


def loss_without(loss: Loss, temperature: float) -> Any:
    """A loss of the logits as they were before a temperature went into the weights: what was learned is scored by it."""
    if temperature == 1:
        return loss
    return _Unfolded(loss, temperature)


class _Unfolded:
    def __init__(self, loss: Loss, temperature: float) -> None:
        self._loss, self._temperature = loss, temperature

    def elementwise(self) -> bool:
        return self._loss.elementwise()

    def terms(self, outputs: Outputs, truth: Any) -> Terms:
        return self._loss.terms(Outputs(outputs.logits * self._temperature, outputs.lengths), truth)
