"""Baselines: what they answer, that they learn from training rows only, and that they are scored like the model."""

from __future__ import annotations

import json
import time
import warnings
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions, schema
from burnish.evaluation.baselines import baseline_scores, frozen_features, majority
from burnish.evaluation.scores import metrics_for

TYPES = {"label": pa.string(), "labels": pa.list_(pa.string()), "score": pa.float64(), "tags": pa.list_(pa.string())}


def table(target: str, truth: list[Any], answer: list[Any], names: list[str]) -> Predictions:
    """A table whose answers are given, in two groups."""
    rows = len(truth)
    columns = {
        "row": list(range(rows)),
        "truth": truth,
        "answer": answer,
        "probabilities": [[]] * rows,
        "loss": [None] * rows,
        "group": [f"g{i // 2}" for i in range(rows)],
    }
    return Predictions(pa.table(columns, schema=schema(target, names, TYPES[target])))


def value(kind: str, predictions: Predictions) -> float:
    """A metric of a table."""
    return build("burnish.metrics", kind).value(predictions)  # type: ignore[attr-defined,no-any-return]


def test_majority_label() -> None:
    """The most common one, its frequencies as probabilities; rows, truths and groups stay."""
    like = table("label", ["a", "b", None], ["a", "a", "a"], ["a", "b"])
    found = majority(["b", "b", "a", None, "b"], like)
    assert found.predictions.answer == ["b", "b", "b"]
    np.testing.assert_allclose(found.predictions.probabilities, [[0.25, 0.75]] * 3)
    assert found.predictions.truth == like.truth
    assert found.predictions.groups == like.groups
    assert found.predictions.target == "label"
    assert "3 of 4" in found.note


def test_majority_does_not_depend_on_the_order_of_rows() -> None:
    """Ties go to the first in the alphabet."""
    like = table("label", ["a"], ["a"], ["a", "b"])
    assert majority(["b", "a"], like).predictions.answer == majority(["a", "b"], like).predictions.answer == ["a"]


def test_majority_label_sets() -> None:
    """Labels more than half of the rows have; where none has, the most common set."""
    like = table("labels", [["a"]], [["b"]], ["a", "b", "c"])
    assert majority([["a", "b"], ["a"], ["b", "a"], []], like).predictions.answer == [["a"]]
    assert majority([["c", "b"], ["b", "c"], ["a"], ["a", "b"], []], like).predictions.answer == [["b"]]
    assert majority([["c"], ["b"], ["a"], ["c"], []], like).predictions.answer == [["c"]]


def test_majority_score_and_tags() -> None:
    """The mean; O for every word."""
    assert majority([1.0, None, 4.0], table("score", [2.0, 3.0], [0.0, 0.0], [])).predictions.answer == [2.5, 2.5]
    like = table("tags", [["O", "B-x"], ["O"]], [["O", "O"], ["B-x"]], ["B-x", "O"])
    assert majority([["B-x", "B-x", "O"]], like).predictions.answer == [["O", "O"], ["O"]]


def test_no_truth_to_learn_from() -> None:
    """Said, not guessed."""
    with pytest.raises(InputError, match="no labels"):
        majority([None], table("label", ["a"], ["a"], ["a", "b"]))
    with pytest.raises(InputError, match="no labels"):
        frozen_features(np.zeros((1, 2)), [None], np.zeros((1, 2)), table("label", ["a"], ["a"], ["a", "b"]), seed=0)


