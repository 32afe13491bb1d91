"""Vector scaling and isotonic regression against scikit-learn, and where the right answer is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.calibration import CalibratedClassifierCV
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from burnish.core.errors import InputError
from burnish.core.names import softmax
from burnish.core.predictions import Predictions
from burnish.evaluation.calibrators import calibrated, calibrator_of, isotonic, vector_scaling
from burnish.evaluation.measuring import measured
from burnish.recipe.recipe import Recipe
from burnish.report.decisions import decisions
from burnish.stages.prepare.decisions import check
from burnish.stages.train.decide import learned, on_test
from burnish.targets import UNCALIBRATED, Isotonic, Outcome, Steps, VectorScaling
from burnish.targets._calibrators import STRICT
from burnish.targets.label import Label
from burnish.targets.score import Score
from tests.prediction_cases import table

LABEL = Label(labels=["a", "b", "c"])
FACTORS, SUMMANDS = np.array([1.3, 2.0, 2.6]), np.array([0.0, 1.0, -1.0])


def drawn(rows: int, seed: int = 0, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are wrong in another way for each label, and the numbers of the true labels."""
    random = np.random.default_rng(seed)
    true = softmax(random.normal(0, 1.5, (rows, classes)))
    labels = (true.cumsum(1) < random.random((rows, 1))).sum(1)
    return softmax(np.log(true) * FACTORS[:classes] + SUMMANDS[:classes]), labels


def answered(rows: int, seed: int = 0) -> Predictions:
    """The same as a table."""
    shares, labels = drawn(rows, seed)
    names = LABEL.labels
    return table("label", [names[n] for n in labels], [names[n] for n in shares.argmax(1)], shares, names)


def test_what_was_put_in_is_found() -> None:
    """Log probabilities were multiplied and added to: of many rows the inverse is learned, but for a common summand."""
    shares, labels = drawn(20_000)
    factors, summands = vector_scaling(shares, labels)
    made = VectorScaling(
        factors=dict(zip("abc", factors, strict=True)), summands=dict(zip("abc", summands, strict=True))
    )
    fresh, truth = drawn(20_000, 1)
    given = made(fresh, list("abc"))
    assert given.sum(axis=1) == pytest.approx(1.0)
    for label in range(3):  # of rows given 0.2 to 0.4, as many are of the label as they are given on average
        some = (given[:, label] > 0.2) & (given[:, label] < 0.4)
        assert (truth[some] == label).mean() == pytest.approx(given[some, label].mean(), abs=0.03)
    assert -np.log(given[np.arange(20_000), truth]).mean() < -np.log(fresh[np.arange(20_000), truth]).mean() - 0.05


def test_vector_scaling_of_two_labels_is_logistic_regression() -> None:
    """On both log probabilities, by scikit-learn without a penalty; the prior of one row is nothing beside 20,000."""
    shares, labels = drawn(20_000, 2, classes=2)
    logs = np.log(shares)
    factors, summands = vector_scaling(shares, labels)
    theirs = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000).fit(logs * [-1, 1], labels)
    assert factors == pytest.approx(theirs.coef_[0], rel=0.02)
    assert summands[1] - summands[0] == pytest.approx(theirs.intercept_[0], abs=0.02)


def test_few_rows_change_little() -> None:
    """Separable rows have no maximum of the likelihood; the prior gives one."""
    shares = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    factors, summands = vector_scaling(shares, np.array([0, 1, 0, 1]))
    assert np.isfinite([*factors, *summands]).all()
    assert (np.abs(factors) < 4).all()


def test_isotonic_curves_are_those_of_scikit_learn() -> None:
    """Between, at and beyond their points, but for the bounds and a ten-thousandth of the network's own probability."""
    shares, labels = drawn(600, 3)
    grid = np.linspace(0, 1, 201)
    curve = isotonic(shares[:, 1], labels == 1)
    theirs = IsotonicRegression(y_min=1 / 602, y_max=601 / 602, out_of_bounds="clip").fit(shares[:, 1], labels == 1)
    assert np.interp(grid, curve.probabilities, curve.calibrated) == pytest.approx(theirs.predict(grid), abs=1e-12)


def test_isotonic_of_several_labels_is_that_of_scikit_learn() -> None:
    """One against the rest, divided by the sum: as `CalibratedClassifierCV` does it of a classifier that is fitted already."""
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.frozen import FrozenEstimator

    class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, x: Any, y: Any) -> Any:
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, x: Any) -> Any:
            return x

        def predict(self, x: Any) -> Any:
            return x.argmax(1)

    shares, labels = drawn(2000, 4)
    theirs = CalibratedClassifierCV(FrozenEstimator(Given().fit(shares, labels)), method="isotonic").fit(shares, labels)
    made = Isotonic(curves={name: isotonic(shares[:, n], labels == n) for n, name in enumerate("abc")})
    fresh, _ = drawn(500, 5)
    assert np.abs(made(fresh, list("abc")) - theirs.predict_proba(fresh)).max() < 2 * STRICT + 2 / 2002


