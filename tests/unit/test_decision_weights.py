"""Weights and thresholds that decide: against brute force, against the metrics of the same names, and by hand."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from burnish.core.batch import Array
from burnish.core.component import build
from burnish.core.names import softmax
from burnish.core.predictions import Predictions
from burnish.evaluation.aims import Aim
from burnish.evaluation.decision_weights import tuned, without_prior
from burnish.evaluation.prior_shift import offsets
from burnish.evaluation.thresholds import thresholds_for
from burnish.metrics import Metric
from burnish.stages.train.tuned import answered_by, cheapest, without_change
from burnish.targets import cost_matrix
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from tests.unit.test_decisions import answered

METRIC: dict[Aim, dict[str, Any]] = {
    "f1": {"kind": "f1"},
    "balanced_accuracy": {"kind": "balanced_accuracy"},
    "accuracy": {"kind": "accuracy"},
    "matthews": {"kind": "matthews"},
}
COSTS = {"a": {"b": 1.0, "c": 1.0}, "b": {"a": 7.0, "c": 2.0}, "c": {"a": 20.0, "b": 4.0}}


def table(classes: int, rows: int = 120, seed: int = 0) -> Predictions:
    """Rows of uneven classes and probabilities that lean to the common one."""
    random = np.random.default_rng(seed)
    names = "abcd"[:classes]
    share = np.array([8.0, 2.0, 1.0, 1.0][:classes])
    truth = random.choice(classes, rows, p=share / share.sum())
    logits = 1.5 * np.eye(classes)[truth] + random.normal(size=(rows, classes)) + np.log(share)
    return label_table(names, [names[t] for t in truth], softmax(logits))


def label_table(names: str, truths: list[str], probabilities: Array) -> Predictions:
    """Answered by the most probable label."""
    return answered(Label(column="label", labels=list(names)), np.log(probabilities), truths)


def value(aim: Aim, predictions: Predictions, weights: dict[str, float]) -> float:
    """The score of the answers that weights give, by burnish's own metric or the sum of the costs."""
    target = Label(column="label", labels=list(predictions.names), decision_weights=weights or {"a": 1.0})
    answered = answered_by(target, predictions)
    if aim == "cost":
        return -sum(COSTS.get(t, {}).get(a, 0.0) for t, a in zip(answered.truth, answered.answer, strict=True))
    metric = build("burnish.metrics", METRIC[aim])
    assert isinstance(metric, Metric)
    return metric.value(answered)


@pytest.mark.parametrize("aim", [*METRIC, "cost"])
@pytest.mark.parametrize("seed", range(3))
def test_two_labels_get_the_best_threshold_there_is(aim: Aim, seed: int) -> None:
    found = table(2, seed=seed)
    matrix = cost_matrix("ab", COSTS) if aim == "cost" else None
    weights = tuned(found, aim, matrix)
    second = np.sort(found.probabilities[:, 1])
    cuts = np.concatenate([[0.0], (second[1:] + second[:-1]) / 2, [1.0]])
    cuts = np.clip(cuts, 1e-9, 1 - 1e-9)
    brute = max(value(aim, found, {"a": 1.0, "b": (1 - cut) / cut}) for cut in cuts)
    assert weights.after == pytest.approx(brute)
    assert value(aim, found, weights.chosen) == pytest.approx(weights.after)
    assert value(aim, found, {}) == pytest.approx(weights.before)


@pytest.mark.parametrize("aim", [*METRIC, "cost"])
def test_of_three_labels_no_single_weight_betters_it_and_a_grid_hardly(aim: Aim) -> None:
    found = table(3)
    matrix = cost_matrix("abc", COSTS) if aim == "cost" else None
    weights = tuned(found, aim, matrix)
    assert weights.after >= weights.before
    assert value(aim, found, weights.chosen) == pytest.approx(weights.after)
    chosen = weights.chosen or dict.fromkeys("abc", 1.0)
    for name, factor in product("abc", np.exp(np.linspace(-4, 4, 25))):
        assert value(aim, found, {**chosen, name: chosen[name] * factor}) <= weights.after + 1e-9
    grid = [value(aim, found, {"a": 1.0, "b": b, "c": c}) for b, c in product(np.exp(np.linspace(-1, 4, 9)), repeat=2)]
    assert weights.after >= max(grid) - 0.03 * abs(max(grid))


def test_labels_with_few_rows_keep_their_weight() -> None:
    found = label_table("ab", ["a"] * 30 + ["b"] * 4, np.tile([0.9, 0.1], (34, 1)))
    weights = tuned(found, "f1")
    assert weights.left == ["a", "b"]
    assert weights.chosen == {}
    assert weights.before == weights.after


def test_what_is_best_already_is_left_alone() -> None:
    found = label_table("ab", ["a"] * 10 + ["b"] * 10, np.repeat([[0.8, 0.2], [0.3, 0.7]], 10, axis=0))
    assert tuned(found, "f1").chosen == {}


