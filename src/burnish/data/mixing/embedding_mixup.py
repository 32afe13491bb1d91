"""Mixup of texts."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from burnish.core.batch import Array
from burnish.core.seeds import generator
from burnish.data.mixing._pairs import ALPHA, Pairs, blended


class EmbeddingMixup(Pairs):
    """Each text is a weighted mean of the embeddings of two, token by token, and so is its label.

    Manifold mixup (Verma et al., 2019, arXiv 1806.05236) at the layer of embeddings, as for texts by Guo, Mao and Zhang, 2019
    (arXiv 1905.08941). The shorter text is filled up with padding, whose embedding is mixed as well.
    """

    inside: ClassVar[bool] = True
    read_as: ClassVar[tuple[str, ...]] = ("text",)
    alpha: float = Field(0.2, gt=0, description=ALPHA)

    def share(self, seed: int) -> float:
        """The first row's weight."""
        return float(generator(seed, "mixup").beta(self.alpha, self.alpha))

    def __call__(self, first: Array, other: Array, seed: int) -> tuple[Array, float]:
        """The mean of two rows of embeddings [L, D], and the first row's weight in it."""
        return blended(first, other, self.alpha, generator(seed, "mixup"))
