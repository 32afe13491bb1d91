"""Pictures: how their files are told, opened and looked at, and what reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from burnish.core.family import Kind
from burnish.inputs import Standalone
from burnish.inputs._file_programs import CROPPED, NORMALISED, PICTURE
from burnish.inputs._files import FileInput
from burnish.media.picture.files import pixels_of
from burnish.media.picture.reading import ENDINGS, look_version, looked_at


class PictureFiles(FileInput, Standalone):
    """Pictures: how their files are told, opened and looked at, and what reads them."""

    endings: ClassVar[tuple[str, ...]] = ENDINGS
    thing: ClassVar[str] = "image"
    media: ClassVar[str] = "image/"
    heads: ClassVar[Mapping[str, str]] = {"row": "AutoModelForImageClassification"}
    encoder: ClassVar[Kind] = "vision transformer"
    audits: ClassVar[tuple[str, ...]] = ("looks", "images", "depths")
    read_as: ClassVar[str] = "picture"
    channels: ClassVar[int] = 3
    mapped: ClassVar[bool] = True
    place_numbers: ClassVar[tuple[str, ...]] = ("left", "top", "right", "bottom")
    recognition_order: ClassVar[int] = -1

    @staticmethod
    def recognised(value: Any) -> bool:
        """A path by its ending, or bytes, in base64 too."""
        if isinstance(value, dict):
            value = b"" if isinstance(value.get("base64"), str) else value.get("bytes") or value.get("path")
        return isinstance(value, bytes) or (isinstance(value, str) and value.lower().endswith(ENDINGS))

    @classmethod
    def needs(cls, *, raw: bool) -> str:
        """What opens pictures."""
        return "pillow"

    @classmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """Pillow, and where the graph does not do it the crop and the normalisation."""
        pixels = (
            "values = np.asarray(picture)[None]" if raw else CROPPED + ("pixels[None]" if preprocessing else NORMALISED)
        )
        return PICTURE.format(pixels=pixels)

    @classmethod
    def measured(cls, data: bytes, most: Mapping[str, float]) -> dict[str, float]:
        """Pixels; more than are allowed may be told as infinitely many."""
        return pixels_of(data, most.get("pixels", np.inf))

    @classmethod
    def look(cls, data: bytes) -> dict[str, Any]:
        """Size, mode, and hashes of the pixels; see `_pictures.looked_at`."""
        return looked_at(data)

    @classmethod
    def look_version(cls) -> str:
        """Version of the decoding, and of the library behind it."""
        return look_version()
