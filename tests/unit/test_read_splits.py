"""The one way from tables to splits, and what its callers may ask otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.tables import read
from burnish.data.settings import Data
from burnish.inputs.image import Image
from burnish.inputs.text import Text
from burnish.recipe.recipe import Recipe
from burnish.stages.given_columns import GivenColumns
from burnish.stages.prepare.splits import GIVEN, read_given, read_splits, read_tables, split_hashes
from burnish.targets.label import Label
from burnish.targets.score import Score
from tests.image_cases import picture, save

TEXT, LABEL = Text(columns=["text"]), Label(column="label")
ROWS = [{"text": f"message number {i}", "label": "ab"[i % 2]} for i in range(40)]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))


def recipe(**data: Any) -> Recipe:
    return Recipe.load({"data": data, "target": {"kind": "label", "column": "label"}})


def test_rows_that_are_not_divided_are_one_split(tmp_path: Path) -> None:
    table = read_given(ROWS, LABEL, GivenColumns.of(TEXT, "label"))
    made = read_splits({GIVEN: table}, TEXT, LABEL, tmp_path, division=None, beside_tables=True)
    assert made.parts[GIVEN].rows.tolist() == list(range(40))
    assert (made.findings, made.figures, made.left_out) == ((), {}, {})


def test_given_rows_must_have_the_columns_and_their_numbers_are_numbers() -> None:
    with pytest.raises(InputError, match="'label'"):
        read_given([{"text": "a"}], LABEL, GivenColumns.of(TEXT, "label"))
    rows = [{"text": "a", "score": f"{i},5"} for i in range(9)]
    assert read_given(rows, Score(column="score"), GivenColumns.of(TEXT, "score")).values("score")[:2] == ["0.5", "1.5"]


def test_the_same_rows_are_divided_alike_whoever_asks(tmp_path: Path) -> None:
    asked = recipe(train=ROWS)
    said: list[str] = []
    tables = read_tables(asked.data, asked.target, say=said.append)
    again = read_tables(asked.data, asked.target)
    assert any("cache" in line for line in said)
    first, second = (
        read_splits(t, TEXT, LABEL, tmp_path, division=asked, beside_tables=b).parts
        for t, b in ((tables, True), (again, False))
    )
    assert sorted(first) == ["test", "train", "validation"]
    assert {n: split_hashes(p) for n, p in first.items()} == {n: split_hashes(p) for n, p in second.items()}


@pytest.mark.parametrize("keeps", [False, True])
def test_rows_that_splits_share_stay_where_that_is_asked_for(tmp_path: Path, keeps: bool) -> None:
    asked = recipe(train=ROWS, test=[ROWS[0], {"text": "new", "label": "a"}])
    tables = read_tables(asked.data, asked.target)
    made = read_splits(tables, TEXT, LABEL, tmp_path, division=asked, beside_tables=True, keeps_shared_rows=keeps)
    held = {int(row) for name in ("train", "validation") for row in made.parts[name].rows}
    assert (0 in held) is keeps
    assert sum(made.left_out.values()) == (0 if keeps else 1)


@pytest.mark.parametrize("beside", [True, False])
def test_paths_are_looked_for_beside_their_table_or_below_the_root_alone(tmp_path: Path, beside: bool) -> None:
    for folder, value in (("train", 1), ("test", 2)):
        save(picture(value), tmp_path / folder / "1.png")
        (tmp_path / folder / "rows.csv").write_text("image,label\n1.png,a\n")
    tables = {name: read(tmp_path / name / "rows.csv") for name in ("train", "test")}
    image = Image(root=str(tmp_path / "train"))
    made = read_splits(tables, image, LABEL, tmp_path / "cache", division=None, beside_tables=beside)
    own, other = (made.parts[name].table for name in ("train", "test"))
    assert own.inspection is not None
    assert other.inspection is not None
    assert (own.inspection.contents[0] == other.inspection.contents[0]) is not beside


def test_files_of_which_none_is_there_are_refused_for_every_caller(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("image,label\ngone.png,a\n")
    tables = read_tables(Data(train=str(tmp_path / "rows.csv")), LABEL)
    with pytest.raises(InputError, match="none of the 1 image files"):
        read_splits(tables, Image(root=str(tmp_path)), LABEL, tmp_path, division=None, beside_tables=False)
