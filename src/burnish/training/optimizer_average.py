"""The average that an optimizer keeps beside its steps, as the averages of weights are: validated, saved and shipped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from burnish.training.averaging import WeightAverage, wide


class OptimizerAverage(WeightAverage):
    """The weights that a schedule-free optimizer has in eval mode.

    Its own way there and back (`eval`, then `train`) rounds, so that a run would depend on how often it is validated. Here
    the weights of train mode are kept aside and put back, bit for bit.

    Args:
        weights: the tensors training changes in place, by name.
        optimizer: with `eval`, and `train_mode` in its groups; in train mode.
    """

    words = "weights averaged by the optimizer (schedule-free)"

    def __init__(self, weights: Mapping[str, Tensor], optimizer: Any) -> None:
        super().__init__({name: tensor for name, tensor in weights.items() if not tensor.requires_grad})
        self._all, self._optimizer = dict(weights), optimizer

    def update(self, progress: float = 0.0) -> None:
        """Count the step: the optimizer has taken it in."""
        self.updates += 1
        if self.refresh is None:
            self.moved(1.0)  # buffers that nothing estimates anew are those of the last step

    def taken(self) -> dict[str, Tensor]:
        """The average by name, and statistics as they were last estimated for it."""
        with self._averaged():
            return {name: wide(tensor.detach().clone()) for name, tensor in self._all.items()}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """As `WeightAverage.in_place`."""
        with self._averaged():
            if self.refresh is not None and self.updates:
                self.refresh()
                self.moved(1.0)
            yield

    @torch.no_grad()
    def restore(self, values: Mapping[str, Tensor], updates: int) -> None:
        """Statistics and the count; the average itself follows from the optimizer's state."""
        super().restore({name: values[name] for name in self.values}, updates)

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        before = {name: tensor.detach().clone() for name, tensor in self._all.items()}
        self._optimizer.eval()
        self._put(self.values)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in self._all.items():
                    tensor.copy_(before[name])
            for group in self._optimizer.param_groups:
                group["train_mode"] = True
