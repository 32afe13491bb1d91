"""Embeddings moved along the gradient of the loss."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from burnish.core.batch import Truth
from burnish.core.network import Network
from burnish.training.objective import ObjectiveModule, SurroundedModule
from burnish.training.technique import Technique, refused

TINY = 1e-12


class Adversarial(SurroundedModule):
    """The objective, in training over the rows and over the rows with moved embeddings.

    Args:
        inner: network and loss.
        embeddings: the module that gives [B, L, D] of token ids.
        epsilon: by how much the embeddings of a line move, as a share of their norm.
    """

    def __init__(self, inner: ObjectiveModule, embeddings: nn.Module, epsilon: float) -> None:
        super().__init__(inner)
        self.epsilon = epsilon
        self._seen: list[Tensor] | None = None
        self._moves: list[Tensor] = []
        embeddings.register_forward_hook(self._embedded)

    def learned(self, inputs: dict[str, Tensor], truth: Truth[Tensor]) -> tuple[Tensor, Tensor]:
        """The mean of the loss here and there."""
        self._seen = []
        try:
            total, weight = self.inner(inputs, truth)
            seen = self._seen
        finally:
            self._seen = None
        if not total.requires_grad:
            return total, weight
        gradients = torch.autograd.grad(total, seen, retain_graph=True, allow_unused=True)
        self._moves = [self._move(values.detach(), gradient) for values, gradient in zip(seen, gradients, strict=True)]
        try:
            moved, _ = self.inner(inputs, truth)
        finally:
            self._moves = []
        return (total + moved) / 2, weight

    def _embedded(self, module: nn.Module, given: tuple[Any, ...], values: Tensor) -> Tensor | None:
        if self._seen is not None:
            # Frozen embeddings have no gradient of their own; what they give must have one.
            values = values if values.requires_grad else values.detach().requires_grad_()
            self._seen.append(values)
            return values
        return values + self._moves.pop(0) if self._moves else None

    def _move(self, values: Tensor, gradient: Tensor | None) -> Tensor:
        """[B, L, D]: along each line's gradient, as long as a share of the line's values that have a gradient."""
        if gradient is None:
            return torch.zeros_like(values)
        counted = (gradient != 0).any(-1, keepdim=True)  # padding has none
        length = torch.where(counted, values, 0.0).flatten(1).norm(dim=1)
        scale = self.epsilon * length / (gradient.flatten(1).norm(dim=1) + TINY)
        moved: Tensor = gradient * scale.view(-1, *[1] * (values.ndim - 1))
        return moved


def embeddings_of(technique: Technique, network: Network) -> nn.Module:
    """The module of a network that embeds tokens.

    Raises:
        InputError: it does not say which.
    """
    try:
        return cast(nn.Module, cast(Any, network.backbone()).get_input_embeddings())
    except (AttributeError, NotImplementedError) as error:
        why = f"{type(network.backbone()).__name__} does not say where its embeddings are"
        raise refused(technique, why, place="perturbation") from error
