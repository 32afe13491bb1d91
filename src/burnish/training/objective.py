"""What is minimised: a batch goes in, a weighted sum of losses comes out. The module that DDP or FSDP wraps."""

from __future__ import annotations

from torch import Tensor, nn

from burnish.core.network import Network
from burnish.losses import Loss


class Objective(nn.Module):
    """A network and a loss as one module.

    Args:
        network: named tensors to logits.
        loss: logits and targets to a weighted sum.
    """

    def __init__(self, network: Network, loss: Loss) -> None:
        super().__init__()
        self.network = network
        self.loss = loss

    def forward(self, inputs: dict[str, Tensor], targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """(total, weight) of the batch as scalars: tensors, because wrappers pass only tensors on."""
        logits = self.network(**inputs)
        result = self.loss(for_each_truth(logits, targets), targets, weights)
        return result.total, result.weight


def for_each_truth(logits: Tensor, targets: Tensor) -> Tensor:
    """Logits [B, ...] once for each truth: [k B, ...] where the targets of mixed rows hold k truths a row."""
    truths = len(targets) // len(logits)
    return logits if truths == 1 else logits.repeat_interleave(truths, dim=0)
