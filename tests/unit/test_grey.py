"""Grey of more than 8 bits has one scale for the whole data set; 8-bit pictures are read as they always were."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from burnish.core.errors import InputError
from burnish.data.looking.audit import Audit, examine
from burnish.data.looking.inspection import inspected, learned
from burnish.data.reading.tables import read
from burnish.data.table import Part, Table
from burnish.inputs.image import Image
from burnish.media.picture.reading import decoded, looked_at
from burnish.targets.label import Label
from tests.image_cases import picture, save

LABEL = Label(column="label", labels=["a", "b"])


def shades(seed: int) -> np.ndarray[Any, Any]:
    """uint8 [20, 24] from 0 to 255."""
    grey = np.asarray(picture(seed).convert("L"), np.float64)
    return np.round((grey - grey.min()) / (grey.max() - grey.min()) * 255).astype(np.uint8)


def file_of(values: np.ndarray[Any, Any], form: str = "TIFF", **tags: int) -> bytes:
    """The values in a file of their own type; tags by number, such as `t262`."""
    stream = io.BytesIO()
    options: dict[str, Any] = {}
    if tags:
        own = ImageFileDirectory_v2()
        for name, value in tags.items():
            own[int(name[1:])] = value
        options["tiffinfo"] = own
    Pillow.fromarray(values).save(stream, form, **options)
    return stream.getvalue()


KINDS: dict[str, tuple[Any, str, tuple[float, float]]] = {
    "12 bits in a 16-bit PNG": (lambda v: (v.astype(np.uint16) * 16 + 15).clip(0, 4095), "PNG", (0, 4095)),
    "12 bits in a 16-bit TIFF": (lambda v: (v.astype(np.uint16) * 16).clip(0, 4095), "TIFF", (0, 4095)),
    "16 bits": (lambda v: v.astype(np.uint16) * 257, "PNG", (0, 65535)),
    "10 bits": (lambda v: v.astype(np.uint16) * 4, "PNG", (0, 1023)),
    "Hounsfield units": (lambda v: (v / 255 * 3000 - 1000).astype(np.float32), "TIFF", (-1000, 2000)),
    "signed whole numbers": (lambda v: v.astype(np.int32) * 12 - 1000, "TIFF", (-1000, 2060)),
    "int32": (lambda v: v.astype(np.int32) * 1000, "TIFF", (0, 262143)),
    "fractions a little over 1": (lambda v: (v / 255 * 1.045).astype(np.float32), "TIFF", (0, 1.045)),
    "fractions": (lambda v: (v / 255).astype(np.float32), "TIFF", (0, 1)),
    "small fractions": (lambda v: (v / 255 * 0.01).astype(np.float32), "TIFF", (0, 0.01)),
    "shades as fractions": (lambda v: v.astype(np.float32), "TIFF", (0, 255)),
}


def table_of(folder: Path, files: list[bytes], ending: str = ".tif") -> Table:
    """A table of files, their labels a and b in turn, inspected."""
    (folder / "files").mkdir(parents=True)
    rows = ["image,label"]
    for i, data in enumerate(files):
        (folder / "files" / f"{i}{ending}").write_bytes(data)
        rows.append(f"{folder}/files/{i}{ending},{'ab'[i % 2]}")
    (folder / "rows.csv").write_text("\n".join(rows) + "\n")
    return inspected(read(folder / "rows.csv", cache=folder / "cache"), Image(), folder / "cache")


def part(table: Table, *rows: int) -> Part:
    return Part(table, np.array(rows or range(len(table)), np.int64))


@pytest.mark.parametrize("kind", KINDS)
def test_a_data_set_has_one_scale_and_keeps_its_shades(kind: str, tmp_path: Path) -> None:
    """What was shades before it was stored in another way is shades again, up to the rounding of the range."""
    store, form, expected = KINDS[kind]
    table = table_of(tmp_path, [file_of(store(shades(i)), form) for i in range(4)])
    made, said = learned(Image(), {"train": part(table)})
    assert isinstance(made, Image)
    assert made.range == pytest.approx(expected, rel=1e-6)
    assert "input.range" in said
    for i, row in enumerate(table.arrow.to_pylist()):
        found = np.asarray(made.opened(row))[:, :, 0].astype(int)
        expected_shades = shades(i) * (255 * store(np.array([255], np.uint8)).astype(float)[0] / expected[1] / 255)
        if expected[0] == 0:
            np.testing.assert_allclose(found, expected_shades, atol=3)
        else:
            np.testing.assert_allclose(found, shades(i), atol=2)


def test_pictures_share_the_scale_of_the_data_set(tmp_path: Path) -> None:
    """A dark picture stays darker than a bright one, and test pictures have no say."""
    full = np.linspace(0, 4095, 480).reshape(20, 24).astype(np.uint16)
    table = table_of(tmp_path, [file_of(v) for v in (full, full // 4, full * 2)])
    made, _ = learned(Image(), {"train": part(table, 0, 1), "test": part(table, 2)})
    assert made.range == (0, 4095)  # type: ignore[attr-defined]
    rows = table.arrow.to_pylist()
    assert [int(np.asarray(made.opened(row)).max()) for row in rows] == [255, 64, 255]  # type: ignore[attr-defined]


def test_white_may_be_zero() -> None:
    """TIFF says which end is white; the same picture stored in both ways is the same picture."""
    values = shades(1).astype(np.uint16) * 16
    black = decoded(file_of(values, t262=1), scale=(0, 4095))
    white = decoded(file_of(values, t262=0), scale=(0, 4095))
    np.testing.assert_allclose(np.asarray(black, int), 255 - np.asarray(white, int), atol=1)
    plain = looked_at(file_of(values, t262=1))
    assert plain["content"] != looked_at(file_of(values, t262=0))["content"]


def test_pictures_that_differ_below_8_bits_are_not_repeats() -> None:
    values = np.full((8, 8), 1000, np.uint16)
    other = values.copy()
    other[2, 2] = 1001
    assert looked_at(file_of(values))["content"] != looked_at(file_of(other))["content"]
    eight = shades(1)
    assert looked_at(file_of(eight))["content"] == looked_at(file_of(eight.astype(np.uint16) * 257))["content"]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_refused(value: float) -> None:
    values = (shades(1) / 255).astype(np.float32)
    values[3, 4] = value
    assert "1 of its 480 values are not finite numbers" in looked_at(file_of(values))["problem"]
    for scale in (None, (0.0, 1.0)):
        with pytest.raises(InputError, match="not finite"):
            decoded(file_of(values), scale=scale)  # type: ignore[arg-type]


def test_unsigned_values_of_32_bits_are_not_negative() -> None:
    values = (shades(1).astype(np.uint32) * 16_843_009).view(np.int32)
    stream = io.BytesIO()
    Pillow.fromarray(values).save(stream, "TIFF")
    data = bytearray(stream.getvalue())
    own = Pillow.open(io.BytesIO(bytes(data)))
    assert own.tag_v2[339] == (2,)  # type: ignore[attr-defined]
    at = data.index(bytes([0x53, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x02, 0x00]))
    data[at + 8] = 1
    facts = looked_at(bytes(data))
    assert (facts["lowest"], facts["highest"]) == (0.0, 2.0**32 - 1)


def test_one_scale_cannot_fit_whole_numbers_and_fractions(tmp_path: Path) -> None:
    files = [file_of(shades(1).astype(np.uint16) * 16), file_of((shades(2) / 255).astype(np.float32))]
    with pytest.raises(InputError, match=r"1 training pictures hold whole numbers .* 1 hold fractions"):
        learned(Image(), {"train": part(table_of(tmp_path, files))})


def test_depth_that_training_does_not_know_is_refused(tmp_path: Path) -> None:
    """At the start where it is in another split, by row where it comes later; unless the recipe states the scale."""
    deep = file_of(shades(3).astype(np.uint16) * 16)
    table = table_of(tmp_path, [file_of(shades(1)), file_of(shades(2)), deep])
    parts = {"train": part(table, 0, 1), "test": part(table, 2)}
    with pytest.raises(InputError, match="1 test images hold grey of more than 8 bits, no training image does"):
        learned(Image(), parts)
    stated, _ = learned(Image(range=(0, 4095)), parts)
    assert stated == Image(range=(0, 4095))
    trained, said = learned(Image(), {"train": part(table, 0, 1)})
    assert not said
    with pytest.raises(InputError, match="training pictures had 8 bits"):
        trained.opened({"image": deep})  # type: ignore[attr-defined]


def test_pictures_wholly_outside_the_scale_are_found_at_the_start(tmp_path: Path) -> None:
    table = table_of(
        tmp_path, [file_of(v) for v in (shades(1).astype(np.uint16) * 4, shades(2).astype(np.uint16) + 9000)]
    )
    with pytest.raises(InputError, match="1 test images lie wholly outside the scale from 0"):
        learned(Image(), {"train": part(table, 0), "test": part(table, 1)})
    with pytest.raises(InputError, match="1 train images"):
        learned(Image(range=(5000, 65535)), {"train": part(table)})


def test_a_dark_picture_among_fractions_is_no_mistake() -> None:
    """Nothing says that it was meant in other numbers."""
    dark = file_of(np.linspace(0, 1, 100, dtype=np.float32).reshape(10, 10))
    assert np.asarray(decoded(dark, scale=(-1000.0, 2000.0))).max() == 85


@pytest.mark.parametrize(
    "values",
    [np.linspace(0, 1, 100, dtype=np.float32), np.linspace(60000, 65535, 100).astype(np.uint16)],
    ids=["fractions", "above"],
)
def test_a_picture_outside_the_scale_is_refused(values: np.ndarray[Any, Any]) -> None:
    """It would be black or white whatever it shows."""
    with pytest.raises(InputError, match=r"does not fit input\.range 0 to 4095"):
        decoded(file_of(values.reshape(10, 10)), scale=(0, 4095))


def test_bundles_without_a_range_read_as_they_did() -> None:
    """16 bits whole, fractions by their largest value: what they were trained on."""
    assert np.asarray(decoded(file_of(np.full((4, 4), 4095, np.uint16)))).max() == 16
    assert np.asarray(decoded(file_of(np.full((4, 4), 0.5, np.float32)))).max() == 128


def test_the_range_is_kept_with_the_processor(tmp_path: Path) -> None:
    made = Image(size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), range=(0, 4095))
    processor = made.processor(tmp_path)
    assert processor.range == (0, 4095)
    assert made.processor(tmp_path, processor.settings()) == processor
    assert "range" not in made.model_copy(update={"range": None}).processor(tmp_path).settings()
    with pytest.raises(InputError, match="reads pictures of 8 bits"):
        made.raw(processor)


def audited(tmp_path: Path, files: list[bytes], made: Image | None = None, ending: str = ".tif") -> Audit:
    table = table_of(tmp_path, files, ending)
    own = made or learned(Image(), {"train": part(table)})[0]
    return examine({"train": part(table)}, own, LABEL)


def test_a_scale_that_is_hardly_used_is_found(tmp_path: Path) -> None:
    """One hot pixel in twelve bits; shades of four bits in eight; and nothing where the scale fits."""
    hot = [shades(i).astype(np.uint16) * 16 for i in range(4)]
    for values in hot:
        values[0, 0] = 65535
    (found,) = audited(tmp_path / "hot", [file_of(v) for v in hot]).find("small_range")
    assert found.severity == "warning"
    assert found.count == 4
    assert "input.range: [" in found.message
    (dim,) = audited(tmp_path / "dim", [file_of(shades(i) // 16) for i in range(4)]).find("small_range")
    assert "0 (black) to 255 (white)" in dim.message
    assert not audited(tmp_path / "fine", [file_of(shades(i)) for i in range(4)]).find("small_range")
    assert not audited(tmp_path / "deep", [file_of(shades(i).astype(np.uint16) * 16) for i in range(4)]).find(
        "small_range"
    )


def test_depths_pages_and_colours_of_16_bits_are_said(tmp_path: Path) -> None:
    pages = io.BytesIO()
    frames = [Pillow.fromarray(shades(i)) for i in range(3)]
    frames[0].save(pages, "TIFF", save_all=True, append_images=frames[1:])
    found = audited(tmp_path, [file_of(shades(1)), file_of(shades(2).astype(np.uint16) * 16), pages.getvalue()])
    assert "2 images have 8 bits and 1 have more" in found.find("depths_differ")[0].message
    (several,) = found.find("several_pages")
    assert several.rows[0].detail == "3 pages"
    assert not found.find("cut_to_8_bits")


def test_colours_of_16_bits_are_said() -> None:
    """Pillow reads only their upper half: twelve bits in them keep sixteen shades."""
    import struct
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + struct.pack(">24H", *range(0, 4080, 170)) for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert looked_at(data)["cut_to_8_bits"] is True


def test_8_bit_pictures_are_untouched(tmp_path: Path) -> None:
    """Whatever the range says."""
    path = save(picture(1), tmp_path / "a.png")
    for scale in (None, "8-bit", (0.0, 4095.0)):
        found = np.asarray(Image(range=scale).opened({"image": str(path)}))  # type: ignore[arg-type]
        np.testing.assert_array_equal(found, np.asarray(picture(1)))


def test_a_range_that_does_not_rise_is_refused() -> None:
    with pytest.raises(ValueError, match="not below white"):
        Image(range=(5, 5))


def test_a_picture_of_more_bits_than_the_scale_is_refused_though_its_darkest_values_lie_within() -> None:
    settled = Image(size=16, range=(0, 4095))
    deeper, bright = shades(1).astype(np.uint16) * 257, (shades(1).astype(np.uint16) * 16 + 15).clip(0, 4095)
    bright[0, 0] = 65535  # one hot pixel
    assert decoded(file_of(bright, "PNG"), scale=settled.range)
    with pytest.raises(InputError, match="does not fit input"):
        decoded(file_of(deeper, "PNG"), scale=settled.range)
