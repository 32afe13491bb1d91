"""Robustness: what changed examples cost."""

from __future__ import annotations

from burnish.report.page import strips
from burnish.report.page.chart import saves
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Child, both, code, join, tag
from burnish.report.page.numerals import count, known, number, span
from burnish.report.page.section import Section, fine
from burnish.report.page.tables import Cell, Column, table
from burnish.report.robustness import judging

ZH = {
    "typos": "错别字",
    "lower case": "小写",
    "upper case": "大写",
    "blur": "模糊",
    "noise": "噪声",
    "brightness": "亮度",
    "gain": "音量",
}


def robustness(contents: Contents) -> Section | None:
    """A row for each change: the score, and the paired difference with its interval, drawn to one scale."""
    told = contents.scores.get("robustness")
    label = judging(told, contents.deciding) if told else None
    if not told or label is None:
        return None
    found = [one["differences"][label] for one in told["changes"]]
    size = max((abs(v) for one in found for v in (one["value"], one["low"], one["high"]) if known(v)), default=0.0)
    ends = (-1.05 * size, 1.05 * size) if size else (-1.0, 1.0)
    rows: list[list[Cell | Child]] = []
    for one, paired in zip(told["changes"], found, strict=True):
        drawn = strips.strip(
            paired["value"], paired["low"], paired["high"], ends, key="difference", extra=strips.zero(ends)
        )
        difference = join(
            number(paired["value"], signed=True),
            " ",
            tag("small", span(paired["low"], paired["high"], signed=True)),
        )
        name = join(Both(one["change"], ZH.get(one["change"], one["change"])), " ", tag("small", one["strength"]))
        rows.append([name, number(one["metrics"][label]), difference, drawn, count(one["changed_predictions"])])
    columns = [
        Column(both("Change", "改动")),
        Column(code(label), numbers=True),
        Column(both("Difference", "差值"), numbers=True),
        Column(both("95 % interval", "95 % 区间"), optional=True),
        Column(both("Other predictions", "预测改变数"), numbers=True),
    ]
    lead = both(
        "What do changed examples cost? {metric} of {n} of {of} examples as they are: {value}.",
        "改动样本会付出多少代价？{of} 个样本中取 {n} 个，未改动时 {metric} 为 {value}。",
        metric=code(label),
        n=count(told["rows"]),
        of=count(told["of"]),
        value=number(told["metrics"][label]),
    )
    note = both(
        "Changed at fixed seeds and strengths; difference: changed minus unchanged, paired bootstrap.",
        "按固定种子与强度改动；差值为改动后减改动前，配对自助法。",
    )
    shown = table(columns, rows, label=both("Scores of changed examples", "改动后的得分"), class_="slices")
    figure = tag("figure", shown, saves(("csv",)), class_="fig", data_name="robustness")
    return Section("robustness", Both("Robustness", "稳健性"), lead, join(figure, fine(note)))
