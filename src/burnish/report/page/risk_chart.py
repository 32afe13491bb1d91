"""Risk by coverage: how many of the most confident predictions are wrong, beside the best and a useless order."""

from __future__ import annotations

import numpy as np

from burnish.counting.resampling import Values
from burnish.evaluation.curve_points import thinned
from burnish.evaluation.threshold_curves import least_risk, risk_by_coverage
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Html, both
from burnish.report.page.numerals import number, percent
from burnish.report.page.plot import Plot


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
    plot.line(thinned(best, 20), name="best order", stroke="var(--base)", stroke_dasharray="5 3")
    plot.line(thinned(points, 48), name="risk by coverage", stroke="var(--model)", stroke_width=2.4)
    area, excess = (contents.figure(f"{name}risk_coverage_area").get("value") for name in ("", "excess_"))
    fields = {"area": number(area), "excess": number(excess), "wrong": percent(wrong)}
    caption = both(
        "Share wrong of the most confident. Area {area}, {excess} above the best order (broken line); grey: no order, {wrong}.",
        "最有把握者中的错误比例。面积 {area}，高出最佳排序（虚线）{excess}；灰线：无序，{wrong}。",
        **fields,
    )
    label = both("Risk by coverage, the most confident first.", "按置信度从高到低的风险—覆盖率曲线。")
    title = both("What does it cost to answer more?", "多回答要付出什么代价？")
    return chart("risk", title, caption, plot.svg(label))
