"""Recipes: what a short one stands for, and what a wrong one is told."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from burnish.core.component import kinds
from burnish.core.errors import InputError
from burnish.inputs.text import Text
from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS

FOREIGN = '''
from collections.abc import Iterator
import torch
from pydantic import Field
from burnish.data.sources import Source
from burnish.losses import Loss


class Mine(Loss):
    """A loss of my own."""

    targets = ("label",)
    steep: float = Field(1.0, description="How steep.")

    def elements(self, logits, targets):
        return self.steep * logits.sum(-1)


class NoLoss:
    pass
'''


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module that is not burnish's."""
    (tmp_path / "my_own_losses.py").write_text(FOREIGN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "my_own_losses"
    sys.modules.pop("my_own_losses", None)


def loaded(**values: Any) -> Recipe:
    return Recipe.load({"data": "x.csv", **values})


def said(**values: Any) -> str:
    with pytest.raises(InputError) as caught:
        loaded(**values)
    return str(caught.value)


@pytest.mark.parametrize("task", TASKS)
def test_a_task_stands_for_its_input_and_target(task: str) -> None:
    recipe = loaded(task=task)
    assert recipe.input is not None
    assert recipe.target is not None
    assert (recipe.input.kind(), recipe.target.kind()) == TASKS[task]
    assert TASKS[task][0] in kinds("burnish.inputs")
    assert TASKS[task][1] in kinds("burnish.targets")


def test_a_task_takes_settings_of_its_parts() -> None:
    recipe = loaded(task="text-classification", input={"columns": ["a", "b"]}, target="intent")
    assert recipe.input is not None
    assert recipe.input.required_columns == ("a", "b")
    assert recipe.target is not None
    assert (recipe.target.kind(), recipe.target.column) == ("label", "intent")


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": "tokens"},
        {"input": {"kind": "tokens", "column": "x"}},
        {"target": "score"},
        {"target": {"kind": "tags", "column": "x"}},
    ],
)
def test_a_task_at_odds_with_its_parts_is_refused(wrong: dict[str, Any]) -> None:
    words = said(task="text-classification", **wrong)
    assert "task 'text-classification' has" in words
    assert "leave out `task`" in words


def test_a_component_at_odds_with_the_task_is_refused() -> None:
    """Also where it is an object and not text."""
    tagging = loaded(task="token-classification")
    assert "but the recipe says 'tokens'" in said(task="text-classification", input=tagging.input)
    assert loaded(task="token-classification", input=tagging.input).input == tagging.input


@pytest.mark.parametrize("task", ["text-clasification", ["text-classification"], 3])
def test_an_unknown_task_is_told_the_tasks(task: Any) -> None:
    words = said(task=task)
    assert "unknown task" in words
    assert "token-classification" in words


def test_the_nearest_task_is_offered() -> None:
    assert "did you mean 'text-classification'?" in said(task="text-clasification")


@pytest.mark.parametrize(
    ("values", "place", "expected"),
    [
        ({"model": "starter"}, "model.name", "starter"),
        ({"model": "some/folder"}, "model.name", "some/folder"),
        ({"target": "intent"}, "target_column", "intent"),
        ({"target": {"column": "intent"}}, "target_column", "intent"),
        ({"target": "intent"}, "target", None),
        ({"target": "score"}, "target.column", "score"),
        ({"target": {"kind": "label"}, "target_column": "intent"}, "target.column", "intent"),
        ({"target": "label", "target_column": "intent"}, "target.column", "intent"),
        ({"task": "text-regression", "target_column": "stars"}, "target.column", "stars"),
        ({"loss": "focal"}, "loss.gamma", 2.0),
        ({"loss": {"kind": "focal", "gamma": 1}}, "loss.gamma", 1.0),
        ({"early_stopping": 3}, "early_stopping.patience", 3),
        ({"early_stopping": {"minimum_change": 0.1}}, "early_stopping.minimum_change", 0.1),
        ({"data": ["a.csv", "b.csv"]}, "data.train", ["a.csv", "b.csv"]),
        ({"trackers": []}, "trackers", []),
    ],
)
def test_shorthands(values: dict[str, Any], place: str, expected: Any) -> None:
    found: Any = loaded(**values)
    for name in place.split("."):
        found = getattr(found, name)
    assert found == expected


