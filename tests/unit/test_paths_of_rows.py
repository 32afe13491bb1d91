"""Which file a path in a table means: below the root, else the table's folder, and the working folder last, said."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import examine
from burnish.data.looking.inspection import inspected, require_files
from burnish.data.reading.placing import folder_of, named_no_root, placed
from burnish.data.reading.tables import read
from burnish.data.table import Part
from burnish.inputs.image import Image
from burnish.stages.predict.source import root_of
from burnish.targets.label import Label
from tests.image_cases import picture, save

LABEL = Label(column="label", labels=["a", "b"])
SHOWN = "Jürgen 1.PNG"


def table_in(folder: Path, *cells: str, name: str = "rows.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{cell},{'ab'[i % 2]}" for i, cell in enumerate(cells)]
    (folder / name).write_text("\n".join(["image,label", *rows]) + "\n", encoding="utf-8")
    return folder / name


def shade(path: Path, value: int) -> Path:
    return save(picture(1, 8, 8).point(lambda v: value), path, format="PNG")


def seen(image: Image, cell: str) -> int:
    return int(np.asarray(image.opened({"image": cell})).max())


def test_the_folder_of_the_table_comes_before_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same name in both: an old copy in the working folder must not be trained on; nor beat a root that is named."""
    shade(tmp_path / "images" / "1.png", 10)
    shade(tmp_path / "v2" / "images" / "1.png", 20)
    shade(tmp_path / "v3" / "images" / "1.png", 30)
    monkeypatch.chdir(tmp_path)
    path = table_in(Path("v2"), "images/1.png")
    located = Image().located(folder_of(str(path)))
    assert seen(located, "images/1.png") == 20  # type: ignore[arg-type]
    assert seen(Image(root="v3"), "images/1.png") == 30
    assert Image(root="v3").assumed({"image": "images/1.png"}) == (Path("v3/images/1.png"), "")


def test_the_working_folder_is_asked_last_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shade(tmp_path / "images" / "1.png", 10)
    monkeypatch.chdir(tmp_path)
    path = table_in(Path("tables"), "images/1.png")
    image = Image(root="tables")
    table = inspected(read(path, cache=tmp_path / "cache"), image, tmp_path / "cache")
    require_files(table, image)
    (finding,) = examine({"train": Part(table, np.arange(1))}, image, LABEL).find("paths_read_otherwise")
    assert finding.severity == "warning"
    assert "working folder" in finding.message


OTHERWISE = {
    "back-slashes": ("train\\one.png", "train/one.png"),
    "a leading slash": ("/train/one.png", "train/one.png"),
    "dots": ("./train/./one.png", "train/one.png"),
    "another case": ("Train/ONE.png", "train/one.png"),
    "without ending": ("train/one", "train/one.png"),
    "id": ("64000", "64000.jpg"),
    "ending in capitals": ("train/one", "train/one.PNG"),
    "decomposed": (unicodedata.normalize("NFD", SHOWN), unicodedata.normalize("NFC", SHOWN)),
    "composed": (unicodedata.normalize("NFC", SHOWN), unicodedata.normalize("NFD", SHOWN)),
    "all": ("TRAIN\\" + unicodedata.normalize("NFD", "ü1"), "train/" + unicodedata.normalize("NFC", "ü1") + ".png"),
}


@pytest.mark.parametrize("how", OTHERWISE)
def test_paths_written_in_another_way_are_found(how: str, tmp_path: Path) -> None:
    written, there = OTHERWISE[how]
    shade(tmp_path / there, 77)
    image = Image(root=str(tmp_path))
    assert seen(image, written) == 77
    assert bool(image.assumed({"image": written})[1]) == (how != "dots")


def test_a_number_is_a_name_without_its_ending(tmp_path: Path) -> None:
    """Of JSON and Parquet; a table of CSV has it as text."""
    shade(tmp_path / "64000.png", 5)
    assert np.asarray(Image(root=str(tmp_path)).opened({"image": 64000})).max() == 5


def test_what_may_mean_two_files_is_missing(tmp_path: Path) -> None:
    for name in ("a.png", "A.PNG", "b.png", "b.jpg"):
        shade(tmp_path / name, 1)
    image = Image(root=str(tmp_path))
    for written in ("a.PNG", "b"):
        with pytest.raises(InputError, match="no such image file"):
            image.opened({"image": written})
    assert seen(image, "a.png") == 1


