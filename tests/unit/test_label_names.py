"""Label names that look alike are two classes to a network: the audit names them, with a row of each."""

from __future__ import annotations

import unicodedata
from typing import Any

import numpy as np
import pytest

from burnish.data.looking.audit import examine
from burnish.data.looking.audit.names import folded
from burnish.data.table import Part
from burnish.targets import Target
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from burnish.targets.tags import Tags
from tests.data_cases import table, text_input

ALIKE = [
    ("Login", "login", "case"),
    ("Réclamation", unicodedata.normalize("NFD", "Réclamation"), "Unicode form"),
    ("Livraison", "Livraison\u200b", "invisible characters"),
    ("Login", "Lo\u00adgin", "invisible characters"),
    ("\ufefflogin", "login", "invisible characters"),
    ("lost card", "lost  card", "between the words"),
    ("lost card", "lost\u00a0card", "between the words"),
    ("lost_card", "lost-card", "between the words"),
    ("ABC", "\uff21\uff22\uff23", "width or form"),
    ("cop", "\u0441op", "drawn alike"),
    ("Lost Card", "LOST_CARD", "case, space"),
    ("STRASSE", "straße", "case"),
]
APART = [
    ("1", "-1"),
    ("C", "C#"),
    ("C", "C++"),
    ("a", "b"),
    ("1.5", "15"),
    ("résumé", "resume"),
    ("сад", "cad"),
    ("不", "好"),
    (":)", ":("),
    ("का", "की"),
]


def found(target: Target, cells: dict[str, list[Any]]) -> Any:
    column = target.column
    parts = {
        name: table([{"text": f"{name} {i} says {i * i}", column: c} for i, c in enumerate(own)], f"{name}.csv")
        for name, own in cells.items()
    }
    learned = target.learned(cells["train"])
    return examine({name: Part(t, np.arange(len(t))) for name, t in parts.items()}, text_input("text"), learned).find(
        "near_equal_labels"
    )


@pytest.mark.parametrize(("one", "other", "words"), ALIKE)
def test_names_that_look_alike_are_named_with_their_rows(one: str, other: str, words: str) -> None:
    (finding,) = found(Label(), {"train": [one, "zebra", other, one, "zebra"]})
    assert finding.severity == "warning"
    assert words in finding.message
    assert "(2)" in finding.message
    assert {row.place for row in finding.rows} == {"train.csv, row 1", "train.csv, row 3"}
    assert finding.count == 3
    assert ascii(other) in " ".join([finding.message, *(row.detail for row in finding.rows)])


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_that_differ_are_left_alone(one: str, other: str) -> None:
    assert folded(one) != folded(other)
    assert not found(Label(), {"train": [one, other, one, other]})


def test_every_target_with_names_and_every_split() -> None:
    (finding,) = found(Labels(), {"train": [["Login", "a"], ["a"], ["b"]], "test": [["a"], ["login", "b"]]})
    assert [row.place for row in finding.rows] == ["train.csv, row 1", "test.csv, row 2"]
    (finding,) = found(Tags(), {"train": [["O", "B-per"], ["O", "B-PER"]]})
    assert "'B-PER'" in finding.message
    assert not found(Score(column="score"), {"train": [1.0, 2.0]})
