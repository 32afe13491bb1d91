"""Baselines beyond those that stand beside the headline: their differences, and those that could not be had."""

from __future__ import annotations

from collections.abc import Sequence

from burnish.report.page import vocabulary
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Child, Html, both, code, join, tag
from burnish.report.page.numerals import known, number, span
from burnish.report.page.privacy import relative
from burnish.report.page.section import fine
from burnish.report.page.tables import Cell, Column, table


def left_out(contents: Contents) -> Html | None:
    """Baselines that could not be had, each with the reason."""
    said = contents.scores.get("baselines_left_out") or {}
    if not said:
        return None
    lines = [
        both(
            "Not compared with the {name}: {why}.",
            "未与{name}比较：{why}。",
            name=vocabulary.baseline(key),
            why=tag("span", relative(str(why)), lang_="en-US"),
        )
        for key, why in said.items()
    ]
    return join(*(fine(line) for line in lines))


def more_differences(contents: Contents, keys: Sequence[str]) -> Html | None:
    """The differences from baselines that have no column of their own, with their intervals."""
    rows: list[list[Cell | Child]] = []
    for key in keys:
        for label in contents.scores["headline"]:
            paired = contents.baselines[key]["differences"].get(label) or {}
            other = (contents.baselines[key]["metrics"].get(label) or {}).get("value")
            if known(paired.get("value")):
                ends = span(paired.get("low"), paired.get("high"), signed=True)
                name = vocabulary.baseline(key)
                rows.append([name, code(label), number(other), number(paired["value"], signed=True), ends])
    if not rows:
        return None
    columns = [
        Column(both("Baseline", "基线")),
        Column(both("Metric", "指标")),
        Column(both("Its value", "其值"), numbers=True),
        Column(both("Model minus it", "模型减去它"), numbers=True),
        Column(both("95 % interval", "95 % 区间"), numbers=True),
    ]
    notes = [
        fine(
            join(
                vocabulary.capital(vocabulary.baseline(key)), ": ", relative(str(contents.baselines[key]["note"])), "."
            )
        )
        for key in keys
    ]
    summary = tag("summary", both("Differences from the other baselines", "与其他基线的差值"))
    return tag("details", summary, table(columns, rows), *notes)
