"""What the network of a run says between its steps: through the placed module, in which processes must go in step."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Any, cast

import torch
from torch import nn

from burnish.core.batch import Array, Batch
from burnish.training.accelerator import Accelerator


class PlacedRun:
    """The network of a placed objective as a `Run`: eval mode, no gradients, float32 out. A context.

    A wrapped module exchanges buffers (and FSDP weights) in each pass, so every process must make as many as the others.
    Shares of rows differ: who has no batch left goes on with a spare one, whose answers nobody reads, until all are done.

    Args:
        objective: as `Accelerator.place` returned it.
        accelerator: the processes.
        spare: gives the inputs of some batch; asked where there are several processes. None: this process goes alone.
    """

    def __init__(
        self, objective: nn.Module, accelerator: Accelerator, spare: Callable[[], dict[str, Array]] | None
    ) -> None:
        self._objective, self._accelerator, self._spare = objective, accelerator, spare

    def __call__(self, **arrays: Array) -> Array:
        """Logits, float32."""
        self._in_step()
        return self._logits(arrays)

    def losses(self, batch: Batch) -> tuple[Array, Array]:
        """float64 [R] summed losses and weights of the rows of a batch as training reads it."""
        self._in_step()
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
        if error is not None or self._spare is None or self._accelerator.processes == 1:
            return
        spare = self._spare()
        while self._accelerator.any(False):
            self._logits(spare)

    def _in_step(self) -> None:
        if self._spare is not None:
            self._accelerator.any(True)

    def _logits(self, arrays: dict[str, Any]) -> Array:
        self._objective.eval()
        with torch.inference_mode():
            return cast(Array, self._objective(self._accelerator.tensors(arrays)).float().cpu().numpy())
