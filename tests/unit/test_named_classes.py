"""A class that a recipe names is a class of the data, or the recipe is refused before anything is trained."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.named_classes import require_classes, require_spelling
from burnish.targets import Target


def settled(target: dict[str, Any], **settings: Any) -> Settled:
    recipe = Recipe.load({"data": "a.csv", "target": target, **settings})
    return Settled.model_construct(**{**dict(recipe), "metrics": recipe.metrics or []})


SPAM = {"kind": "label", "labels": ["ham", "spam"]}
SEVERAL = {"kind": "labels", "labels": ["late", "urgent", "payment"]}
TAGS = {"kind": "tags", "labels": ["O", "B-PER", "I-PER", "B-LOC"]}


@pytest.mark.parametrize(
    ("target", "settings", "place", "guess"),
    [
        (SPAM, {"metrics": {"kind": "f1", "average": "binary", "positive": "Spam"}}, "metrics.0.positive", "spam"),
        (SPAM, {"metrics": {"kind": "recall", "average": "binary", "positive": "spm"}}, "metrics.0.positive", "spam"),
        (SEVERAL, {"metrics": {"kind": "precision", "average": "binary", "positive": "Late"}}, "metrics.0", "late"),
        (TAGS, {"metrics": ["span_f1", {"kind": "span_recall", "average": "binary", "positive": "per"}]}, "1", "PER"),
        (TAGS, {"metrics": {"kind": "span_f1", "average": "binary", "positive": "B-PER"}}, "metrics.0", "PER"),
        (SPAM, {"class_weights": {"kind": "given", "values": {"ham": 1, "Spam": 2}}}, "class_weights.values", "spam"),
        ({**SEVERAL, "own_thresholds": {"Urgent": 0.3}}, {}, "target.own_thresholds", "urgent"),
    ],
)
def test_a_misspelt_class_is_refused_with_the_nearest(
    target: dict[str, Any], settings: dict[str, Any], place: str, guess: str
) -> None:
    with pytest.raises(InputError) as refused:
        require_classes(settled(target, **settings))
    assert place in refused.value.place
    assert f"did you mean '{guess}'?" in str(refused.value)


@pytest.mark.parametrize(
    ("target", "metric", "said"),
    [
        (SPAM, {"kind": "f1", "positive": "spam"}, "say average: binary"),
        (SEVERAL, {"kind": "f1", "average": "binary"}, "no class is named"),
        (TAGS, {"kind": "span_f1", "average": "binary"}, "no class is named"),
    ],
)
def test_a_class_that_would_be_passed_over_or_is_lacking(target: dict[str, Any], metric: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        require_classes(settled(target, metrics=metric))


@pytest.mark.parametrize("kind", ["f1", "precision", "recall"])
@pytest.mark.parametrize(("written", "meant"), [(1, "1"), (0, "0"), (1.0, "1"), (True, "True"), ("1", "1")])
def test_classes_that_look_like_numbers(kind: str, written: Any, meant: str) -> None:
    """YAML reads `positive: 1` as a number; the label is text."""
    metric = build("burnish.metrics", {"kind": kind, "average": "binary", "positive": written})
    assert isinstance(metric, Metric)
    assert metric.label == f"{kind}_{meant}"
    assert not metric.problem_with(["0", "1", "True"])


def test_numbers_name_classes_in_every_setting() -> None:
    numbers = {"kind": "labels", "labels": [0, 1], "own_thresholds": {0: 0.3}}
    recipe = settled(numbers, class_weights={"kind": "given", "values": {0: 1, 1: 2}}, metrics={"kind": "f1"})
    require_classes(recipe)
    assert recipe.target.names == ("0", "1")


@pytest.mark.parametrize("threshold", [0, 1, 1.5, -0.1])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(InputError, match="the threshold of 'late' is"):
        require_classes(settled({**SEVERAL, "own_thresholds": {"late": threshold}}))


def test_good_names_pass() -> None:
    metrics = [{"kind": "f1", "average": "binary", "positive": "spam"}, "accuracy", {"kind": "f1", "average": "binary"}]
    require_classes(settled(SPAM, metrics=metrics, class_weights={"kind": "given", "values": {"ham": 1, "spam": 2}}))
    require_classes(settled({"kind": "score"}, metrics="rmse"))


@pytest.mark.parametrize("given", [["ham", "Spam"], ["ham", "spam "], ["ham", "ｓｐａｍ"]])
def test_a_label_that_is_named_in_another_spelling(given: list[str]) -> None:
    """Its rows would be left out of training as rows of a label nobody named."""
    target = build("burnish.targets", {"kind": "label", "labels": given})
    assert isinstance(target, Target)
    values = ["ham", "spam", "spam"]
    if "spam" in target.names:
        require_spelling(target, values)
        return
    with pytest.raises(InputError, match=r"'spam', which 2 training rows have, is not named"):
        require_spelling(target, values)
    require_spelling(target, ["ham", "eggs"])