def test_a_level_step_keeps_the_order() -> None:
    """Where every curve is level, the network's own order decides, and not that of the names."""
    level = Steps(probabilities=[0.0, 1.0], calibrated=[0.5, 0.5])
    target = LABEL.model_copy(update={"calibrator": Isotonic(curves=dict.fromkeys("abc", level))})
    answers = [d.answer for d in target.decode(np.log([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3]]), [])]
    assert answers == ["c", "b"]


@pytest.mark.parametrize("kind", ["vector", "isotonic"])
def test_a_calibrated_table_is_what_the_target_decodes(kind: Any) -> None:
    """By the table's arithmetic, and by decoding logits; and what it was before is kept beside it."""
    known = answered(900)
    target = LABEL.model_copy(update={"calibrator": calibrator_of(kind, LABEL, known)})
    decoded = target.decode(np.log(known.probabilities), [])
    made = calibrated(target, known)
    assert made.probabilities == pytest.approx(np.stack([d.probabilities for d in decoded]), abs=1e-4)
    assert made.answer == [d.answer for d in decoded]
    again = Label.model_validate(
        {k: v for k, v in json.loads(json.dumps(target.model_dump(mode="json"))).items() if k != "kind"}
    )
    assert again == target
    assert target.tempered(made.probabilities, 2.0) is None
    (kept,) = target.columns()
    before = measured(target, [Outcome(t, d) for t, d in zip([*known.truth[:5], "new"], decoded, strict=False)])[kept]
    rows = known.probabilities[np.arange(5), [LABEL.labels.index(t) for t in known.truth[:5]]]
    assert before[:5] == pytest.approx(-np.log(rows), abs=1e-5)
    assert (kept, LABEL.columns()) == (UNCALIBRATED, ())


@pytest.mark.parametrize("kind", ["vector", "isotonic"])
def test_in_a_run(kind: str) -> None:
    """Log losses before and after stand in the facts and in the report; sets are learned from the other half."""
    recipe = Recipe.load({"data": "x.csv", "calibration": kind, "conformal": 0.9})
    target, facts = learned(recipe, LABEL, answered(1200), print)
    assert facts["calibrator"]["kind"] == kind
    assert facts["calibrator"]["log_loss_after"] < facts["calibrator"]["log_loss_before"]
    assert facts["conformal"]["rows"] + 600 == pytest.approx(1200, abs=3)
    fresh = answered(2000, 9)
    made = calibrated(target, fresh)
    before = -np.log(fresh.probabilities[np.arange(2000), [LABEL.labels.index(t) for t in fresh.truth]])
    kept = Predictions(made.table.append_column(UNCALIBRATED, [before]))
    test = on_test(facts, target, kept)["calibrator"]["test"]
    assert test["log_loss_before"] == pytest.approx(before.mean())
    assert test["log_loss_after"] < test["log_loss_before"]
    text = "\n".join(decisions(on_test(facts, target, kept)))
    assert ("Vector scaling" if kind == "vector" else "Isotonic regression: 3 curves") in text
    assert f"{test['log_loss_before']:.4f} before, {test['log_loss_after']:.4f} after" in text


def test_too_few_rows_are_refused() -> None:
    """Of all, and of a label."""
    with pytest.raises(InputError, match="vector with 59 labelled validation examples of 3 labels"):
        calibrator_of("vector", LABEL, answered(59))
    with pytest.raises(InputError, match="isotonic with 299 labelled"):
        calibrator_of("isotonic", LABEL, answered(299))
    rare = table("label", ["a"] * 50 + ["b"] * 50 + ["c"] * 9, ["a"] * 109, [[0.4, 0.3, 0.3]] * 109, list("abc"))
    with pytest.raises(InputError, match="vector with 9 validation examples of label 'c'"):
        calibrator_of("vector", LABEL, rare)


@pytest.mark.parametrize(
    ("settings", "target", "words"),
    [
        ({"calibration": "vector"}, Score(), "calibration: vector with target 'score'"),
        ({"calibration": "isotonic", "prior_correction": True}, LABEL, "beside prior_correction"),
    ],
)
def test_refused_before_training(settings: Any, target: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        check(Recipe.load({"data": "x.csv", **settings}), target, {"train", "validation"})


@pytest.mark.parametrize(
    "curve",
    [
        {"probabilities": [0.0, 1.0], "calibrated": [0.9, 0.1]},
        {"probabilities": [1.0, 0.0], "calibrated": [0.1, 0.9]},
        {"probabilities": [0.0], "calibrated": [0.1, 0.9]},
        {"probabilities": [0.0, 1.0], "calibrated": [0.0, float("nan")]},
        {"probabilities": [], "calibrated": []},
    ],
)
def test_a_damaged_curve_is_no_calibrator(curve: dict[str, list[float]]) -> None:
    with pytest.raises(ValidationError):
        Steps(**curve)
