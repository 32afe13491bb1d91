"""The gate's arithmetic: flips, ties, and what may be lost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.predictions import Predictions, schema
from burnish.evaluation.latency import latency
from burnish.evaluation.parity import parity
from burnish.metrics.accuracy import Accuracy
from burnish.metrics.mae import Mae
from burnish.metrics.span_f1 import SpanF1
from burnish.metrics.subset_accuracy import SubsetAccuracy
from burnish.targets.label import Label
from burnish.targets.labels import Labels
from burnish.targets.score import Score
from burnish.targets.tags import Tags

OWN = Label(labels=["a", "b"])


def labels(probabilities: list[float], truths: list[str]) -> Predictions:
    """Two names; each number is the probability of the second."""
    names = ("a", "b")
    form = schema("label", names, pa.string())
    columns = {
        "row": list(range(len(truths))),
        "truth": truths,
        "answer": [names[int(p > 0.5)] for p in probabilities],
        "probabilities": [[1 - p, p] for p in probabilities],
        "loss": [None] * len(truths),
        "group": [None] * len(truths),
    }
    return Predictions(pa.table(columns, schema=form))


def test_equal_answers_pass() -> None:
    table = labels([0.1, 0.9] * 50, ["a", "b"] * 50)
    found = parity(table, table, Accuracy(), target=OWN, precision="int8", seed=0)
    assert found.passed
    assert (found.flips, found.difference, found.low, found.max_difference) == (0, 0.0, 0.0, 0.0)


def test_a_flip_of_a_float_format_is_refused_unless_it_is_a_tie() -> None:
    truths = ["a", "b"] * 500
    before = [0.1, 0.9] * 500
    tie = parity(
        labels([0.49999, *before[1:]], truths), labels([0.50001, *before[1:]], truths), Accuracy(),
        target=OWN, precision="float32", seed=0, lost=1.0,
    )  # fmt: skip
    assert tie.passed
    assert (tie.flips, tie.ties) == (1, 1)
    wrong = parity(
        labels([0.4, *before[1:]], truths), labels([0.6, *before[1:]], truths), Accuracy(),
        target=OWN, precision="float32", seed=0, lost=1.0,
    )  # fmt: skip
    assert not wrong.passed
    assert "1 predictions changed" in wrong.why
    assert wrong.listed[0].margin == pytest.approx(0.2)
    assert (wrong.listed[0].row, wrong.listed[0].before, wrong.listed[0].after) == (1, "a", "b")


def test_one_lost_row_of_many_passes_and_of_few_is_refused() -> None:
    for rows, passes in ((2000, True), (200, False)):
        truths = ["a", "b"] * (rows // 2)
        before = [0.1, 0.9] * (rows // 2)
        found = parity(
            labels(before, truths), labels([0.9, *before[1:]], truths), Accuracy(), target=OWN, precision="int8", seed=0
        )
        assert found.passed is passes, rows
        assert found.difference == pytest.approx(-1 / rows)
        # Of one row in N, with 95 % confidence at most 3 are lost where the rows are drawn anew.
        assert -found.low * rows in (pytest.approx(2), pytest.approx(3))


def test_errors_are_bounded_from_above() -> None:
    form = schema("score", (), pa.float64())
    truths = [float(i) for i in range(100)]

    def table(answers: list[float]) -> Predictions:
        nothing: list[None] = [None] * 100
        columns = {"row": list(range(100)), "truth": truths, "answer": answers, "probabilities": [[]] * 100}
        return Predictions(pa.table({**columns, "loss": nothing, "group": nothing}, schema=form))

    worse = parity(table(truths), table([t + 1 for t in truths]), Mae(), target=Score(), precision="int8", seed=0)
    assert not worse.passed
    assert worse.difference == pytest.approx(-1)
    assert worse.low == pytest.approx(-1)
    assert worse.mean_difference == pytest.approx(1 / np.std(truths))
    assert parity(table([t + 1 for t in truths]), table(truths), Mae(), target=Score(), precision="int8", seed=0).passed


def test_latency_counts_batches_and_rows() -> None:
    calls: list[int] = []

    def run(**arrays: np.ndarray) -> np.ndarray:
        calls.append(len(arrays["x"]))
        return arrays["x"]

    found = latency(run, {1: [{"x": np.zeros((1, 2))}], 8: []}, seconds=0.0)
    assert list(found) == ["1"]
    assert found["1"]["batches"] == 5
    assert len(calls) == 6  # the first is not timed
    assert found["1"]["p50_ms"] <= found["1"]["p99_ms"]


@pytest.mark.parametrize(("target", "flips"), [("tags", 1), ("labels", 0)])
def test_the_order_of_tags_is_an_answer_and_that_of_labels_is_not(target: str, flips: int) -> None:
    form = schema(target, ("B-x", "O"), pa.list_(pa.string()))

    def answered(answer: list[str]) -> Predictions:
        row = {"row": 0, "truth": ["O", "B-x"], "answer": answer, "probabilities": [], "loss": None, "group": None}
        return Predictions(pa.Table.from_pylist([row], schema=form))

    own = SpanF1() if target == "tags" else SubsetAccuracy()
    decides = (Tags if target == "tags" else Labels)(labels=["B-x", "O"])
    found = parity(
        answered(["B-x", "O"]), answered(["O", "B-x"]), own, target=decides, precision="int8", seed=0, lost=1.0
    )
    assert found.flips == flips


def sets(target: Labels, probabilities: list[list[float]], truths: list[list[str]]) -> Predictions:
    """Sets of labels, decided as the target decides."""
    logits = np.log(np.array(probabilities) / (1 - np.array(probabilities)))
    answers = [d.answer for d in target.decode(logits, [{}] * len(truths))]
    form = schema("labels", target.labels, pa.list_(pa.string()))
    nothing: list[None] = [None] * len(truths)
    columns = {"row": list(range(len(truths))), "truth": truths, "answer": answers, "probabilities": probabilities}
    return Predictions(pa.table({**columns, "loss": nothing, "group": nothing}, schema=form))


@pytest.mark.parametrize(
    "settings", [{"threshold": 0.3}, {"own_thresholds": {"a": 0.3}}, {"threshold": 0.9, "own_thresholds": {"a": 0.3}}]
)
def test_a_tie_is_near_the_threshold_that_decides(settings: dict[str, Any]) -> None:
    """Rounding at 0.3 is no reason to refuse a float export, and a step over 0.3 is one though 0.5 is far away."""
    target, truths = Labels(labels=["a", "b"], **settings), [["a"], []] * 200
    before = [[0.95, 0.05], [0.05, 0.05]] * 200
    low, high = [[0.29998, 0.05], *before[1:]], [[0.30002, 0.05], *before[1:]]
    shared: dict[str, Any] = {"target": target, "precision": "float32", "seed": 0, "lost": 1.0}
    tie = parity(sets(target, low, truths), sets(target, high, truths), SubsetAccuracy(), **shared)
    assert tie.passed
    assert (tie.flips, tie.ties) == (1, 1)
    far = [[0.25, 0.05], *before[1:]]
    wrong = parity(sets(target, far, truths), sets(target, high, truths), SubsetAccuracy(), **shared)
    assert not wrong.passed
    assert wrong.listed[0].margin == pytest.approx(0.05)
    half = Labels(labels=["a", "b"])  # at 0.5 nothing of all this is a decision
    same = parity(sets(half, far, truths), sets(half, high, truths), SubsetAccuracy(), **{**shared, "target": half})
    assert same.flips == 0


def test_whether_an_answer_is_given_is_a_decision() -> None:
    """An export that abstains where the trained model answers is another model, but where rounding explains it."""
    target, truths = Label(labels=["a", "b"], abstain_below=0.8), ["a", "b"] * 200
    before = [0.1, 0.9] * 200
    shared: dict[str, Any] = {"target": target, "precision": "float32", "seed": 0, "lost": 1.0}
    wrong = parity(
        labels([0.1, 0.82, *before[2:]], truths), labels([0.1, 0.78, *before[2:]], truths), Accuracy(), **shared
    )
    assert not wrong.passed
    assert (wrong.listed[0].before, wrong.listed[0].after) == ("b", "b (abstained)")
    assert wrong.listed[0].margin == pytest.approx(0.02)
    tie = parity(
        labels([0.1, 0.80002, *before[2:]], truths), labels([0.1, 0.79998, *before[2:]], truths), Accuracy(), **shared
    )
    assert tie.passed
    assert tie.ties == 1
