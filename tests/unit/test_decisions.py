"""Temperature, thresholds and abstention, where the right answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.abstention import kept, promised
from burnish.evaluation.calibration import temperature, tempered
from burnish.evaluation.thresholds import thresholds_for
from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.decisions import check
from burnish.stages.train.decide import learned, on_test
from burnish.targets import Target
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from tests.prediction_cases import table

LABEL = Label(labels=["a", "b", "c"])
LABELS = Labels(labels=["x", "y", "z"])


def answered(target: Target, logits: np.ndarray, truths: list[Any]) -> Predictions:
    """The table of what a target decodes of logits."""
    decoded = target.decode(logits.astype(np.float32), [])
    answers, probabilities = [d.answer for d in decoded], [d.probabilities for d in decoded]
    return table(target.kind(), truths, answers, probabilities, list(target.names))


def labelled(rows: int, scale: float, seed: int = 0) -> Predictions:
    """Truths drawn from the softmax of logits, which are then given `scale` times too large."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (rows, 3))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truths = [LABEL.labels[random.choice(3, p=p)] for p in chances]
    return answered(LABEL, scale * logits, truths)


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_one_that_was_put_in(scale: float) -> None:
    """Of truths drawn from logits, and logits that are too large by a factor."""
    assert temperature(LABEL, labelled(8000, scale)) == pytest.approx(scale, rel=0.06)


def test_of_several_labels() -> None:
    """The same with independent labels."""
    random = np.random.default_rng(1)
    logits = random.normal(0, 2, (4000, 3))
    given = random.random(logits.shape) < 1 / (1 + np.exp(-logits))
    truths = [[n for n, g in zip(LABELS.labels, row, strict=True) if g] for row in given]
    found = answered(LABELS, 2.5 * logits, truths)
    assert temperature(LABELS, found) == pytest.approx(2.5, rel=0.06)


@pytest.mark.parametrize(("target", "truth"), [(LABEL, "a"), (LABELS, ["x"])])
def test_a_tempered_table_is_what_the_target_decodes_with_it(target: Target, truth: Any) -> None:
    """Probabilities by the table's arithmetic, and by decoding logits with the temperature."""
    logits = np.random.default_rng(2).normal(0, 3, (50, 3))
    plain = answered(target, logits, [truth] * 50)
    warm = answered(target.model_copy(update={"temperature": 1.7}), logits, [truth] * 50)
    assert np.allclose(tempered(target, plain, 1.7).probabilities, warm.probabilities, atol=1e-5)
    assert np.allclose(tempered(target, plain, 1.0).probabilities, plain.probabilities, atol=1e-6)


def test_no_decision_changes() -> None:
    """Temperature orders no label anew."""
    logits = np.random.default_rng(3).normal(0, 3, (200, 3))
    own, warm = (LABEL.model_copy(update={"temperature": t}).decode(logits, []) for t in (1.0, 4.0))
    assert [d.answer for d in own] == [d.answer for d in warm]


@pytest.mark.slow
def test_thresholds_are_the_best_there_are() -> None:
    """No other threshold among all probabilities has a greater F1, by scikit-learn's measure."""
    random = np.random.default_rng(4)
    logits = random.normal(-2, 1.5, (300, 3))
    given = random.random(logits.shape) < 1 / (1 + np.exp(-logits))
    truths = [[n for n, g in zip(LABELS.labels, row, strict=True) if g] for row in given]
    found = answered(LABELS, logits, truths)
    for number, name in enumerate(LABELS.labels):
        p = found.probabilities[:, number]
        best = max(f1_score(given[:, number], p >= cut, zero_division=0) for cut in np.unique(p))
        assert f1_score(given[:, number], p >= thresholds_for(found, "f1").chosen[name]) == pytest.approx(best)


