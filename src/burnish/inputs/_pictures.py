"""Files of pictures: how they are opened, and what is to be known of each before training."""

from __future__ import annotations

import base64
import hashlib
import io
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
PIXELS = 178_956_970  # of the largest image that is opened: more is a decompression bomb
THUMBNAIL = 16  # side of the grey thumbnail by which likely repeats are confirmed
_VERSION = 1  # raised when `looked_at` finds other facts in the same bytes


def decoded(data: bytes, least: int | None = None) -> Picture:
    """The first picture of a file in RGB, turned as its EXIF says, transparency on white, deep grey scaled to 8 bits.

    Args:
        data: the file.
        least: a JPEG is decoded at an eighth, a quarter or a half of its size where no side gets shorter than this and
            both can be divided (else the picture would be stretched by a part of a pixel). None: at its own size.

    Raises:
        InputError: more than `PIXELS` pixels.
        Exception: whatever PIL says of a broken file; it has many kinds.
    """
    return _decoded(data, least)[0]


def _decoded(data: bytes, least: int | None = None) -> tuple[Picture, str, str]:
    """The picture, and the mode and format it is stored in."""
    from PIL import Image as Pillow
    from PIL import ImageOps

    try:
        opened = Pillow.open(io.BytesIO(data))
    except Pillow.DecompressionBombError as error:
        raise InputError("too large to be opened safely (a decompression bomb)") from error
    with opened:
        if opened.width * opened.height > PIXELS:
            raise InputError(f"{opened.width} x {opened.height} pixels: too large to be opened safely")
        opened.seek(0)
        mode, form = opened.mode, opened.format or ""
        if least is not None:
            width, height = opened.size
            for scale in (8, 4, 2):
                if width % scale == height % scale == 0 and min(width, height) >= scale * least:
                    opened.draft(None, (width // scale, height // scale))  # does nothing but for JPEG
                    break
        picture = ImageOps.exif_transpose(opened)
        if picture.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I", "F"):
            picture = _grey8(picture)
        if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
            rgba = picture.convert("RGBA")
            white = Pillow.new("RGBA", rgba.size, "white")
            picture = Pillow.alpha_composite(white, rgba)
        return picture.convert("RGB"), mode, form


def _grey8(picture: Picture) -> Picture:
    """16-bit and float grey scaled to 8 bits: PIL alone would clip it to white."""
    from PIL import Image as Pillow

    values = np.asarray(picture, np.float64)
    sixteen = picture.mode.startswith("I;16") or values.max() > 255
    top = 65535.0 if sixteen else 255.0 if values.max() > 1 else 1.0
    return Pillow.fromarray((np.clip(values / top, 0, 1) * 255).round().astype(np.uint8))


def look_version() -> str:
    """What the facts of `looked_at` depend on beside the bytes."""
    import PIL

    return f"picture {_VERSION}, pillow {PIL.__version__}, up to {PIXELS} pixels"


def looked_at(data: bytes) -> dict[str, Any]:
    """Facts of one file, as plain values; `problem` alone, in words, where it cannot be read.

    `width` and `height` as seen (EXIF applied), `mode` and `format` as stored, `content`: a hash of the pixels the
    network would be given, `look`: a 64-bit difference hash in hexadecimal (Krawetz, "Kind of Like That", 2013),
    `thumbnail`: 16 x 16 grey values in base64.
    """
    try:
        if not data:
            raise InputError("the file is empty")
        picture, mode, form = _decoded(data)
    except InputError as error:
        return {"problem": error.found}
    except Exception as error:  # PIL raises many kinds for broken files
        return {"problem": in_words(error)}
    size = f"{picture.width}x{picture.height}".encode()
    return {
        "width": picture.width,
        "height": picture.height,
        "mode": mode,
        "format": form,
        "content": hashlib.blake2b(size + picture.tobytes(), digest_size=16).hexdigest(),
        **_look(picture),
    }


def in_words(error: Exception) -> str:
    """What PIL says, without the address of an object in memory."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "not an image in a format that is read" if text.startswith("cannot identify image file") else text


def _look(picture: Picture) -> dict[str, str]:
    from PIL.Image import Resampling

    grey = picture.convert("L")
    small = np.asarray(grey.resize((9, 8), Resampling.BILINEAR), np.int16)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    thumbnail = grey.resize((THUMBNAIL, THUMBNAIL), Resampling.BOX).tobytes()
    return {"look": bits.tobytes().hex(), "thumbnail": base64.b64encode(thumbnail).decode("ascii")}


MIDDLE = (0.5, 0.5)
Rounding = Literal["timm", "transformers"]
"""Where half a pixel goes when a picture is resized and its middle cut out: torchvision does as timm."""
PLACES = (MIDDLE, (0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""The middle and the four corners: shares of the free width and height that lie left of and above a crop."""


def resample(name: str) -> Any:
    """PIL's constant for bilinear, bicubic or lanczos."""
    from PIL.Image import Resampling

    return {"bilinear": Resampling.BILINEAR, "bicubic": Resampling.BICUBIC, "lanczos": Resampling.LANCZOS}[name]


def shorter_side(size: int, ratio: float, rounding: Rounding) -> int:
    """Pixels that the shorter side has before a square of `size` is cut out, the share `ratio` of it.

    timm rounds down. A ratio may itself be one of whole numbers (224 / 236), which must give the same number again.
    """
    return int(size / ratio + 1e-6) if rounding == "timm" else round(size / ratio)


def cropped(
    picture: Picture, size: int, ratio: float, place: tuple[float, float], interpolation: str, rounding: Rounding
) -> Picture:
    """A square of `size` out of the picture resized so that its shorter side is size / ratio.

    The longer side is rounded down, as torchvision, timm and transformers do, and the middle as one of them does, so
    that their numbers are the same.
    """
    short = shorter_side(size, ratio, rounding)
    shorter = min(picture.size)
    width, height = (max(short, int(short * side / shorter)) for side in picture.size)
    whole = round if rounding == "timm" else int
    left, top = whole((width - size) * place[0]), whole((height - size) * place[1])
    if width * height > PIXELS:  # a line of pixels enlarged would not fit into memory: only what is seen of it is
        across, down = picture.width / width, picture.height / height
        box = (left * across, top * down, (left + size) * across, (top + size) * down)
        return picture.resize((size, size), resample(interpolation), box=box)
    picture = picture.resize((width, height), resample(interpolation))
    return picture.crop((left, top, left + size, top + size))


def normalised(picture: Picture, mean: tuple[float, float, float], std: tuple[float, float, float]) -> Array:
    """float32 [3, H, W] of an RGB picture: values in [0, 1] minus `mean` over `std`; channels lie last in memory."""
    width, height = picture.size
    # Whole lines of pixels at once: an inner loop over three channels would cost more than the arithmetic.
    factor = np.tile(1 / (255 * np.array(std)), width).astype(np.float32)
    shift = np.tile(np.array(mean) / np.array(std), width).astype(np.float32)
    values: Array = np.asarray(picture).reshape(height, 3 * width) * factor
    values -= shift
    return values.reshape(height, width, 3).transpose(2, 0, 1)
