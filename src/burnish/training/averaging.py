"""An exponential moving average of the weights: what is validated, kept as best and shipped, instead of the last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightAverage:
    """The average of everything that changes in training: learned parameters, and buffers such as batch norm's statistics.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), so that short runs, too, forget where they began (the
    warm-up of TensorFlow's ExponentialMovingAverage). Averaging weights: Polyak and Juditsky, 1992.

    Args:
        weights: the tensors training changes in place, by name; they are read, never replaced.
        decay: share of the average that is kept at each step in a long run.

    Attributes:
        values: the average by the same names; real numbers in float32 or better, counters as they are.
        updates: how many steps are in it.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        self._weights = dict(weights)
        self.decay = decay
        self.updates = 0
        self.values = {name: _wide(tensor.detach().clone()) for name, tensor in self._weights.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the weights as they are now."""
        self.updates += 1
        share = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, weight in self._weights.items():
            value = self.values[name]
            if value.is_floating_point():
                value.lerp_(weight.detach().to(value.dtype), share)
            else:
                value.copy_(weight)  # a counter

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the average while this lasts; afterwards what it had before, bit for bit."""
        before = {name: tensor.detach().clone() for name, tensor in self._weights.items()}
        self._put(self.values)
        try:
            yield
        finally:
            self._put(before)

    @torch.no_grad()
    def restore(self, values: Mapping[str, Tensor], updates: int) -> None:
        """Go on from a checkpoint's average."""
        for name, value in self.values.items():
            value.copy_(values[name])
        self.updates = updates

    @torch.no_grad()
    def _put(self, values: Mapping[str, Tensor]) -> None:
        for name, tensor in self._weights.items():
            tensor.copy_(values[name])


def _wide(tensor: Tensor) -> Tensor:
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
