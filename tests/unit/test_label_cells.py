"""A representation of labels is never taken for their names: it is read as what it is and said, or refused with the fix."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Encoded
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.settle import settle
from burnish.targets import Target
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from tests.data_cases import BARE, table

SETS = [["billing"], ["billing", "delivery"], ["login"], ["delivery"], ["delivery", "login"]]
VECTORS = [[0, 1, 0], [1, 1, 0], [0, 0, 0], [1, 0, 1]]
Row = dict[str, Any]


def rows(cells: list[Any], column: str = "labels", times: int = 6) -> list[Row]:
    made = [cell for _ in range(times) for cell in cells]
    return [{"text": f"message {n} says something", column: cell} for n, cell in enumerate(made)]


def settled(made: list[Row], target: Any) -> tuple[Target, list[str]]:
    """The target that has learned from these rows, and what was said of it."""
    said: list[str] = []
    target = {"column": target} if isinstance(target, str) else target  # `labels` alone is a kind
    found = settle(Recipe.load({"data": "x.csv", "target": target}), table(made), said.append).target
    return found.learned(row[found.column] for row in made), said


def refused(made: list[Row], target: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        settled(made, target)
    assert caught.value.place == "target"
    assert caught.value.fix
    return caught.value


HOT: dict[str, Callable[[list[int]], Any]] = {
    "whole numbers": list,
    "floats": lambda v: list(map(float, v)),
    "truth values": lambda v: list(map(bool, v)),
    "texts": lambda v: list(map(str, v)),
    "python": str,
    "json floats": lambda v: json.dumps(list(map(float, v))),
    "numpy": lambda v: str(np.array(v)),
    "numpy floats": lambda v: str(np.array(v, float)),
    "numpy truth values": lambda v: str(np.array(v, bool)),
    "bars": lambda v: "|".join(map(str, v)),
    "minus one": lambda v: [1 if x else -1 for x in v],
}
HOT_TEXT = {
    "commas": lambda v: ",".join(map(str, v)),
    "spaces": lambda v: " ".join(map(str, v)),
    "bits": lambda v: "".join(map(str, v)),
}


@pytest.mark.parametrize("way", [*HOT, *HOT_TEXT])
def test_multi_hot_vectors_without_names_are_refused(way: str) -> None:
    made = rows([{**HOT, **HOT_TEXT}[way](v) for v in VECTORS])
    error = refused(made, {"kind": "labels", "column": "labels"})
    assert "multi-hot" in error.found
    assert "labels: [NAME1, NAME2, NAME3]" in error.fix
    if way in HOT:
        assert "multi-hot" in refused(made, "labels").found


@pytest.mark.parametrize("way", HOT)
def test_multi_hot_vectors_with_names_become_those_names(way: str) -> None:
    made = rows([HOT[way](v) for v in VECTORS])
    found, said = settled(made, {"kind": "labels", "column": "labels", "labels": ["a", "b", "c"]})
    assert [found.truth(row["labels"]) for row in made[:4]] == [["b"], ["a", "b"], [], ["a", "c"]]
    assert any("zeros and ones" in line for line in said)
    number, weight = found.encode(made[1]["labels"], {}, BARE)
    assert (number.tolist(), weight.tolist()) == ([1, 1, 0], [1, 1, 1])
    assert found.truth(["c", "a"]) == ["a", "c"], "names are understood as well"


def test_vectors_of_another_length_than_names_are_refused() -> None:
    error = refused(rows(list(VECTORS)), {"kind": "labels", "column": "labels", "labels": ["a", "b"]})
    assert "vectors of 3" in error.found


def test_numbers_that_are_said_to_be_names_stay_names() -> None:
    for target in ({"numbers": "names"}, {"labels": [0, 1]}):
        found, _ = settled(rows(list(VECTORS)), {"kind": "labels", "column": "labels", **target})
        assert found.names == ("0", "1")


def test_lists_of_numbers_become_the_names_at_their_positions() -> None:
    made = rows([[0, 2], [1], [2], []])
    found, said = settled(made, {"kind": "labels", "column": "labels", "labels": ["a", "b", "c"]})
    assert [found.truth(row["labels"]) for row in made[:4]] == [["a", "c"], ["b"], ["c"], []]
    assert any("0 is a, 1 is b" in line for line in said)
    error = refused(made, {"kind": "labels", "column": "labels", "labels": ["a", "b"]})
    assert "the number 2, but 2 labels" in error.found
    _, said = settled(made, "labels")
    assert any("numbers, which become the labels' names" in line for line in said)


def test_a_column_for_each_label_is_explained_where_no_target_is_named() -> None:
    made = [{"comment": f"row {i} says", "toxic": str(i % 2), "insult": i // 2 % 2 == 1} for i in range(20)]
    with pytest.raises(InputError, match="no target column is named") as caught:
        settle(Recipe.load({"data": "x.csv"}), table(made), print)
    assert "'toxic', 'insult' hold 0 and 1 only" in caught.value.fix


def test_shares_of_labels_are_refused() -> None:
    assert "fractions" in refused(rows([[0.1, 0.9], [0.75, 0.25]]), "labels").found


def test_lists_that_say_the_same_several_times_are_no_labels() -> None:
    error = refused(rows([[0, 0, 1], [0, 1, 0, 0], [0, 0]]), "labels")
    assert "one tag for each word" in error.found


def test_equally_long_lists_of_yes_and_no_are_no_labels() -> None:
    made = [["yes", "no", "no"], ["no", "no", "no"], ["yes", "yes", "no"]]
    for cells in (made, list(map(str, made))):
        assert "one value for each of 3 labels" in refused(rows(cells), {"kind": "labels", "column": "labels"}).found
    assert settled(rows(made), {"kind": "labels", "column": "labels", "labels": ["yes", "no"]})[0].names == (
        "yes",
        "no",
    )


@pytest.mark.parametrize("separator", [";", ",", " ", "/"])
def test_vectors_as_text_are_no_single_labels(separator: str) -> None:
    made = rows([separator.join(map(str, v)) for v in VECTORS], "label")
    error = refused(made, {"kind": "label", "column": "label"})
    assert "multi-hot" in error.found
    found, _ = settled(made, _override(error.fix))
    assert found.truth(made[1]["label"]) == ["NAME1", "NAME2"]
    assert settled(rows(["0/0", "0/1"], "label"), {"kind": "label", "column": "label"})[0].names == ("0/0", "0/1")


def test_numbers_of_words_are_no_single_labels() -> None:
    made = rows(["0 0 1 2", "0 1", "0 0 0 1 2"], "tags")
    assert "several numbers in a cell" in refused(made, "tags").found
    assert settled(made, {"kind": "label", "column": "tags"})[0].names == ("0 0 0 1 2", "0 0 1 2", "0 1")


def test_brackets_around_separated_labels_are_refused() -> None:
    made = rows(["[a|b]", "[a]", "[c|a|b]"])
    assert "brackets around the cell" in refused(made, {"kind": "labels", "column": "labels"}).found


WRITTEN: dict[str, Callable[[list[str]], str]] = {
    "python": str,
    "json": json.dumps,
    "numpy": lambda v: str(np.array(v, object)),
    "tuple": lambda v: str(tuple(v)),
    "set": lambda v: "{" + ", ".join(map(repr, v)) + "}",
    "without quotes": lambda v: f"[{', '.join(v)}]",
}


@pytest.mark.parametrize("way", WRITTEN)
@pytest.mark.parametrize("target", ["labels", {"kind": "labels", "column": "labels"}], ids=["found", "named"])
def test_lists_written_as_text_are_read_as_lists_and_said(way: str, target: Any) -> None:
    made = rows([WRITTEN[way](names) for names in SETS])
    found, said = settled(made, target)
    assert found.names == ("billing", "delivery", "login")
    assert [found.truth(row["labels"]) for row in made[:5]] == SETS
    assert any("lists written as text" in line for line in said)
    again = build("burnish.targets", json.loads(json.dumps(found.model_dump())))
    assert again == found, "the bundle reads them so as well"


def test_names_with_quotes_inside_are_read_back() -> None:
    names = [["it's"], ['say "no"', "it's"], ["a, b"]]
    found, _ = settled(rows(list(map(str, names))), "labels")
    assert found.names == ("a, b", "it's", 'say "no"')


@pytest.mark.parametrize("cell", ["[['a'], ['b']]", "['a' ... 'b']", "['don't', 'b']", '{"a": 1, "b": 0}'])
def test_what_cannot_be_read_as_a_list_is_refused(cell: str) -> None:
    error = refused(rows(["['a']", cell]), {"kind": "labels", "column": "labels"})
    assert cell in error.found
    assert "lists_as_text: false" in error.fix


def test_a_name_in_brackets_stays_possible() -> None:
    found, said = settled(rows(["[x]", "[y]"], "label"), "label")
    assert (found.kind(), found.names) == ("label", ("[x]", "[y]"))
    found, said = settled(rows(["[x]", "[y]|[x]"]), {"kind": "labels", "column": "labels"})
    assert found.names == ("[x]", "[y]")
    assert any("brackets" in line for line in said)
    kept = {"kind": "labels", "column": "labels", "lists_as_text": False}
    assert settled(rows(["['x']", "['y']"]), kept)[0].names == ("['x']", "['y']")


def test_a_single_label_with_brackets_and_quotes_is_refused_unless_it_is_named() -> None:
    made = rows(["['x']", "['y']"], "label")
    assert "list written as text" in refused(made, {"kind": "label", "column": "label"}).found
    given = {"kind": "label", "column": "label", "labels": ["['x']", "['y']"]}
    assert settled(made, given)[0].names == ("['x']", "['y']")


def test_bundles_of_before_read_their_cells_as_they_did() -> None:
    """Without the fields that a recipe of now has settled."""
    target = Labels(column="labels", labels=["['a', 'b']", "['a']"])
    assert target.truth("['a', 'b']") == ["['a', 'b']"]
    assert Labels(column="labels", labels=["0", "1"]).truth([1, 0, 1]) == ["0", "1"]
    assert Label(column="label", labels=["a", "b"]).truth(1) == "1"


@pytest.mark.parametrize("separator", [",", ";", ", ", "/", "+", "\t", " "])
def test_another_separator_is_refused_with_the_override(separator: str) -> None:
    made = rows([separator.join(names) for names in SETS])
    error = refused(made, {"kind": "labels", "column": "labels"})
    assert "'|'" in error.found
    target = Recipe.load({"data": "x.csv", "target": _override(error.fix)}).target
    found, _ = settled(made, target)
    assert found.names == ("billing", "delivery", "login")


def _override(fix: str) -> Any:
    import yaml

    return yaml.safe_load(fix[fix.index("{") : fix.index("}") + 1])


def test_another_separator_in_few_cells_is_refused_where_its_parts_are_labels() -> None:
    made = rows(["toxic", "clean", "rude", "clean", "toxic,rude"])
    assert "separator" in refused(made, {"kind": "labels", "column": "labels"}).found


def test_a_separator_that_is_named_is_taken_and_another_in_the_cells_is_said() -> None:
    made = rows([",".join(names) for names in SETS])
    found, said = settled(made, {"kind": "labels", "column": "labels", "separator": "|"})
    assert "billing,delivery" in found.names
    assert any('separator: ","' in line for line in said)


def test_the_column_that_was_taken_for_single_labels_is_refused_as_well() -> None:
    """As FSD50K has it: `Bark,Dog,Animal`."""
    made = rows(["Bark,Dog,Animal", "Meow,Cat,Animal", "Rain,Water"])
    error = refused(made, "labels")
    assert 'kind: labels, column: labels, separator: ","' in error.fix
    found, said = settled(rows(["Smith, John", "Doe, Jane"], "label"), "label")
    assert found.names == ("Doe, Jane", "Smith, John")
    assert any("for several labels" in line for line in said)


@pytest.mark.parametrize(
    "cells", [["lost card", "new card", "bad service"], ["sport/football", "sport/tennis", "news/local"], ["a|b", "c"]]
)
def test_ordinary_names_are_left_alone(cells: list[str]) -> None:
    target = {"kind": "labels" if "|" in cells[0] else "label", "column": "labels"}
    _, said = settled(rows(cells), target)
    assert not any("target:" in line for line in said)


@pytest.mark.parametrize(
    ("column", "numbers", "kind"),
    [
        ("label", [n % 40 for n in range(400)], "label"),
        ("label", [str(n % 40) for n in range(400)], "label"),
        ("intent_id", [1 + n % 77 for n in range(400)], "label"),
        ("categoryCode", [100 * (n % 30) for n in range(400)], "label"),
        ("target", [n % 40 for n in range(400)], "label"),
        ("kind", [f"{n % 40:03}" for n in range(400)], "label"),
        ("target", [18 + n % 70 for n in range(400)], "score"),
        ("label", [n * n for n in range(400)], "score"),
        ("label", [n % 40 + 0.5 * (n % 2) for n in range(400)], "score"),
        ("stars", [n % 40 for n in range(400)], "score"),
        ("price", [n % 40 for n in range(400)], "score"),
    ],
)
def test_codes_of_classes_are_told_from_amounts(column: str, numbers: list[Any], kind: str) -> None:
    found, said = settled(rows(numbers, column, 1), column)
    assert found.kind() == kind
    if column in ("label", "target") and all(isinstance(n, int) for n in numbers):
        assert any("whole numbers are read as" in line and "target={kind:" in line for line in said)


def test_class_codes_become_the_names_that_are_given() -> None:
    for cells in ([0, 1, 1], ["0", "1", "1"], [0.0, 1.0, 1.0], [False, True, True]):
        made = rows(cells, "label")
        found, said = settled(made, {"kind": "label", "column": "label", "labels": ["ham", "spam"]})
        assert [found.truth(row["label"]) for row in made[:3]] == ["ham", "spam", "spam"]
        assert any("0 is ham, 1 is spam" in line for line in said)
        assert found.counts(row["label"] for row in made) == {"ham": 6, "spam": 12}
    given = {"kind": "label", "column": "label", "labels": ["ham", "spam"]}
    assert "the number 2" in refused(rows([0, 1, 2], "label"), given).found


def test_missing_class_codes_are_missing() -> None:
    target = Label(column="label", labels=["a", "b"], numbers="positions")
    assert [target.truth(v) for v in (0, 1, -1, None, "b")] == ["a", "b", None, None, "b"]
    row: Encoded = {}
    assert target.encode(-1, row, BARE)[1] == 0
