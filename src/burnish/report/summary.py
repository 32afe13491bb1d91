"""What the scores say in a few sentences: the first screen of the report, and the last lines of the console."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from burnish.core.predictions import Predictions
from burnish.evaluation.reliability import agreement, bins
from burnish.report.baselines import WAYS_OF_READING, baseline_phrase
from burnish.report.markdown import number
from burnish.report.slices import called
from burnish.targets import classes_of, is_exclusive, target_class, target_of

NAMED = {"matthews": "MCC", "roc_auc": "ROC AUC", "rmse": "RMSE", "mae": "MAE", "r2": "R²", "pearson": "Pearson correlation",
         "spearman": "Spearman correlation", "chrf": "chrF", "rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougeL": "ROUGE-L",
         "valid_json": "valid JSON", "wer": "WER", "cer": "CER", "raw_wer": "raw WER"}  # fmt: skip
OVERLAP = ("test_rows_in_train", "test_groups_in_train", "near_test_rows_in_train", "reworded_test_rows_in_train")
ACCURACIES = ("accuracy", "subset_accuracy")
CALIBRATED = 0.02
"""Mean confidence and accuracy that are closer than this are called calibrated."""


def titled(metric: str) -> str:
    """A metric as people write it: `macro_f1` becomes `macro F1`."""
    return NAMED.get(metric) or metric.replace("_", " ").replace("f1", "F1").replace("roc auc", "ROC AUC")


def deciding(scores: Mapping[str, Any], named: str | None = None) -> str:
    """The metric that the summary leads with: the one that chose the checkpoint, else the target's usual one."""
    known = scores["metrics"]
    wanted = (named, target_class(scores["target"]).decides, *scores["headline"], *known)
    found: str = next(metric for metric in wanted if metric in known)
    return found


def figure(scores: Mapping[str, Any], metric: str) -> str:
    """A metric with its interval and the number of examples: `macro F1 0.675 (95 % CI 0.568–0.769, n = 135)`."""
    figures, count = scores["metrics"][metric], scores["rows"] - scores["rows_without_truth"]
    low, high, count = figures.get("low"), figures.get("high"), figures.get("rows", count)
    level = f"{100 * scores['bootstrap']['level']:g} % CI"
    interval = "" if low is None or high is None else f"{level} {number(low)}–{number(high)}, "
    groups = f" in {scores['groups']:,} groups" if scores.get("groups") is not None else ""
    return f"{titled(metric)} {number(figures['value'])} ({interval}n = {count:,}{groups})"


def of_data_sets(scores: Mapping[str, Any]) -> list[str]:
    """The headline metrics of each data set, in a sentence each; none where there is one."""
    said = []
    for name, part in (scores.get("data_sets") or {}).items():
        each = {**part, "bootstrap": scores["bootstrap"]}
        figures = [figure(each, metric) for metric in part["metrics"] if part["metrics"][metric]["value"] is not None]
        said.append(f"Data set {name}: {', '.join(figures) or 'nothing to score'}.")
    return said


def verdicts(scores: Mapping[str, Any], baselines: Mapping[str, Any], metric: str) -> list[str]:
    """Whether the model is better than each baseline, by one metric, in a sentence each."""
    said = []
    for name, baseline in baselines.items():
        paired = baseline["differences"].get(metric)
        if not paired or paired["value"] is None:
            continue
        ends = f"95 % CI {number(paired['low'], signed=True)} to {number(paired['high'], signed=True)}"
        unsure = "Not shown worse than" if name in WAYS_OF_READING else "Not shown better than"
        verb = {True: "Better than", False: "Worse than", None: unsure}[paired["better"]]
        said.append(
            f"{verb} {baseline_phrase(name)}: {titled(metric)} {number(paired['value'], signed=True)} ({ends})."
        )
    return said


