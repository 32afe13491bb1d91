"""One image a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field, field_validator, model_validator

from burnish.core.batch import Array, Encoded, Example
from burnish.core.component import choice
from burnish.core.errors import InputError
from burnish.inputs import Augmentable, Divisible, InGraph, Piece, Visible, described
from burnish.inputs._files import Read
from burnish.inputs._long_rows import require_beginning
from burnish.inputs._picture_inputs import PictureFiles
from burnish.inputs._tiled import Tiled
from burnish.long import Long
from burnish.media.picture.grey import EIGHT, Range, scale_of
from burnish.media.picture.patches import Box, grid, mean_colour, middle, painted
from burnish.media.picture.processor import ImageProcessor, PixelProcessor, RawPictures
from burnish.media.picture.reading import (
    PLACES,
    Rounding,
    decoded,
    in_words,
)
from burnish.media.picture.settings import PREPROCESSOR, SETTINGS, checkpoint_settings, preprocessor_config

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from torch import nn

Three = tuple[float, float, float]
View = Literal["plain", "mirrored", "five_crops"]
TIGHTER = 0.875  # most of the picture that corner crops keep: without it they would be the middle one


class Image(PictureFiles, Tiled, Augmentable, Visible, Divisible, InGraph):
    """One image for each example: a path, or the bytes of a file; orientation, palettes, grey and alpha are resolved."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.picture", "burnish.media.paths")
    learned_facts: ClassVar[tuple[str, ...]] = ("lowest", "highest", "numbers")
    column: str = Field("image", description="Column with the path of an image file, or its bytes.")
    size: int | None = Field(None, ge=8, description="Height and width the network sees; null: the checkpoint's own.")
    crop_ratio: float | None = Field(
        None, gt=0, le=1, description="Share the centre crop keeps; null: the checkpoint's."
    )
    interpolation: Literal["bilinear", "bicubic", "lanczos"] | None = Field(
        None, description="How pictures are resized; null: as the checkpoint was trained."
    )
    mean: tuple[float, float, float] | None = Field(
        None, description="Of each channel in [0, 1]; null: the checkpoint's."
    )
    std: tuple[float, float, float] | None = Field(
        None, description="Of each channel in [0, 1]; null: the checkpoint's."
    )
    range: Range = Field(
        None,
        description="Stored values that become black and white in grey of more than 8 bits (16-bit, int32 and float files), "
        "one pair for all pictures; 8-bit: there are none; null: found in the training split and kept in the bundle.",
    )
    test_views: list[View] = Field(
        ["plain"],
        min_length=1,
        description="Views of each validation and test picture whose logits are averaged (test-time augmentation): plain, "
        "mirrored (where sides do not matter), five_crops (middle and corners); each is another pass, in service too.",
    )

    long: Annotated[Long | None, *choice("burnish.long")] = Field(
        None,
        description="Whether large pictures are cut into tiles; null: they are made small. See `long` of a recipe.",
    )

    @model_validator(mode="after")
    def _tiles_alone(self) -> Image:
        self.check_tiles(self.test_views)
        return self

    @field_validator("range")
    @classmethod
    def _rising(cls, given: Range) -> Range:
        if isinstance(given, tuple) and not -np.inf < given[0] < given[1] < np.inf:
            raise ValueError(f"black {given[0]:g} is not below white {given[1]:g}")
        return given

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> ImageProcessor:
        """What the checkpoint says of its input, with this input's own settings over it.

        Raises:
            InputError: neither says how pictures are normalised.
        """
        if settings is None:
            fields = ImageProcessor.__dataclass_fields__
            named = {k: v for k, v in self.model_dump().items() if k in fields and v not in (None, EIGHT)}
            settings = {"rounding": "timm", **checkpoint_settings(folder), **named}
        missing = [k for k in ("size", "mean", "std") if k not in settings]
        if missing:
            self.check_not_for_texts(folder)
            raise InputError(
                f"the checkpoint does not say its {', '.join(missing)}",
                expected="config.json with pretrained_cfg (timm) or preprocessor_config.json (transformers)",
                fix="state them: input: {kind: image, size: 224, mean: [...], std: [...]}; never guess",
                place=str(folder),
            )
        return ImageProcessor(
            int(settings["size"]),
            float(settings.get("crop_ratio", 0.875)),
            str(settings.get("interpolation", "bilinear")),
            cast(Three, tuple(settings["mean"])),
            cast(Three, tuple(settings["std"])),
            cast(Rounding, settings.get("rounding", "transformers")),  # older bundles do not say
            None if settings.get("range") is None else cast(tuple[float, float], tuple(settings["range"])),
        )

    def save_processor(self, processor: ImageProcessor, folder: Path) -> None:
        """Write the settings beside the weights; for a transformers checkpoint also as `AutoImageProcessor` reads them."""
        files = {SETTINGS: processor.settings()}
        config = folder / "config.json"
        if config.is_file() and "model_type" in json.loads(config.read_text(encoding="utf-8")):
            files[PREPROCESSOR] = preprocessor_config(processor.settings())
        for name, values in files.items():
            (folder / name).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")

    def encode(self, examples: Sequence[Example], processor: ImageProcessor) -> list[Encoded]:
        """`pixel_values` float32 [3, size, size].

        Raises:
            InputError: a file that is missing, broken, or too large to be a picture.
        """
        opened = (self.opened(e, processor.least() if self.tiles is None else None) for e in examples)
        return [self.tiled(picture, processor, _row(processor.numbers(picture))) for picture in opened]

    def views(self, examples: Sequence[Example], processor: ImageProcessor) -> Iterator[Iterable[Encoded]]:
        """The views `test_views` names of each picture, which is read once."""
        if self.test_views == ["plain"]:
            return super().views(examples, processor)
        return (self._views(e, processor) for e in examples)

    def _views(self, example: Example, processor: ImageProcessor) -> Iterator[Encoded]:
        from PIL.Image import Transpose

        picture = self.opened(example, processor.least())
        for view in self.test_views:
            if view == "five_crops":
                ratio = min(processor.crop_ratio, TIGHTER)
                yield from (_row(processor.numbers(picture, place=place, ratio=ratio)) for place in PLACES)
            else:
                seen = picture.transpose(Transpose.FLIP_LEFT_RIGHT) if view == "mirrored" else picture
                yield _row(processor.numbers(seen))

    def mixable(self, processor: ImageProcessor) -> str:
        """The pixels."""
        return "pixel_values"

    def augmented(
        self,
        examples: Sequence[Example],
        processor: ImageProcessor,
        change: Callable[[Any, int], Any],
        seeds: Sequence[int],
    ) -> list[Encoded]:
        """As `encode`, each picture changed first; what comes out is squeezed into the square, uncropped."""
        pairs = zip(examples, seeds, strict=True)
        least = processor.least(changed=True) if self.tiles is None else None
        opened = (change(self.opened(e, least), seed) for e, seed in pairs)
        return [self.tiled(p, processor, _row(processor.numbers(p, whole=True))) for p in opened]

    def read(self, example: Example, processor: ImageProcessor, *, changed: bool) -> Read:
        """The picture; PIL keeps four bytes a pixel."""
        picture = self.opened(example, processor.least(changed=changed))
        return Read(picture, 4 * picture.width * picture.height)

    def parts(self, example: Example, processor: ImageProcessor, most: int) -> list[Piece]:
        """A grid over what the network sees of the picture; a patch is left out by painting it in the mean colour."""
        picture = self.opened(example, processor.least())
        width, height = picture.size
        seen = (0, 0, width, height)
        if "five_crops" not in self.test_views:
            seen = middle(width, height, processor.size / processor.shorter)
        without = partial(_painted, example, self.column, picture, mean_colour(picture))
        return [
            Piece(
                {"left": box[0] / width, "top": box[1] / height, "right": box[2] / width, "bottom": box[3] / height},
                partial(without, box),
            )
            for box in grid(seen, most)
        ]

    def collate(self, encoded: Sequence[Encoded], processor: ImageProcessor) -> tuple[dict[str, Array], int]:
        """pixel_values [B, 3, size, size], channels last in memory; of tiles [V, 3, size, size], and `membership` [B, V]."""
        if self.tiles is not None:
            return self.collated_tiles(encoded, processor)
        return processor.batch([e["pixel_values"].transpose(1, 2, 0) for e in encoded]), 1

    def unprocessed(self, processor: ImageProcessor) -> PixelProcessor:
        """Pixels of the right size; what is left to do is to normalise them."""
        require_beginning(self.tiles, "--preprocessing")
        return PixelProcessor(**processor.settings())

    def graph(self, processor: ImageProcessor) -> nn.Module:
        """Pixels to what the network reads."""
        from burnish.media.picture.graph import Pixels

        return Pixels(processor.mean, processor.std)

    def raw(self, processor: ImageProcessor) -> RawPictures:
        """The pictures in their own size.

        Raises:
            InputError: of which several views are answered for, or of more than 8 bits.
        """
        require_beginning(self.tiles)
        if processor.range is not None:
            black, white = processor.range
            raise InputError(
                f"a graph reads pictures of 8 bits, but this model's had more: {black:g} is black, {white:g} is white",
                expected="pictures of 8 bits",
                fix="export without --raw",
                place="input.range",
            )
        if self.test_views != ["plain"]:
            raise InputError(
                f"a graph reads one view of a picture, but answers are the mean of {' and '.join(self.test_views)}",
                expected="input.test_views: [plain]",
                fix="export without --raw",
                place="input.test_views",
            )
        return RawPictures(**processor.settings())

    def shown(self, encoded: Encoded, processor: ImageProcessor) -> str:
        """Size and range of what the network sees."""
        return described(encoded["pixel_values"])

    def opened(self, example: Example, least: int | None = None) -> Picture:
        """The picture of a row in RGB, turned as its EXIF says, transparency on white; `least` as in `decoded`.

        Raises:
            InputError: as in `encode`.
        """
        value = example.get(self.column)
        if isinstance(value, Read):
            return cast("Picture", value.value)
        data = self.bytes_of(example)
        try:
            return decoded(data, least, self.range)
        except InputError as error:
            what, place = f"the image cannot be read: {error.found}", self.called(example)
            raise InputError(what, expected=error.expected, fix=error.fix, place=place) from None
        except Exception as error:  # PIL raises many kinds for broken files
            raise InputError(f"the image cannot be read: {in_words(error)}", place=self.called(example)) from error

    def learned(self, facts: Mapping[str, Mapping[str, Array]]) -> tuple[Image, str]:
        """With one scale for grey of more than 8 bits, from the training pictures.

        Raises:
            InputError: one scale does not fit them; see `_grey.scale_of`.
        """
        scale, said = scale_of(self.range, facts)
        return (self if scale == self.range else self.model_copy(update={"range": scale})), said

    def pictured(self, encoded: Encoded, processor: ImageProcessor) -> Array:
        """uint8 [size, size, 3]: what the network sees, with the normalisation undone."""
        seen = encoded["pixel_values"]
        values = (seen if seen.ndim == 3 else seen[0]).transpose(1, 2, 0)
        values = values * np.array(processor.std, np.float32) + np.array(processor.mean, np.float32)
        return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)


def _painted(example: Example, column: str, picture: Picture, colour: tuple[int, int, int], box: Box) -> Example:
    return {**example, column: Read(painted(picture, box, colour), 4 * picture.width * picture.height)}


def _row(values: Array) -> Encoded:
    return {"pixel_values": values, "_length": np.int32(1), "_full_length": np.int32(1)}  # type: ignore[dict-item]
