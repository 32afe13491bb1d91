"""Shared by the regression losses: one value a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def one_a_row(logits: Tensor, targets: Tensor) -> Tensor:
    """[B, 1] or [B] logits as [B].

    Raises:
        ValueError: any other shape; broadcasting [B, 1] against [B] would silently compare every row with every other.
    """
    values = logits.squeeze(-1) if logits.ndim == targets.ndim + 1 else logits
    if values.shape != targets.shape:
        raise ValueError(
            f"one value an example is needed: logits {tuple(logits.shape)}, targets {tuple(targets.shape)}"
        )
    return values
