"""Every format and mode of picture ends as the same kind of numbers, and what is no picture is named."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from burnish.core.errors import InputError
from burnish.inputs.image import Image, ImageProcessor
from burnish.media.picture import reading as _pictures
from burnish.media.picture.processor import FINER
from burnish.media.picture.reading import MIDDLE, decoded, looked_at
from tests.image_cases import picture

PROCESSOR = ImageProcessor(16, 1.0, "bilinear", (0.5, 0.4, 0.3), (0.2, 0.3, 0.4))


def encoded(image: Pillow.Image, form: str, **options: Any) -> bytes:
    """A picture as the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def seen(data: bytes) -> np.ndarray[Any, Any]:
    """RGB values as the network's input would be made from."""
    return np.asarray(Image().opened({"image": data}), np.int16)


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WEBP", "JPEG"])
def test_formats(form: str) -> None:
    """The picture comes back: exactly where the format keeps all, nearly where it does not."""
    options = {"lossless": True} if form == "WEBP" else {"quality": 95} if form == "JPEG" else {}
    image = picture(3, 64, 48)
    found = seen(encoded(image, form, **options))
    assert found.shape == (48, 64, 3)
    assert np.abs(found - np.asarray(image, np.int16)).mean() <= (8 if form in ("GIF", "JPEG") else 0)


def test_gif_gives_its_first_frame() -> None:
    """Of an animation the first frame is read."""
    frames = [Pillow.new("RGB", (8, 8), c) for c in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert seen(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "P", "LA", "RGBA", "CMYK"])
def test_modes_agree_with_their_grey_values(mode: str) -> None:
    """A grey ramp in every mode gives the same RGB ramp: 16 bits are scaled and not clipped."""
    ramp = np.tile(np.repeat(np.array([0, 255] if mode == "1" else [0, 85, 170, 255], np.uint8), 4), (8, 1))
    grey = Pillow.fromarray(ramp)
    image = Pillow.fromarray(ramp.astype(np.uint16) * 257) if mode == "I;16" else grey.convert("RGB").convert(mode)
    if mode == "P":
        image = grey.quantize(16)
    found = seen(encoded(image, "TIFF" if mode == "CMYK" else "PNG"))
    assert np.abs(found - ramp[:, :, None]).max() <= 1


def test_a_dark_picture_of_16_bits_stays_dark() -> None:
    """The scale of 16-bit grey does not depend on the picture."""
    data = encoded(Pillow.fromarray(np.full((4, 4), 200, np.uint16)), "PNG")
    assert seen(data).max() <= 1


def test_transparency_lies_on_white() -> None:
    """What cannot be seen is white, in alpha channels and palettes alike."""
    rgba = Pillow.new("RGBA", (4, 4), (255, 0, 0, 0))
    assert seen(encoded(rgba, "PNG")).min() == 255
    palette = Pillow.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0] * 2)
    assert seen(encoded(palette, "PNG", transparency=0)).min() == 255


def test_exif_rotation_is_applied() -> None:
    """A picture stored on its side stands upright, and its facts say the size as seen."""
    image = picture(1, 40, 20)
    exif = Pillow.Exif()
    exif[0x0112] = 6
    data = encoded(image, "JPEG", exif=exif, quality=95)
    assert seen(data).shape == (40, 20, 3)
    assert (looked_at(data)["width"], looked_at(data)["height"]) == (20, 40)


def test_equal_pixels_are_equal_content() -> None:
    """The same pixels in another format, or grey stored as RGB, are the same picture."""
    image = picture(2).convert("L")
    contents = {looked_at(encoded(i, form))["content"] for i, form in ((image, "PNG"), (image.convert("RGB"), "BMP"))}
    assert len(contents) == 1
    assert looked_at(encoded(picture(3), "PNG"))["content"] not in contents


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is large and holds nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


