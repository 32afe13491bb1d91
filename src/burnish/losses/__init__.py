"""Losses: how wrong an answer is, for each element or each row. One file each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from burnish.core.batch import Truth
from burnish.core.component import Component
from burnish.core.terms import Outputs, Terms
from burnish.core.weighted import WeightedSum

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T", bound=Any)


class Loss(Component):
    """How wrong the outputs are. Most losses say it of each element and write `elements`; weighting and summing is the
    same for all. A loss whose values are not those of single elements (one for each row, say) writes `terms` and `weights`.
    """

    axis: ClassVar[str] = "burnish.losses"
    targets: ClassVar[tuple[str, ...]]
    """Kinds of target this loss can be used with."""
    removes_prior: ClassVar[bool] = False
    """Whether how common classes are is taken out of what the network learns."""

    @classmethod
    def elementwise(cls) -> bool:
        """Whether its values are those of single elements: of logits and targets, and of nothing else."""
        return cls.terms is Loss.terms

    def learned(self, names: Sequence[str], counts: Mapping[str, int]) -> Self:
        """This loss with what it takes from the training split: how common each class is; most take nothing.

        Args:
            names: of the logits, in their order; empty where the target has none.
            counts: how often each occurs in the training split.
        """
        return self

    def shift(self, names: Sequence[str]) -> NDArray[np.float64]:
        """[C] what this loss adds to the logits of each class while the network learns; 0 for most."""
        return np.zeros(len(names))

    def elements(self, logits: Tensor, targets: Tensor) -> Tensor:
        """The loss of each element.

        Args:
            logits: [B, C], or [B, L, C] for element tasks.
            targets: [B] or [B, L] class numbers; [B, C] zeros and ones; [B] values. Always in range, also where the
                weight is 0.

        Returns:
            The shape of `targets`, in nats (or squared or absolute units for regression).
        """
        raise NotImplementedError(f"loss {self.kind()!r} has no value for each element")

    def weights(self, truth: Truth[T]) -> T:
        """The weights of `terms`, from the truth alone: they are known before any forward pass, as arrays or tensors."""
        return truth.weights

    def terms(self, outputs: Outputs, truth: Truth[Tensor]) -> Terms:
        """One value for each element (or row), in float32 or better, with its weight and the row it belongs to.

        What has weight 0 cannot touch the others, not even where it is infinite or not a number.
        """
        import torch

        logits = for_each_truth(in_full(outputs.logits), truth)
        counted = truth.weights != 0
        # Before the loss, because the gradient of an infinite logit is not a number even when what comes back to it is 0.
        seen = counted.view(counted.shape + (1,) * (logits.ndim - counted.ndim))
        return Terms(self.elements(torch.where(seen, logits, 0.0), truth.targets), self.weights(truth), truth.owner)

    def __call__(self, outputs: Outputs, truth: Truth[Tensor]) -> WeightedSum[Tensor]:
        """The weighted sum of all terms, in float32 or better."""
        return self.terms(outputs, truth).summed()


def in_full(logits: Tensor) -> Tensor:
    """float32 instead of half precision."""
    import torch

    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def for_each_truth(logits: Tensor, truth: Truth[Tensor]) -> Tensor:
    """Logits [B, ...] once for each line of targets: again for every further truth where rows are mixed and have several."""
    if len(truth.targets) == len(logits):
        return logits
    return logits.index_select(0, lines_of(truth))


def lines_of(truth: Truth[Tensor]) -> Tensor:
    """int64, the line of the batch that each line of targets is about: that of the row it belongs to."""
    return truth.lines[truth.owner.flatten(1)[:, 0] if truth.owner.ndim > 1 else truth.owner]
