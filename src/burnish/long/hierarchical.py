"""Windows of a text, and a small transformer over them."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from burnish.long import JoiningKind, Windowed


class Hierarchical(Windowed):
    """Reads a text in windows, and lets a small transformer over what the network sees of each add to their mean.

    Pappagari et al. 2019, arXiv 1910.10781 (RoBERT, ToBERT). What the transformer adds begins at 0: an untrained one is `slide`
    with the mean.
    """

    off: ClassVar[dict[str, Any]] = {"layers": 0, "max_windows": 1, "window": None}
    layers: int = Field(2, ge=0, le=12, description="Blocks of the transformer over windows; 0: the mean of windows.")
    heads: int = Field(4, ge=1, le=32, description="Attention heads of each block.")
    dropout: float = Field(0.1, ge=0, lt=1, description="Of the transformer over windows.")

    @property
    def joined_by(self) -> JoiningKind | None:
        """A transformer; without blocks the mean."""
        return "transformer" if self.layers else "mean"
