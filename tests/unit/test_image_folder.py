"""Class folders, the index of files, and what inspection finds."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.looking.audit import DataRefused, audit, examine
from burnish.data.looking.file_index import FileIndex
from burnish.data.looking.inspection import inspected, without_problems
from burnish.data.parts import divide
from burnish.data.reading.places import given_splits
from burnish.data.reading.tables import read, read_parts
from burnish.data.settings import Data
from burnish.data.splits.stratified import Stratified
from burnish.data.table import Part, Table
from burnish.inputs.image import Image
from burnish.targets.label import Label
from tests.data_cases import csv_text
from tests.image_cases import OLD, picture, save, tree

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
LABEL = Label(column="label", labels=["a", "b"])


def whole(**tables: Table) -> dict[str, Part]:
    """Each table as a split of its own."""
    return {name: Part(t, np.arange(len(t), dtype=np.int64)) for name, t in tables.items()}


def opened(root: Path, cache: Path) -> Table:
    """A folder read and inspected."""
    return inspected(read(str(root), cache=cache), Image(), cache)


def test_a_folder_of_class_folders_is_recognised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths can be used from the working directory, classes and files are sorted, and what is left out is said."""
    tree(tmp_path / "signs", ["stop", "go"], 3)
    save(picture(9), tmp_path / "signs" / "go" / "night" / "deep.JPG")
    (tmp_path / "signs" / "go" / "notes.txt").write_text("x")
    (tmp_path / "signs" / "go" / ".hidden.png").write_text("x")
    (tmp_path / "signs" / ".cache").mkdir()
    (tmp_path / "signs" / "none").mkdir()
    save(picture(8), tmp_path / "signs" / "loose.png")
    monkeypatch.chdir(tmp_path)
    table = read("signs", cache=tmp_path / "cache")
    assert table.values("label") == ["go"] * 4 + ["stop"] * 3
    assert table.values("image")[3] == os.path.join("signs", "go", "night", "deep.JPG")
    assert all(Path(p).is_file() for p in table.values("image"))
    said = " ".join(table.notes)
    assert "1 files are no images" in said
    assert "notes.txt" in said
    assert "1 images lie in no class folder" in said
    assert "folders without images are no classes: none" in said


def test_a_folder_of_splits_is_taken_apart(tmp_path: Path) -> None:
    """train, val and test with the same classes are three splits; read as one table they are refused by name."""
    for i, part in enumerate(("train", "val", "test")):
        tree(tmp_path / "data" / part, ["a", "b"], 2, start=10 * i)
    (tmp_path / "data" / "classes.csv").write_text("number,name\n0,a\n")
    data = given_splits(Data(train=str(tmp_path / "data")))
    assert {n: len(t) for n, t in read_parts(data, cache=tmp_path / "cache").items()} == {
        "train": 4,
        "validation": 4,
        "test": 4,
    }
    with pytest.raises(InputError, match="holds splits") as found:
        read(tmp_path / "data", cache=tmp_path / "cache")
    assert f"test: {tmp_path / 'data' / 'test'}" in found.value.fix


def test_a_table_beside_class_folders_is_asked_about(tmp_path: Path) -> None:
    """Either may be meant; both ways to say it work."""
    tree(tmp_path / "data", ["a", "b"], 2)
    (tmp_path / "data" / "labels.csv").write_text("image,label\na/000.png,a\n")
    with pytest.raises(InputError, match="a table"):
        read(tmp_path / "data", cache=tmp_path / "cache")
    assert len(read(Data(train=tmp_path / "data", source="image_folder"), cache=tmp_path / "cache")) == 4  # type: ignore[arg-type]
    assert len(read(tmp_path / "data" / "labels.csv", cache=tmp_path / "cache")) == 1


def test_a_text_beside_class_folders_is_no_table_and_is_said(tmp_path: Path) -> None:
    """Notes and licences lie beside the classes of many data sets."""
    tree(tmp_path / "data", ["a", "b"], 2)
    (tmp_path / "data" / "notes.txt").write_text("made in spring\n")
    found = read(tmp_path / "data", cache=tmp_path / "cache")
    assert len(found) == 4
    assert any("notes.txt" in note for note in found.notes)


def test_cells_that_no_path_can_be_are_named_as_missing(tmp_path: Path) -> None:
    """A picture in base64 is longer than a file name may be, and a null byte ends a path."""
    cells = ["data:image/png;base64," + "iVBOR" * 2000, "a\0b.png"]
    image = Image(root=str(tmp_path))
    paths = [image.file({"image": cell}) for cell in cells]
    with FileIndex(tmp_path / "cache", image.look, image.look_version()) as index:
        assert all(seen.facts["problem"].startswith("cannot be read: ") for seen in index.seen(paths))
    for cell in cells:
        with pytest.raises(InputError, match="no such image file"):
            image.opened({"image": cell})


def test_images_without_classes_are_an_error(tmp_path: Path) -> None:
    """A flat folder of images has no labels."""
    save(picture(1), tmp_path / "flat" / "1.png")
    with pytest.raises(InputError, match="1 images without one"):
        read(Data(train=tmp_path / "flat", source="image_folder"), cache=tmp_path / "cache")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="1 images that lie in no class folder"):
        read(tmp_path / "flat", cache=tmp_path / "cache")