def test_prior_is_taken_away_as_the_formula_says() -> None:
    """argmax log p - tau log pi, and tau is the best of those tried."""
    found, prior = table(3), np.array([8, 2, 1]) / 11
    for strength in (0.0, 0.5, 1.0):
        weights = without_prior(found, prior, "f1", strength)
        wanted = (np.log(found.probabilities) - strength * np.log(prior)).argmax(axis=1)
        target = Label(column="label", labels=list("abc"), decision_weights=weights.chosen)
        assert answered_by(target, found).answer == ["abc"[i] for i in wanted] or strength == 0
        assert weights.strength == strength
    best = without_prior(found, prior, "balanced_accuracy")
    every = [without_prior(found, prior, "balanced_accuracy", s / 4).after for s in range(9)]
    assert best.after == pytest.approx(max(every))


def test_costs_decide_as_the_expected_cost_does() -> None:
    found = table(3)
    target = Label(column="label", labels=list("abc")).model_copy(update=cheapest(Label(labels=list("abc")), COSTS))
    for p, answer in zip(found.probabilities, answered_by(target, found).answer, strict=True):
        expected = {a: sum(p[i] * COSTS[t].get(a, 0.0) for i, t in enumerate("abc")) for a in "abc"}
        assert answer == min(expected, key=lambda a: expected[a])
        (decoded,) = target.decode(np.log(p)[None], [])
        assert decoded.answer == answer


def test_thresholds_of_several_labels_are_the_best_there_are() -> None:
    random = np.random.default_rng(0)
    true = random.random(150) < 0.2
    p = np.clip(0.3 * true + random.random(150) * 0.6, 0.01, 0.99)
    found = labels_table(true, p)
    for aim in ("accuracy", "balanced_accuracy", "matthews", "cost"):
        costs = {"x": {"missed": 5.0, "false_alarm": 1.0}}
        chosen = thresholds_for(found, aim, costs).chosen["x"]
        cuts = np.concatenate([[0.0], np.sort(p) + 1e-7])
        assert binary(aim, true, p >= chosen) == pytest.approx(max(binary(aim, true, p >= cut) for cut in cuts))


def labels_table(true: Array, p: Array) -> Predictions:
    """One label of several, for each row or not."""
    target = Labels(column="labels", labels=["x"])
    return answered(target, np.log(p / (1 - p))[:, None], [["x"] if t else [] for t in true])


def binary(aim: str, true: Array, given: Array) -> float:
    """Written out again."""
    tp, fp, fn, tn = (int((a & b).sum()) for a, b in ((true, given), (~true, given), (true, ~given), (~true, ~given)))
    if aim == "accuracy":
        return (tp + tn) / len(true)
    if aim == "balanced_accuracy":
        return (tp / (tp + fn) + tn / (tn + fp)) / 2
    if aim == "cost":
        return -(5.0 * fn + fp)
    below = float(tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return (tp * tn - fp * fn) / below**0.5 if below else 0.0


def test_a_changed_prior_is_corrected_to_the_posterior() -> None:
    """p(y | x) of two Gaussians at 1 to 9, from a network that saw them 1 to 1: exactly Bayes with the true frequencies."""
    x = np.linspace(-3, 5, 41)
    density = np.stack([np.exp(-(x**2) / 2), np.exp(-((x - 2) ** 2) / 2)], axis=1)
    seen, true = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    logits = np.log(density * seen)
    moved = offsets(true, seen)
    target = Label(column="label", labels=["a", "b"], offsets={"a": moved[0], "b": moved[1]})
    wanted = density * true / (density * true).sum(axis=1, keepdims=True)
    decoded = target.decode(logits, [])
    np.testing.assert_allclose([d.probabilities for d in decoded], wanted, rtol=1e-5)
    assert [d.answer for d in decoded] == ["ab"[i] for i in wanted.argmax(axis=1)]
    still = without_change(target.model_copy(update={"temperature": 2.0}), None)
    assert isinstance(still, Label)
    assert [d.answer for d in still.decode(logits, [])] == ["ab"[i] for i in logits.argmax(axis=1)]


def test_correction_of_several_labels_keeps_their_decisions() -> None:
    target = Labels(column="l", labels=["x", "y"], offsets={"x": -1.5, "y": 0.7}, own_thresholds={"y": 0.3})
    plain = target.model_copy(update={"offsets": {}})
    still = without_change(target, None)
    assert isinstance(still, Labels)
    logits = np.random.default_rng(0).normal(size=(200, 2)) * 2
    assert [d.answer for d in still.decode(logits, [])] == [d.answer for d in plain.decode(logits, [])]
    assert not np.allclose(still.decode(logits, [])[0].probabilities, plain.decode(logits, [])[0].probabilities)


def test_without_weights_offsets_and_costs_a_label_is_decided_as_before() -> None:
    logits = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    found = Label(labels=list("abc"), temperature=1.7).decode(logits, [])
    probabilities = softmax(logits.astype(np.float64) / 1.7)
    assert [d.answer for d in found] == ["abc"[i] for i in probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(np.stack([d.probabilities for d in found]), probabilities.astype(np.float32))
