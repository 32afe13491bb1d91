"""The section of the report about slices: which parts of the examples are weak, and the score of each part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, snippet, span, table

SHOWN = 20
"""Parts of a column in the reports; the others are in scores.json."""


def slices(scores: Mapping[str, Any]) -> list[str]:
    """Weak slices first, then a table for each column; nothing where nothing was divided."""
    told = scores.get("slices")
    if not told:
        return []
    lines = ["## Slices", "", searched(told)]
    if told["weak"]:
        head = [
            "weak slice",
            "examples",
            told["metric"],
            "95 % CI",
            "error",
            "of the rest",
            "Δ",
            "95 % CI of Δ",
            "p (Holm)",
        ]
        lines += ["", *table(head, [_weak(one) for one in told["weak"]], right=range(1, len(head)))]
        lines += ["", f"Error: {told['unit']}. A slice that is weak may have a cause that stands in no column."]
    for column, divided in told["columns"].items():
        lines += ["", f"### By {name(column)}", "", *_parts(told["metric"], divided)]
    if told["left_out"]:
        lines += [
            "",
            *(f"- Not divided by {name(column)}: {snippet(why, 200)}." for column, why in told["left_out"].items()),
        ]
    return lines


def searched(told: Mapping[str, Any]) -> str:
    """What was tested, how, and how many were weak, in a sentence."""
    if "not_tested" in told:
        return f"No slice was tested: {snippet(told['not_tested'], 300)}."
    more = f" ({told['passed_over']:,} smaller ones were not)" if told["passed_over"] else ""
    found = {0: "none is shown to be worse", 1: "1 is worse"}.get(len(told["weak"]), f"{len(told['weak'])} are worse")
    return (
        f"{told['tested']:,} slices of at least {told['least']} examples were tested against the rest{more}: {found}. "
        f"{told['test'][:1].upper()}{told['test'][1:]}."
    )


def called(where: Mapping[str, str]) -> str:
    """A slice in words: `channel = mail and length = over 31`."""
    return " and ".join(f"{column} = {part}" for column, part in where.items())


def _weak(one: Mapping[str, Any]) -> list[str]:
    difference = one["difference"]
    where = " and ".join(f"{name(column)} = {name(part)}" for column, part in one["slice"].items())
    ends = span(difference["low"], difference["high"], signed=True)
    return [
        where,
        f"{one['rows']:,}",
        number(one["value"]),
        span(one["low"], one["high"]),
        number(one["error"]),
        number(one["rest"]),
        number(difference["value"], signed=True),
        ends,
        f"{one['p_holm']:.2g}",
    ]


def _parts(metric: str, divided: Mapping[str, Any]) -> list[str]:
    parts = divided["parts"]
    rows = [
        [name(one["slice"]), f"{one['rows']:,}", number(one["value"]), span(one["low"], one["high"])]
        for one in parts[:SHOWN]
    ]
    lines = table(["part", "examples", metric, "95 % CI"], rows, right=(1, 2, 3))
    if divided["how"] != "values":
        lines += ["", f"Quartiles: {divided['how']}."]
    return [*lines, "", f"And {len(parts) - SHOWN} more in `scores.json`."] if len(parts) > SHOWN else lines