def test_one_of_a_list_may_stand_alone() -> None:
    recipe = loaded(metrics="f1", trackers={"kind": "jsonl"})
    assert [m.kind() for m in recipe.metrics or []] == ["f1"]
    assert [t.kind() for t in recipe.trackers] == ["jsonl"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epohcs": 3}, ["epohcs: unknown field", "'epochs'"]),
        ({"loss": {"kind": "focal", "gama": 2}}, ["loss.gama: unknown field", "gamma", "'gamma'"]),
        ({"loss": "focl"}, ["loss: unknown kind 'focl'", "cross_entropy", "did you mean 'focal'?"]),
        ({"metrics": ["accuracy", "acuracy"]}, ["metrics[1]", "did you mean 'accuracy'?"]),
        ({"data": {"trian": "x"}}, ["data.trian: unknown field", "train, validation", "'train'"]),
        ({"data": {"train": "x", "source": "cvs"}}, ["unknown kind 'cvs'", "did you mean 'csv'?"]),
        ({"early_stopping": {"patiense": 3}}, ["early_stopping.patiense", "patience, minimum_change"]),
        ({"early_stopping": 0}, ["early_stopping.patience: found 0"]),
        ({"epochs": "three"}, ["epochs: found 'three'"]),
        ({"batch_size": 0}, ["batch_size: found 0"]),
        ({"loss": 3}, ["loss: found 3"]),
        ({"target": {"labls": ["a"]}}, ["target.labls", "did you mean 'labels'?"]),
        ({"schedule": {"cycles": 3}}, ["schedule", "cosine_with_restarts", "linear", "no such setting"]),
        ({"adapter": {"rank": 8}}, ["adapter", "adapter.kind=lora", "full"]),
        ({"augmentation": {"horizontal_flip": True}}, ["augmentation: `kind` is missing", "light"]),
        ({"target": {"kind": "label", "column": "a"}, "target_column": "b"}, ["target_column is 'b'", "'a'"]),
        ({"loss": "focal", "epohcs": 3, "batch_size": -1}, ["epohcs", "batch_size: found -1"]),
    ],
)
def test_what_is_wrong_is_told_with_place_and_nearest(values: dict[str, Any], words: list[str]) -> None:
    found = said(**values)
    for word in words:
        assert word in found


def test_a_recipe_needs_data() -> None:
    with pytest.raises(InputError, match="`data` is missing"):
        Recipe.load({"epochs": 3})


def test_loading_leaves_what_it_was_given_as_it_was() -> None:
    values = {
        "data": {"train": "x.csv"},
        "task": "text-classification",
        "input": {"columns": ["a"]},
        "target": {"labels": ["b", "c"]},
        "target_column": "y",
        "early_stopping": 3,
        "metrics": "f1",
    }
    before = copy.deepcopy(values)
    first = Recipe.load(values)
    assert values == before
    assert Recipe.load(values) == first


def test_a_recipe_is_frozen_and_written_and_read_back() -> None:
    recipe = loaded(task="text-classification", loss="focal", early_stopping=2, metrics=["f1"])
    with pytest.raises(Exception, match="frozen"):
        recipe.epochs = 4
    assert Recipe.load(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize("value", ["my_own_losses:Mine", {"kind": "my_own_losses:Mine", "steep": 2}])
def test_code_from_elsewhere_needs_trust(foreign: str, value: Any) -> None:
    words = said(loss=value)
    assert "code from outside burnish" in words
    assert "trust_code: true" in words
    assert foreign not in sys.modules, "nothing was imported"
    recipe = loaded(loss=value, trust_code=True)
    assert recipe.loss is not None
    assert recipe.loss.kind() == "my_own_losses:Mine"
    assert recipe.loss.targets == ("label",)
    assert loaded(**recipe.model_dump(exclude={"data"})) == recipe


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("my_own_losses:Other", "could not be imported"),
        ("no_such_module:Other", "could not be imported"),
        ("my_own_losses:NoLoss", "is not a component of burnish.losses"),
        ("my_own_losses:Source", "is not a component of burnish.losses"),
    ],
)
def test_trusted_code_must_be_a_component_of_the_axis(foreign: str, kind: str, words: str) -> None:
    assert words in said(loss=kind, trust_code=True)


def test_trust_reaches_what_is_inside_the_data_settings(foreign: str) -> None:
    data = {"train": "x", "source": "my_own_losses:Mine"}
    assert "code from outside" in said(data=data)
    assert "is not a component of burnish.data.sources" in said(data=data, trust_code=True)


@pytest.mark.parametrize("split", ["grouped", {"kind": "grouped"}])
def test_a_grouped_split_takes_the_column_of_the_groups(split: Any) -> None:
    assert loaded(split=split, group="customer").split == loaded(split={"kind": "grouped", "group": "customer"}).split
    own = loaded(split={"kind": "grouped", "group": "household"}, group="customer")
    assert own.split.group == "household"  # type: ignore[attr-defined]
    assert "split.group" in said(split=split)


def test_an_input_is_known_by_its_fields_where_only_one_kind_has_them() -> None:
    assert loaded(input={"columns": ["question", "passage"]}).input == Text(columns=["question", "passage"])
    # Several have this one: the data will tell, and the settings are kept until then.
    assert loaded(input={"max_length": 64}).input is None
    assert loaded(input={"max_length": 64}).unsettled == {"input": {"max_length": 64}}


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"schedule": {"warmup_ratio": 0.2}}, "linear"),
        ({"schedule": {"warmup_steps": 10}}, "linear"),
        ({"split": {"test": 0.3}}, "stratified"),
        ({"split": {"test": 0.3}, "group": "customer"}, "grouped"),
        ({"adapter": {"freeze": ["embeddings.*"]}}, "full"),
        ({"optimizer": {"weight_decay": 0.1}}, "adamw"),
        ({"class_weights": {"values": {"a": 1, "b": 2}}}, "given"),
        ({"sampler": {"target_ratio": 0.5}}, "balanced"),
    ],
)
def test_settings_without_a_kind_are_of_the_usual_one(settings: dict[str, Any], kind: str) -> None:
    """As documented: `schedule.warmup_ratio=0.2`, `split.test=0.3` of a recipe that names no kind."""
    name, own = next(iter(settings.items()))
    found = getattr(loaded(**settings), name)
    assert found.kind() == kind
    for field, value in own.items():
        assert getattr(found, field) == value