def test_a_change_is_seen_and_only_it_is_read_again(tmp_path: Path) -> None:
    """A second start reads nothing; after one file changed it reads that one; a moved folder is not decoded again."""
    root = tree(tmp_path / "data", ["a", "b"], 5)
    files = sorted(root.rglob("*.png"))
    image = Image()

    def looked(paths: list[Path]) -> tuple[int, int]:
        with FileIndex(tmp_path / "cache", image.look, image.look_version()) as index:
            assert all("content" in seen.facts for seen in index.seen(paths))
            return index.read, index.looked

    assert looked(files) == (10, 10)
    assert looked(files) == (0, 0)
    before = read(root, cache=tmp_path / "cache").origins[0].sha256
    save(picture(99), files[3])
    os.utime(files[3], (OLD + 10, OLD + 10))
    assert looked(files) == (1, 1)
    assert read(root, cache=tmp_path / "cache").origins[0].sha256 != before
    shutil.copytree(root, tmp_path / "moved")
    assert looked(sorted((tmp_path / "moved").rglob("*.png"))) == (10, 0)


def test_a_file_written_just_now_is_not_trusted(tmp_path: Path) -> None:
    """Its time may not change when its content does."""
    path = save(picture(1), tmp_path / "1.png")
    os.utime(path)
    image = Image()
    for _ in range(2):
        with FileIndex(tmp_path / "cache", image.look, image.look_version()) as index:
            list(index.seen([path]))
            assert index.read == 1


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    """It only saves time."""
    (tmp_path / "files.sqlite").write_bytes(b"rubbish" * 1000)
    with FileIndex(tmp_path, lambda data: {}, "1") as index:
        assert [s.facts for s in index.seen([b"x", None])] == [{}, {}]


@pytest.mark.slow
def test_many_files_are_quick_the_second_time(tmp_path: Path) -> None:
    """Six thousand files made from three: decoded three times, then found in under a second or two."""
    made = [save(picture(i), tmp_path / "made" / f"{i}.png") for i in range(3)]
    for i in range(6000):
        path = tmp_path / "data" / f"class {i % 4}" / f"{i:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        os.link(made[i % 3], path)
    with FileIndex(tmp_path / "cache", Image().look, Image().look_version()) as index:
        list(index.seen(sorted((tmp_path / "data").rglob("*.png"))))
        assert index.looked <= 3 * 8  # threads may meet an equal file at the same time
    read(tmp_path / "data", cache=tmp_path / "cache")
    started = time.perf_counter()
    table = opened(tmp_path / "data", tmp_path / "cache")
    assert time.perf_counter() - started < 5
    assert len(table) == 6000
    assert len(set(table.inspection.contents.tolist())) == 3  # type: ignore[union-attr]


def broken_tree(tmp_path: Path) -> Path:
    """Twelve images of two classes, of which two are broken."""
    root = tree(tmp_path / "data", ["a", "b"], 6)
    (root / "a" / "002.png").write_bytes(b"text")
    (root / "b" / "004.png").write_bytes((root / "b" / "004.png").read_bytes()[:300])
    return root


def test_broken_images_are_refused_by_name(tmp_path: Path) -> None:
    """Unless the recipe says to skip them."""
    table = opened(broken_tree(tmp_path), tmp_path / "cache")
    with pytest.raises(DataRefused, match=r"2 of 12 train files cannot be read") as found:
        audit(whole(train=table), Image(), LABEL)
    assert "a/002.png" in str(found.value)
    assert "broken: skip" in str(found.value)


def test_broken_images_are_left_out_and_reported(tmp_path: Path) -> None:
    """Skipped rows are in no split, and the audit names them."""
    table = opened(broken_tree(tmp_path), tmp_path / "cache")
    split = Stratified(validation=0.2, test=0.2)
    parts = without_problems(divide({"train": table}, split, Image(), LABEL, seed=1))
    used = np.concatenate([p.rows for p in parts.values()])
    assert sorted(used.tolist()) == [i for i in range(12) if i not in (2, 10)]
    (finding,) = examine(parts, Image(), LABEL).find("skipped_files")
    assert finding.severity == "warning"
    assert finding.count == 2
    assert finding.rows[0].place.endswith("002.png")


def test_a_row_without_a_picture_is_named_like_a_broken_one(tmp_path: Path) -> None:
    """An empty cell of a table is found before training, as a missing file is."""
    tree(tmp_path, ["a", "b"], 3)
    cells = [f"{p.relative_to(tmp_path)},{p.parent.name}" for p in sorted(tmp_path.rglob("*.png"))]
    (tmp_path / "rows.csv").write_text("\n".join(["image,label", *cells, ",a", "a/gone.png,b"]) + "\n")
    rows = read(str(tmp_path / "rows.csv"), cache=tmp_path / "cache")
    found = inspected(rows, Image(root=str(tmp_path)), tmp_path / "cache").inspection
    assert found is not None
    assert found.problems == {6: "the cell is empty", 7: "no such file"}


