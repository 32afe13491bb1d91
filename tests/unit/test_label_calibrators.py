"""Calibration of several labels a row, against scikit-learn and by what an exported program computes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

from burnish.core.errors import InputError
from burnish.core.names import sigmoid
from burnish.core.predictions import Predictions
from burnish.evaluation.calibrators import calibrated, calibrator_of, sigmoid_scaling
from burnish.recipe.recipe import Recipe
from burnish.report.decisions import decisions
from burnish.stages.train.decide import learned
from burnish.targets import EachIsotonic, SigmoidScaling, log_odds
from burnish.targets._calibrators import STRICT
from burnish.targets.labels import Labels
from tests.prediction_cases import table

TARGET = Labels(labels=["a", "b", "never"])


def answered(rows: int) -> tuple[Predictions, np.ndarray]:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (rows, 3))
    true = random.random((rows, 3)) < sigmoid(logits / [2.0, 0.5, 1.0] + [1.0, -1.0, 0.0])
    true[:, 2] = False
    shares = sigmoid(logits)
    truths = [[n for n, t in zip(TARGET.labels, row, strict=True) if t] for row in true]
    return table("labels", truths, [TARGET.above(p) for p in shares], shares, TARGET.labels), true


def test_sigmoid_scaling_is_that_of_scikit_learn() -> None:
    known, true = answered(400)
    shares = known.probabilities[:, 0]
    theirs = _SigmoidCalibration().fit(log_odds(shares), true[:, 0])
    assert sigmoid_scaling(shares, true[:, 0]) == pytest.approx((-theirs.a_, -theirs.b_), abs=1e-3)


@pytest.mark.parametrize("kind", ["vector", "isotonic"])
def test_each_label_alone_and_one_without_examples_stays(kind: Any) -> None:
    """As decoded, as a table, as scikit-learn and as the program of an export without burnish."""
    known, true = answered(400)
    target = TARGET.model_copy(update={"calibrator": calibrator_of(kind, TARGET, known)})
    made, decoded = calibrated(target, known), target.decode(log_odds(known.probabilities), [])
    assert isinstance(target.calibrator, SigmoidScaling if kind == "vector" else EachIsotonic)
    assert made.probabilities == pytest.approx(np.stack([d.probabilities for d in decoded]), abs=1e-5)
    assert made.answer == [d.answer for d in decoded]
    assert made.probabilities[:, 2] == pytest.approx(known.probabilities[:, 2])
    if kind == "isotonic":
        theirs = IsotonicRegression(y_min=1 / 402, y_max=401 / 402, out_of_bounds="clip")
        given = theirs.fit(known.probabilities[:, 1], true[:, 1]).predict(known.probabilities[:, 1])
        assert made.probabilities[:, 1] == pytest.approx(given, abs=2 * STRICT)
    settings = target.model_dump(mode="json")
    assert Labels.model_validate({k: v for k, v in settings.items() if k != "kind"}) == target
    settings |= {"offsets": [0, 0, 0], "thresholds": dict.fromkeys(target.labels, 0.5)}
    said: list[str] = []
    logits = log_odds(known.probabilities[:1])
    exec(target.program(), {"np": np, "json": json, "settings": settings, "logits": logits, "print": said.append})
    assert list(json.loads(said[0])["probabilities"].values()) == pytest.approx(
        made.probabilities[0].tolist(), abs=1e-6
    )


@pytest.mark.parametrize("kind", ["vector", "isotonic"])
def test_in_a_run_it_says_what_stays(kind: str) -> None:
    said: list[str] = []
    known, _ = answered(400)
    _, facts = learned(Recipe.load({"data": "x.csv", "calibration": kind}), TARGET, known, said.append)
    assert facts["calibrator"]["log_loss_after"] < facts["calibrator"]["log_loss_before"]
    assert facts["calibrator"]["left"] == ["never"]
    assert said[0].endswith("too few validation examples to learn from: never")
    assert "left as they are: never" in "\n".join(decisions(facts))


def test_no_label_with_both_values_is_refused() -> None:
    known, _ = answered(8)
    with pytest.raises(InputError, match="no label that is often enough"):
        calibrator_of("vector", TARGET, known)
