"""Numbers with decimal commas and with separators between thousands, told by the whole column."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.data.reading.written_numbers import plain_numbers
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.target_numbers import numbers_read
from tests.data_cases import table


def column(cells: list[Any]) -> Any:
    return table([{"score": cell} for cell in cells])


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["3,5", "-0,25", "12", "", None], ["3.5", "-0.25", "12", "", None]),
        (["1.234,5", "1.234", "7"], ["1234.5", "1234", "7"]),
        (["1 234,5", "12\u00a0345,75", "3,1"], ["1234.5", "12345.75", "3.1"]),
        (["1'234", "2,5"], ["1234", "2.5"]),
        (["1,234.5", "12", "3.25"], ["1234.5", "12", "3.25"]),
        (["1,234,567", "1,234"], ["1234567", "1234"]),
        (["1,234", "3.5"], ["1234", "3.5"]),
        (["1,234", "3,5"], ["1.234", "3.5"]),
        (["1.5", "2", "3e4"], ["1.5", "2", "3e4"]),
        ([*["3,5"] * 20, "n/a"], [*["3.5"] * 20, "n/a"]),
        (["good, bad", "3,5"], ["good, bad", "3,5"]),
        ([*["3.5"] * 20, "3,5"], [*["3.5"] * 20, "3,5"]),
    ],
)
def test_the_whole_column_tells(cells: list[Any], numbers: list[Any]) -> None:
    found, writing, note = plain_numbers(column(cells), "score")
    assert found.values("score") == numbers
    assert bool(writing) == bool(note) == (cells != numbers)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["7", "1,234", "2,500"], "made.csv, row 2: column 'score' holds '1,234', which may be"),
        (["3.5", "2.25", "3,5"], "made.csv, row 3: column 'score' holds '3,5', and numbers with a decimal point"),
    ],
)
def test_what_cannot_be_told_is_refused(cells: list[Any], words: str) -> None:
    with pytest.raises(InputError) as caught:
        plain_numbers(column(cells), "score")
    assert words in str(caught.value)
    assert plain_numbers(column(cells), "score", strict=False)[1] == ""


def test_training_tells_it_for_the_other_tables() -> None:
    """`1,234` alone could be either; beside `0,5` it is a fraction."""
    tables = {"train": column([f"{i},5" for i in range(30)]), "test": column(["1,234"])}
    recipe = Recipe.load({"data": "x.csv", "target": {"kind": "score", "column": "score"}})
    said: list[str] = []
    found = numbers_read(recipe.target, recipe.target_column, tables, say=said.append)
    assert found["test"].values("score") == ["1.234"]
    assert said == ["column 'score': numbers with a decimal comma ('0,5' is 0.5)"]
    assert found["train"].fingerprint != tables["train"].fingerprint


@pytest.mark.parametrize("name", ["label", "labels"])
def test_without_a_kind_only_what_looks_like_a_score_is_turned(name: str) -> None:
    """And never a column of several labels."""
    many = table([{name: f"{i},5"} for i in range(30)])
    recipe = Recipe.load({"data": "x.csv", "target": {"column": name}})
    turned = numbers_read(recipe.target, recipe.target_column, {"train": many})["train"].values(name)[3]
    assert turned == ("3.5" if name == "label" else "3,5")
    kinds = Recipe.load({"data": "x.csv", "target": {"kind": "label", "column": name}})
    assert numbers_read(kinds.target, None, {"train": many})["train"] is many
