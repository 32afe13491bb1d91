"""Sections of the report about results: the headline beside the baselines, the other metrics, the classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.evaluation.reliability import wilson
from burnish.report.markdown import name, names, number, snippet, span, table
from burnish.targets import Classes, target_class

SPLITS = ("train", "validation", "test")
TITLES = {"majority": "majority", "frozen_features": "frozen features"}


def opening(facts: Mapping[str, Any], scores: Mapping[str, Any]) -> list[str]:
    """Title, what was trained on what, and the first figure in a sentence."""
    lines = [f"# {snippet(str(facts.get('name', 'Report')), 100)}", ""]
    for key in ("task", "model", "data"):
        if facts.get(key):
            lines.append(f"- {key}: {name(facts[key])}")
    split = facts.get("split", "test")
    without = scores["rows_without_truth"]
    aside = f", {without:,} of them without truth and left out of all figures" if without else ""
    where = f"the {split} split" if split in SPLITS else split
    lines.append(f"- scored: {scores['rows']:,} rows of {where}{aside}")
    if scores.get("groups") is not None:
        lines.append(f"- groups: {scores['groups']:,}; intervals draw whole groups")
    if unknown := scores.get("unknown_labels"):
        shown = ", ".join(f"{name(label)} ({count:,})" for label, count in list(unknown.items())[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        lines.append(f"- truths that training never showed, always counted as wrong: {shown}{more}")
    return lines


def headline(scores: Mapping[str, Any], baselines: Mapping[str, Any]) -> list[str]:
    """Metric, value and interval, and beside them what each baseline reaches with the paired difference to it."""
    level = f"{100 * scores['bootstrap']['level']:g} %"
    metrics = scores["metrics"]
    head = ["metric", "value", f"{level} interval"]
    for key in baselines:
        head += [TITLES.get(key, key), "model minus it"]
    rows = []
    for label in scores["headline"]:
        own = metrics[label]
        row = [_titled(label, own), number(own["value"]), span(own.get("low"), own.get("high"))]
        for baseline in baselines.values():
            difference = baseline["differences"].get(label)
            row.append(number(baseline["metrics"].get(label, {}).get("value")))
            row.append(
                f"{number(difference['value'], signed=True)} {span(difference['low'], difference['high'], signed=True)}"
                if difference and difference["value"] is not None
                else "n/a"
            )
        rows.append(row)
    drawn = scores["bootstrap"]
    what = "groups" if drawn["grouped"] else "rows"
    lines = ["## Scores", "", *table(head, rows, right=range(1, len(head))), ""]
    lines.append(
        f"Intervals: percentile bootstrap, {drawn['resamples']:,} resamples of {what}, seed {drawn['seed']}. They show "
        "how much another test set of this size would move the figure, not how much another training seed would."
    )
    for doubt in scores.get("doubts") or []:
        lines += ["", f"**Doubtful**: {snippet(doubt, 600)}."]
    for key, baseline in baselines.items():
        lines += ["", _compared(TITLES.get(key, key), baseline)]
    return [*lines, *_without_width(scores)]


def _titled(label: str, metric: Mapping[str, Any]) -> str:
    return name(label) + ("" if metric["greater_is_better"] else " (lower is better)")


def _compared(title: str, baseline: Mapping[str, Any]) -> str:
    """One paragraph: what the baseline is, and where the model is shown to be better or worse."""
    found: dict[Any, list[str]] = {True: [], False: [], None: []}
    for label, difference in baseline["differences"].items():
        if difference["value"] is not None:
            found[difference["better"]].append(label)
    said = [
        f"{verb} {names(found[key])}"
        for key, verb in (
            (True, "the model is better in"),
            (False, "the model is worse in"),
            (None, "no difference is shown in"),
        )
        if found[key]
    ]
    p = next((d["mcnemar"] for d in baseline["differences"].values() if d.get("mcnemar") is not None), None)
    tail = f" McNemar's exact test on right and wrong rows: p = {p:.2g}." if p is not None else ""
    verdict = "; ".join(said) or "nothing could be compared"
    return f"Baseline *{title}*: {snippet(str(baseline.get('note', '')), 300)}. By paired differences {verdict}.{tail}"


def _without_width(scores: Mapping[str, Any]) -> list[str]:
    """A bootstrap cannot show doubt where every row was answered alike; what can be said instead."""
    accuracy = scores["metrics"].get("accuracy", scores["metrics"].get("subset_accuracy", {}))
    rows = scores["rows"] - scores["rows_without_truth"]
    if target_class(scores["target"]).shape == "element" or accuracy.get("value") not in (0.0, 1.0) or not rows:
        return []
    low, high = wilson(accuracy["value"], rows)
    return [
        "",
        f"Every row was answered {'rightly' if accuracy['value'] else 'wrongly'}, so the bootstrap intervals have no width. "
        f"With {rows:,} rows a true accuracy between {low:.3f} and {high:.3f} remains plausible (Wilson's 95 % interval).",
    ]


def other_metrics(scores: Mapping[str, Any]) -> list[str]:
    """Every metric that is not in the headline."""
    rows = [
        [_titled(label, metric), number(metric["value"])]
        for label, metric in scores["metrics"].items()
        if label not in scores["headline"]
    ]
    return ["## Other metrics", "", *table(["metric", "value"], rows, right=(1,))] if rows else []


def per_class(scores: Mapping[str, Any]) -> list[str]:
    """Precision, recall, F1 and support of each class, label or entity type."""
    called = target_class(scores["target"]).classes or Classes()
    unknown = scores.get("unknown_labels") or {}
    rows = [
        [
            str(i + 1),
            name(label) + (" (not in training)" if label in unknown else ""),
            *(number(row[key]) for key in ("precision", "recall", "f1")),
            f"{row['support']:,}",
            f"{row['answered']:,}",
        ]
        for i, (label, row) in enumerate(scores["per_class"].items())
    ]
    head = ["#", called.one, "precision", "recall", "F1", "support", "answered"]
    return [f"## {called.title}", "", *table(head, rows, right=(0, 2, 3, 4, 5, 6))]
