"""How a way with rare classes is chosen among several, and that what is learned from validation is judged on other rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.names import softmax
from burnish.core.predictions import Predictions
from burnish.recipe.imbalance import WAYS
from burnish.recipe.recipe import Recipe
from burnish.report.imbalance import imbalance
from burnish.stages.choosing.trial import Trial
from burnish.stages.imbalance.compare import (
    SIMPLEST_FIRST,
    Comparison,
    _confirmed,
    _frozen,
    _Stage,
    compare,
    with_way,
)
from burnish.stages.imbalance.trial import decided_by_others
from burnish.targets.label import Label
from tests.unit.test_decisions import answered

TARGET = Label(column="label", labels=["a", "b"])
RECIPE = Recipe.load({"data": "x.csv", "resamples": 200})


def answers(right: Array) -> Predictions:
    """Rows of two classes, answered rightly or not."""
    truth = np.arange(len(right)) % 2
    given = np.where(right, truth, 1 - truth)
    return answered(TARGET, 4.0 * np.eye(2)[given], ["ab"[t] for t in truth])


def stage(rights: dict[str, Array]) -> _Stage:
    """A stage in which all has been trained."""
    made = _Stage(RECIPE, "frozen features", lambda text: None)
    settled = SimpleNamespace(deciding_metric="accuracy", metrics=[build("burnish.metrics", "accuracy")])
    made.plain = Trial(SimpleNamespace(recipe=settled), answers(rights["none"]), 0.0, np.ones(2) / 2)  # type: ignore[arg-type]
    for way, right in rights.items():
        made.predictions[way], made.seconds[way] = answers(right), 1.0
        made.values[way] = float(right.mean())
    return made


def share(right: int, rows: int = 400) -> Array:
    return np.arange(rows) >= rows - right


def test_the_simplest_way_that_is_not_significantly_worse() -> None:
    found = stage({"none": share(300), "tuned_thresholds": share(358), "focal": share(360), "smote": share(200)})
    names = ["none", "tuned_thresholds", "focal", "smote"]
    chosen, why = found.choice(names, found.compared())
    assert chosen == "tuned_thresholds"
    assert "not significantly worse than the best, focal" in why
    compared = {way.way: way for way in found.compared()}
    assert compared["focal"].behind is None
    assert [name for name in names if compared[name].worse] == ["none", "smote"]
    value, low, high = compared["none"].behind or (0, 0, 0)
    assert value == pytest.approx(0.15)
    assert 0 < low < value < high
    assert found.choice(["focal", "none"], found.compared())[0] == "focal"


def test_plain_where_nothing_is_shown_to_be_better_and_the_best_where_all_else_is_worse() -> None:
    found = stage({"none": share(350), "focal": share(352)})
    assert found.choice(["none", "focal"], found.compared())[0] == "none"
    found = stage({"none": share(300), "focal": share(390)})
    chosen, why = found.choice(["none", "focal"], found.compared())
    assert chosen == "focal"
    assert "every simpler way is significantly worse" in why


def test_plain_and_the_best_two_are_confirmed_but_none_that_needs_frozen_features() -> None:
    found = stage(
        {"none": share(10), "smote": share(90), "focal": share(80), "oversampling": share(70), "adasyn": share(5)}
    )
    assert _confirmed(found, list(found.values)) == ["none", "focal", "oversampling"]


def test_ways_are_refused_beside_a_way_and_unknown_ones_named() -> None:
    with pytest.raises(InputError, match="class_weights is 'balanced'"):
        compare(Recipe.load({"data": "x.csv", "class_weights": "balanced"}), print)
    with pytest.raises(InputError, match="smote"):
        compare(RECIPE, print, ["smot"])
    assert set(SIMPLEST_FIRST) <= set(WAYS)


def test_the_frozen_stage_keeps_all_but_what_the_head_alone_has_no_use_for() -> None:
    full = Recipe.load({"data": "x.csv", "learning_rate": 1e-4, "augmentation": "light", "batch_size": 8, "seed": 3})
    frozen = _frozen(full)
    assert (frozen.adapter.kind(), frozen.learning_rate, frozen.augmentation) == ("head_only", None, None)
    assert (frozen.batch_size, frozen.seed) == (8, 3)
    head = Recipe.load({"data": "x.csv", "adapter": "head_only", "learning_rate": 1e-4})
    assert _frozen(head) is head
    assert with_way(head, "smote").resampler is not None


def test_thresholds_are_judged_on_rows_they_were_not_learned_from() -> None:
    """Of probabilities that say nothing, no threshold helps: learned and judged on the same rows it would."""
    random = np.random.default_rng(0)
    truth = (random.random(300) < 0.15).astype(int)
    predictions = answered(TARGET, np.log(softmax(random.normal(size=(300, 2)))), ["ab"[t] for t in truth])
    strata = SimpleNamespace(strata=truth.astype(np.int64))
    settled: Any = SimpleNamespace(
        seed=0, target=TARGET, costs=None, thresholds="f1", prior_strength=None, deciding_metric="f1"
    )
    settled.model_copy = lambda update: SimpleNamespace(**{**vars(settled), **update})
    trial = Trial(
        SimpleNamespace(recipe=settled, truths={"validation": strata}),
        predictions,
        0.0,
        np.array([0.85, 0.15]),  # type: ignore[arg-type]
    )
    found = decided_by_others(trial, "f1")
    assert found.table["row"].to_pylist() == predictions.table["row"].to_pylist()
    np.testing.assert_array_equal(found.probabilities, predictions.probabilities)
    from burnish.evaluation.decision_weights import tuned

    metric = build("burnish.metrics", "f1")
    honest = metric.value(found)  # type: ignore[attr-defined]
    assert honest < tuned(predictions, "f1").after - 0.01
    prior = decided_by_others(replace(trial), "prior")
    assert len(prior) == 300


def test_the_table_in_the_report() -> None:
    found = stage({"none": share(300), "focal": share(390)})
    found.refused["smote"] = "no"
    chosen, why = found.choice(["none", "focal"], found.compared())
    text = "\n".join(imbalance(Comparison(chosen, why, "accuracy", 400, found.compared()).as_values()))
    assert "Chosen: **focal**. Focal has the best accuracy" in text
    assert "refused: no" in text
    assert ", worse" in text
    assert imbalance(None) == []
