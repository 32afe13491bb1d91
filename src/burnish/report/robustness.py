"""The section of the report about robustness: what changed examples cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import number, snippet, span, table


def robustness(scores: Mapping[str, Any], metric: str) -> list[str]:
    """A line for each change, by one metric; nothing where none was tested.

    Args:
        scores: what scores.json holds.
        metric: that decides; another of the headline where changes were not scored by it.
    """
    told = scores.get("robustness")
    if not told:
        return []
    if "not_tested" in told:
        return ["## Robustness", "", f"Not tested: {snippet(told['not_tested'], 300)}."]
    label = judging(told, metric)
    if label is None:
        return ["## Robustness", "", "Not tested: no metric of the headline is defined on these examples."]
    head = ["change", "strength", label, "Δ", "95 % CI of Δ", "other predictions"]
    rows = [
        [
            one["change"],
            one["strength"],
            number(one["metrics"][label]),
            number(one["differences"][label]["value"], signed=True),
            span(one["differences"][label]["low"], one["differences"][label]["high"], signed=True),
            f"{one['changed_predictions']:,}",
        ]
        for one in told["changes"]
    ]
    some = f"all {told['rows']:,} examples"
    if told["rows"] < told["of"]:
        some = f"{told['rows']:,} of {told['of']:,} examples, evenly spaced,"
    lines = [
        "## Robustness",
        "",
        f"{label} of {some} as they are: {number(told['metrics'][label])}. Changed, at fixed seeds:",
    ]
    lines += ["", *table(head, rows, right=(2, 3, 4, 5)), ""]
    return [*lines, "Δ: changed minus unchanged, paired bootstrap."]


def judging(told: Mapping[str, Any], metric: str) -> str | None:
    """The metric by which changes are told: the one asked for, else the first; None where there is none."""
    known = told.get("metrics") or {}
    return metric if metric in known else next(iter(known), None)