def test_labels_with_too_few_rows_are_left_alone() -> None:
    """Four rows choose nothing."""
    truths = [["x"]] * 4 + [["y"]] * 6
    found = thresholds_for(answered(LABELS, np.zeros((10, 3)), truths), "f1")
    assert (sorted(found.left), list(found.chosen)) == (["x", "y", "z"], [])


def test_rows_of_one_probability_are_given_a_label_together() -> None:
    """A threshold cannot cut between equals."""
    truths = [["x"]] * 6 + [[]] * 6
    chosen = thresholds_for(answered(LABELS, np.zeros((12, 3)), truths), "f1").chosen["x"]
    assert 0 < chosen <= 0.5


@pytest.mark.slow
def test_a_promise_is_kept() -> None:
    """In 200 draws of validation rows the accuracy that was promised is missed on fresh rows in at most 5 %."""
    missed = 0
    fresh = labelled(20_000, 1.0, seed=10_000)
    for seed in range(200):
        promise = promised(labelled(400, 1.0, seed), 0.9)
        if promise.abstain_below is not None:
            accuracy = kept(fresh, promise.abstain_below)["accuracy"]
            missed += accuracy < 0.9
    assert missed <= 10


def test_more_rows_answer_more() -> None:
    """The bound is not so careful that it gives everything away: with many rows coverage nears the best there is."""
    few, many = promised(labelled(300, 1.0), 0.9), promised(labelled(20_000, 1.0), 0.9)
    assert many.coverage > few.coverage
    sure = labelled(20_000, 1.0).probabilities.max(1)
    best = max(
        share for share in np.linspace(0.01, 1, 100) if np.sort(sure)[::-1][: int(share * len(sure))].mean() >= 0.9
    )
    assert many.coverage == pytest.approx(best, abs=0.05)


def test_what_cannot_be_promised() -> None:
    """Guessing is never right in 99 of 100 cases; then all answers are marked, and it is said."""
    random = np.random.default_rng(0)
    truths = [LABEL.labels[n] for n in random.integers(0, 3, 100)]
    guesses = answered(LABEL, random.normal(0, 1, (100, 3)), truths)
    said: list[str] = []
    target, facts = learned(Recipe.load({"data": "x.csv", "abstention": 0.99}), LABEL, guesses, said.append)
    assert "every prediction" in said[0]
    assert facts["abstention"]["accuracy"] is None
    decoded = target.decode(np.array([[0.0, 200.0, 0.0]]), [])
    assert target.abstains(decoded[0])
    assert on_test(facts, target, guesses)["abstention"]["test"]["answered"] == 0


def test_all_together_learn_from_tempered_probabilities() -> None:
    """Abstention is by the confidence that the bundle will give."""
    recipe = Recipe.load({"data": "x.csv", "calibration": "temperature", "abstention": 0.8})
    given = labelled(2000, 4.0)
    target, facts = learned(recipe, LABEL, given, print)
    assert facts["temperature"]["log_loss_after"] < facts["temperature"]["log_loss_before"]
    decoded = target.decode(np.log(np.maximum(given.probabilities, 1e-30)), [])
    answered_share = np.mean([not target.abstains(d) for d in decoded])
    assert answered_share == pytest.approx(facts["abstention"]["coverage"], abs=0.01)


@pytest.mark.parametrize(
    ("recipe", "target", "splits", "words"),
    [
        ({"calibration": "temperature"}, Score(column="s"), {"train", "validation"}, "have none"),
        ({"thresholds": "f1"}, Score(column="s"), {"train", "validation"}, "have none"),
        ({"abstention": 0.9}, LABELS, {"train", "validation"}, "have none"),
        ({"abstention": 0.9}, LABEL, {"train", "test"}, "learned from validation examples"),
    ],
)
def test_refused_before_training(recipe: dict[str, Any], target: Target, splits: set[str], words: str) -> None:
    """What a target has not, and what there are no rows for."""
    with pytest.raises(InputError, match=words):
        check(Recipe.load({"data": "x.csv", **recipe}), target, splits)
