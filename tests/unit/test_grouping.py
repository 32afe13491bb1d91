"""Speakers are known by the names of their columns: splits keep them apart where they can, and it is said."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.data.parts import divide
from burnish.inputs.audio import Audio
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.grouping import groups
from burnish.stages.prepare.settle import settle
from tests.data_cases import label_target, table
from tests.speech_cases import Recordings

Rows = list[dict[str, Any]]


def rows(*speakers: Any, column: str = "speaker") -> Rows:
    return [{"audio": f"{n}.wav", "label": "ab"[n % 2], column: who} for n, who in enumerate(speakers)]


def found(train: Rows, recipe: dict[str, Any] | None = None, **others: Rows) -> tuple[dict[str, Any], list[str]]:
    said: list[str] = []
    made = Recipe.load({"data": "x.csv", **(recipe or {})})
    tables = {"train": table(train), **{name: table(given) for name, given in others.items()}}
    return groups(made, Recordings(), tables, said.append), said


@pytest.mark.parametrize("column", ["client_id", "speaker", "speaker_id"])
def test_a_column_of_speakers_is_taken_and_said(column: str) -> None:
    made, said = found(rows(*"aabbccdd", column=column))
    assert (made["group"], made["split"].kind(), made["split"].group) == (column, "grouped", column)
    assert said == [
        f"split: grouped, so that no {column!r} is in two splits (a column by its name; `split: stratified` divides without it)"
    ]


def test_no_speaker_is_in_two_splits() -> None:
    train = table(rows(*(f"s{n % 12}" for n in range(120))))
    made = groups(Recipe.load({"data": "x.csv"}), Recordings(), {"train": train}, lambda _: None)
    parts = divide({"train": train}, made["split"], Recordings(), label_target("a", "b"), seed=0)
    voices = [set(part.cells("speaker")) for part in parts.values()]
    assert all(voices)
    assert sum(map(len, voices)) == len(set.union(*voices)) == 12


def test_one_speaker_is_said_and_goes_on() -> None:
    made, said = found(rows(*"aaaaaa"))
    assert made == {}
    assert said == ["group: every row is of one 'speaker', so splits cannot keep them apart"]


def test_two_speakers_are_too_few_for_three_splits() -> None:
    made, said = found(rows(*"aaabbb"))
    assert made == {}
    assert "2 values of 'speaker' are too few for 3 splits" in said[0]
    made, _ = found(rows(*"aaabbb"), {"split": {"kind": "stratified"}})
    assert made == {}
    made, _ = found(rows("a", "b", None, "", "a"))  # rows without a speaker stand alone
    assert made["group"] == "speaker"


def test_a_column_without_speakers_is_none() -> None:
    assert found(rows(None, "", None)) == ({}, [])
    assert found([{"audio": "x.wav", "label": "a"}]) == ({}, [])


def test_a_recipe_that_says_how_is_obeyed() -> None:
    assert found(rows(*"aabbcc"), {"split": {"kind": "stratified"}}) == ({}, [])
    made, said = found([{**r, "house": n} for n, r in enumerate(rows(*"aabbcc"))], {"group": "house"})
    assert (made["group"], made["split"].group) == ("house", "house")
    assert said == ["split: grouped, so that no 'house' is in two splits"]


def test_given_splits_keep_their_rows() -> None:
    """Speakers that they share are named by the audit, and are no reason to leave rows out."""
    made, said = found(rows(*"aabb"), validation=rows("c"), test=rows("d"))
    assert made == {"group": "speaker"}
    assert "intervals are over its values" in said[0]
    made, said = found(rows(*"aabb"), validation=rows("c"), test=rows("a", "d"))
    assert made == {}
    assert said == ["group: 1 values of 'speaker' are in train and in test, as they were given; rows stand alone"]
    made, said = found(rows(*"aabbcc"), test=rows("d"))
    assert (made["group"], made["split"].kind()) == ("speaker", "grouped")  # validation is made of training rows
    assert found(rows(*"aabbcc"), test=[{"audio": "x.wav", "label": "a"}]) == ({}, [])


def test_inputs_that_know_no_groups_take_none() -> None:
    train = table(rows(*"aabbcc"))
    assert groups(Recipe.load({"data": "x.csv"}), Audio(), {"train": train}, lambda _: None) == {}


def test_settling_asks_for_groups() -> None:
    recipe = Recipe.load(
        {"data": "x.csv", "target": "label", "input": "tests.speech_cases:Recordings", "trust_code": True}
    )
    settled = settle(recipe, table(rows(*"aabbccddee")), lambda _: None)
    assert settled.group == "speaker"
    with_test = settle(recipe, table(rows(*"aabb")), lambda _: None, {"test": table(rows("a", "a"))})
    assert with_test.group is None
