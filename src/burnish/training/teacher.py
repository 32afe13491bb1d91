"""A network that answers what another one is asked, while that one learns of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from burnish.core.network import Network

ANSWERS = "teacher_answers"
"""Under this name the teacher's logits come with a batch, where they were computed before."""
UNLABELLED = "teacher_alone"
"""Under this name float32 [B]: 1 for lines that have no label, which the teacher alone teaches."""


@dataclass(frozen=True)
class Lesson:
    """What is learned of a teacher, and how much it counts.

    Attributes:
        alpha: share of the loss that is the teacher's.
        temperature: both logits are divided by it.
        layers: of its blocks none, hidden, attention or all.
        layers_weight: weight of these beside its answers.
    """

    alpha: float
    temperature: float
    layers: str = "none"
    layers_weight: float = 1.0


@dataclass(frozen=True)
class Teacher:
    """A network that answers what the student is asked.

    Attributes:
        network: on the student's device, in eval mode, without gradients.
        columns: int64 [C], where the student's answers stand among its logits; None: at the same places.
        ids: int64, its number of each token by the student's; None: the same.
        scale, shift: its logits times and plus these are in the student's units.
    """

    network: Network
    columns: Tensor | None = None
    ids: Tensor | None = None
    scale: float = 1.0
    shift: float = 0.0

    def inputs(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """What it reads in place of what the student reads."""
        if self.ids is None:
            return dict(inputs)
        return {name: self.ids[value] if name.endswith("input_ids") else value for name, value in inputs.items()}

    def aligned(self, logits: Tensor) -> Tensor:
        """Its logits in the student's order and units."""
        logits = logits if self.columns is None else logits.index_select(-1, self.columns)
        return logits if (self.scale, self.shift) == (1.0, 0.0) else logits * self.scale + self.shift

    @torch.no_grad()
    def answers(self, inputs: Mapping[str, Tensor]) -> Tensor:
        """Its logits for a batch, as the student's stand."""
        self.network.eval()
        return self.aligned(self.network(**self.inputs(inputs)))