def test_a_split_of_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    """As when the paths of a table lead nowhere."""
    path = tmp_path / "rows.csv"
    path.write_text(csv_text([{"image": f"{i}.png", "label": "a"} for i in range(3)]))
    table = inspected(read(path, cache=tmp_path), Image(root=str(tmp_path)), tmp_path)
    with pytest.raises(InputError, match=r"no such file"):
        without_problems(whole(train=table))


def test_equal_pixels_stay_in_one_split(tmp_path: Path) -> None:
    """Made splits go by pixels and not by names or formats: in folders, in tables of paths and of bytes alike."""
    root = tree(tmp_path / "data", ["a", "b"], 20)
    for path in sorted(root.rglob("*.png")):
        save(picture(int(path.stem) + 20 * (path.parent.name == "b")), path.with_suffix(".bmp"))
    files = sorted(p for p in root.rglob("*.*"))
    rows = [{"image": p.read_bytes(), "label": p.parent.name} for p in files]
    csv = tmp_path / "rows.csv"
    csv.write_text(csv_text([{"image": str(p), "label": p.parent.name} for p in files]))
    for what in (str(root), rows, csv):
        table = inspected(read(what, cache=tmp_path / "cache"), Image(), tmp_path / "cache")
        parts = divide({"train": table}, Stratified(validation=0.2, test=0.3), Image(), LABEL, seed=0)
        contents = table.inspection.contents  # type: ignore[union-attr]
        sets = [set(contents[p.rows].tolist()) for p in parts.values()]
        assert len(set(contents.tolist())) == 40
        assert not sets[0] & sets[1] | sets[0] & sets[2] | sets[1] & sets[2]


def test_the_same_image_in_two_splits_is_found(tmp_path: Path) -> None:
    """Exactly: a refusal. Saved again as JPEG, or brighter: a warning. Another image: nothing."""
    tree(tmp_path / "train", ["a", "b"], 10)
    test = tree(tmp_path / "test", ["a", "b"], 5, start=100)
    save(picture(0), test / "a" / "same.bmp")
    save(picture(1, 240, 200), test / "a" / "larger.jpg", quality=60)
    save(picture(2).point(lambda v: int(20 + v * 0.85)), test / "b" / "brighter.png")
    save(picture(3), test / "b" / "other label.png")
    parts = whole(**{n: opened(tmp_path / n, tmp_path / "cache") for n in ("train", "test")})
    found = examine(parts, Image(), LABEL)
    (exact,) = found.find("test_rows_in_train")
    assert exact.severity == "refusal"
    assert [Path(r.place).name for r in exact.rows] == ["same.bmp", "other label.png"]
    (near,) = found.find("near_test_rows_in_train")
    assert near.severity == "warning"
    assert [Path(r.place).name for r in near.rows] == ["larger.jpg", "brighter.png"]
    assert "train" in near.rows[0].detail
    (torn,) = found.find("conflicting_labels")
    assert "1 image has different labels" in torn.message


def test_sizes_and_shapes(tmp_path: Path) -> None:
    """Long images are a warning, small ones a note, and the figures say sizes and modes."""
    root = tree(tmp_path / "data", ["a", "b"], 3)
    save(picture(50, 400, 40).convert("L"), root / "a" / "long.png")
    save(picture(51, 300, 300), root / "b" / "large.png")
    found = examine(whole(train=opened(root, tmp_path / "cache")), Image(), LABEL, processor=SimpleNamespace(size=224))
    (long,) = found.find("extreme_aspect_ratios")
    assert [r.detail for r in long.rows] == ["400 x 40"]
    assert found.find("small_images")[0].count == 7
    assert found.figures["images"]["train"]["modes"] == {"RGB": 7, "L": 1}
    assert found.figures["images"]["train"]["width"] == [24, 24, 400]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows"),
    [("gtsrb", (1150, 184, 442)), ("pneumonia_mnist", (2428, 270, 468))],
)
def test_real_data_is_counted_as_its_makers_say(name: str, rows: tuple[int, int, int], tmp_path: Path) -> None:
    """Rows of each split, and repeats: 5 inside train and 3 of validation in train in pneumonia_mnist, none in gtsrb."""
    if not (SHARED / name).is_dir():
        pytest.skip(f"no shared/data/{name} beside the repository")
    tables = read_parts(given_splits(Data(train=str(SHARED / name))), cache=tmp_path)
    parts = whole(**{n: inspected(t, Image(), tmp_path) for n, t in tables.items()})
    assert tuple(len(parts[n]) for n in ("train", "validation", "test")) == rows
    found = examine(parts, Image(), LABEL.learned(tables["train"].values("label")))
    repeats = {f.code: f.count for f in found.findings if "duplicates" in f.code or "rows_in" in f.code}
    if name == "pneumonia_mnist":
        assert repeats == {"exact_duplicates": 5, "validation_rows_in_train": 3}
    else:
        assert repeats == {"near_duplicates": 1}  # two frames of one sign, both in train
