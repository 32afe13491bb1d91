"""A network that learns the answers of another one: what is minimised of a batch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from burnish.core.batch import Batch, Truth
from burnish.core.terms import Outputs, Terms
from burnish.losses import in_full
from burnish.training.objective import ObjectiveModule, SurroundedModule
from burnish.training.shrinking._blocks import Watched
from burnish.training.teacher import ANSWERS, UNLABELLED, Lesson, Teacher


def divergence(taught: Tensor, answers: Tensor, temperature: float, *, each: bool) -> Tensor:
    """How far a network's logits are from the teacher's, in nats times the temperature's square.

    Args:
        taught, answers: of the network and of the teacher, [..., C].
        temperature: both are divided by it.
        each: whether each logit is a yes or no of its own; else they are one distribution.

    Returns:
        [...], or with `each` [..., C]. Of one number it is half the squared difference, whatever the temperature.
    """
    if not each and taught.shape[-1] == 1:
        return (taught - answers).square().squeeze(-1) / 2
    one, other = taught / temperature, answers / temperature
    if each:
        sure = other.sigmoid()
        yes = torch.nn.functional.logsigmoid(other) - torch.nn.functional.logsigmoid(one)
        no = torch.nn.functional.logsigmoid(-other) - torch.nn.functional.logsigmoid(-one)
        return (sure * yes + (1 - sure) * no) * temperature**2
    known = other.log_softmax(-1)
    return (known.exp() * (known - one.log_softmax(-1))).sum(-1) * temperature**2


class TaughtModule(SurroundedModule):
    """The objective, in training with the answers of a teacher beside the labels.

    Args:
        inner: network and loss.
        lesson: shares and temperature.
        teacher: what answers; None: its answers come with each batch.
    """

    def __init__(self, inner: ObjectiveModule, lesson: Lesson, teacher: Teacher | None) -> None:
        super().__init__(inner)
        self.lesson = lesson
        self._teacher = (teacher,)  # in a tuple: its weights are no part of what learns, moves or is saved
        self._watched: Watched | None = None
        if lesson.layers != "none" and teacher is not None:
            self._watched = Watched(self.network, teacher.network, lesson.layers)

    @property
    def teacher(self) -> Teacher | None:
        """What answers while the network learns."""
        return self._teacher[0]

    def learned(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Tensor]:
        """Shares of the usual loss and of the teacher's, summed over what has weight or no label; and that weight."""
        given, lesson = without_teacher(inputs), self.lesson
        with self._watching():
            outputs = Outputs(self.network(**given), self.network.answer_lengths(**given))
            answers = self._answers(inputs, given)
        taught = in_full(outputs.logits)
        each = taught.ndim == truth.targets.ndim
        values = divergence(taught, in_full(answers), lesson.temperature, each=each)
        weights = weights_of(values, truth, inputs.get(UNLABELLED))
        total = lesson.alpha * torch.where(weights != 0, values * weights, 0.0).sum()
        if lesson.alpha < 1:
            total = total + (1 - lesson.alpha) * self.loss.terms(outputs, truth).summed().total
        return total + self._of_blocks(given, weights), weights.sum()

    def _watching(self) -> AbstractContextManager[object]:
        return nullcontext() if self._watched is None else self._watched

    def _of_blocks(self, given: dict[str, Tensor], weights: Tensor) -> Tensor:
        """How far states and attention are apart, with their share of the loss; 0 where nobody looks."""
        if self._watched is None:
            return weights.new_zeros(())
        of_rows = weights.flatten(1).sum(1) if weights.ndim > 1 else weights
        return self.lesson.alpha * self.lesson.layers_weight * self._watched.apart(given, of_rows)

    def _answers(self, inputs: dict[str, Tensor], given: dict[str, Tensor]) -> Tensor:
        if self.teacher is not None:
            return self.teacher.answers(given)
        return inputs[ANSWERS]

    def of_batch(self, batch: Batch) -> float:
        """The usual weight, and that of what has no label."""
        alone = batch.inputs.get(UNLABELLED)
        unlabelled = 0.0 if alone is None else float(alone.sum(dtype="float64"))
        return self.inner.of_batch(batch) + unlabelled * math.prod(batch.targets.shape[1:])

    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """Those of the inner objective, which knows of no teacher."""
        return self.inner.terms(without_teacher(inputs), truth)

    def forward(
        self, inputs: dict[str, Tensor], truth: Truth[Tensor] | None = None, *, by_row: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """As `ObjectiveModule.forward`."""
        if truth is None or by_row or not torch.is_grad_enabled():
            inputs = without_teacher(inputs)
        return super().forward(inputs, truth, by_row=by_row)


def without_teacher(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """What the network itself reads of a batch."""
    return {name: value for name, value in inputs.items() if name not in (ANSWERS, UNLABELLED)}


def weights_of(values: Tensor, truth: Truth[Tensor], alone: Tensor | None) -> Tensor:
    """The weight of each value: that of its label; of mixed lines the sum of their truths'; 1 where there is no label.

    Args:
        values: [B], [B, L], or [B, C] where each logit is a yes or no of its own.
        truth: of the batch.
        alone: float32 [B], 1 for lines without a label; None: there are none.
    """
    if truth.weights.shape == values.shape:
        weights = truth.weights
    else:  # k truths a line, one after the other
        weights = truth.weights.view(len(values), -1, *values.shape[1:]).sum(1)
    return weights if alone is None else weights + alone.view(-1, *[1] * (values.ndim - 1))
