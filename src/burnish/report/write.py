"""`report.md` and `report.html`: what a run did and how good its predictions are, for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.evaluation.confusion import confusion
from burnish.evaluation.reliability import Bin, agreement, bins
from burnish.report import exports, pictures, run_pictures
from burnish.report import results as report_results
from burnish.report import run as report_run
from burnish.report.calibration import measures
from burnish.report.choice import choice
from burnish.report.decisions import decisions
from burnish.report.explained import Explain, Remembered, heatmap_sheets
from burnish.report.folds import folds
from burnish.report.imbalance import imbalance, long_texts
from burnish.report.layers import layers
from burnish.report.markdown import name
from burnish.report.mistakes import Pictured, heard, listed, seen
from burnish.report.neighbours import Neighbours
from burnish.report.page.contents import ROWS, Contents, Effects
from burnish.report.page.page import write_page
from burnish.report.replies import forgotten, learned_parts, written
from burnish.report.robustness import robustness
from burnish.report.slices import slices
from burnish.report.sounds import sounds
from burnish.report.summary import CALIBRATED, deciding, summary
from burnish.report.transcripts import transcripts
from burnish.report.tunes import tunes
from burnish.targets import classes_of, is_exclusive, linear_of, target_class, target_of

FOLDER = "pictures"
Shown = Callable[[int], str] | Mapping[int, str]
Columns = Callable[[Sequence[int]], Mapping[str, Sequence[Any]]]


def write(
    run_folder: Path,
    *,
    facts: Mapping[str, Any],
    scores: Mapping[str, Any],
    baselines: Mapping[str, Any],
    audit: Mapping[str, Any] | None,
    events: Sequence[Mapping[str, Any]],
    predictions: Predictions,
    inputs_shown: Shown,
    inputs_pictured: Pictured | None = None,
    inputs_heard: Callable[[int], bytes | None] | None = None,
    inputs_beside: Columns | None = None,
    explain: Explain | None = None,
    base: Predictions | None = None,
    page_rows: int = ROWS,
    effects: Effects | None = None,
    nearest: Neighbours | None = None,
) -> Path:
    """Write `report.md`, its `pictures/` and `report.html` into a folder, all overwritten; the path of the first.

    Args:
        run_folder: where; made where it is not there.
        facts: what is to be said about the run, all keys optional; others are shown under their own names. `name`, `task`,
            `model`, `data`: strings. `split`: name of the split that was scored ("test"). `rows`: {split: rows}.
            `split_method`: in words. `seeds`: {what: seed} or one. `sealed`: whether the scored rows were read once, at
            the end. `best`: {step, metric, value}. `training`: {steps, total_steps, epochs ...}. `validation_metric`: name
            of the score in the learning curve. `lengths`, `length_limit`, `length_unit`: full length of each training row,
            where rows are cut off, what is counted. `recipe`: its path, relative to the folder. `environment`: as in
            environment.json. `notes`: sentences. `place`: a function of a row number to where it stands.
        scores, baselines: what `evaluation.scores.scores` and `evaluation.baselines.baseline_scores` gave.
        audit, events, predictions: audit.json or None; lines of events.jsonl, or none; the table the scores are of.
        inputs_shown: row number to the input as text; `inputs_pictured`, `inputs_heard` to a picture, uint8 [height,
            width, 3], or a WAV file, or to None; `inputs_beside`: row numbers to what `report.rows.row_columns` gives.
        base: what the checkpoint as it was says of the same rows; None where that is no baseline.
        explain: rows to pictures with maps of where their answers come from; None where inputs are no pictures.
        page_rows: most rows of data in report.html; 0: none.
        effects: row number to what the parts of its text (characters) or sound (seconds) did for the prediction, (start, end,
            effect); None: not known.
        nearest: row number of a mistake to its nearest training examples; None: not looked up.
    """
    explain = None if explain is None else Remembered(explain)
    shown, learned = _shown_by(inputs_shown), learned_parts(events)
    words = [
        *transcripts(scores, predictions, _beside(predictions, inputs_beside)),
        tunes(run_folder / FOLDER, scores, predictions, base, shown, facts.get("place")),
        sounds(run_folder, scores, predictions, shown),
    ]
    told = [forgotten(scores), *_chosen(scores)]
    page = Contents(
        facts, scores, baselines, audit, events, predictions, shown, inputs_pictured, inputs_heard,
        explain=explain, effects=effects, base=base, rows=page_rows, nearest=nearest or {},
        further=[*(words if page_rows else []), *told, *([learned] if page_rows else [])],
    )  # fmt: skip
    path = run_folder / "report.md"
    sections = _sections(run_folder, page, words, learned)
    write_text(path, "\n\n".join("\n".join(section) for section in sections if section) + "\n")
    write_page(run_folder, page)
    return path


def _sections(
    run_folder: Path, page: Contents, words: Sequence[Sequence[str]], learned: Sequence[str]
) -> list[Sequence[str]]:
    """The sections of report.md, their pictures drawn."""
    drawn, facts, scores, predictions = _Pictures(run_folder), page.facts, page.scores, page.predictions
    metric, place = facts.get("validation_metric"), facts.get("place")
    said = summary(scores, page.baselines, predictions, page.audit, metric)
    return [
        *report_results.first(facts, scores, page.baselines, said),
        *(_classes(drawn, scores), _confusions(drawn, predictions), _answers(drawn, predictions)),
        slices(scores),
        robustness(scores, deciding(scores, str(metric) if metric else None)),
        *words,
        report_results.compared(scores, page.baselines),
        *written(scores, predictions, page.base, page.shown, place),
        listed(predictions, page.shown, place, str(facts.get("split", "test")), page.nearest, page.effects),
        seen(drawn, predictions, page.pictured, page.shown),
        heard(run_folder / FOLDER, predictions, page.heard, page.pictured, page.shown),
        heatmap_sheets(run_folder / FOLDER, predictions, page.explain) if page.explain is not None else [],
        _calibration(drawn, predictions, scores),
        *(*_chosen(scores), [exports.BEGIN, exports.END]),
        *(report_run.sealing(facts, scores), report_run.audited(page.audit), learned),
        _training(drawn, facts, page.events),
        layers(drawn, page.events),
        report_results.other_metrics(scores),
        *report_run.last(facts),
    ]


def _chosen(scores: Mapping[str, Any]) -> list[list[str]]:
    """Sections about what was compared before the run, and about its folds; empty where there are none."""
    ways = [choice(scores.get("choice")), imbalance(scores.get("imbalance"))]
    return [*ways, long_texts(scores.get("long"), scores.get("long_rows", ())), folds(scores.get("folds"))]


class _Pictures:
    """Draws into the folder and gives the line that shows the picture."""

    def __init__(self, run_folder: Path) -> None:
        run_folder.mkdir(parents=True, exist_ok=True)
        self._folder = run_folder

    def __call__(self, file: str, caption: str, draw: Callable[[Path], object]) -> list[str]:
        path = self._folder / FOLDER / file
        path.unlink(missing_ok=True)
        draw(path)
        return ["", f"![{caption}]({FOLDER}/{file})"] if path.is_file() else []


def _classes(drawn: _Pictures, scores: Mapping[str, Any]) -> list[str]:
    rows, called = scores.get("per_class"), classes_of(target_class(scores["target"]))
    if not rows or called is None:
        return []
    file = drawn(
        "classes.png", "F1 of each class with its support", lambda p: pictures.class_bars(rows, p, unit=called.unit)
    )
    return [*report_results.per_class(scores), *file]


def _confusions(drawn: _Pictures, predictions: Predictions) -> list[str]:
    if not is_exclusive(target_of(predictions)) or not len(with_truth(predictions)):
        return []
    matrix = confusion(predictions)
    lines = ["## Confusions", ""]
    frequent = matrix.frequent(10)
    for truth, answer, count, support in frequent:
        lines.append(f"- {name(truth)} predicted as {name(answer)}: {count:,} of {support:,} examples")
    if not frequent:
        lines.append("No prediction is wrong.")
    return lines + drawn("confusion.png", "Confusion matrix", lambda p: pictures.confusion_matrix(matrix, p))


def _answers(drawn: _Pictures, predictions: Predictions) -> list[str]:
    known, target = with_truth(predictions), target_of(predictions)
    if linear_of(target) == "numbers":
        lines = drawn("scatter.png", "Prediction against true value", lambda p: pictures.score_scatter(known, p))
        return ["## Prediction and true value", *lines] if lines else []
    if not is_exclusive(target) or len(known.names) != 2 or known.probabilities.shape[1] != 2:
        return []
    lines = drawn("curves.png", "ROC and precision-recall curve", lambda p: pictures.binary_curves(known, p))
    sentence = f"The positive class is {name(known.names[1])}, the second of the two label names."
    return ["## Curves", "", sentence, *lines] if lines else []


def _calibration(drawn: _Pictures, predictions: Predictions, scores: Mapping[str, Any]) -> list[str]:
    """Confidence beside accuracy, and what was learned on validation to bring them together."""
    bars = bins(predictions) if is_exclusive(target_of(predictions)) else []
    learned = decisions(scores.get("decisions") or {})
    if not bars:
        return learned
    lines = drawn("reliability.png", "Reliability diagram", lambda p: pictures.reliability(bars, p))
    told = [_calibration_words(bars, scores), *lines, *measures(scores)]
    return ["## Calibration", "", *told, *([""] * bool(learned)), *learned]


def _calibration_words(bars: Sequence[Bin], scores: Mapping[str, Any]) -> str:
    sure, right = agreement(bars) or (math.nan, math.nan)
    gap = sure - right
    words = "overconfident" if gap > 0 else "underconfident"
    if abs(gap) < CALIBRATED:
        words = "calibrated on average"
    error = scores.get("metrics", {}).get("expected_calibration_error", {}).get("value")
    tail = f" Expected calibration error: {error:.3f}." if error is not None and math.isfinite(error) else ""
    return f"The model is {words}: mean confidence {sure:.3f}, accuracy {right:.3f}.{tail}"


def _beside(predictions: Predictions, inputs_beside: Columns | None) -> Mapping[str, Sequence[Any]]:
    return {} if inputs_beside is None else inputs_beside(predictions.table["row"].to_pylist())


def _shown_by(inputs_shown: Shown) -> Callable[[int], str]:
    return inputs_shown if callable(inputs_shown) else lambda row: inputs_shown.get(row, "")


def _training(drawn: _Pictures, facts: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[str]:
    metric = str(facts.get("validation_metric") or (facts.get("best") or {}).get("metric") or "")
    curve = drawn(
        "learning_curve.png",
        "Loss, validation score and learning rate over steps",
        lambda p: run_pictures.learning_curve(events, p, metric="" if metric == "loss" else metric),
    )
    lengths = facts.get("lengths")
    unit, limit = str(facts.get("length_unit", "tokens")), facts.get("length_limit")
    histogram = (
        drawn(
            "lengths.png", "Lengths of the inputs", lambda p: run_pictures.lengths(lengths, p, limit=limit, unit=unit)
        )
        if lengths is not None
        else []
    )
    lines = report_run.training(facts, events)
    if not lines and (curve or histogram):
        lines = ["## Training"]
    return [*lines, *curve, *histogram]
