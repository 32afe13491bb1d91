"""Weights between weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def mean(soups: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several sets of weights by name, in float64 on the way; counters and the like are the first one's."""
    first = soups[0]
    if len(soups) == 1:
        return dict(first)
    return {
        name: torch.stack([soup[name].double() for soup in soups]).mean(0).to(value.dtype)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }


def between(start: Mapping[str, Tensor], end: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """What lies the share of the way from `start` to `end`; what only `end` has is as there. At 1 it is `end` bit for bit."""
    return {
        name: torch.lerp(start[name].double(), value.double(), share).to(value.dtype)
        if name in start and value.is_floating_point() and share != 1
        else value
        for name, value in end.items()
    }
