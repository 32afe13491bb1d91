"""Where network and loss meet: a batch goes in, a weighted sum of losses comes out. The module that DDP or FSDP wraps."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from burnish.core.batch import Array, Batch, Truth
from burnish.core.network import Network
from burnish.core.terms import Outputs, Terms
from burnish.losses import Loss


class ObjectiveModule(nn.Module, ABC):
    """A network and what is minimised of it, as one module: everything a network computes in a run goes through `forward`.

    Args:
        network: named tensors to logits.
        loss: outputs and truth to terms.
    """

    def __init__(self, network: Network, loss: Loss) -> None:
        super().__init__()
        self.network = network
        self.loss = loss

    @abstractmethod
    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """The values that are minimised, of each element or row, with their weights and rows."""

    def weight(self, truth: Truth[Array]) -> float:
        """The sum of the weights of `terms`, before any forward pass."""
        return float(self.loss.weights(truth).sum(dtype="float64"))

    def of_batch(self, batch: Batch) -> float:
        """The sum of the weights of what a batch is learned by, before any forward pass."""
        return self.weight(batch.truth)

    def forward(
        self, inputs: dict[str, Tensor], truth: Truth[Tensor] | None = None, *, by_row: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """(total, weight) of the batch as scalars: tensors, because wrappers pass only tensors on.

        With `by_row` those of each row, float64 [R], or [R, K] of its parts (`Terms.by_part`); without a truth the logits. Both
        in float32 whatever the precision of
        the run: they are what validation sees.
        """
        if truth is not None and not by_row:
            summed = self.terms(inputs, truth).summed()
            return summed.total, summed.weight
        device = next(self.network.parameters()).device.type
        with torch.autocast(device, enabled=False):
            if truth is None:
                logits: Tensor = self.network(**inputs)
                return logits
            return self.terms(inputs, truth).by_part(len(truth.lines))


class SupervisedModule(ObjectiveModule):
    """The whole network, then the loss of what it gives."""

    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """The loss's own terms."""
        return self.loss.terms(Outputs(self.network(**inputs), self.network.answer_lengths(**inputs)), truth)


class SurroundedModule(ObjectiveModule, ABC):
    """Another objective that learns in a way of its own; what validation sees and what is said of rows stays as it is.

    Args:
        inner: network and loss, as they would be without it.
    """

    def __init__(self, inner: ObjectiveModule) -> None:
        super().__init__(inner.network, inner.loss)
        self.inner = inner

    @abstractmethod
    def learned(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Tensor]:
        """What is minimised of a batch instead, as a sum over what has weight, and that weight, which is the inner one's."""

    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """Those of the inner objective."""
        return self.inner.terms(inputs, truth)

    def weight(self, truth: Truth[Array]) -> float:
        """That of the inner objective."""
        return self.inner.weight(truth)

    def of_batch(self, batch: Batch) -> float:
        """That of the inner objective."""
        return self.inner.of_batch(batch)

    def forward(
        self, inputs: dict[str, Tensor], truth: Truth[Tensor] | None = None, *, by_row: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """As `ObjectiveModule.forward`."""
        if truth is None or by_row or not torch.is_grad_enabled():
            answer: Tensor | tuple[Tensor, Tensor] = self.inner(inputs, truth, by_row=by_row)
            return answer
        return self.learned(inputs, truth)
