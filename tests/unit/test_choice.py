"""What a validation is worth: how far its score may be from another one that is as good, and what is said about it."""

from __future__ import annotations

import math
from typing import cast

import pytest

from burnish.core.component import build
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.train.validate import choice, noise


def metric(kind: str) -> Metric:
    return cast(Metric, build("burnish.metrics", kind))


def test_scores_of_few_rows_are_wide_and_losses_are_not() -> None:
    assert noise(metric("accuracy"), 0.9, 20) > noise(metric("accuracy"), 0.9, 200) > 0
    assert noise(metric("mae"), 0.9, 20) == 0
    assert noise(None, 0.3, 20) == 0
    assert noise(metric("accuracy"), math.nan, 20) == 0


def settled(deciding: str) -> Settled:
    recipe = Recipe.load({"data": "x.csv", "deciding_metric": deciding, "learning_rate": 1e-3})
    metrics = [metric(kind) for kind in ("accuracy", "mae")]
    return Settled.model_construct(**{**dict(recipe), "metrics": metrics})


@pytest.mark.parametrize(("deciding", "rows"), [("loss", 20), ("mae", 20), ("accuracy", 0)])
def test_the_highest_or_lowest_is_taken_without_a_word(deciding: str, rows: int) -> None:
    assert choice(settled(deciding), rows) == []


def test_the_rule_is_said_with_its_width() -> None:
    (line,) = choice(settled("accuracy"), 20)
    assert "accuracy is within one standard error of the highest" in line
    assert "0.094 at a score of 0.8, on 20 validation examples" in line