def test_each_table_has_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """train/metadata.csv and test/metadata.csv name files of equal names; one of them is read as the first table's folder says."""
    monkeypatch.chdir(tmp_path)
    tables = {}
    for value, part in ((10, "train"), (20, "test")):
        shade(Path(part) / "1.png", value)
        tables[part] = read(table_in(Path(part), "1.png"), cache=tmp_path / "cache")
    shade(Path("train") / "only here.png", 30)
    table_in(Path("test"), "1.png", "only here.png", name="more.csv")
    tables["validation"] = read(["train/rows.csv", "test/more.csv"], cache=tmp_path / "cache")
    used = Image(root="train")
    found = {name: placed(table, used, "train") for name, table in tables.items()}
    cells = {name: table.values("image") for name, table in found.items()}
    assert [seen(used, c) for c in cells["train"] + cells["test"]] == [10, 20]
    assert [seen(used, c) for c in cells["validation"]] == [10, 20, 30]
    assert found["train"] is tables["train"]
    assert placed(tables["test"], used, None).values("image") == ["1.png"]
    assert named_no_root(used, tables["train"])
    assert not named_no_root(used, tables["test"])
    assert not named_no_root(Image(), tables["train"])
    assert placed(tables["test"], used, "test") is tables["test"]


def test_class_folders_are_named_from_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a folder of the same name lies in the folder of the data."""
    monkeypatch.chdir(tmp_path)
    shade(Path("data/pets/a/1.png"), 10)
    shade(Path("data/data/pets/a/1.png"), 20)
    table = read("data/pets", cache=tmp_path / "cache")
    image = Image().located(folder_of(table.origins[0].path))
    assert seen(image, table.values("image")[0]) == 10  # type: ignore[arg-type]
    assert image.assumed({"image": table.values("image")[0]})[1] == ""


def test_files_to_be_answered_are_named_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shade(Path("new/1.png"), 1)
    table_in(Path("tables"), "1.png")
    assert root_of("new", Image()) == str(tmp_path)
    assert root_of("new/*.png", Image()) == str(tmp_path)
    assert root_of("tables/rows.csv", Image()) == str(tmp_path / "tables")


def refused(tmp_path: Path, image: Image, *cells: str) -> InputError:
    table = inspected(read(table_in(tmp_path / "set", *cells), cache=tmp_path / "cache"), image, tmp_path / "cache")
    with pytest.raises(InputError) as found:
        require_files(table, image)
    return found.value


def test_a_wrong_root_is_said_with_the_right_one(tmp_path: Path) -> None:
    shade(tmp_path / "set" / "images" / "1.png", 1)
    found = refused(tmp_path, Image(root=str(tmp_path / "set")), "1.png", "2.png")
    assert f"looked for {tmp_path / 'set' / '1.png'}" in found.found
    assert f"input.root={tmp_path / 'set' / 'images'} would find it" in found.found
    assert "input.root" in found.fix
    assert "none of the 2 image files in column 'image'" in found.found


def test_a_wrong_folder_or_name_is_said_with_the_nearest(tmp_path: Path) -> None:
    shade(tmp_path / "set" / "images" / "img_0001.png", 1)
    root = Image(root=str(tmp_path / "set"))
    assert "has no folder imagse; the nearest name in it is images" in refused(tmp_path, root, "imagse/x.png").found
    assert "is img_0001.png" in refused(tmp_path, root, "images/img_001.png").found
    foreign = refused(tmp_path, root, "C:\\Users\\me\\pictures\\img_0001.png").found
    assert f"there is {tmp_path / 'set' / 'images' / 'img_0001.png'}" in foreign


def test_some_missing_files_are_named_with_what_is_there(tmp_path: Path) -> None:
    shade(tmp_path / "set" / "img_0001.png", 1)
    image = Image(root=str(tmp_path / "set"))
    path = table_in(tmp_path / "set", "img_0001.png", "img_001.png")
    table = inspected(read(path, cache=tmp_path / "cache"), image, tmp_path / "cache")
    require_files(table, image)
    (finding,) = examine({"train": Part(table, np.arange(2))}, image, LABEL).find("broken_files")
    assert "the nearest name" in finding.rows[0].detail
