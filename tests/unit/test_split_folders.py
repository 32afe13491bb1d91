"""Folders that are splits are taken as splits, whatever stands beside them, and never become classes."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.places import given_splits, splits_of
from burnish.data.reading.split_folders import part_of
from burnish.data.reading.tables import read, read_parts
from burnish.data.settings import Data
from tests.image_cases import picture, save, tree


def split_tree(root: Path, *names: str, classes: Sequence[str] = ("cat", "dog")) -> Path:
    """A folder of splits of class folders with two pictures each."""
    for i, name in enumerate(names):
        tree(root / name, classes, 2, start=20 * i)
    return root


def labels(root: Path) -> dict[str, list[str]]:
    """Part to the labels in it, as a run reads them."""
    tables = read_parts(given_splits(Data(train=str(root))), cache=root.parent / "cache")
    return {name: sorted(set(table.values("label"))) for name, table in tables.items()}


BOTH = ["cat", "dog"]


@pytest.mark.parametrize(
    ("name", "part"),
    [
        *(
            (n, "train")
            for n in ("train", "TRAIN", "training", "training_set", "Training Data", "seg_train", "train2017")
        ),
        *((n, "train") for n in ("trainset", "train-images", "images_train", "TrainData", "01_train", "train_split")),
        *((n, "validation") for n in ("val", "valid", "Validation", "dev", "val_set", "valset", "validation-data")),
        *((n, "test") for n in ("test", "testing", "test_data", "seg_test", "TestSet", "test 2", "testimages")),
        *(
            (n, "")
            for n in ("cat", "contest", "latest", "trainer", "train_val", "devil", "invalid", "set", "images", "")
        ),
        *((n, "") for n in ("train-clean-100", "passenger train", "protest")),
    ],
)
def test_names_of_splits(name: str, part: str) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    "beside",
    [
        ("__MACOSX", "train/cat/._1.png"),
        ("@eaDir", "cat/SYNOFILE_THUMB_M.png"),
        (".git", "HEAD"),
        (".ipynb_checkpoints", "1.png"),
        ("_docs", "readme.txt"),
        ("docs", "deep/er/notes.md"),
        ("empty", ""),
        ("extra", "1.png"),
    ],
    ids=lambda pair: pair[0],
)
def test_odd_folders_beside_splits_are_passed_over_and_said(beside: tuple[str, str], tmp_path: Path) -> None:
    root = split_tree(tmp_path / "data", "train", "val")
    folder, file = beside
    (root / folder).mkdir()
    if file:
        save(picture(50), root / folder / file, format="PNG")
    assert labels(root) == {"train": BOTH, "validation": BOTH}
    notes = " ".join(splits_of(Data(train=str(root)))[1])
    assert folder in notes
    assert "train is" in notes
    with pytest.raises(InputError, match="holds splits"):
        read(root, cache=tmp_path / "cache")


@pytest.mark.parametrize("name", ["__MACOSX", "@eaDir", ".hidden"])
def test_system_folders_are_no_classes_and_hold_no_rows(name: str, tmp_path: Path) -> None:
    root = tree(tmp_path / "data", BOTH, 3)
    for where in (root, root / "cat"):
        save(picture(9), where / name / "cat" / "thumb.png")
    (root / "cat" / "Thumbs.db").write_bytes(b"x")
    table = read(root, cache=tmp_path / "cache")
    assert table.values("label") == ["cat"] * 3 + ["dog"] * 3
    assert not any("Thumbs" in note for note in table.notes)


def test_a_flat_test_folder_is_passed_over_and_said(tmp_path: Path) -> None:
    """It has no labels; the test is made from the training rows."""
    root = split_tree(tmp_path / "data", "train")
    save(picture(9), root / "test" / "1.png")
    assert labels(root) == {"train": BOTH}
    assert any(
        "test: 1 files without class folders or a table have no labels" in n for n in splits_of(Data(train=root))[1]
    )


def test_one_split_beside_documents_is_taken(tmp_path: Path) -> None:
    root = split_tree(tmp_path / "data", "train")
    (root / "_docs").mkdir()
    assert labels(root) == {"train": BOTH}


def test_splits_in_folders_of_their_own_name(tmp_path: Path) -> None:
    """seg_train/seg_train, seg_test/seg_test, and a seg_pred that is no split."""
    root = split_tree(tmp_path / "data", "seg_train/seg_train", "seg_test/seg_test")
    save(picture(9), root / "seg_pred" / "seg_pred" / "1.png")
    assert labels(root) == {"train": BOTH, "test": BOTH}
    for part in ("train", "test"):
        inner = root / f"seg_{part}" / f"seg_{part}"
        with pytest.raises(InputError, match="folder") as found:
            read(root / f"seg_{part}", cache=tmp_path / "cache")
        assert str(inner) in found.value.fix
    assert labels(root / "seg_train") == {"train": BOTH}


@pytest.mark.parametrize("inside", ["", "images"])
def test_each_split_with_its_own_table(inside: str, tmp_path: Path) -> None:
    """The layout of `imagefolder` on the hub: metadata.csv beside the files it names."""
    root = tmp_path / "data"
    for part in ("train", "test"):
        for i in range(3):
            save(picture(i), root / part / inside / f"{i}.png")
        lines = [f"{(inside + '/') * bool(inside)}{i}.png,{'ab'[i % 2]}" for i in range(3)]
        (root / part / "metadata.csv").write_text("\n".join(["file_name,label", *lines]) + "\n")
    data = given_splits(Data(train=str(root)))
    assert (data.train, data.test) == (str(root / "train" / "metadata.csv"), str(root / "test" / "metadata.csv"))


def test_shards_in_folders_of_splits_are_not_joined(tmp_path: Path) -> None:
    """Read as one table, the test would be trained on."""
    for part in ("train", "test"):
        (tmp_path / "data" / part).mkdir(parents=True)
        (tmp_path / "data" / part / "part-0.csv").write_text(f"text,label\n{part} one,a\n{part} two,b\n")
    tables = read_parts(given_splits(Data(train=str(tmp_path / "data"))), cache=tmp_path / "cache")
    assert {name: len(table) for name, table in tables.items()} == {"train": 2, "test": 2}


def test_split_words_that_are_classes(tmp_path: Path) -> None:
    """A train among other vehicles, valid beside invalid: their folders hold files and not classes."""
    for names in (("car", "bus", "train"), ("valid", "invalid")):
        root = tree(tmp_path / names[0], names, 2)
        assert labels(root) == {"train": sorted(names)}


def refused(root: Path, message: str) -> InputError:
    """The error by which both a run and a plain read refuse a folder."""
    with pytest.raises(InputError, match=message):
        read(root, cache=root.parent / "cache")
    with pytest.raises(InputError, match=message) as found:
        read(given_splits(Data(train=str(root))), cache=root.parent / "cache")
    return found.value


def test_flat_splits_are_no_classes(tmp_path: Path) -> None:
    tree(tmp_path / "data", ["train", "test"], 2)
    assert "metadata.csv" in refused(tmp_path / "data", "train.* named like splits and hold files without").fix + ""


def test_splits_without_training_are_refused(tmp_path: Path) -> None:
    refused(split_tree(tmp_path / "data", "val", "test"), "none of them is for training")


def test_two_folders_of_one_split_are_refused(tmp_path: Path) -> None:
    found = refused(split_tree(tmp_path / "data", "val", "validation", "train"), "all named like the validation split")
    assert "validation: [" in found.fix


def test_a_split_beside_classes_is_refused(tmp_path: Path) -> None:
    root = tree(tmp_path / "data", ["car", "bus"], 2)
    tree(root / "train", ["passenger", "freight"], 2)
    found = refused(root, "train looks like a split, but bus, car beside it does not")
    assert "image_folder" in found.fix
    table = read(Data(train=str(root), source="image_folder"), cache=tmp_path / "cache")  # type: ignore[arg-type]
    assert set(table.values("label")) == {"car", "bus", "train"}


@pytest.mark.parametrize("name", ["test", "copy"])
def test_a_folder_that_repeats_the_classes_is_refused(name: str, tmp_path: Path) -> None:
    """cat, dog, test/cat, test/dog: test is no third class."""
    root = tree(tmp_path / "data", BOTH, 2)
    tree(root / name, BOTH, 1, start=50)
    refused(root, f"the folder {name} holds folders that are called like those beside it")


def test_classes_that_share_their_folders_are_refused(tmp_path: Path) -> None:
    """Years, sites, folds: what they hold are the classes; the user may say otherwise."""
    root = split_tree(tmp_path / "data", "2019", "2020", "2021")
    found = refused(root, "all hold folders called cat, dog")
    data = Data(train=[str(root / year) for year in ("2019", "2020", "2021")])
    assert f"[{root / '2019'}, {root / '2020'}, {root / '2021'}]" in found.fix
    assert set(read(data, cache=tmp_path / "cache").values("label")) == {"cat", "dog"}
    meant = Data(train=str(root), source="image_folder")  # type: ignore[arg-type]
    assert set(read(given_splits(meant), cache=tmp_path / "cache").values("label")) == {"2019", "2020", "2021"}


def test_the_folder_inside_an_archive_is_offered(tmp_path: Path) -> None:
    """zip archives hold one folder, and unpacking makes another of their name around it."""
    tree(tmp_path / "pets" / "pets", BOTH, 2)
    (tmp_path / "pets" / "__MACOSX").mkdir()
    assert str(tmp_path / "pets" / "pets") in refused(tmp_path / "pets", "nothing but the folder pets").fix
    split_tree(tmp_path / "archive" / "archive", "train", "test")
    refused(tmp_path / "archive", "nothing but the folder archive")
    shutil.rmtree(tmp_path / "pets" / "pets" / "dog")
    assert set(read(tmp_path / "pets" / "pets", cache=tmp_path / "cache").values("label")) == {"cat"}


def test_folders_that_only_resemble_splits_are_refused_with_each_offered_as_its_split(tmp_path: Path) -> None:
    root = split_tree(tmp_path / "data", "X_train", "X_test")
    with pytest.raises(InputError, match="may be the classes") as caught:
        splits_of(Data(train=str(root)))
    assert f"data: {{test: {root / 'X_test'}, train: {root / 'X_train'}}}" in caught.value.fix
    other = split_tree(tmp_path / "folds", "fold_a", "fold_b")
    with pytest.raises(InputError, match="may be the classes") as caught:
        splits_of(Data(train=str(other)))
    assert f"data.train: [{other / 'fold_a'}, {other / 'fold_b'}]" in caught.value.fix
