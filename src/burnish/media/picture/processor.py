"""How a picture becomes the numbers a checkpoint was trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.core.batch import Array, apart
from burnish.core.errors import InputError
from burnish.core.processor import Processor
from burnish.media.picture.reading import MIDDLE, Rounding, cropped, normalised, resample, shorter_side

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from burnish.media.picture.graph import Resized

FINER = 3  # times as fine as what the network sees is a JPEG decoded at a reduced scale: then no difference shows
FINER_CHANGED = 4  # the same before an augmentation, which may enlarge a part of the picture


@dataclass(frozen=True)
class ImageProcessor(Processor):
    """How a picture becomes the numbers a checkpoint was trained on.

    Attributes:
        size: height and width the network sees.
        crop_ratio: share of the resized picture that the centre crop keeps.
        interpolation: bilinear, bicubic or lanczos.
        mean, std: of each channel, in [0, 1]; subtracted and divided by.
        rounding: of sizes and places to whole pixels, as one of the libraries does it.
        range: stored values of grey of more than 8 bits that became black and white before; None where all had 8 bits.
    """

    size: int
    crop_ratio: float
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    rounding: Rounding = "transformers"
    range: tuple[float, float] | None = None

    def fingerprint(self) -> str:
        """A hash of all of it."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Plain values for the bundle; no `range` where there is none, as bundles were before there was one."""
        values = asdict(self)
        if self.range is None:
            del values["range"]
        return values

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what the network sees."""
        return 3, self.size, self.size

    @property
    def side(self) -> int:
        """`size`."""
        return self.size

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """`shape`."""
        return self.shape

    @property
    def gives(self) -> str:
        """Pictures."""
        return "picture"

    @property
    def shorter(self) -> int:
        """Pixels of the shorter side of a picture before its middle is cut out."""
        return shorter_side(self.size, self.crop_ratio, self.rounding)

    def least(self, *, changed: bool = False) -> int | None:
        """The shorter side below which no JPEG is decoded at a reduced scale, in pixels; None: none is.

        Args:
            changed: whether the picture is augmented first.
        """
        return FINER_CHANGED * self.size if changed else FINER * self.shorter

    def numbers(
        self, picture: Picture, *, whole: bool = False, place: tuple[float, float] = MIDDLE, ratio: float | None = None
    ) -> Array:
        """float32 [3, size, size], channels last in memory; a crop, or the whole picture squeezed into the square.

        Args:
            picture: any mode.
            whole: leave nothing out.
            place: where in the picture the crop is, from (0, 0), left and top, to (1, 1); the middle unless said.
            ratio: share the crop keeps; None for `crop_ratio`.
        """
        picture = picture.convert("RGB")
        if whole:
            picture = picture.resize((self.size, self.size), resample(self.interpolation))
        else:
            picture = cropped(picture, self.size, ratio or self.crop_ratio, place, self.interpolation, self.rounding)
        return self.scaled(picture)

    def scaled(self, picture: Picture) -> Array:
        """What the network reads of an RGB picture of the right size: normalised."""
        return normalised(picture, self.mean, self.std)

    def batch(self, rows: Sequence[Array]) -> dict[str, Array]:
        """`pixel_values` of rows with channels last."""
        return {"pixel_values": np.stack(rows).transpose(0, 3, 1, 2)}


class PixelProcessor(ImageProcessor):
    """For a graph that normalises itself: `pixels`, uint8 [B, size, size, 3]."""

    def scaled(self, picture: Picture) -> Array:
        """uint8 [3, size, size], channels last in memory."""
        return np.asarray(picture).transpose(2, 0, 1)

    def batch(self, rows: Sequence[Array]) -> dict[str, Array]:
        """`pixels`, as they are."""
        return {"pixels": np.stack(rows)}


class RawPictures(ImageProcessor):
    """For a graph that resizes, crops and normalises itself: `picture`, uint8 [height, width, 3] of any size."""

    def least(self, *, changed: bool = False) -> None:
        """The graph is given the picture as it is."""

    def numbers(
        self, picture: Picture, *, whole: bool = False, place: tuple[float, float] = MIDDLE, ratio: float | None = None
    ) -> Array:
        """uint8 [3, height, width], channels last in memory: the picture as it is."""
        return np.asarray(picture.convert("RGB")).transpose(2, 0, 1)

    def batch(self, rows: Sequence[Array]) -> dict[str, Array]:
        """`picture`: objects [B], a picture each."""
        return {"picture": apart(rows)}

    def front(self) -> Resized:
        """What the graph must do. Needs torch.

        Raises:
            InputError: it cannot resize like this.
        """
        from burnish.media.picture.graph import Resized

        if self.interpolation == "lanczos":
            raise InputError(
                "no operator of a graph resizes with lanczos",
                expected="bilinear or bicubic",
                fix="export without --raw",
            )
        return Resized(self)
