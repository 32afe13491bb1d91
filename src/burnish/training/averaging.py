"""Averages of the weights that are kept during a run: what is validated, kept as best and shipped, instead of the last step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightAverage(ABC):
    """The average of everything that changes in training: learned parameters, and buffers such as batch norm's statistics.

    Args:
        weights: the tensors training changes in place, by name; they are read, never replaced.

    Attributes:
        values: the average by the same names; real numbers in float32 or better, counters as they are.
        updates: how many steps are in it.
        words: how it is made, for the record.
        refresh: called with the average in the network, where statistics of batch norms have to be estimated anew for it.
    """

    words = ""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self._weights = dict(weights)
        self.updates = 0
        self.values = {name: wide(tensor.detach().clone()) for name, tensor in self._weights.items()}
        self.refresh: Callable[[], None] | None = None

    @abstractmethod
    def update(self, progress: float = 0.0) -> None:
        """Take in the weights as they are now, after a step.

        Args:
            progress: share of the run that is done.
        """

    @torch.no_grad()
    def moved(self, share: float) -> None:
        """Go this share of the way from the average to the weights; counters are taken as they are."""
        for name, weight in self._weights.items():
            value = self.values[name]
            if value.is_floating_point():
                value.lerp_(weight.detach().to(value.dtype), share)
            else:
                value.copy_(weight)

    def taken(self) -> dict[str, Tensor]:
        """The average as it is now, by name."""
        return self.values

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the average while this lasts; afterwards what it had before, bit for bit.

        Statistics that are estimated anew become part of the average: what is validated is what is saved.
        """
        before = {name: tensor.detach().clone() for name, tensor in self._weights.items()}
        self._put(self.values)
        try:
            if self.refresh is not None and self.updates:
                self.refresh()
                for name, tensor in self._weights.items():
                    if not tensor.requires_grad:
                        self.values[name].copy_(tensor)
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


class MovingAverage(WeightAverage):
    """An exponential moving average.

    After n updates the decay is min(decay, (1 + n) / (10 + n)), so that short runs, too, forget where they began (the
    warm-up of TensorFlow's ExponentialMovingAverage). Averaging weights: Polyak and Juditsky, 1992.

    Args:
        weights: as above.
        decay: share of the average that is kept at each step in a long run.
    """

    def __init__(self, weights: Mapping[str, Tensor], decay: float) -> None:
        super().__init__(weights)
        self.decay = decay
        self.words = f"weights averaged over steps (decay {decay:g})"

    def update(self, progress: float = 0.0) -> None:
        """Forget a little, and take in the weights as they are now."""
        self.updates += 1
        self.moved(1 - min(self.decay, (1 + self.updates) / (10 + self.updates)))


class EqualAverage(WeightAverage):
    """The mean of the weights after every so many steps of the end of a run; before it, the weights themselves.

    Args:
        weights: as above.
        start: share of the run after which it begins.
        every: steps from one that is taken in to the next.
    """

    def __init__(self, weights: Mapping[str, Tensor], start: float, every: int) -> None:
        super().__init__(weights)
        self.start, self.every = start, every
        self.words = f"weights averaged over the steps of the last {1 - start:.0%} of the run"

    def update(self, progress: float = 0.0) -> None:
        """Take in the weights as they are now, where it is their turn."""
        if progress < self.start:
            self.moved(1.0)
            return
        self.updates += 1
        if (self.updates - 1) % self.every == 0:
            self.moved(1 / ((self.updates - 1) // self.every + 1))


def wide(tensor: Tensor) -> Tensor:
    """In float32 where it is of half precision: a mean of many would be rounded away."""
    return tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
