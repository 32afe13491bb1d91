"""Rows that go through the network as several windows: which window is of which row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

MEMBERSHIP = "membership"
"""The input of a network that says so: float32 [B, V], 1 where window v is of row b. All other inputs have V lines."""
WINDOWS = "_windows"
"""Of an encoded row: int32 [W], how many elements each of its windows has; they stand one behind the other."""
KEPT = "_kept"
"""Of an encoded row: how many different elements of it the network reads, where windows show some of them twice."""


def membership(counts: Sequence[int]) -> NDArray[np.float32]:
    """[B, V] of rows with so many windows each, one row's behind the other's."""
    rows = np.repeat(np.arange(len(counts)), counts)
    belongs: NDArray[np.bool_] = np.arange(len(counts))[:, None] == rows
    return belongs.astype(np.float32)


def doubled(inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Inputs of a network in which each row stands twice: all rows, then all rows once more."""
    import torch

    return {name: _apart(value) if name == MEMBERSHIP else torch.cat([value, value]) for name, value in inputs.items()}


def _apart(membership: Tensor) -> Tensor:
    """[2 B, 2 V]: the windows of both halves, none of which is of a row of the other."""
    import torch

    nothing = torch.zeros_like(membership)
    return torch.cat([torch.cat([membership, nothing], 1), torch.cat([nothing, membership], 1)])
