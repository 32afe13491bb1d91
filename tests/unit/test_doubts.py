"""A run that ends below its own baseline, or was chosen on too few rows, says so in one line with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from burnish.core.component import build
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.train.doubts import below, chosen_by_luck
from burnish.training.history import Validation
from tests.checkpoints import tiny_checkpoint


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Settled:
    model = tiny_checkpoint(tmp_path_factory.mktemp("doubts") / "bert", "bert")
    values = {
        "data": "x.csv",
        "input": {"kind": "text", "columns": ["text"]},
        "target": {"kind": "label", "column": "label", "labels": ["a", "b", "c"]},
        "model": str(model),
        "learning_rate": 2e-4,
        "epochs": 4,
    }
    found = {**dict(Recipe.load(values)), "deciding_metric": "macro_f1"}
    return Settled.model_construct(**found)


def result(
    own: float, other: float, *, better: bool | None, metric: str = "macro_f1", greater: bool | None = True
) -> dict[str, Any]:
    difference = {"value": own - other, "low": own - other - 0.05, "high": own - other + 0.05, "better": better}
    return {
        "headline": [metric],
        "metrics": {metric: {"value": own, "greater_is_better": greater}},
        "baselines": {"frozen_features": {"metrics": {metric: {"value": other}}, "differences": {metric: difference}}},
    }


def test_a_run_below_its_baseline_says_so_and_what_to_do(recipe: Settled) -> None:
    (line,) = below(recipe, result(0.305, 0.537, better=False))
    assert "\n" not in line
    for word in ("macro_f1 0.3050", "a linear model on frozen features, 0.5370", "-0.2320", "epochs: 8", "head_only"):
        assert word in line
    assert "contains 0" not in line


def test_a_difference_that_is_not_shown_is_said_with_its_interval(recipe: Settled) -> None:
    (line,) = below(recipe, result(0.80, 0.82, better=None))
    assert "contains 0" in line


def test_a_run_above_its_baseline_says_nothing(recipe: Settled) -> None:
    assert list(below(recipe, result(0.6, 0.5, better=True))) == []
    assert list(below(recipe, {**result(0.6, 0.5, better=True), "baselines": {}})) == []


def test_where_less_is_better_more_is_below(recipe: Settled) -> None:
    worse = result(0.9, 0.4, better=False, metric="log_loss", greater=False)
    assert len(list(below(recipe, worse))) == 1
    assert list(below(recipe, result(0.4, 0.9, better=True, metric="log_loss", greater=False))) == []
    length = result(0.9, 0.4, better=None, metric="mean_length", greater=None)
    assert list(below(recipe, length)) == [], "neither more nor less of it is better"


def test_a_rate_far_from_the_usual_one_is_named_first(recipe: Settled) -> None:
    for rate in (5e-6, 1e-2):
        far = recipe.model_copy(update={"learning_rate": rate})
        (line,) = below(far, result(0.3, 0.5, better=False))
        assert f"leave learning_rate out (default here: 0.0002; it was {rate:g})" in line


def test_a_network_that_writes_already_is_not_told_to_learn_a_head(recipe: Settled) -> None:
    target = build("burnish.targets", {"kind": "transcript", "column": "text"})
    for window, advised in (("natural", "input.window: full"), ("full", "epochs: 8")):
        heard = build("burnish.inputs", {"kind": "speech", "column": "file", "window": window})
        settled = recipe.model_copy(update={"input": heard, "target": target, "learning_rate": 5e-5})
        (line,) = below(settled, result(0.3, 0.5, better=False))
        assert advised in line
        assert "head_only" not in line
        assert ("input.window" in line) is (window == "natural")


def test_the_baseline_that_is_furthest_above_is_named(recipe: Settled) -> None:
    found = result(0.3, 0.5, better=False)
    found["baselines"]["majority"] = result(0.3, 0.31, better=None)["baselines"]["frozen_features"]
    (line,) = below(recipe, found)
    assert "a linear model on frozen features" in line


def test_a_metric_without_a_value_is_passed_over(recipe: Settled) -> None:
    found = result(0.3, 0.5, better=False)
    found["baselines"]["frozen_features"]["differences"]["macro_f1"]["value"] = None
    assert list(below(recipe, found)) == []


def validations(count: int) -> list[Validation]:
    return [Validation(n, n / count, "macro_f1", 0.5, 0.5) for n in range(1, count + 1)]


def test_too_few_validation_rows_are_said(recipe: Settled) -> None:
    (line,) = chosen_by_luck(recipe, validations(4), {"train": 400, "validation": 40})
    assert "best of 4 checkpoints" in line
    assert "40 validation examples" in line
    assert "split.validation=0.2" in line
    assert list(chosen_by_luck(recipe, validations(4), {"validation": 100})) == []


def test_many_classes_need_more_rows(recipe: Settled) -> None:
    target = build("burnish.targets", {"kind": "label", "column": "label", "labels": [f"c{n}" for n in range(50)]})
    many = recipe.model_copy(update={"target": target})
    (line,) = chosen_by_luck(many, validations(4), {"validation": 200})
    assert "fewer than the 250 advised" in line


def test_where_nothing_was_chosen_nothing_is_said(recipe: Settled) -> None:
    assert list(chosen_by_luck(recipe, validations(1), {"validation": 10})) == []
    assert list(chosen_by_luck(recipe, [], {"train": 10})) == []


def test_a_file_of_validation_rows_is_to_be_larger(recipe: Settled, tmp_path: Path) -> None:
    data = recipe.data.model_copy(update={"validation": str(tmp_path / "dev.csv")})
    (line,) = chosen_by_luck(recipe.model_copy(update={"data": data}), validations(3), {"validation": 9})
    assert "a larger data.validation" in line
