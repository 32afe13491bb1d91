"""A teacher's answers over a big vocabulary: some places at a time, so that the logits of all are never held."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from burnish.core.batch import Truth
from burnish.core.terms import Outputs
from burnish.losses import in_full
from burnish.training.shrinking._teaching import TaughtModule, divergence, without_teacher
from burnish.training.teacher import Teacher


class TaughtInChunks(TaughtModule):
    """As `TaughtModule`, of a network whose head can be computed apart: both heads are, where there is weight."""

    def learned(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Tensor]:
        """As `TaughtModule.learned`."""
        teacher, given = self.teacher, without_teacher(inputs)
        assert teacher is not None
        with self._watching():
            states = self.network.place_states(**given)
            with torch.no_grad():
                teacher.network.eval()
                known = teacher.network.place_states(**teacher.inputs(given))
        counted = truth.weights != 0
        part = Truth(truth.targets[counted], truth.weights[counted], truth.owner[counted], truth.lines)
        total = states[counted].sum() * 0
        size: int = getattr(self.inner, "places", 1)
        for start in range(0, int(counted.sum()), size):
            piece = slice(start, start + size)
            cut = Truth(part.targets[piece], part.weights[piece], part.owner[piece], truth.lines)
            of_piece = checkpoint(
                self._piece, states[counted][piece], known[counted][piece], cut, teacher, use_reentrant=False
            )
            total = total + of_piece
        return total + self._of_blocks(given, truth.weights), truth.weights.sum()

    def _piece(self, states: Tensor, known: Tensor, truth: Truth[Tensor], teacher: Teacher) -> Tensor:
        """The loss of some places [P], summed."""
        lesson, logits = self.lesson, self.network.place_logits(states)
        with torch.no_grad():
            answers = in_full(teacher.aligned(teacher.network.place_logits(known)))
        far = divergence(in_full(logits), answers, lesson.temperature, each=False)
        total = lesson.alpha * (far * truth.weights).sum()
        if lesson.alpha < 1:
            total = total + (1 - lesson.alpha) * self.loss.terms(Outputs(logits), truth).summed().total
        return total
