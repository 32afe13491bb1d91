"""The one place where a picture is opened: an allow-list of formats, and a limit of pixels before anything is decoded."""

from __future__ import annotations

import io
import sys
from functools import cache
from typing import TYPE_CHECKING

from burnish.core.errors import InputError

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "PPM", "AVIF", "HEIF")
"""What is read. Pillow knows forty more: some start other programs (EPS runs Ghostscript), few are ever looked after."""
READ = "JPEG, PNG, GIF, WebP, BMP, TIFF, PPM, AVIF, or HEIC with pillow-heif"
_BEGINNINGS = (
    (b"%!PS", 0, "PostScript"),
    (b"\xc5\xd0\xd3\xc6", 0, "PostScript"),
    (b"%PDF", 0, "PDF"),
    (b"8BPS", 0, "Photoshop"),
    (b"\x00\x00\x00\x0cjP  ", 0, "JPEG 2000"),
    (b"\xff\x4f\xff\x51", 0, "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL ", 0, "JPEG XL"),
    (b"\xff\x0a", 0, "JPEG XL"),
    (b"SIMPLE  =", 0, "FITS"),
    (b"\xd7\xcd\xc6\x9a", 0, "Windows metafile"),
    (b" EMF", 40, "Windows metafile"),
    (b"DICM", 128, "DICOM"),
    (b"<svg", 0, "SVG"),
    (b"<?xml", 0, "XML"),
    (b"\x00\x00\x01\x00", 0, "icon"),
    (b"\x89HDF", 0, "HDF5"),
)
_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


class TooLarge(InputError):
    """A picture of more pixels than may be opened."""


class PictureNotRead(InputError):
    """A file in no format of the allow-list."""


def opened(data: bytes, most: int) -> ImageFile:
    """A picture whose header was read and whose pixels were not: to be closed by the caller.

    Args:
        data: the file; its content decides the format, never its name or what a client calls it.
        most: pixels it may have.

    Raises:
        TooLarge: more pixels.
        NotRead: a format that is not on the list, named where it is known.
        Exception: whatever Pillow says of a broken file; it has many kinds.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(data), formats=_allowed())
    except Image.DecompressionBombError as error:
        raise TooLarge("too large to be opened safely (a decompression bomb)") from error
    except UnidentifiedImageError as error:
        raise PictureNotRead(_named(data), expected=READ, fix="convert it to PNG or JPEG") from error
    if picture.width * picture.height > most:
        size = f"{picture.width} x {picture.height}"
        picture.close()
        raise TooLarge(f"{size} pixels: too large to be opened safely")
    return picture


@cache
def _allowed() -> tuple[str, ...]:
    """The formats of the list that this Pillow reads; the modules of all others are not even imported."""
    from PIL import Image, TiffImagePlugin, WebPImagePlugin

    Image.preinit()
    assert TiffImagePlugin
    assert WebPImagePlugin
    try:
        from PIL import AvifImagePlugin
    except ImportError:  # Pillow before 11.3
        pass
    else:
        assert AvifImagePlugin
    try:
        import pillow_heif
    except ImportError:  # an extra: burnish[heic]
        pass
    else:
        pillow_heif.register_heif_opener()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _named(data: bytes) -> str:
    """What the bytes are, where their beginning says it."""
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC and "HEIF" not in _allowed():
        return "a HEIC picture, which is read where pillow-heif is installed: pip install 'burnish[heic]'"
    if data[4:12] == b"ftypavif" and "AVIF" not in _allowed():
        return "an AVIF picture, which is read from Pillow 11.3 on: pip install -U pillow"
    for beginning, at, name in _BEGINNINGS:
        if data[at : at + len(beginning)] == beginning:
            return f"not an image in a format that is read: this is {name}; read are {READ}"
    return "not an image in a format that is read"


def pixels_of(data: bytes, most: float) -> dict[str, float]:
    """How many pixels a picture has, by its header; infinitely many for more than `most`, nothing where it cannot be opened."""
    try:
        with opened(data, int(min(most, sys.maxsize))) as picture:
            return {"pixels": float(picture.width * picture.height)}
    except TooLarge:
        return {"pixels": float("inf")}
    except Exception:  # PIL has many kinds of error for broken files; the input names them better
        return {}