def all_alike(scores: Mapping[str, Any]) -> str | None:
    """Where every prediction is right, or every one wrong: what is known of new examples, read from the interval of accuracy.

    None where neither is so, or where the scores have no such interval, as those of burnish 0.7.0.
    """
    count = scores["rows"] - scores["rows_without_truth"]
    shares = [scores["metrics"][name] for name in ACCURACIES if name in scores["metrics"]]
    share = next((s for s in shares if s.get("value") in (0.0, 1.0) and s.get("low") is not None), None)
    if share is None or not count or share["low"] == share["high"]:
        return None
    right, drawn = bool(share["value"]), scores["bootstrap"]
    end = f"at least {share['low']:.3f}" if right else f"at most {share['high']:.3f}"
    over = " over groups" if drawn["grouped"] else ""
    hint = ", and look for shared examples if this is too good" if right else ""
    return (
        f"all {count:,} test examples are {'right' if right else 'wrong'}, of which resampling shows no doubt; on new ones "
        f"expect an accuracy of {end} (exact {100 * drawn['level']:g} % CI{over}){hint}"
    )


def weakest(scores: Mapping[str, Any]) -> list[str]:
    """The two classes of training with the lowest F1, and how many examples say so."""
    called = classes_of(target_class(scores["target"]))
    unknown = scores.get("unknown_labels") or {}
    rows = [
        (row["f1"], name, row["support"])
        for name, row in (scores.get("per_class") or {}).items()
        if row["f1"] is not None and row["support"] and name not in unknown
    ]
    if called is None or len(rows) < 3:
        return []
    shown = [f"{name} F1 {number(f1)} ({_many(support, called.unit)})" for f1, name, support in sorted(rows)[:2]]
    return [f"Weakest: {', '.join(shown)}."]


def weak_slices(scores: Mapping[str, Any]) -> list[str]:
    """The surest weak slice, with how many there are; none where none holds."""
    weak = (scores.get("slices") or {}).get("weak") or []
    if not weak:
        return []
    one, more = weak[0], f", and {len(weak) - 1} more" if len(weak) > 1 else ""
    where = f"{called(one['slice'])} (n = {one['rows']:,})"
    return [f"Weak slice: {where}: error {number(one['error'])}, of the rest {number(one['rest'])}{more}."]


def _many(count: int, unit: str) -> str:
    one = {"examples": "example", "entities": "entity"}.get(unit, unit)
    return f"{count:,} {unit if count != 1 else one}"


def confidence(predictions: Predictions) -> list[str]:
    """Whether confidence and accuracy agree, of predictions that are one of the names."""
    agreed = agreement(bins(predictions)) if is_exclusive(target_of(predictions)) else None
    if agreed is None or len(set(predictions.answer)) < 2 <= len(set(predictions.truth)):
        return []  # of a model that always says the same, agreement means nothing
    sure, right = agreed
    word = "Calibrated" if abs(sure - right) < CALIBRATED else "Overconfident" if sure > right else "Underconfident"
    return [f"{word}: mean confidence {sure:.3f}, accuracy {right:.3f}."]


def data(audit: Mapping[str, Any] | None) -> list[str]:
    """How many warnings the audit has, and whether test examples were found in the training split."""
    if audit is None:
        return []
    findings = list(audit.get("findings") or [])
    warnings = sum(finding["severity"] != "note" for finding in findings)
    shared = [finding["code"] for finding in findings if finding["code"] in OVERLAP]
    overlap = f"overlap of test and training found ({', '.join(shared)})" if shared else "no train/test overlap found"
    return [f"Data: {warnings} warning{'' if warnings == 1 else 's'}, {overlap}."]


def summary(
    scores: Mapping[str, Any],
    baselines: Mapping[str, Any],
    predictions: Predictions,
    audit: Mapping[str, Any] | None = None,
    metric: str | None = None,
) -> list[str]:
    """Sentences for whoever decides: the deciding metric, baselines, weak classes, confidence, data.

    Args:
        scores: what scores.json holds.
        baselines: the same of the baselines; may be empty.
        predictions: the table the scores are of.
        audit: what audit.json holds, or None.
        metric: the one that chose the checkpoint; None or a name that was not scored takes the target's usual one.
    """
    chosen = deciding(scores, metric)
    value = scores["metrics"][chosen]["value"]
    if value is None or not math.isfinite(value):
        return []
    return [
        figure(scores, chosen),
        *verdicts(scores, baselines, chosen),
        *weakest(scores),
        *weak_slices(scores),
        *confidence(predictions),
        *data(audit),
    ]
