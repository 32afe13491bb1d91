"""Sections of the report about results: the headline beside the baselines, the other metrics, the classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report.baselines import baseline_name, baseline_phrase, baseline_short
from burnish.report.markdown import name, names, number, snippet, span, table
from burnish.report.summary import all_alike
from burnish.targets import Classes, classes_of, target_class

SPLITS = ("train", "validation", "test")


def opening(facts: Mapping[str, Any], scores: Mapping[str, Any], said: Sequence[str] = ()) -> list[str]:
    """Title, the summary in sentences, and what was trained on what."""
    lines = [f"# {snippet(str(facts.get('name', 'Report')), 100)}", ""]
    if said:
        first, *others = said
        lines += [
            f"> **{_first_capital(snippet(first, 300))}**  ",
            *(f"> {snippet(line, 300)}  " for line in others),
            "",
        ]
    for key in ("task", "model", "data"):
        if facts.get(key):
            lines.append(f"- {key}: {name(facts[key])}")
    split = facts.get("split", "test")
    without = scores["rows_without_truth"]
    aside = f", {without:,} of them without a label and left out of all figures" if without else ""
    where = f"the {split} split" if split in SPLITS else split
    lines.append(f"- evaluated: {scores['rows']:,} examples of {where}{aside}")
    if scores.get("groups") is not None:
        lines.append(f"- groups: {scores['groups']:,}; intervals resample whole groups")
    if unknown := scores.get("unknown_labels"):
        shown = ", ".join(f"{name(label)} ({count:,})" for label, count in list(unknown.items())[:10])
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""
        lines.append(f"- labels that are not in training, always counted as errors: {shown}{more}")
    return lines


def first(
    facts: Mapping[str, Any], scores: Mapping[str, Any], baselines: Mapping[str, Any], said: Sequence[str]
) -> list[list[str]]:
    """What is read first: the opening, the headline, and the headline of each data set."""
    return [opening(facts, scores, said), headline(scores, baselines), data_sets(scores)]


def _first_capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def headline(scores: Mapping[str, Any], baselines: Mapping[str, Any]) -> list[str]:
    """Metric, value and interval, and beside them what each baseline reaches."""
    level = f"{100 * scores['bootstrap']['level']:g} % CI"
    metrics = scores["metrics"]
    head = ["metric", "value", level, *map(baseline_name, baselines)]
    rows = []
    for label in scores["headline"]:
        figures = metrics[label]
        others = [number(b["metrics"].get(label, {}).get("value")) for b in baselines.values()]
        rows.append(
            [_titled(label, figures), number(figures["value"]), span(figures.get("low"), figures.get("high")), *others]
        )
    drawn = scores["bootstrap"]
    what = "groups" if drawn["grouped"] else "examples"
    lines = ["## Scores", "", *table(head, rows, right=range(1, len(head))), ""]
    lines.append(
        f"Confidence intervals (CI): percentile bootstrap, {drawn['resamples']:,} resamples of {what}, seed "
        f"{drawn['seed']}. They show how much another test set of this size would move the figure, not how much another "
        "training seed would."
    )
    for doubt in scores.get("doubts", filter(None, [all_alike(scores)])) or []:
        lines += ["", f"**Caution**: {snippet(doubt, 600)}."]
    return lines


def data_sets(scores: Mapping[str, Any]) -> list[str]:
    """The headline metrics of each data set, with their intervals; nothing where there is one."""
    parts = scores.get("data_sets")
    if not parts:
        return []
    labels = list(scores["headline"])
    rows = [
        [
            name(called),
            f"{part['rows'] - part['rows_without_truth']:,}",
            *(_with_span(part["metrics"].get(m)) for m in labels),
        ]
        for called, part in parts.items()
    ]
    head = ["data set", "examples", *(_titled(label, scores["metrics"][label]) for label in labels)]
    note = "Each with its interval, which is wide where there are few examples; above, all examples count alike."
    return ["## Data sets", "", *table(head, rows, right=range(1, len(head))), "", note]


def _with_span(figures: Mapping[str, Any] | None) -> str:
    if figures is None:
        return "n/a"
    ends = span(figures.get("low"), figures.get("high"))
    return f"{number(figures['value'])} {ends}" if figures.get("low") is not None else number(figures["value"])


def compared(scores: Mapping[str, Any], baselines: Mapping[str, Any]) -> list[str]:
    """A table for each baseline: the model, the baseline, and the paired difference with its interval."""
    left_out = scores.get("baselines_left_out") or {}
    lines = ["## Baselines"] if baselines or left_out else []
    for key, baseline in baselines.items():
        title, rows = baseline_name(key), []
        for label in scores["headline"]:
            figures, paired = scores["metrics"][label], baseline["differences"].get(label)
            other = number(baseline["metrics"].get(label, {}).get("value"))
            known = paired if paired and paired["value"] is not None else None
            difference = number(known["value"], signed=True) if known else "n/a"
            ends = span(known["low"], known["high"], signed=True) if known else "n/a"
            rows.append([_titled(label, figures), number(figures["value"]), other, difference, ends])
        head = ["metric", "model", title, f"Δ vs {baseline_short(key)}", "95 % CI of Δ"]
        lines += ["", f"### {title[0].upper()}{title[1:]}", "", *table(head, rows, right=range(1, 5))]
        lines += ["", _verdict(baseline)]
    if left_out:
        lines += ["", *(f"- {not_compared(key, why)}" for key, why in left_out.items())]
    return lines


def not_compared(key: str, why: str) -> str:
    """A baseline that could not be had, and why."""
    return f"Not compared with {baseline_phrase(key)}: {snippet(why, 400)}."


def _titled(label: str, metric: Mapping[str, Any]) -> str:
    said = ["lower is better"] if metric["greater_is_better"] is False else []
    if "rows" in metric:
        said.append(f"of {metric['rows']:,} example{'s' * (metric['rows'] != 1)}")
    return name(label) + (f" ({', '.join(said)})" if said else "")


def _verdict(baseline: Mapping[str, Any]) -> str:
    """One paragraph: what the baseline is, and where the model is shown to be better or worse."""
    by_verdict: dict[Any, list[str]] = {True: [], False: [], None: []}
    for label, difference in baseline["differences"].items():
        if difference["value"] is not None:
            by_verdict[difference["better"]].append(label)
    said = [
        f"{verb} {names(by_verdict[key])}"
        for key, verb in (
            (True, "the model is better in"),
            (False, "the model is worse in"),
            (None, "no significant difference in"),
        )
        if by_verdict[key]
    ]
    p = next((d["mcnemar"] for d in baseline["differences"].values() if d.get("mcnemar") is not None), None)
    tail = f" McNemar's exact test on correct and wrong predictions: p = {p:.2g}." if p is not None else ""
    verdict = "; ".join(said) or "nothing could be compared"
    return f"Baseline: {snippet(str(baseline.get('note', '')), 300)}. By paired bootstrap {verdict}.{tail}"


def other_metrics(scores: Mapping[str, Any]) -> list[str]:
    """Every metric that is not in the headline."""
    rows = [
        [_titled(label, metric), number(metric["value"])]
        for label, metric in scores["metrics"].items()
        if label not in scores["headline"]
    ]
    lines = []
    if rows:
        shown = table(["metric", "value"], rows, right=(1,))
        lines += ["", f"<details><summary>{len(rows)} metrics</summary>", "", *shown, "", "</details>"]
    if aside := scores.get("not_applied"):
        lines += ["", f"Left out, because no label of these examples has what they look at: {names(aside)}."]
    return ["## Other metrics", *lines] if lines else []


def per_class(scores: Mapping[str, Any]) -> list[str]:
    """Precision, recall, F1 and support of each class, label or entity type."""
    called = classes_of(target_class(scores["target"])) or Classes()
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
    head = ["#", called.one, "precision", "recall", "F1", "support", "predicted"]
    return [f"## {called.title}", "", *table(head, rows, right=(0, 2, 3, 4, 5, 6))]
