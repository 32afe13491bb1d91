"""Averages: weights that are shipped instead of those of one step, because several are better than one. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.training.technique import Technique

if TYPE_CHECKING:
    from torch import Tensor

    from burnish.training.averaging import WeightAverage

    Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Trained:
    """What there is to choose from when all steps are done.

    Attributes:
        best: the weights of the best checkpoint by name, with buffers.
        others: those of the other checkpoints that were kept, the best one first: step, and a function that reads it.
        start: pretrained weights of the body by name, where `needs_start`.
        score: how good weights are on validation; more is better.
    """

    best: Weights
    best_step: int
    others: Sequence[tuple[int, Callable[[], Weights]]]
    start: Weights
    score: Callable[[Weights], float]


class Averaging(Technique):
    """How weights are averaged: while training goes on (`running`), or when it is over (`AfterTraining`)."""

    axis: ClassVar[str] = "burnish.training.averages"

    @property
    def holds_rate_from(self) -> float:
        """The share of the run after which the learning rate stays as it is; 1: never."""
        return 1.0

    def running(self, weights: Mapping[str, Any]) -> WeightAverage | None:
        """The average that is updated after each step, validated and kept in checkpoints; None where there is none.

        Args:
            weights: the tensors training changes in place, by name.
        """
        return None


class AfterTraining(Averaging):
    """Weights made of several when all steps are done, chosen by validation; the held-out test is read once, afterwards."""

    needs_start: ClassVar[bool] = False
    """Whether it needs the weights the run began with."""

    @property
    def checkpoints(self) -> int:
        """How many checkpoints are kept for it, the best by validation."""
        return 1

    @abstractmethod
    def chosen(self, trained: Trained) -> tuple[Weights, str]:
        """The weights to ship, and how they came about in words."""
