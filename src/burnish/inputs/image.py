"""One image a row."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Input, described
from burnish.inputs._image_settings import PREPROCESSOR, SETTINGS, checkpoint_settings, preprocessor_config
from burnish.inputs._pictures import (
    ENDINGS,
    MIDDLE,
    PLACES,
    cropped,
    decoded,
    in_words,
    look_version,
    looked_at,
    normalised,
    resample,
)

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Three = tuple[float, float, float]
FINER = 3  # times as fine as what the network sees is a JPEG decoded at a reduced scale: then no difference shows
FINER_CHANGED = 4  # the same before an augmentation, which may enlarge a part of the picture
View = Literal["plain", "mirrored", "five_crops"]
TIGHTER = 0.875  # most of the picture that corner crops keep: without it they would be the middle one


@dataclass(frozen=True)
class ImageProcessor:
    """How a picture becomes the numbers a checkpoint was trained on.

    Attributes:
        size: height and width the network sees.
        crop_ratio: share of the resized picture that the centre crop keeps.
        interpolation: bilinear, bicubic or lanczos.
        mean, std: of each channel, in [0, 1]; subtracted and divided by.
    """

    size: int
    crop_ratio: float
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def fingerprint(self) -> str:
        """A hash of all of it."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Plain values for the bundle."""
        return asdict(self)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of what the network sees."""
        return 3, self.size, self.size

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
            picture = cropped(picture, self.size, ratio or self.crop_ratio, place, self.interpolation)
        return normalised(picture, self.mean, self.std)


class Image(Input):
    """One image a row: a path, or the bytes of a file; orientation, palettes, grey and alpha are resolved."""

    stored: ClassVar[bool] = False
    endings: ClassVar[tuple[str, ...]] = ENDINGS
    thing: ClassVar[str] = "image"
    recognition_order: ClassVar[int] = -1
    column: str = Field("image", description="Column with the path of an image file, or its bytes.")
    root: str | None = Field(None, description="Folder that paths are relative to; null: the folder of the table.")
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
    test_views: list[View] = Field(
        ["plain"],
        min_length=1,
        description="Views of each validation and test picture whose logits are averaged (test-time augmentation): plain, "
        "mirrored (where sides do not matter), five_crops (middle and corners); each is another pass, in service too.",
    )
    broken: Literal["refuse", "skip"] = Field(
        "refuse", description="What to do about files that cannot be read: refuse to train, or leave their rows out."
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The image column."""
        return (self.column,)

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Image | None:
        """The named column, else the only other one that holds image paths or bytes."""
        found = [c for c in columns if c != target and rows and all(_looks_like_image(r.get(c)) for r in rows)]
        if self.column in found:
            return self
        return self.model_copy(update={"column": found[0]}) if len(found) == 1 else None

    def located(self, folder: Path) -> Image:
        """With paths relative to `folder`."""
        return self if self.root is not None else self.model_copy(update={"root": str(folder)})

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> ImageProcessor:
        """What the checkpoint says of its input, with this input's own settings over it.

        Raises:
            InputError: neither says how pictures are normalised.
        """
        if settings is None:
            own = {
                k: v for k, v in self.model_dump().items() if k in ImageProcessor.__dataclass_fields__ and v is not None
            }
            settings = {**checkpoint_settings(folder), **own}
        missing = [k for k in ("size", "mean", "std") if k not in settings]
        if missing:
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
        least = FINER * round(processor.size / processor.crop_ratio)
        return [_row(processor.numbers(self.opened(e, least))) for e in examples]

    def views(self, examples: Sequence[Example], processor: ImageProcessor) -> Iterator[Iterable[Encoded]]:
        """The views `test_views` names of each picture, which is read once."""
        if self.test_views == ["plain"]:
            return super().views(examples, processor)
        return (self._views(e, processor) for e in examples)

    def _views(self, example: Example, processor: ImageProcessor) -> Iterator[Encoded]:
        from PIL.Image import Transpose

        picture = self.opened(example, FINER * round(processor.size / processor.crop_ratio))
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
        least = FINER_CHANGED * processor.size
        return [_row(processor.numbers(change(self.opened(e, least), seed), whole=True)) for e, seed in pairs]

    def collate(self, encoded: Sequence[Encoded], processor: ImageProcessor) -> tuple[dict[str, Array], int]:
        """pixel_values [B, 3, size, size], channels last in memory."""
        stacked = np.stack([e["pixel_values"].transpose(1, 2, 0) for e in encoded])
        return {"pixel_values": stacked.transpose(0, 3, 1, 2)}, 1

    def shown(self, encoded: Encoded, processor: ImageProcessor) -> str:
        """Size and range of what the network sees."""
        values = encoded["pixel_values"]
        return described(values)

    def portable(self, example: Example) -> dict[str, Any]:
        """The bytes of the file in base64."""
        return {self.column: {"base64": base64.b64encode(self._bytes(example)).decode("ascii")}}

    def opened(self, example: Example, least: int | None = None) -> Picture:
        """The picture of a row in RGB, turned as its EXIF says, transparency on white; `least` as in `decoded`.

        Raises:
            InputError: as in `encode`.
        """
        value = example.get(self.column)
        shown = value if isinstance(value, str) else "image bytes"
        data = self._bytes(example)
        try:
            return decoded(data, least)
        except InputError as error:
            raise InputError(f"the image cannot be read: {error.found}", place=str(shown)) from None
        except Exception as error:  # PIL raises many kinds for broken files
            raise InputError(f"the image cannot be read: {in_words(error)}", place=str(shown)) from error

    def file(self, example: Example) -> Path | bytes | None:
        """Where the image of a row lies, or its bytes."""
        value = example.get(self.column)
        if isinstance(value, dict):
            value = base64.b64decode(value["base64"]) if "base64" in value else value.get("bytes") or value.get("path")
        if isinstance(value, bytes) or not isinstance(value, str) or not value:
            return value if isinstance(value, bytes) else None
        path = Path(value)
        return path if path.is_absolute() or self.root is None or path.is_file() else Path(self.root) / path

    def look(self, data: bytes) -> dict[str, Any]:
        """Size, mode, and hashes of the pixels; see `_pictures.looked_at`."""
        return looked_at(data)

    def look_version(self) -> str:
        """Version of the decoding, and of the library behind it."""
        return look_version()

    def audited_text(self, example: Example) -> str | None:
        """The path; for bytes their hash."""
        value = self.file(example)
        if isinstance(value, bytes):
            return f"bytes {hashlib.sha256(value).hexdigest()[:16]}"
        own = example.get(self.column)
        return None if value is None else own if isinstance(own, str) else str(value)

    def pictured(self, encoded: Encoded, processor: ImageProcessor) -> Array:
        """uint8 [size, size, 3]: what the network sees, with the normalisation undone."""
        values = encoded["pixel_values"].transpose(1, 2, 0)
        values = values * np.array(processor.std, np.float32) + np.array(processor.mean, np.float32)
        return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)

    def _bytes(self, example: Example) -> bytes:
        found = self.file(example)
        if found is None:
            raise InputError(f"no image in column {self.column!r}", expected="a path or bytes")
        if isinstance(found, bytes):
            return found
        if not found.is_file():
            raise InputError("no such image file", fix="check input.root", place=str(found))
        return found.read_bytes()


def _row(values: Array) -> Encoded:
    return {"pixel_values": values, "_length": np.int32(1), "_full_length": np.int32(1)}  # type: ignore[dict-item]


def _looks_like_image(value: Any) -> bool:
    if isinstance(value, dict):
        value = value.get("bytes") or value.get("path")
    return isinstance(value, bytes) or (isinstance(value, str) and value.lower().endswith(ENDINGS))
