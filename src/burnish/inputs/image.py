"""One image a row."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.inputs._pictures import ENDINGS, decoded, in_words, look_version, looked_at

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

Three = tuple[float, float, float]
SETTINGS = "image_processor.json"


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

    def numbers(self, picture: Picture, *, whole: bool = False) -> Array:
        """float32 [3, size, size]; centre crop, or the whole picture squeezed into the square when `whole` is set."""
        picture = picture.convert("RGB")
        resample = _resample(self.interpolation)
        if whole:
            picture = picture.resize((self.size, self.size), resample)
        else:
            picture = _centre(picture, self.size, self.crop_ratio, resample)
        values: Array = np.asarray(picture, np.float32) / 255.0
        values = (values - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.ascontiguousarray(values.transpose(2, 0, 1))


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
        """Write the settings beside the weights."""
        (folder / SETTINGS).write_text(json.dumps(processor.settings(), indent=2) + "\n", encoding="utf-8")

    def encode(self, examples: Sequence[Example], processor: ImageProcessor) -> list[Encoded]:
        """`pixel_values` float32 [3, size, size].

        Raises:
            InputError: a file that is missing, broken, or too large to be a picture.
        """
        return [_row(processor.numbers(self.opened(e))) for e in examples]

    def augmented(
        self,
        examples: Sequence[Example],
        processor: ImageProcessor,
        change: Callable[[Any, int], Any],
        seeds: Sequence[int],
    ) -> list[Encoded]:
        """As `encode`, each picture changed first; what comes out is squeezed into the square, uncropped."""
        pairs = zip(examples, seeds, strict=True)
        return [_row(processor.numbers(change(self.opened(e), seed), whole=True)) for e, seed in pairs]

    def collate(self, encoded: Sequence[Encoded], processor: ImageProcessor) -> tuple[dict[str, Array], int]:
        """pixel_values [B, 3, size, size]."""
        return {"pixel_values": np.stack([e["pixel_values"] for e in encoded])}, 1

    def shown(self, encoded: Encoded, processor: ImageProcessor) -> str:
        """Size and range of what the network sees."""
        values = encoded["pixel_values"]
        shape = " x ".join(map(str, values.shape))
        return f"{shape} numbers from {values.min():.2f} to {values.max():.2f}, mean {values.mean():.2f}"

    def portable(self, example: Example) -> dict[str, Any]:
        """The bytes of the file in base64."""
        return {self.column: {"base64": base64.b64encode(self._bytes(example)).decode("ascii")}}

    def opened(self, example: Example) -> Picture:
        """The picture of a row in RGB, turned as its EXIF says, transparency on white.

        Raises:
            InputError: as in `encode`.
        """
        value = example.get(self.column)
        shown = value if isinstance(value, str) else "image bytes"
        data = self._bytes(example)
        try:
            return decoded(data)
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


def _resample(name: str) -> Any:
    from PIL.Image import Resampling

    return {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "lanczos": Resampling.LANCZOS}[name]


def _centre(picture: Picture, size: int, crop_ratio: float, resample: Any) -> Picture:
    short = round(size / crop_ratio)
    scale = short / min(picture.size)
    width, height = (max(short, round(side * scale)) for side in picture.size)
    picture = picture.resize((width, height), resample)
    left, top = (width - size) // 2, (height - size) // 2
    return picture.crop((left, top, left + size, top + size))


def checkpoint_settings(folder: Path) -> dict[str, Any]:
    """Size, crop, interpolation, mean and std as a timm or transformers checkpoint states them; what it leaves out is absent."""
    ours = folder / SETTINGS
    if ours.is_file():
        return dict(json.loads(ours.read_text(encoding="utf-8")))
    found: dict[str, Any] = {}
    config = folder / "config.json"
    if config.is_file():
        stated = json.loads(config.read_text(encoding="utf-8")).get("pretrained_cfg", {})
        size = stated.get("input_size")
        values = {
            "size": size[-1] if size else None,
            "crop_ratio": stated.get("crop_pct"),
            "interpolation": stated.get("interpolation"),
            "mean": stated.get("mean"),
            "std": stated.get("std"),
        }
        found |= {k: v for k, v in values.items() if v is not None}
    preprocessor = folder / "preprocessor_config.json"
    if preprocessor.is_file():
        found |= _transformers(json.loads(preprocessor.read_text(encoding="utf-8")))
    return found


def _transformers(stated: dict[str, Any]) -> dict[str, Any]:
    size = stated.get("crop_size") or stated.get("size") or {}
    side = size if isinstance(size, int) else size.get("height") or size.get("shortest_edge")
    names = {1: "lanczos", 2: "bilinear", 3: "bicubic"}
    values = {
        "size": side,
        "crop_ratio": stated.get("crop_pct") or (1.0 if not stated.get("do_center_crop") else None),
        "interpolation": names.get(stated.get("resample", 2)),
        "mean": stated.get("image_mean"),
        "std": stated.get("image_std"),
    }
    return {k: v for k, v in values.items() if v is not None}
