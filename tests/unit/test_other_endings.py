"""Files that are not read are counted and named: in the audit, in what `predict` says, and in the rows themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import audit, examine
from burnish.data.looking.inspection import inspected, without_problems
from burnish.data.reading.tables import read
from burnish.data.table import Part, Table
from burnish.inputs import Input
from burnish.inputs.audio import Audio
from burnish.inputs.image import Image
from burnish.stages.predict.source import rows_of
from burnish.targets.label import Label
from tests.image_cases import picture, save, tree
from tests.sound_cases import save as save_sound
from tests.sound_cases import sound

M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(200)
LABEL = Label(column="label", labels=["a", "b", "whatsapp"])


def part(table: Table) -> dict[str, Part]:
    return {"train": Part(table, np.arange(len(table), dtype=np.int64))}


def sounds(root: Path) -> Path:
    """Two classes of sounds that are read, and one of sounds that are not."""
    for i, name in enumerate(("a/1.wav", "a/2.flac", "b/1.wav", "b/2.WAV")):
        save_sound(sound(i, 0.5, 8000), root / name, 8000)
    (root / "whatsapp").mkdir()
    for i in range(3):
        (root / "whatsapp" / f"PTT-{i}.m4a").write_bytes(M4A)
    return root


def looked(root: Path, input_: Input, cache: Path) -> Table:
    return inspected(read(root, cache=cache), input_, cache)


def test_a_class_of_sounds_that_are_not_read_does_not_vanish(tmp_path: Path) -> None:
    """The run is refused by name, with what to do; `broken: skip` goes on and reports it."""
    table = looked(sounds(tmp_path / "data"), Audio(), tmp_path / "cache")
    assert table.values("label").count("whatsapp") == 3
    with pytest.raises(InputError, match="3 of 7 train files cannot be read") as found:
        audit(part(table), Audio(), LABEL)
    assert "this is MP4 (AAC, m4a), " in str(found.value)
    assert "broken: skip" in found.value.fix
    assert "mend the data" not in str(found.value)


def test_a_class_that_is_skipped_is_named(tmp_path: Path) -> None:
    """Whoever goes on without the rows is told that a class goes with them."""
    table = looked(sounds(tmp_path / "data"), Audio(), tmp_path / "cache")
    (finding,) = examine(without_problems(part(table)), Audio(), LABEL).find("skipped_files")
    assert finding.severity == "warning"
    assert (
        "3 of 7 files cannot be read, and their rows are left out: with them the whole of whatsapp" in finding.message
    )


@pytest.mark.parametrize("ending", [".m4a", ".aac", ".opus", ".wma", ".amr", ".caf", ".mp2", ".aifc", ".weba"])
def test_endings_of_sounds(ending: str) -> None:
    assert Audio.recognised(f"clips/1{ending}")
    assert Audio.recognised(f"clips/1{ending.upper()}")


@pytest.mark.parametrize("ending", [".heic", ".heif", ".avif", ".ppm", ".pgm", ".jfif", ".jp2", ".jxl", ".dcm"])
def test_endings_of_images(ending: str) -> None:
    assert Image.recognised(f"photos/1{ending}")


def test_a_table_of_images_that_are_not_read_names_each(tmp_path: Path) -> None:
    (tmp_path / "1.jp2").write_bytes(b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(50))
    save(picture(1), tmp_path / "2.ppm")
    (tmp_path / "rows.csv").write_text("image,label\n1.jp2,a\n2.ppm,b\n")
    image = Image(root=str(tmp_path))
    found = looked(tmp_path / "rows.csv", image, tmp_path / "cache").inspection
    assert found is not None
    assert "JPEG 2000" in found.problems[0]
    assert 1 not in found.problems


def test_a_folder_of_other_files_becomes_no_class_and_is_a_warning(tmp_path: Path) -> None:
    """Raw photographs, arrays: nothing here knows them, and the class is gone."""
    root = tree(tmp_path / "data", ["a", "b"], 2)
    (root / "raw").mkdir()
    for i in range(4):
        (root / "raw" / f"{i}.cr2").write_bytes(b"x")
    (root / "a" / "notes.md").write_text("x")
    (root / "none").mkdir()
    save(picture(9), root / "loose.png")
    table = looked(root, Image(), tmp_path / "cache")
    findings = examine(part(table), Image(), Label(column="label", labels=["a", "b"])).find("files_not_read")
    said = {f.message: f.severity for f in findings}
    lost = [m for m in said if "the folder raw becomes no class: its 4 files are no images (4 .cr2)" in m]
    assert [said[m] for m in lost] == ["warning"]
    assert any("5 files are no images and not read (4 .cr2, 1 .md" in m for m in said)
    assert any("1 images lie in no class folder" in m and said[m] == "warning" for m in said)
    assert any("are no classes: none" in m for m in said)
    again = inspected(read(root, cache=tmp_path / "cache"), Image(), tmp_path / "cache")
    assert again.left_out == table.left_out


def test_predict_says_what_it_does_not_answer(tmp_path: Path) -> None:
    """Sounds that are not read are rows, which then have an error; all other files are counted."""
    root = sounds(tmp_path / "data")
    (root / "notes.txt").write_text("x")
    (root / "cover.svg").write_text("x")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "a.wav").write_bytes(b"x")
    rows = rows_of(str(root), Audio(), tmp_path)
    assert len(rows) == 7
    (note,) = [n for n in rows.notes if "not predicted" in n]
    assert "2 files are no sounds" in note
    assert "notes.txt" in note
