"""Prediction and true value, of numbers: where does it go wrong, and how far?"""

from __future__ import annotations

import numpy as np

from burnish.core.seeds import generator
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both
from burnish.report.page.numerals import count, number
from burnish.report.page.plot import Plot, even_ticks
from burnish.report.page.section import Section, pair
from burnish.report.page.tables import Column, table
from burnish.targets import linear_of

POINTS = 1000
"""Points of the scatter; of more examples some are drawn at random."""


def answers(contents: Contents) -> Section | None:
    """Scatter of predictions over true values, and the errors as a histogram."""
    if linear_of(contents.target) != "numbers" or not contents.counted:
        return None
    truth, answer = (np.array(v, np.float64) for v in (contents.known.truth, contents.known.answer))
    finite = np.isfinite(truth) & np.isfinite(answer)
    if not finite.any():
        return None
    truth, answer = truth[finite], answer[finite]
    error = answer - truth
    lead = both(
        "On average predictions are {bias} off, and half of them are within {half} of the true value.",
        "预测平均偏差 {bias}，一半的预测与真值相差不超过 {half}。",
        bias=number(float(error.mean()), signed=True),
        half=number(float(np.median(np.abs(error)))),
    )
    return Section(
        "answers",
        Both("Prediction and true value", "预测与真值"),
        lead,
        pair(_scatter(truth, answer), _errors(error)),
        Both("Predictions", "预测"),
    )


def _scatter(truth: np.ndarray, answer: np.ndarray) -> Html:
    marks = even_ticks(float(min(truth.min(), answer.min())), float(max(truth.max(), answer.max())))
    ends = (marks[0], marks[-1])
    plot = Plot(ends, ends, height=330)
    plot.frame(marks, marks, below=both("true value", "真值"), beside=both("prediction", "预测"))
    plot.line(
        np.array([[ends[0], ends[0]], [ends[1], ends[1]]]), digits=9, stroke="var(--rule2)", stroke_dasharray="4 4"
    )
    some = np.arange(len(truth))
    if len(some) > POINTS:
        some = np.sort(generator(0, "scatter").permutation(len(truth))[:POINTS])
    path = "".join(f"M{plot.at_x(float(truth[i])):.1f} {plot.at_y(float(answer[i])):.1f}h0" for i in some)
    plot.add(
        "path",
        d=path,
        class_="dots",
        stroke="var(--model)",
        stroke_width=5,
        stroke_linecap="round",
        opacity=0.35 if len(some) > 200 else 0.6,
    )
    shown = both("{n} of {all} examples", "{all} 个样本中的 {n} 个", n=count(len(some)), all=count(len(truth)))
    if len(some) == len(truth):
        shown = both("{n} examples", "{n} 个样本", n=count(len(truth)))
    caption = both(
        "Each point is an example; on the dashed line prediction and true value agree. {shown}.",
        "每点一个样本；落在虚线上表示一致。{shown}。",
        shown=shown,
    )
    label = both("Predictions over true values; {shown}.", "预测对真值；{shown}。", shown=shown)
    order = np.argsort(-np.abs(answer - truth), kind="stable")[:50]
    rows = [
        [number(float(truth[i])), number(float(answer[i])), number(float(answer[i] - truth[i]), signed=True)]
        for i in order
    ]
    columns = [
        Column(both("True value (50 largest errors)", "真值（误差最大的 50 个）"), numbers=True),
        Column(both("Prediction", "预测"), numbers=True),
        Column(both("Error", "误差"), numbers=True),
    ]
    return chart(
        "scatter",
        both("Does it follow the true value?", "预测是否跟随真值？"),
        caption,
        plot.svg(label),
        table=table(columns, rows),
    )


def _errors(error: np.ndarray) -> Html:
    size = float(np.quantile(np.abs(error), 0.99)) or float(np.abs(error).max()) or 1.0
    ticks = even_ticks(-size, size)
    edge = max(abs(ticks[0]), abs(ticks[-1]))
    counts, edges = np.histogram(np.clip(error, -edge, edge), bins=24, range=(-edge, edge))
    marks = even_ticks(0, int(counts.max()))
    plot = Plot((-edge, edge), (0.0, marks[-1]), height=330)
    plot.frame(
        [t for t in ticks if abs(t) <= edge],
        marks,
        below=both("prediction minus true value", "预测减真值"),
        beside=both("examples", "样本"),
    )
    for low, high, n in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True):
        if n:
            x, top = plot.at_x(low), plot.at_y(n)
            plot.add(
                "rect",
                x=f"{x + 0.6:.1f}",
                y=f"{top:.1f}",
                width=f"{plot.at_x(high) - x - 1.2:.1f}",
                height=f"{plot.at_y(0) - top:.1f}",
                fill="var(--model)",
            )
    plot.add("line", x1=plot.at_x(0), x2=plot.at_x(0), y1=plot.top, y2=plot.at_y(0), stroke="var(--ink)")
    rows = [
        [f"{low:.3g} – {high:.3g}", count(int(n))]
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
        if n
    ]
    columns = [Column(both("Error", "误差")), Column(both("Examples", "样本"), numbers=True)]
    label = both("Errors as a histogram, around zero.", "误差直方图，以零为中心。")
    caption = both(
        "Right of the line the prediction is too high. The outermost bars hold what lies beyond.",
        "竖线右侧为预测偏高。最外侧的柱包含更远的值。",
    )
    return chart(
        "errors",
        both("Is it too high or too low?", "偏高还是偏低？"),
        caption,
        plot.svg(label),
        table=table(columns, rows),
    )
