"""Files of pictures: how they are opened, and what is to be known of each before training."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.media.picture.borders import edge_facts
from burnish.media.picture.files import opened
from burnish.media.picture.grey import Range, facts_of, is_deep, same_in_8_bits, shaded, stored, stretched

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageFile import ImageFile

ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".tif", ".tiff", ".gif"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".avif", ".heic", ".heif", ".hif", ".jp2", ".j2k", ".jxl", ".dcm"),
)
"""Of the files that rows are. Those of them that cannot be read here (HEIC without its reader, JPEG 2000, JPEG XL, DICOM)
are refused by name, so that no picture is left out without a word."""
PIXELS = 178_956_970  # of the largest image that is opened: more is a decompression bomb
THUMBNAIL = 16  # side of the grey thumbnail by which likely repeats are confirmed
_VERSION = 3  # raised when `looked_at` finds other facts in the same bytes


def decoded(data: bytes, least: int | None = None, scale: Range = None) -> Picture:
    """The first picture of a file in RGB, turned as its EXIF says, transparency on white, deep grey scaled to 8 bits.

    Args:
        data: the file.
        least: a JPEG is decoded at an eighth, a quarter or a half of its size where no side gets shorter than this and
            both can be divided (else the picture would be stretched by a part of a pixel). None: at its own size.
        scale: of grey of more than 8 bits.

    Raises:
        InputError: more than `PIXELS` pixels, no format that is read, or grey that the scale does not fit.
        Exception: whatever PIL says of a broken file; it has many kinds.
    """
    with opened(data, PIXELS) as file:
        picture = _upright(file, least)
        return _rgb(shaded(stored(file, picture), scale) if is_deep(picture) else picture)


def _upright(file: ImageFile, least: int | None = None) -> Picture:
    """The first picture of an opened file, its pixels read, turned as its EXIF says."""
    from PIL import ImageOps

    file.seek(0)
    if least is not None:
        width, height = file.size
        for scale in (8, 4, 2):
            if width % scale == height % scale == 0 and min(width, height) >= scale * least:
                file.draft(None, (width // scale, height // scale))  # does nothing but for JPEG
                break
    return ImageOps.exif_transpose(file)


def _rgb(picture: Picture) -> Picture:
    """Transparency on white."""
    from PIL import Image as Pillow

    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        white = Pillow.new("RGBA", rgba.size, "white")
        picture = Pillow.alpha_composite(white, rgba)
    return picture.convert("RGB")


def look_version() -> str:
    """What the facts of `looked_at` depend on beside the bytes."""
    import PIL

    return f"picture {_VERSION}, pillow {PIL.__version__}, up to {PIXELS} pixels"


def looked_at(data: bytes) -> dict[str, Any]:
    """Facts of one file, as plain values; `problem` alone, in words, where it cannot be read.

    `width` and `height` as seen (EXIF applied), `mode` and `format` as stored, `content`: a hash of the pixels the
    network would be given, `look`: a 64-bit difference hash in hexadecimal (Krawetz, "Kind of Like That", 2013),
    `thumbnail`: 16 x 16 grey values in base64; what `edge_facts` says of borders and corners; `low` and `high`: the
    values between which 99 % of the pixels lie;
    `pages` where there are several, `cut_to_8_bits` where colours of 16 bits lost their lower half. Of grey of more than
    8 bits also `lowest`, `highest` and `numbers` (whole or fractions).
    """
    try:
        if not data:
            raise InputError("the file is empty")
        with opened(data, PIXELS) as file:
            facts = {"mode": file.mode, "format": file.format or "", **_oddities(file)}
            picture = _upright(file)
            return {"width": picture.width, "height": picture.height, **facts, **_seen(file, picture)}
    except InputError as error:
        return {"problem": error.found}
    except Exception as error:  # PIL raises many kinds for broken files
        return {"problem": in_words(error)}


def _oddities(file: ImageFile) -> dict[str, Any]:
    """What is lost when the first picture is read in 8 bits; asked before it is read."""
    oddities: dict[str, Any] = {}
    if file.format != "MPO" and (pages := int(getattr(file, "n_frames", 1))) > 1:  # MPO: a JPEG with its own preview
        oddities["pages"] = pages
        file.seek(0)
    if any(";16" in str(tile[3]) for tile in file.tile) and not is_deep(file):
        oddities["cut_to_8_bits"] = True
    return oddities


def _seen(file: ImageFile, picture: Picture) -> dict[str, Any]:
    """Hashes and the spread of the values."""
    if is_deep(picture):
        grey = stored(file, picture)
        same, shape = same_in_8_bits(grey), stretched(grey)
        kind = f"{grey.fractions} {grey.white_is_zero} {grey.values.shape}".encode()
        content = _content(_rgb(same)) if same is not None else _hash(kind + grey.values.tobytes())
        return {"content": content, **facts_of(grey), **_look(_rgb(shape))}
    rgb = _rgb(picture)
    counts = np.cumsum(rgb.convert("L").histogram())
    low, high = (int(np.searchsorted(counts, share * counts[-1])) for share in (0.005, 0.995))
    return {"content": _content(rgb), "low": float(low), "high": float(high), **_look(rgb)}


def _content(picture: Picture) -> str:
    return _hash(f"{picture.width}x{picture.height}".encode() + picture.tobytes())


def _hash(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def in_words(error: Exception) -> str:
    """What PIL says, without the address of an object in memory."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _look(picture: Picture) -> dict[str, Any]:
    from PIL.Image import Resampling

    grey = picture.convert("L")
    small = np.asarray(grey.resize((9, 8), Resampling.BILINEAR), np.int16)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    thumbnail = grey.resize((THUMBNAIL, THUMBNAIL), Resampling.BOX).tobytes()
    edges = edge_facts(np.asarray(grey))
    return {"look": bits.tobytes().hex(), "thumbnail": base64.b64encode(thumbnail).decode("ascii"), **edges}


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
