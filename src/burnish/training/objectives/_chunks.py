"""Head and loss only where there is weight, some places at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from burnish.core.batch import Truth
from burnish.core.network import Inseparable, Network, modes_kept
from burnish.core.terms import Outputs, Terms
from burnish.losses import Loss, in_full
from burnish.training.objective import ObjectiveModule


class ChunkedModule(ObjectiveModule):
    """Body once; head and loss for `places` places at a time, whose logits are not kept for the backward pass.

    In training each chunk's gradient is computed with its loss: what is minimised is a sum, so the gradient of its states
    is known as soon as they are. The head then computes once, as it does without chunks.

    Args:
        network: with `place_states` and `place_logits`.
        loss: of single elements.
        places: in a chunk.
        head: names of the parameters that `place_logits` reads.
    """

    def __init__(self, network: Network, loss: Loss, places: int, head: frozenset[str]) -> None:
        super().__init__(network, loss)
        self.places = places
        self.head = head

    def forward(
        self, inputs: dict[str, Tensor], truth: Truth[Tensor] | None = None, *, by_row: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """As `ObjectiveModule.forward`."""
        if truth is None or by_row or not torch.is_grad_enabled() or self._scaled(truth):
            return super().forward(inputs, truth, by_row=by_row)
        states, counted = self._counted(inputs, truth)
        weight = truth.weights.sum()
        if not len(states):
            return states.sum(), weight
        total: Tensor = _SummedChunks.apply(self, counted, states, *self._learning())
        return total, weight

    def terms(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> Terms:
        """The terms of `supervised` that have weight, in the same order."""
        states, counted = self._counted(inputs, truth)
        values = [
            checkpoint(self.values, piece, part, use_reentrant=False) for piece, part in self.pieces(states, counted)
        ]
        return Terms(torch.cat(values), counted.weights, counted.owner)

    def pieces(self, states: Tensor, truth: Truth[Tensor]) -> list[tuple[Tensor, Truth[Tensor]]]:
        """States [P, D] and their truth, `places` at a time; at least one piece."""
        parts = (states, truth.targets, truth.weights, truth.owner)
        pieces = zip(*(torch.split(part, self.places) for part in parts), strict=True)
        return [(piece, Truth(targets, weights, owner, truth.lines)) for piece, targets, weights, owner in pieces]

    def values(self, states: Tensor, truth: Truth[Tensor]) -> Tensor:
        """The losses of places that have weight."""
        logits = self.network.place_logits(states)
        if truth.weights.ndim > 1:  # several elements a place, some of which may have none
            return self.loss.terms(Outputs(logits), truth).values
        return self.loss.elements(in_full(logits), truth.targets)

    def _counted(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Truth[Tensor]]:
        """States [P, D] of the places with weight, and their truth."""
        hidden = self.network.place_states(**inputs)
        counted = truth.weights != 0
        if counted.shape[:2] != hidden.shape[:2]:
            raise ValueError(f"outputs at {tuple(hidden.shape[:2])} places, labels at {tuple(counted.shape[:2])}")
        places = counted.flatten(2).any(dim=-1) if counted.ndim > 2 else counted
        return hidden[places], Truth(truth.targets[places], truth.weights[places], truth.owner[places], truth.lines)

    def _scaled(self, truth: Truth[Tensor]) -> bool:
        """Whether gradients are scaled against underflow: then they must come from the scaled loss."""
        device = truth.weights.device.type
        return torch.is_autocast_enabled(device) and torch.get_autocast_dtype(device) == torch.float16

    def _learning(self) -> list[nn.Parameter]:
        """The parameters of the head that learn now."""
        if not self.head:
            return []
        return [p for name, p in self.network.named_parameters() if name in self.head and p.requires_grad]


class _SummedChunks(torch.autograd.Function):
    """The weighted sum of the losses of all places, with its gradients computed on the way."""

    @staticmethod
    def forward(
        ctx: Any, module: ChunkedModule, truth: Truth[Tensor], states: Tensor, *learning: nn.Parameter
    ) -> Tensor:
        gradient, found = torch.empty_like(states), [torch.zeros_like(p) for p in learning]
        total, done = torch.zeros((), device=states.device, dtype=torch.float32), 0
        for piece, part in module.pieces(states, truth):
            with torch.enable_grad():
                alone = piece.detach().requires_grad_()
                summed = Terms(module.values(alone, part), part.weights, part.owner).summed().total
            own, *of_head = torch.autograd.grad(summed, [alone, *learning])
            gradient[done : done + len(piece)] = own
            done += len(piece)
            for kept, more in zip(found, of_head, strict=True):
                kept += more
            total = total + summed.detach()
        ctx.save_for_backward(gradient, *found)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, ...]:
        gradient, *found = ctx.saved_tensors
        scale = upstream[0]
        return None, None, gradient * scale.to(gradient.dtype), *(kept * scale.to(kept.dtype) for kept in found)


def head_apart(network: Network, probe: dict[str, Tensor]) -> frozenset[str]:
    """Check on some rows that head after body is the whole network; names of the parameters that the head reads.

    Raises:
        Inseparable: it is not, or the network does not have them apart.
    """
    still = [p for p in network.parameters() if p.is_floating_point() and not p.requires_grad]
    with modes_kept(network):
        network.eval()
        try:
            with torch.no_grad():
                whole, states = network(**probe), network.place_states(**probe)
                apart = network.place_logits(states)
            for parameter in still:
                parameter.requires_grad_()
            named = {name: p for name, p in network.named_parameters() if p.requires_grad}
            one = network.place_logits(states[:1, :1].detach()).sum()
            reached = torch.autograd.grad(one, list(named.values()), allow_unused=True) if one.requires_grad else ()
        finally:
            for parameter in still:
                parameter.requires_grad_(False)
    if apart.shape != whole.shape or not torch.allclose(apart, whole, rtol=1e-3, atol=1e-4):
        raise Inseparable(f"the head of {type(network).__name__} alone does not predict as the whole network does")
    return frozenset(name for name, gradient in zip(named, reached, strict=bool(reached)) if gradient is not None)
