"""What penalties do at a step: a gradient of their own, or a change of the weights by the learning rate of each group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from burnish.training.step_part import StepPart


class Pull(StepPart):
    """A pull on some parameters.

    Args:
        optimizer: over `parameter_groups`.
        chosen: whether a parameter of a group is pulled, from the group and the parameter.
        gradient: of a parameter, the gradient of its penalty; None where the pull is decoupled.
        moved: changes a parameter in place after a step, by the learning rate of its group; None where it is coupled.
    """

    def __init__(
        self,
        optimizer: torch.optim.Optimizer,
        chosen: Callable[[dict[str, Any], nn.Parameter], bool],
        *,
        gradient: Callable[[Tensor], Tensor] | None = None,
        moved: Callable[[nn.Parameter, float], Tensor] | None = None,
    ) -> None:
        self._optimizer, self._chosen, self._gradient, self._moved = optimizer, chosen, gradient, moved

    @torch.no_grad()
    def on_gradients(self) -> None:
        """Add the gradient of the penalty to that of the loss."""
        if self._gradient is not None:
            for parameter, _ in self._learning():
                assert parameter.grad is not None
                parameter.grad.add_(self._gradient(parameter).to(parameter.grad.dtype))

    @torch.no_grad()
    def on_weights(self) -> None:
        """Move the weights that learned in this step."""
        if self._moved is not None:
            for parameter, rate in self._learning():
                self._moved(parameter, rate)

    def _learning(self) -> Iterator[tuple[nn.Parameter, float]]:
        """The parameters that are pulled and have a gradient in this step, each with its learning rate."""
        for group in self._optimizer.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and self._chosen(group, parameter):
                    yield parameter, float(group["lr"])


def decays(group: dict[str, Any], parameter: nn.Parameter) -> bool:
    """Whether it is a weight matrix or an embedding: norms, biases and other vectors are never pulled towards zero."""
    return bool(group["burnish_decays"])


def in_body(group: dict[str, Any]) -> bool:
    """Whether a group is of the body, and not of the head."""
    return int(group["burnish_depth"]) <= int(group["burnish_layers"])