def blobs(rows: int, seed: int, classes: int = 4, width: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Features around class centres, on very uneven scales, with one that never varies."""
    centres = np.random.default_rng(99).normal(size=(classes, width))
    draw = np.random.default_rng(seed)
    y = draw.integers(0, classes, rows)
    x = (centres[y] + 0.6 * draw.normal(size=(rows, width))) * np.logspace(-3, 3, width)
    x[:, 0] = 7.0
    return x, y


def test_frozen_label() -> None:
    """Learns what is linearly there; an unlabelled row and a label without name are left out; repeatable."""
    names = ["n0", "n1", "n2", "n3"]
    (x, y), (x_test, y_test) = blobs(300, 0), blobs(200, 1)
    truths: list[str | None] = [names[i] for i in y]
    truths[0], truths[1] = None, "never seen"
    like = table("label", [names[i] for i in y_test], ["n0"] * 200, names)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = frozen_features(x, truths, x_test, like, seed=0)
    assert value("accuracy", found.predictions) > 0.9
    np.testing.assert_allclose(found.predictions.probabilities.sum(axis=1), 1, atol=1e-5)
    again = frozen_features(x, truths, x_test, like, seed=0)
    assert again.predictions.table.equals(found.predictions.table)
    assert "299" in found.note


def test_frozen_label_keeps_names_that_training_rows_lack() -> None:
    """Probability 0 for a name without training rows; the columns stay those of the names."""
    (x, y), (x_test, _) = blobs(60, 0, classes=2), blobs(5, 1, classes=2)
    names = ["absent", "n0", "n1"]
    found = frozen_features(x, [names[i + 1] for i in y], x_test, table("label", ["n0"] * 5, ["n0"] * 5, names), seed=0)
    assert found.predictions.probabilities.shape == (5, 3)
    assert (found.predictions.probabilities[:, 0] == 0).all()


def test_frozen_label_sets() -> None:
    """One-vs-rest, with a label every row has and one none has."""
    names = ["all", "even", "none"]
    (x, y), (x_test, y_test) = blobs(300, 0), blobs(100, 1)
    sets = [[["all", "even"] if i % 2 == 0 else ["all"] for i in c] for c in (y, y_test)]
    found = frozen_features(x, sets[0], x_test, table("labels", sets[1], [[]] * 100, names), seed=0)
    assert value("subset_accuracy", found.predictions) > 0.9
    assert (found.predictions.probabilities[:, 2] == 0).all()


def test_frozen_score() -> None:
    """Ridge."""
    draw = np.random.default_rng(0)
    x, slope = draw.normal(size=(200, 8)), draw.normal(size=8)
    y = 5 + x @ slope + 0.1 * draw.normal(size=200)
    like = table("score", y[150:].tolist(), [0.0] * 50, [])
    assert value("r2", frozen_features(x[:150], y[:150].tolist(), x[150:], like, seed=0).predictions) > 0.95


def test_frozen_tags() -> None:
    """Rows are words; words that were cut off get O."""
    names = ["B-x", "I-x", "O"]
    (x, y), (x_test, y_test) = blobs(300, 0, classes=3), blobs(40, 1, classes=3)
    truth = [[names[i] for i in y_test[r : r + 4]] for r in range(0, 40, 4)]
    like = table("tags", truth, truth, names)
    cut = [x_test[r : r + (4 if r else 2)] for r in range(0, 40, 4)]
    found = frozen_features(x, [names[i] for i in y], cut, like, seed=0).predictions
    assert value("accuracy", found) > 0.85
    assert found.answer[0][2:] == ["O", "O"]
    assert [len(row) for row in found.answer] == [4] * 10


def test_at_most_so_many_rows_are_fitted_and_that_is_said() -> None:
    """A subsample, with a note."""
    (x, y), (x_test, y_test) = blobs(400, 0), blobs(50, 1)
    names = ["n0", "n1", "n2", "n3"]
    like = table("label", [names[i] for i in y_test], ["n0"] * 50, names)
    found = frozen_features(x, [names[i] for i in y], x_test, like, seed=0, limit=100)
    assert "100 of 400" in found.note
    by_caller = frozen_features(x, [names[i] for i in y], x_test, like, seed=0, drawn_from=9000)
    assert "fitted on 400 labelled training examples, drawn from 9,000 examples" in by_caller.note
    assert value("accuracy", found.predictions) > 0.8


def test_features_that_do_not_fit_the_rows_are_refused() -> None:
    """Numbers of both are said."""
    with pytest.raises(InputError, match="3 training features for 2 labels"):
        frozen_features(
            np.zeros((3, 2)), ["a", "b"], np.zeros((1, 2)), table("label", ["a"], ["a"], ["a", "b"]), seed=0
        )


def test_many_classes_stay_affordable() -> None:
    """2,000 rows, 77 classes, 128 features."""
    (x, y), (x_test, y_test) = blobs(2000, 0, 77, 128), blobs(200, 1, 77, 128)
    names = [f"n{i:02d}" for i in range(77)]
    start = time.process_time()
    like = table("label", [names[i] for i in y_test], ["n00"] * 200, names)
    found = frozen_features(x, [names[i] for i in y], x_test, like, seed=0)
    assert time.process_time() - start < 20
    assert value("accuracy", found.predictions) > 0.9


def test_scored_like_the_model_with_paired_differences() -> None:
    """Ready for JSON; the difference is model minus baseline."""
    draw = np.random.default_rng(0)
    truth = np.where(draw.random(120) < 0.7, "a", "b").tolist()
    answer = [t if r else "a" for t, r in zip(truth, draw.random(120) < 0.9, strict=True)]
    model = table("label", truth, answer, ["a", "b"])
    found = baseline_scores(
        model, {"majority": majority(truth, model)}, metrics_for("label"), ("accuracy", "f1"), seed=0, resamples=200
    )
    json.dumps(found, allow_nan=False)
    accuracy = found["majority"]["differences"]["accuracy"]
    assert accuracy["value"] == pytest.approx(
        value("accuracy", model) - found["majority"]["metrics"]["accuracy"]["value"]
    )
    assert accuracy["better"] is True
    assert accuracy["grouped"] is True
    assert accuracy["mcnemar"] < 1e-4
    assert set(found["majority"]["differences"]) == {"accuracy", "macro_f1"}
