"""Runs beside each other: the tests behind a verdict, the rows that changed, what is refused, what is written."""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from burnish.cli.comparing import compare as command
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from burnish.evaluation.compare import aligned, mcnemar
from burnish.evaluation.flips import flips
from burnish.evaluation.randomisation import holm, randomised
from burnish.evaluation.row_errors import row_errors
from burnish.evaluation.scores import metrics_for, scores
from burnish.evaluation.versus import versus
from burnish.metrics.accuracy import Accuracy
from burnish.metrics.f1 import F1
from burnish.report.comparison.words import said, verdict
from burnish.stages.compare import compare
from burnish.targets import target_of
from tests.page_cases import HOSTILE
from tests.prediction_cases import label_table, labels_table, score_table, synthetic, table, tags_table


def answers(right: list[bool]) -> Predictions:
    """Two classes; which rows are right."""
    truth = ["a" if i % 3 else "b" for i in range(len(right))]
    given = [t if ok else "b" if t == "a" else "a" for t, ok in zip(truth, right, strict=True)]
    chances = [[0.9, 0.1] if g == "a" else [0.1, 0.9] for g in given]
    return table("label", truth, given, chances, ["a", "b"])


def worse(predictions: Predictions, rows: int) -> Predictions:
    """The same table with the first rows answered with the next name."""
    names = predictions.names
    given = [names[(names.index(a) + 1) % len(names)] if i < rows else a for i, a in enumerate(predictions.answer)]
    return predictions.with_answers(given)


def folder(path: Path, predictions: Predictions, **more: Any) -> Path:
    """A folder as `burnish evaluate` writes it."""
    target = target_of(predictions)
    metrics = metrics_for(target)
    told = scores(predictions, metrics, target.headline, seed=0, resamples=50)
    path.mkdir(parents=True)
    (path / "scores.json").write_text(json.dumps({"split": "given data", "test_rows": "same", **told, **more}))
    predictions.save(path / "predictions.parquet")
    return path


def test_randomisation_is_the_share_of_all_swaps() -> None:
    """On ten rows all 1,024 ways to swap can be counted."""
    draw = np.random.default_rng(1)
    a, b = (answers((draw.random(10) < share).tolist()) for share in (0.9, 0.4))
    metric = Accuracy()
    observed = abs(metric.value(a) - metric.value(b))
    first = np.array([t == x for t, x in zip(a.truth, a.answer, strict=True)], float)
    second = np.array([t == x for t, x in zip(b.truth, b.answer, strict=True)], float)
    signs = np.array(list(itertools.product([1, -1], repeat=10)))
    exact = (np.abs(signs @ (first - second)) / 10 >= observed - 1e-12).mean()
    assert randomised(metric, a, b, draws=20_000, seed=3) == pytest.approx(exact, abs=0.01)


def test_randomisation_swaps_whole_groups() -> None:
    """Ten rows of one group are one coin: every swap gives the same size, so p is 1."""
    a, b = answers([True] * 10), answers([False] * 10)
    grouped = [
        Predictions(t.table.set_column(t.table.schema.get_field_index("group"), "group", [["g"] * 10])) for t in (a, b)
    ]
    assert randomised(Accuracy(), a, b, draws=500, seed=0) < 0.05
    assert randomised(Accuracy(), *grouped, draws=500, seed=0) == 1.0


def test_mcnemar_of_a_worked_example() -> None:
    """121 and 59 rows that only one has right: p of statsmodels 0.15.0, `mcnemar(exact=True)`."""
    right = [(True, True)] * 101 + [(True, False)] * 121 + [(False, True)] * 59 + [(False, False)] * 33
    a, b = answers([r[0] for r in right]), answers([r[1] for r in right])
    assert mcnemar(*aligned(a, b)) == pytest.approx(4.4344492637551645e-06, rel=1e-9)


