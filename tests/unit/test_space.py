"""What recipes leave open: how it is read, drawn and left out."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.recipe.space import Choices, Range, as_usual, drawn, grid, left_open, open_places

SPACE: dict[str, Any] = {
    "data": {"train": "x.csv"},
    "learning_rate": {"sweep": [1e-5, 1e-3], "log": True},
    "batch_size": {"sweep": [8, 32], "step": 8},
    "optimizer": {"choices": ["adamw", {"kind": "sgd", "momentum": {"sweep": [0.0, 0.9]}}]},
    "loss": {"kind": "focal", "gamma": {"sweep": [0.5, 3.0]}},
    "epochs": 2,
}


class Low:
    """Draws the lowest number and the last label, and remembers where."""

    def __init__(self) -> None:
        self.places: list[str] = []

    def number(self, place: str, among: Range) -> float:
        self.places.append(place)
        return among.low

    def label(self, place: str, labels: list[str]) -> str:
        self.places.append(place)
        return labels[-1]


def test_every_open_place_is_found_and_drawn() -> None:
    places = open_places(SPACE)
    assert list(places) == ["learning_rate", "batch_size", "optimizer", "optimizer.sgd.momentum", "loss.gamma"]
    assert places["learning_rate"] == Range(1e-5, 1e-3, log=True)
    assert places["batch_size"] == Range(8, 32, step=8, whole=True)
    assert places["optimizer"].labels == ["adamw", "sgd"]  # type: ignore[union-attr]
    draw = Low()
    settings = drawn(SPACE, draw)
    assert settings["optimizer"] == {"kind": "sgd", "momentum": 0.0}
    assert settings["loss"] == {"kind": "focal", "gamma": 0.5}
    assert settings["batch_size"] == 8
    assert draw.places == list(places)
    assert Recipe.load(settings).learning_rate == 1e-5


def test_what_is_open_is_left_out_for_the_usual_settings() -> None:
    assert as_usual(SPACE) == {"data": {"train": "x.csv"}, "loss": {"kind": "focal"}, "epochs": 2}


def test_a_run_refuses_what_is_open_and_names_the_sweep() -> None:
    with pytest.raises(InputError, match="burnish sweep") as found:
        Recipe.load(SPACE)
    assert found.value.place == "learning_rate"


@pytest.mark.parametrize(
    "value",
    [
        {"sweep": [1e-3, 1e-5]},
        {"sweep": [0, 1], "log": True},
        {"sweep": [1]},
        {"sweep": ["a", "b"]},
        {"sweep": [1, 2], "logarithmic": True},
        {"sweep": [1, 8], "log": True, "step": 1},
        {"choices": []},
        {"choices": ["a", "a"]},
        {"choices": ["a"], "log": True},
    ],
)
def test_what_says_nothing_clear_is_refused(value: Any) -> None:
    with pytest.raises(InputError):
        left_open(value, "learning_rate")


def test_kinds_that_are_alike_are_told_apart_by_all_they_say() -> None:
    assert Choices(({"kind": "sgd"}, {"kind": "sgd", "momentum": 0.9})).labels == [
        "{kind: sgd}",
        "{kind: sgd, momentum: 0.9}",
    ]
    assert Choices((16, 32, None)).labels == ["16", "32", "null"]


def test_a_grid_is_every_combination() -> None:
    found = grid({"batch_size": {"sweep": [8, 24], "step": 8}, "optimizer": {"choices": ["adamw", "lion"]}})
    assert len(found) == 6
    assert found[0] == {"batch_size": 8, "optimizer": "adamw"}
    assert {combination["batch_size"] for combination in found} == {8, 16, 24}
    with pytest.raises(InputError, match="without steps"):
        grid({"learning_rate": {"sweep": [1e-5, 1e-3]}})
    with pytest.raises(InputError, match="leave something open"):
        grid(SPACE | {"learning_rate": 1e-4, "loss": "focal"})
