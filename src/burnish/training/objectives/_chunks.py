"""Head and loss only where there is weight, some places at a time."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from burnish.core.batch import Truth
from burnish.core.network import Inseparable, Network
from burnish.core.terms import Outputs, Terms
from burnish.losses import Loss
from burnish.training.objective import ObjectiveModule


class ChunkedModule(ObjectiveModule):
    """Body once; head and loss for `places` places at a time, whose logits are not kept for the backward pass.

    Args:
        network: with `hidden` and `head`.
        loss: of single elements.
        places: in a chunk.
    """

    def __init__(self, network: Network, loss: Loss, places: int) -> None:
        super().__init__(network, loss)
        self.places = places

    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """The terms of `supervised` that have weight, in the same order."""
        hidden = self.network.place_states(**inputs)
        counted = truth.weights != 0
        if counted.shape[:2] != hidden.shape[:2]:
            raise ValueError(f"outputs at {tuple(hidden.shape[:2])} places, labels at {tuple(counted.shape[:2])}")
        places = counted.flatten(2).any(dim=-1) if counted.ndim > 2 else counted
        parts = (hidden[places], truth.targets[places], truth.weights[places], truth.owner[places])
        pieces = zip(*(torch.split(part, self.places) for part in parts), strict=True)
        values = [
            checkpoint(self._values, states, Truth(targets, weights, owner, truth.lines), use_reentrant=False)
            for states, targets, weights, owner in pieces
        ]
        return Terms(torch.cat(values), parts[2], parts[3])

    def _values(self, states: Tensor, truth: Truth[Tensor]) -> Tensor:
        return self.loss.terms(Outputs(self.network.place_logits(states)), truth).values


@torch.no_grad()
def require_apart(network: Network, probe: dict[str, Tensor]) -> None:
    """Check on some rows that head after body is the whole network.

    Raises:
        Inseparable: it is not, or the network does not have them apart.
    """
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        whole, apart = network(**probe), network.place_logits(network.place_states(**probe))
    finally:
        for module in training:
            module.training = True
    if apart.shape != whole.shape or not torch.allclose(apart, whole, rtol=1e-3, atol=1e-4):
        raise Inseparable(f"the head of {type(network).__name__} alone does not answer as the whole network does")
