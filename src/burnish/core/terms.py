"""Between network and number: what a network gave, and what a loss says of each row or element of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from burnish.core.weighted import WeightedSum

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Outputs:
    """What a network gave for B lines.

    Attributes:
        logits: [B, C], or [B, L, C] for an answer at each place.
        lengths: int64 [B], at how many places of each line there is one; None: at all of them, or where targets have weight.
    """

    logits: Tensor
    lengths: Tensor | None = None


@dataclass(frozen=True)
class Terms:
    """One value for each row or each element, with its weight.

    Attributes:
        values: of any shape, float32 or better; finite or not, a value of weight 0 is not there.
        weights: of the same shape.
        owner: int64 of the same shape: the row of the batch that each value belongs to.
    """

    values: Tensor
    weights: Tensor
    owner: Tensor

    def weighted(self) -> Tensor:
        """Values times weights; 0 where the weight is 0, whatever the value."""
        import torch

        # where() and not a product, because 0 * inf is not 0
        return torch.where(self.weights != 0, self.values * self.weights, 0.0)

    def summed(self) -> WeightedSum[Tensor]:
        """The weighted sum of all values, as scalars."""
        return WeightedSum(self.weighted().sum(), self.weights.sum())

    def by_row(self, rows: int) -> tuple[Tensor, Tensor]:
        """float64 [R] the weighted sum of each row, and the sum of its weights."""
        import torch

        def of_rows(values: Tensor) -> Tensor:
            sums = torch.zeros(rows, dtype=torch.float64, device=values.device)
            return sums.index_add(0, self.owner.flatten(), values.flatten().double())

        return of_rows(self.weighted()), of_rows(self.weights)

    def by_part(self, rows: int) -> tuple[Tensor, Tensor]:
        """As `by_row`, of each part of a row [R, K] where values are of K parts at each place [B, L, K]; else [R]."""
        import torch

        if self.values.ndim < 3:
            return self.by_row(rows)
        parts = range(self.values.shape[-1])
        each = [Terms(self.values[..., k], self.weights[..., k], self.owner[..., k]).by_row(rows) for k in parts]
        return torch.stack([sums for sums, _ in each], dim=1), torch.stack([weights for _, weights in each], dim=1)

    def strange(self) -> Tensor:
        """int64, the rows with a value that counts and is not finite, ascending."""
        import torch

        owners: Tensor = torch.unique(self.owner[~torch.isfinite(self.values) & (self.weights != 0)])
        return owners
