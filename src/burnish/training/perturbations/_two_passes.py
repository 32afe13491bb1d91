"""Two passes with different dropout in one batch, and how far apart their answers are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from burnish.core.batch import Truth
from burnish.core.network import modes_kept
from burnish.core.terms import Outputs, Terms
from burnish.core.windows import MEMBERSHIP
from burnish.core.windows import doubled as twice_over
from burnish.losses import in_full, lines_of
from burnish.training.objective import ObjectiveModule, SurroundedModule

TRIES = 8
"""Pairs of passes that must be equal before a network counts as one without dropout: a small rate may drop nothing once."""


class TwoPasses(SurroundedModule):
    """The objective, in training over a batch that holds each row twice.

    Args:
        inner: network and loss.
        alpha: weight of the divergence.
    """

    def __init__(self, inner: ObjectiveModule, alpha: float) -> None:
        super().__init__(inner)
        self.alpha = alpha

    def learned(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Tensor]:
        """The mean of both losses plus alpha times their divergence, summed over what has weight; and that weight."""
        lines = len(inputs.get(MEMBERSHIP, next(iter(inputs.values()))))
        twice = twice_over(inputs)
        outputs = Outputs(self.network(**twice), self.network.answer_lengths(**twice))
        summed = self.loss.terms(outputs, doubled(truth, lines)).summed()
        first, second = in_full(outputs.logits).chunk(2)
        each = first.ndim == truth.targets.ndim  # a yes or no for each logit; else one class out of all of them
        values = (divergence_of_each if each else divergence)(first, second)
        apart = Terms(values, weights_like(values, truth), torch.zeros_like(values, dtype=torch.long)).summed().total
        return summed.total / 2 + self.alpha * apart, summed.weight / 2


def doubled(truth: Truth[Tensor], lines: int) -> Truth[Tensor]:
    """The truth of a batch whose lines are followed by the same lines once more."""
    rows = len(truth.lines)
    return Truth(
        torch.cat([truth.targets, truth.targets]),
        torch.cat([truth.weights, truth.weights]),
        torch.cat([truth.owner, truth.owner + rows]),
        torch.cat([truth.lines, truth.lines + lines]),
    )


def divergence(first: Tensor, second: Tensor) -> Tensor:
    """The mean of both Kullback-Leibler divergences of two sets of logits [..., C], in nats: [...].

    Of one number for each row it is half their squared difference: that of two normal distributions of unit variance.
    """
    if first.shape[-1] == 1:
        return (first - second).square().squeeze(-1) / 2
    one, other = first.log_softmax(-1), second.log_softmax(-1)
    return ((one.exp() - other.exp()) * (one - other)).sum(-1) / 2


def divergence_of_each(first: Tensor, second: Tensor) -> Tensor:
    """The same where each logit is a yes or no of its own: [..., C]."""
    return (first.sigmoid() - second.sigmoid()) * (first - second) / 2


def weights_like(values: Tensor, truth: Truth[Tensor]) -> Tensor:
    """The weight of each value: that of its element; where lines are mixed and have several labels, their sum."""
    if truth.weights.shape == values.shape:
        return truth.weights
    return torch.zeros_like(values).index_add(0, lines_of(truth), truth.weights.to(values.dtype))


@torch.no_grad()
def is_random(network: nn.Module, inputs: dict[str, Tensor]) -> bool:
    """Whether the network in training gives different answers to the same rows; it is left as it was."""
    buffers = [(b, b.clone()) for b in network.buffers()]
    devices = [p.device for p in network.parameters() if p.device.type == "cuda"][:1]
    try:
        with modes_kept(network), torch.random.fork_rng(devices=devices):
            network.train()
            torch.manual_seed(0)
            return any(not torch.equal(network(**inputs), network(**inputs)) for _ in range(TRIES))
    finally:
        for buffer, value in buffers:
            buffer.copy_(value)
