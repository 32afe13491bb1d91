"""Large pictures in overlapping tiles."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from burnish.long import JoiningKind, Long

Box = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels."""


class Tiles(Long):
    """Cuts a large picture into overlapping tiles, and joins what the network says of each to one prediction.

    Small things in large pictures: Akyon et al. 2022, arXiv 2202.06934, who cut pictures so for detection.
    """

    of: ClassVar[str] = "picture"
    off: ClassVar[dict[str, Any]] = {"most": 1, "whole": True}
    most: int = Field(
        3, ge=1, le=16, description="Most tiles along one side; a larger picture is seen at a lower resolution."
    )
    overlap: float = Field(0.2, ge=0, lt=1, description="Of neighbouring tiles, as a share of a tile.")
    whole: bool = Field(True, description="Whether the whole picture is seen beside its tiles, as it is without them.")
    joining: Literal["mean", "max", "noisy_or"] = Field(
        "mean",
        description="How the logits of tiles become those of the picture: mean; max, where one tile decides; noisy_or, of labels "
        "that do not exclude each other.",
    )

    @property
    def joined_by(self) -> JoiningKind | None:
        """As named."""
        return self.joining

    def reading(self, processor: Any) -> Any:
        """As ever: a tile is read as a picture is."""
        return processor

    def boxes(self, width: int, height: int, side: int) -> list[Box]:
        """The tiles of a picture, row by row, which cover all of it; none where one would be the picture.

        Args:
            width, height: of the picture, in pixels.
            side: of what the network sees.
        """
        counts = [self._count(length, side) for length in (width, height)]
        if max(counts) == 1:
            return []
        tile = max(
            math.ceil(length / (count - (count - 1) * self.overlap))
            for length, count in zip((width, height), counts, strict=True)
        )
        across, down = (
            list(self._starts(length, count, tile)) for length, count in zip((width, height), counts, strict=True)
        )
        return [(x, y, min(width, x + tile), min(height, y + tile)) for y in down for x in across]

    def _count(self, length: int, side: int) -> int:
        """How many tiles of the network's own resolution cover a length, within bounds."""
        if length <= side:
            return 1
        return min(self.most, math.ceil((length - self.overlap * side) / ((1 - self.overlap) * side)))

    @staticmethod
    def _starts(length: int, count: int, tile: int) -> Iterator[int]:
        last = max(0, length - tile)
        return (round(last * number / max(1, count - 1)) for number in range(count))