BROKEN = {
    "truncated JPEG": encoded(picture(1, 200, 200), "JPEG")[:2000],
    "truncated PNG": encoded(picture(1, 200, 200), "PNG")[:5000],
    "truncated WEBP": encoded(picture(1, 200, 200), "WEBP", lossless=True)[:3000],
    "truncated TIFF": encoded(picture(1, 200, 200), "TIFF")[:3000],
    "empty": b"",
    "text": b"not an image at all",
    "bomb": png_header(100_000, 100_000),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_files_are_named(what: str, tmp_path: Path) -> None:
    """A problem in words in the facts; an InputError with the file when it is read."""
    facts = looked_at(BROKEN[what])
    assert list(facts) == ["problem"]
    assert "object at 0x" not in facts["problem"]
    path = tmp_path / "photo.png"
    path.write_bytes(BROKEN[what])
    with pytest.raises(InputError, match=r"photo\.png"):
        Image().encode([{"image": str(path)}], PROCESSOR)


def test_more_pixels_than_allowed_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on pixels, and is found before they are decoded."""
    monkeypatch.setattr(_pictures, "PIXELS", 100)
    assert "20 x 24" in looked_at(encoded(picture(1, 20, 24), "PNG"))["problem"]


@pytest.mark.parametrize(("width", "height"), [(1, 9000), (9000, 1)])
def test_a_line_of_pixels_is_never_enlarged_whole(width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred bytes would become gigabytes: only what is seen is enlarged, to the same picture."""
    image = picture(1, width, height)
    whole = np.asarray(_pictures.cropped(image, 16, 0.5, MIDDLE, "bilinear", "timm"), np.int16)
    monkeypatch.setattr(_pictures, "PIXELS", 1000)
    part = np.asarray(_pictures.cropped(image, 16, 0.5, MIDDLE, "bilinear", "timm"), np.int16)
    assert part.shape == (16, 16, 3)
    assert np.abs(part - whole).max() <= 2


def test_pictured_undoes_the_normalisation() -> None:
    """What people are shown is what the network sees."""
    image = picture(5, 16, 16)
    row = Image().encode([{"image": encoded(image, "PNG")}], PROCESSOR)[0]
    assert np.abs(Image().pictured(row, PROCESSOR).astype(int) - np.asarray(image, int)).max() <= 1


def jpeg(image: Pillow.Image, quality: int = 90) -> bytes:
    """A picture as a file."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["smooth", "noise", "edges"])
def test_decoding_at_a_reduced_scale_does_not_show(seed: int, kind: str) -> None:
    """The network sees less than a grey level of difference on average, and 12 at most in one number of a thousand."""
    random = np.random.default_rng(seed)
    width, height = (2 * int(n) for n in random.integers(350, 650, 2))
    if kind == "smooth":
        drawn = picture(seed, width, height)
    elif kind == "noise":
        drawn = Pillow.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
    else:
        tiles = np.kron(random.integers(0, 2, (height // 37 + 1, width // 37 + 1)) * 255, np.ones((37, 37)))
        drawn = Pillow.fromarray(tiles[:height, :width].astype(np.uint8)).convert("RGB")
    data, processor = jpeg(drawn), ImageProcessor(96, 0.875, "bilinear", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    reduced = decoded(data, FINER * 110)
    assert reduced.width < width
    assert min(reduced.size) >= FINER * 110
    difference = 255 * np.abs(processor.numbers(reduced) - processor.numbers(decoded(data)))
    assert difference.mean() < 1
    assert np.quantile(difference, 0.999) < 12


def test_pictures_that_cannot_be_divided_are_decoded_whole() -> None:
    """Their last pixel would count as a whole one: the picture would be stretched."""
    assert decoded(jpeg(picture(1, 1001, 900)), 200).size == (1001, 900)
    assert decoded(jpeg(picture(1, 1002, 900)), 200).size == (501, 450)


def test_small_pictures_and_other_formats_are_decoded_whole() -> None:
    small = picture(1, 200, 180)
    assert decoded(jpeg(small), 110).size == (200, 180)
    out = io.BytesIO()
    picture(1, 900, 900).save(out, "PNG")
    assert decoded(out.getvalue(), 110).size == (900, 900)


def test_turned_pictures_are_turned_at_a_reduced_scale() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    out = io.BytesIO()
    picture(3, 800, 400).save(out, "JPEG", exif=exif.tobytes())
    assert decoded(out.getvalue(), 200).size == (200, 400)
    assert decoded(out.getvalue()).size == (400, 800)


def test_numbers_are_the_normalised_picture() -> None:
    """As the formula says, whatever order it is computed in."""
    mean, std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    processor = ImageProcessor(24, 1.0, "bilinear", mean, std)
    drawn = picture(5, 24, 24)
    expected = (np.asarray(drawn, np.float64) / 255 - mean) / std
    found = processor.numbers(drawn)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.transpose(2, 0, 1), atol=2e-6)


@pytest.mark.parametrize("ratio", [1.0, 0.95, 0.9, 0.875])
@pytest.mark.parametrize(("width", "height"), [(32, 30), (30, 33), (31, 47), (90, 40), (40, 41)])
def test_the_same_pixels_as_timm(width: int, height: int, ratio: float) -> None:
    """Whatever is left over when sizes are rounded, and on whichever side of the middle the odd pixel lies."""
    from timm.data import create_transform

    drawn, mean, std = picture(3, width, height), (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
    prepared = create_transform((3, 32, 32), interpolation="bicubic", mean=mean, std=std, crop_pct=ratio)
    own = ImageProcessor(32, ratio, "bicubic", mean, std, "timm").numbers(drawn)
    np.testing.assert_allclose(own, prepared(drawn).numpy(), rtol=0, atol=2e-6)


def test_a_bundle_that_does_not_say_how_it_rounds_keeps_to_what_it_was_trained_with() -> None:
    stored = PROCESSOR.settings()
    del stored["rounding"]
    assert Image().processor(Path("bundle"), stored).rounding == "transformers"
    assert Image().processor(Path("bundle"), {**stored, "rounding": "timm"}).rounding == "timm"