def test_holm_of_a_worked_example() -> None:
    """As statsmodels' `multipletests(method="holm")` has them."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, float("nan"), 0.9]) == pytest.approx([1.0, float("nan"), 1.0], nan_ok=True)


@pytest.mark.parametrize("target", ["label", "labels", "score", "tags", "transcript", "ctc_transcript", "response"])
def test_rows_that_change_are_found_for_every_target(target: str) -> None:
    """Nothing changes against itself; against another table of the same truths what is worse one way is better the other."""
    for first in synthetic(target, 40, seed=1):
        second = first.take(np.arange(len(first)))
        same = flips(*aligned(first, second))
        assert same is not None
        assert not same.worse
        assert not same.better
        errors = row_errors(first.known)
        assert errors is not None
        assert len(errors.values) == len(first.known)
        assert (errors.values >= 0).all()


def test_errors_of_rows_by_hand() -> None:
    """Sets count labels, tags words, scores a distance."""
    sets = table("labels", [["x", "y"], []], [["x", "z"], []], [[0.1] * 3] * 2, ["x", "y", "z"])
    tags = table("tags", [["O", "B-a", "O"]], [["O", "O"]], [], ["B-a", "O"])
    numbers = table("score", [1.0, 3.0], [1.5, 2.0], [], [])
    for predictions, expected in ((sets, [2, 0]), (tags, [2]), (numbers, [0.5, 1.0])):
        errors = row_errors(predictions)
        assert errors is not None
        assert errors.values.tolist() == expected


def test_the_class_of_most_rows_that_got_worse_is_named() -> None:
    """At least half of them, and two."""
    before = answers([True] * 9)
    found = flips(before, answers([i % 3 != 0 for i in range(9)]))
    assert found is not None
    assert (found.mostly, len(found.worse), found.matrix) == ("b", 3, (6, 3, 0, 0))
    assert flips(before, answers([i > 0 for i in range(9)])).mostly is None  # type: ignore[union-attr]


def test_a_verdict_says_who_by_how_much_and_which_rows() -> None:
    """The sentence of the issue, both ways round and where nothing is shown."""
    good, bad = answers([True] * 200), answers([i % 3 != 0 or i % 2 == 0 for i in range(200)])
    metric = Accuracy()
    (one,) = versus(good, {"new": bad}, [], metric, resamples=200)
    sentence = said(verdict(one, "old", greater_is_better=True))
    assert sentence.startswith("new is worse than old by 16.5 points of accuracy, interval ")
    assert sentence.endswith("; 33 rows got worse, mostly class b, 0 better.")
    (other,) = versus(bad, {"old": good}, [], metric, resamples=200)
    assert "old is better than new by 16.5 points" in said(verdict(other, "new", greater_is_better=True))
    (same,) = versus(good, {"new": worse(good, 1)}, [], metric, resamples=200)
    sentence = said(verdict(same, "old", greater_is_better=True))
    assert sentence.startswith("new is not shown to differ from old: −0.5 points of accuracy, interval −1.5 to +0.0")
    assert "1 row got worse, 0 better" in sentence


def test_several_runs_are_corrected() -> None:
    """Six rows of sixty: alone it is shown, beside nine others it is not."""
    good = answers([True] * 60)
    (alone,) = versus(good, {"new": worse(good, 6)}, [], Accuracy(), resamples=2000)
    assert alone.verdict == "worse"
    others = {f"same {i}": worse(good, 1) for i in range(9)}
    many = versus(good, {"new": worse(good, 6), **others}, [], Accuracy(), resamples=2000)
    assert many[0].p < 0.05 < many[0].corrected
    assert many[0].verdict == "not_shown"


def test_other_test_rows_are_refused(tmp_path: Path) -> None:
    """By hash; of folders that name none nothing is guessed."""
    one = folder(tmp_path / "one", answers([True] * 20))
    other = folder(tmp_path / "other", answers([True] * 20), test_rows="others")
    silent = folder(tmp_path / "silent", answers([True] * 20), test_rows=None)
    with pytest.raises(InputError, match="tested on other rows"):
        compare([one, other])
    with pytest.raises(InputError, match="does not say which rows"):
        compare([one, silent])
    with pytest.raises(InputError, match="named twice"):
        compare([one, one])
    with pytest.raises(InputError, match="1 run"):
        compare([one])


def test_other_classes_are_refused(tmp_path: Path) -> None:
    """Their probabilities mean other things."""
    first = label_table(30, 2)
    renamed = replace(first, table=label_table(30, 5).table)
    runs = [folder(tmp_path / "one", first), folder(tmp_path / "two", renamed)]
    with pytest.raises(InputError, match="in one table"):
        compare(runs)


@pytest.mark.parametrize("make", [lambda rows: labels_table(rows, 4), score_table, tags_table])
def test_the_folder_that_is_written(make: Any, tmp_path: Path) -> None:
    """Figures, each row that changed, and a page."""
    first, second = make(50), make(50)
    given = [*second.answer[1:], second.answer[0]]
    if make is tags_table:
        given = [["O"] * len(a) for a in second.answer]
    runs = [folder(tmp_path / "one", first), folder(tmp_path / "two", second.with_answers(given))]
    result = compare(runs, out=tmp_path / "out", resamples=100)
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert told["comparisons"][0]["flips"]["worse"] == result["comparisons"][0]["flips"]["worse"] > 0
    with open(tmp_path / "out" / "flips.csv", encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    changed = told["comparisons"][0]["flips"]
    assert len(lines) == changed["worse"] + changed["better"]
    assert {line["change"] for line in lines} <= {"worse", "better"}
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "<h1" in page
    assert "two" in page
    with pytest.raises(InputError, match="there already"):
        compare(runs, out=tmp_path / "out")


def test_what_data_holds_cannot_break_the_page_or_the_csv(tmp_path: Path) -> None:
    """Names of classes are whatever users write; a cell that begins like a formula is text."""
    names = [*HOSTILE[:4], "=1+1"]
    truth = names * 6
    first = table("label", truth, truth, np.full((30, 5), 0.2), names)
    second = first.with_answers([names[(names.index(t) + 1) % 5] for t in truth])
    runs = [folder(tmp_path / "one", first), folder(tmp_path / "two", second)]
    compare(runs, out=tmp_path / "out", resamples=100)
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "<script>window.broken" not in page
    assert "<img src=x" not in page
    assert "'=1+1" in (tmp_path / "out" / "flips.csv").read_text(encoding="utf-8-sig")


def test_exit_codes_for_continuous_integration(tmp_path: Path) -> None:
    """1 where a run is worse and it was asked for; 0 else."""
    good = answers([True] * 100)
    runs = [str(folder(tmp_path / "good", good)), str(folder(tmp_path / "bad", worse(good, 30)))]
    run = CliRunner()
    assert run.invoke(command, [*runs, "--resamples", "200"], standalone_mode=False).return_value == 0
    found = run.invoke(command, [*runs, "--resamples", "200", "--fail-if-worse"], standalone_mode=False)
    assert found.return_value == 1
    assert "bad is worse than good by" in found.output
    turned = run.invoke(command, [*runs[::-1], "--resamples", "200", "--fail-if-worse"], standalone_mode=False)
    assert turned.return_value == 0


def test_a_metric_can_be_named(tmp_path: Path) -> None:
    """Another than the one that chose the checkpoint; a misspelt one is answered with the nearest."""
    good = answers([True] * 100)
    runs = [folder(tmp_path / "good", good), folder(tmp_path / "bad", worse(good, 30))]
    assert compare(runs, metric="matthews", resamples=100)["comparisons"][0]["metric"] == "matthews"
    with pytest.raises(InputError, match="matthew"):
        compare(runs, metric="mathews", resamples=100)


def test_tables_in_another_order_are_compared_by_row() -> None:
    """The rows of the second are put in the order of the first."""
    first = label_table(40, 3, seed=2)
    (one,) = versus(first, {"x": first.take(np.arange(40)[::-1])}, [], F1(), resamples=100)
    assert one.difference.value == 0
    assert one.flips is not None
    assert not one.flips.worse
