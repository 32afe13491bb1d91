"""Risk by coverage: how many of the most confident predictions are wrong, beside the best and a useless order."""

from __future__ import annotations

import numpy as np

from burnish.counting.resampling import Values
from burnish.evaluation.curve_points import thinned
from burnish.evaluation.threshold_curves import least_risk, risk_by_coverage
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both
from burnish.report.page.numerals import number, percent
from burnish.report.page.plot import Plot
from burnish.report.page.tables import Column, table

SHOWN = 5
"""Rows of the table of numbers."""


def risk(contents: Contents, sure: Values, right: Values) -> Html | None:
    """The curve with its areas; None where every prediction is right, or none is: then no order is better than another."""
    wrong = float(1 - right.mean())
    if wrong in (0.0, 1.0):
        return None
    points, best = risk_by_coverage(sure, right), least_risk(right)
    top = max(0.1, float(np.ceil(10 * max(points[:, 1].max(), wrong))) / 10)
    plot = Plot((0.0, 1.0), (0.0, top))
    marks = [0.0, 0.25, 0.5, 0.75, 1.0]
    heights = [top * share for share in marks]
    plot.frame(marks, heights, below=both("coverage", "覆盖率"), beside=both("risk: share wrong", "风险：错误比例"))
    plot.line(np.array([[0.0, wrong], [1.0, wrong]]), name="no order", stroke="var(--rule2)", stroke_dasharray="4 4")
    plot.line(thinned(best, 24), name="best order", stroke="var(--base)", stroke_dasharray="5 3")
    plot.line(thinned(points, 80), name="risk by coverage", stroke="var(--model)", stroke_width=2.4)
    area, excess = (contents.figure(f"{name}risk_coverage_area").get("value") for name in ("", "excess_"))
    fields = {"area": number(area), "excess": number(excess), "wrong": percent(wrong)}
    caption = both(
        "Share wrong among the most confident predictions. Area {area}, of which {excess} is above the best order (broken line); "
        "grey: {wrong}, were confidence worth nothing.",
        "最有把握的预测中的错误比例。面积 {area}，其中 {excess} 高于最佳排序（虚线）；灰线：置信度毫无用处时为 {wrong}。",
        **fields,
    )
    label = both("Risk by coverage, the most confident first.", "按置信度从高到低的风险—覆盖率曲线。")
    title = both("What does it cost to answer more?", "多回答要付出什么代价？")
    return chart("risk", title, caption, plot.svg(label), table=_numbers(points, best))


def _numbers(points: Values, best: Values) -> Html:
    """Risk at even coverages: at the nearest one that confidence allows."""
    rows = []
    for share in np.linspace(1 / SHOWN, 1, SHOWN):
        covered, found = points[np.abs(points[:, 0] - share).argmin()]
        least = float(np.interp(covered, best[:, 0], best[:, 1]))
        rows.append([percent(float(covered)), number(float(found)), number(least)])
    names = (Both("Coverage", "覆盖率"), Both("Risk", "风险"), Both("Best order", "最佳排序"))
    return table([Column(name, numbers=True) for name in names], rows)
