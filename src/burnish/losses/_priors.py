"""Shared by the losses that know how common each class is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from burnish.core.errors import InputError
from burnish.core.names import named
from burnish.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class WithPrior(Loss):
    """Cross-entropy of logits to which the log frequency of each class was added, times a strength."""

    targets: ClassVar[tuple[str, ...]] = ("label", "tags")
    removes_prior: ClassVar[bool] = True
    frequencies: Annotated[dict[str, float], BeforeValidator(named)] = Field(
        default_factory=dict,
        description="Share of each class among training examples; empty: counted before the first step.",
    )

    @property
    @abstractmethod
    def strength(self) -> float:
        """How often the log frequency is added."""

    def learned(self, names: Sequence[str], counts: Mapping[str, int]) -> Self:
        """With the frequency of each class among the training examples, in the order of the logits.

        Raises:
            InputError: given frequencies are not those of the classes, or a class never occurs.
        """
        if self.frequencies:
            if set(self.frequencies) != set(names) or min(self.frequencies.values()) <= 0:
                raise InputError(
                    f"frequencies of {', '.join(self.frequencies)}",
                    expected="a number above 0 for each of " + ", ".join(names),
                    fix="leave them out: they are counted",
                    place="loss.frequencies",
                )
            return self.model_copy(update={"frequencies": {name: self.frequencies[name] for name in names}})
        if absent := [name for name in names if not counts.get(name)]:
            raise InputError(
                f"no training example has the class {absent[0]!r}, so its frequency has no logarithm",
                fix="leave it out of target.labels, or use another loss",
                place="loss",
            )
        total = sum(counts[name] for name in names)
        return self.model_copy(update={"frequencies": {name: counts[name] / total for name in names}})

    def shift(self, names: Sequence[str]) -> NDArray[np.float64]:
        """[C] strength times log frequency: what the answers of a network lack that learned with this loss."""
        return np.asarray(self.strength * np.log(np.array([self.frequencies[name] for name in names])))

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """[B, C] with [B], or [B, L, C] with [B, L] class numbers; nats in the shape of `targets`.

        Without frequencies all classes are alike, and it is cross-entropy.
        """
        from torch.nn import functional as F

        losses = F.cross_entropy(self._adjusted(logits).flatten(0, -2), targets.flatten().long(), reduction="none")
        return losses.view(targets.shape)

    def _adjusted(self, logits: Tensor) -> Tensor:
        if not self.frequencies or not self.strength:
            return logits
        return logits + logits.new_tensor(self.shift(tuple(self.frequencies)))
