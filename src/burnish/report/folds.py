"""The page of a cross-validation."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import mean, stdev
from typing import Any

from burnish.report.markdown import name, number, table


def page(result: Mapping[str, Any]) -> str:
    """Each fold, all rows out of fold, and all models together on the test."""
    lines = ["# Cross-validation", "", *_folds(result)]
    if "ensemble_on_test" in result:
        lines += ["", *_section("All models together on the held-out test", result["ensemble_on_test"])]
    return "\n".join(lines) + "\n"


def folds(result: Mapping[str, Any] | None) -> list[str]:
    """Section of a run of folds: each fold, and all rows out of fold; nothing of other runs."""
    if not result:
        return []
    return ["## Folds", "", f"The model is {result['folds']} networks; their logits are averaged.", "", *_folds(result)]


def _folds(result: Mapping[str, Any]) -> list[str]:
    deciding, each = result["deciding"], result["each"]
    values = [fold["metrics"][deciding] for fold in each]
    spread = f", standard deviation over folds {stdev(values):.4f}" if len(values) > 1 else ""
    rows = [[str(i + 1), f"{f['rows']:,}", number(f["metrics"][deciding])] for i, f in enumerate(each)]
    return [
        f"{result['folds']} folds. {name(deciding)}: mean of the folds {mean(values):.4f}{spread}. Each row was predicted by "
        "the one model that was not trained on it. That model's checkpoint was chosen on the same rows, so these scores are "
        "a little too good; the test is not.",
        "",
        *table(["fold", "rows", deciding], rows),
        "",
        *_section("Out of fold", result["out_of_fold"]),
    ]


def _section(title: str, scored: Mapping[str, Any]) -> list[str]:
    rows = []
    for metric in scored["headline"]:
        found = scored["metrics"][metric]
        interval = "" if found.get("low") is None else f"{number(found['low'])} to {number(found['high'])}"
        rows.append([metric, number(found["value"]), interval])
    return [f"## {title}", "", f"{scored['rows']:,} rows.", "", *table(["metric", "value", "95 % CI"], rows)]
