"""Several data sets of one run: what a recipe says of them, and one table of their tables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.core.errors import InputError
from burnish.data.data_set import DataSet, places_in
from burnish.data.joining import joined, renamed, require_in_each
from burnish.data.parts import divide
from burnish.data.reading.one_type import require_one_type
from burnish.data.reading.tables import read_parts
from burnish.data.settings import Data
from burnish.data.splits.stratified import Stratified
from burnish.data.table import Table
from burnish.inputs.text import Text
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import loads
from burnish.recipe.written import commented
from burnish.stages.outside import require_apart
from burnish.stages.prepare.assembling import with_rows
from burnish.stages.prepare.data_sets import named_alike
from burnish.stages.prepare.splits import split_hashes
from burnish.targets.label import Label
from burnish.targets.score import Score


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BURNISH_CACHE", str(tmp_path / "cache"))


def written(path: Path, rows: list[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def csv(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def tables_of(*sets: Mapping[str, Any], **more: Any) -> dict[str, Table]:
    return named_alike(read_parts(Data(train=list(sets), **more)), Label(column="label"), None)


def test_a_list_of_mappings_with_a_place_is_one_of_data_sets() -> None:
    data = Data(train=[{"place": "some/alpaca.jsonl.gz", "weight": 2}, "more/dolly.parquet"])
    assert [(one.name, one.weight, one.columns) for one in data.train] == [("alpaca", 2, {}), ("dolly", 1, {})]
    assert list(places_in(data.train)) == ["some/alpaca.jsonl.gz", "more/dolly.parquet"]


@pytest.mark.parametrize(
    "rows", [[{"place": "Oslo", "label": "a"}], [{"text": "a", "label": "b"}], ["a.csv", "b.csv"], "a.csv"]
)
def test_rows_in_memory_and_paths_stay_what_they_are(rows: Any) -> None:
    assert Data(train=rows).train == rows


@pytest.mark.parametrize(
    ("part", "sets", "said"),
    [
        ("train", [{"place": "a.csv", "wieght": 2}], "unknown field"),
        ("train", [{"place": "a.csv", "weight": 0}], "greater than 0"),
        ("train", [{"place": "a.csv", "weight": -1}], "greater than 0"),
        ("train", [{"place": "a.csv", "weight": float("inf")}], "finite"),
        ("train", [{"place": "x/a.csv"}, {"place": "y/a.jsonl"}], "two data sets are called 'a'"),
        ("test", [{"place": "a.csv", "weight": 2}], "has weight 2"),
    ],
)
def test_what_a_data_set_cannot_be(part: str, sets: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        Data(**{"train": "t.csv", part: sets})
    assert f"data.{part}" in str(caught.value)


def test_a_misspelt_key_is_offered_the_nearest() -> None:
    with pytest.raises(InputError, match="'weight' instead of 'wieght'"):
        Data(train=[{"place": "a.csv", "wieght": 2}])


def test_a_recipe_that_is_written_down_says_them_all() -> None:
    sets = [
        {"place": "a.csv", "weight": 2.0, "columns": {"text": "review"}},
        {"place": ["b.csv", "c.csv"], "name": "b"},
    ]
    recipe = Recipe.load({"data": {"train": sets, "validation": [{"place": "v.csv"}]}})
    again = Recipe.load(loads(commented(recipe)))
    assert again.data == recipe.data
    assert Recipe.load(recipe.model_dump(mode="json")).data == recipe.data
    assert again.data.train[0] == DataSet(place="a.csv", weight=2, columns={"text": "review"}, name="a")


def test_nothing_is_written_into_the_folder_of_a_data_set(tmp_path: Path) -> None:
    data = Data(train=[{"place": str(tmp_path)}])
    with pytest.raises(InputError, match="inside the data"):
        require_apart(tmp_path / "out", [data.train])


def test_one_table_knows_the_file_and_the_data_set_of_each_row(tmp_path: Path) -> None:
    a = written(tmp_path / "a.jsonl", [{"text": f"a {i}", "label": "x", "extra": i} for i in range(3)])
    b = csv(tmp_path / "b.csv", "review,stars\none,x\ntwo,y\n")
    made = joined(tables_of({"place": a}, {"place": b, "columns": {"text": "review", "label": "stars"}}))["train"]
    assert made.data_sets == ("a", "b")
    assert made.data_set_numbers.tolist() == [0, 0, 0, 1, 1]
    assert (made.place(2), made.place(3)) == (f"{a}, row 3", f"{b}, row 1")
    assert made.values("text") == ["a 0", "a 1", "a 2", "one", "two"]
    assert made.values("extra") == [0, 1, 2, None, None]


def test_a_renamed_column_takes_the_place_of_one_with_its_name(tmp_path: Path) -> None:
    a = written(tmp_path / "a.jsonl", [{"text": "headline", "body": "the words", "label": "x"}])
    table = read_parts(Data(train=[{"place": a, "columns": {"text": "body"}}]))
    made = renamed(next(iter(table.values())))
    assert made.values("text") == ["the words"]
    assert set(made.columns) == {"text", "label"}
    assert made.fingerprint != next(iter(table.values())).fingerprint


def test_a_column_that_is_not_there_is_named_with_its_file(tmp_path: Path) -> None:
    a = written(tmp_path / "a.jsonl", [{"text": "a", "label": "x"}])
    b = written(tmp_path / "b.jsonl", [{"review": "b", "label": "x"}])
    with pytest.raises(InputError, match="'reviev'") as caught:
        tables_of({"place": a}, {"place": b, "columns": {"text": "reviev"}})
    assert b in str(caught.value)
    with pytest.raises(InputError, match="no column 'text'") as caught:
        require_in_each(tables_of({"place": a}, {"place": b}), ["text", "label"], renamed=True)
    assert b in str(caught.value)
    with pytest.raises(InputError, match="'txet', which nothing reads"):
        require_in_each(tables_of({"place": b, "columns": {"txet": "review"}}), ["text", "label"], renamed=True)


def test_what_training_rows_are_divided_by_is_asked_of_them_alone(tmp_path: Path) -> None:
    a = written(tmp_path / "a.jsonl", [{"text": "a", "label": "x", "shop": 1}])
    b = written(tmp_path / "b.jsonl", [{"text": "b", "label": "x"}])
    require_in_each(tables_of({"place": a}, test=[{"place": b}]), ["text"], ["shop"], renamed=True)
    with pytest.raises(InputError, match="no column 'shop'"):
        require_in_each(tables_of({"place": a}, {"place": b}), ["text"], ["shop"], renamed=True)


def test_numbers_beside_text_are_text_and_what_has_no_common_type_cannot_be_read(tmp_path: Path) -> None:
    a = csv(tmp_path / "a.csv", "text,label,more\none,1,a\n")
    b = written(tmp_path / "b.jsonl", [{"text": "b", "label": 2, "more": ["x", "y"]}])
    made = joined(tables_of({"place": a}, {"place": b}))["train"]
    assert made.values("label") == ["1", "2"]
    assert any("numbers are taken as text" in note for note in made.notes)
    require_one_type(made, ["text", "label"])
    with pytest.raises(InputError, match="'more'") as caught:
        require_one_type(made, ["more"])
    assert b in str(caught.value)


def test_each_data_set_writes_its_numbers_in_its_own_way(tmp_path: Path) -> None:
    a = csv(tmp_path / "a.csv", "text;score\n" + "".join(f"a{i};{i},5\n" for i in range(9)))
    b = csv(tmp_path / "b.csv", "text,score\n" + "".join(f"b{i},{i}.25\n" for i in range(9)))
    tables = named_alike(read_parts(Data(train=[{"place": a}, {"place": b}])), Score(column="score"), None)
    assert joined(tables)["train"].values("score")[7:11] == ["7.5", "8.5", "0.25", "1.25"]


def test_splits_keep_the_share_of_each_data_set_and_equal_contents_together(tmp_path: Path) -> None:
    rows = [{"text": f"a {i}", "label": "xy"[i % 2]} for i in range(100)]
    others = [{"text": f"b {i}" if i > 9 else f"a {i}", "label": "xy"[i % 2]} for i in range(40)]
    sets = [{"place": written(tmp_path / "a.jsonl", rows)}, {"place": written(tmp_path / "b.jsonl", others)}]
    table = joined(tables_of(*sets))["train"]
    parts = divide({"train": table}, Stratified(), Text(columns=["text"]), Label(column="label"), seed=3)
    texts = {name: {table.values("text")[row] for row in part.rows} for name, part in parts.items()}
    assert not texts["train"] & texts["test"]
    assert not texts["validation"] & (texts["train"] | texts["test"])
    counts = {name: np.bincount(table.data_set_numbers[part.rows]).tolist() for name, part in parts.items()}
    assert abs(counts["test"][0] - 20) <= 4
    assert abs(counts["test"][1] - 8) <= 4
    assert split_hashes(parts["test"])["data_sets"] == dict(zip("ab", counts["test"], strict=True))


def test_a_split_of_its_own_may_have_other_data_sets(tmp_path: Path) -> None:
    a = written(tmp_path / "a.jsonl", [{"text": "a", "label": "x"}])
    b = written(tmp_path / "b.jsonl", [{"text": "b", "label": "x"}])
    tables = joined(named_alike(read_parts(Data(train=a, test=[{"place": a}, {"place": b}])), None, None))
    assert list(tables) == ["train", "test"]
    assert (tables["train"].data_sets, tables["test"].data_sets) == ((), ("a", "b"))


def test_conversations_of_two_forms_are_read_each_in_its_own(tmp_path: Path) -> None:
    from burnish.inputs.chat import Chat

    alpaca = written(tmp_path / "alpaca.jsonl", [{"ask": "When?", "reply": "At nine."}])
    turns = [{"role": "user", "content": "Where?"}, {"role": "assistant", "content": "Here."}]
    messages = written(tmp_path / "messages.jsonl", [{"messages": turns}])
    parts = {"instruction": "ask", "output": "reply"}
    data = Data(train=[{"place": alpaca, "columns": parts}, {"place": messages}])
    tables = with_rows(read_parts(data), Chat(), tmp_path / "cache")
    made = joined(named_alike(tables, None, None))["train"]
    asked = [[m["content"] for m in json.loads(cell)["messages"]] for cell in made.values("conversation")]
    assert asked == [["When?", "At nine."], ["Where?", "Here."]]
    assert made.place(1) == f"{messages}, row 1"
    wrong = Data(train=[{"place": alpaca, "columns": {"instruction": "asks", "output": "reply"}}])
    with pytest.raises(InputError, match="'asks'") as caught:
        with_rows(read_parts(wrong), Chat(), tmp_path / "cache")
    assert alpaca in str(caught.value)
