"""What the network of a run says between its steps: through the placed module, in which processes must go in step."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import torch
from torch import nn

from burnish.core.batch import Array, Batch, Truth
from burnish.core.network import Network
from burnish.losses import Loss
from burnish.training.accelerator import Accelerator
from burnish.training.objective import ObjectiveModule, SupervisedModule


class PlacedRun:
    """The network of a placed objective as a `Run`: eval mode, no gradients, float32 out. A context.

    A wrapped module exchanges buffers (and FSDP weights) in each pass, so every process must make as many as the others.
    Shares of rows differ: who has no batch left goes on with a spare one, whose answers nobody reads, until all are done.

    Args:
        objective: as `Accelerator.place` returned it.
        accelerator: the processes.
        spare: gives the inputs of some batch; asked where there are several processes.
    """

    def __init__(self, objective: nn.Module, accelerator: Accelerator, spare: Callable[[], dict[str, Array]]) -> None:
        self._objective, self._accelerator, self._spare = objective, accelerator, spare

    def __call__(self, **arrays: Array) -> Array:
        """Logits, float32."""
        self._accelerator.any(True)
        return self._logits(arrays)

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        """float64 [R], or [R, K] of their parts: summed losses and weights of the rows of a batch as training reads it."""
        self._accelerator.any(True)
        self._objective.eval()
        with torch.inference_mode():
            sums, weights = self._objective(
                self._accelerator.tensors(batch.inputs), self._accelerator.truth(batch), by_row=True
            )
        return sums.cpu().numpy(), weights.cpu().numpy()

    def __enter__(self) -> PlacedRun:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None or self._accelerator.processes == 1:
            return
        spare = self._spare()
        while self._accelerator.any(False):
            self._logits(spare)

    def _logits(self, arrays: dict[str, Any]) -> Array:
        self._objective.eval()
        with torch.inference_mode():
            return cast(Array, self._objective(self._accelerator.tensors(arrays)).float().cpu().numpy())


def losses_alone(
    network: Network, loss: Loss, module: Callable[[Network, Loss], ObjectiveModule] = SupervisedModule
) -> Callable[[Batch], tuple[Array, Array]]:
    """Losses by a network in this process alone, as one read back from a bundle is.

    Args:
        network, loss: what computes.
        module: how they meet; in chunks, say, where logits of all places would fill the memory.

    Returns:
        Of a batch as training reads it, float64 [R] summed losses and weights of its rows, or [R, K] of their parts; eval mode,
        no gradients.
    """
    objective, device = module(network, loss), next(network.parameters()).device

    def losses(batch: Batch) -> tuple[Array, Array]:
        objective.eval()
        truth = (batch.targets, batch.weights, batch.owner, batch.lines)
        with torch.inference_mode():
            inputs = {name: torch.from_numpy(value).to(device) for name, value in batch.inputs.items()}
            tensors = Truth(*(torch.from_numpy(value).to(device) for value in truth))
            sums, weights = objective(inputs, tensors, by_row=True)
        return sums.cpu().numpy(), weights.cpu().numpy()

    return losses
