"""Pictures in tiles: each is read as a picture is, and stays a part of one example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.errors import InputError
from burnish.core.windows import MEMBERSHIP, WINDOWS, membership
from burnish.inputs._long_rows import require_long_of
from burnish.media.picture.processor import ImageProcessor

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from burnish.long.tiles import Tiles


class Tiled:
    """What an input of pictures has that may cut them into tiles: a field `long`."""

    @property
    def tiles(self) -> Tiles | None:
        """How, where it does."""
        long: Any = getattr(self, "long", None)
        return None if long is None or long.is_off else cast("Tiles", long)

    def check_tiles(self, test_views: Sequence[str]) -> None:
        """Refuse what does not go together.

        Raises:
            InputError: a way of texts, or tiles of several views of a picture.
        """
        require_long_of(getattr(self, "long", None), "picture")
        if self.tiles is not None and list(test_views) != ["plain"]:
            raise InputError(
                f"long: tiles beside test_views {', '.join(test_views)}: each would be joined with the other",
                fix="leave test_views or long out",
                place="input.test_views",
            )

    def tiled(self, picture: Picture, processor: ImageProcessor, whole: Encoded) -> Encoded:
        """A row with its tiles, `pixel_values` float32 [tiles, 3, size, size]; without tiles the row as it is.

        Args:
            picture: as it was read.
            processor: of the whole and of each tile.
            whole: the picture as it is seen without tiles; the first of the tiles, or all there is of a small picture.
        """
        tiles = self.tiles
        if tiles is None:
            return whole
        boxes = tiles.boxes(*picture.size, processor.size)
        seen = [whole["pixel_values"]] if tiles.whole or not boxes else []
        seen += [processor.numbers(picture.crop(box), whole=True) for box in boxes]
        return {**whole, "pixel_values": np.stack(seen), WINDOWS: np.array([1] * len(seen), np.int32)}

    def collated_tiles(self, encoded: Sequence[Encoded], processor: ImageProcessor) -> tuple[dict[str, Array], int]:
        """The tiles of all rows in a line, and which is of which row."""
        values = [tile.transpose(1, 2, 0) for row in encoded for tile in row["pixel_values"]]
        counts = [len(row["pixel_values"]) for row in encoded]
        return {**processor.batch(values), MEMBERSHIP: membership(counts)}, 1
