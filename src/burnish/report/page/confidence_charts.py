"""Charts of confidence: reliability, histogram with a threshold to try, coverage, and the decision between two classes."""

from __future__ import annotations

import json
import math

import numpy as np

from burnish.counting.classes import cells
from burnish.counting.resampling import Values
from burnish.evaluation.curve_points import thinned
from burnish.evaluation.reliability import Bin
from burnish.evaluation.threshold_curves import Answered, by_confidence, by_probability, coverage, histogram
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, code, tag
from burnish.report.page.numerals import count, number, percent
from burnish.report.page.plot import Plot, even_ticks
from burnish.report.page.tables import Column, table

UNIT = [0.0, 0.25, 0.5, 0.75, 1.0]
HOLLOW = 5
"""Examples in a bin below which its point is hollow."""


def reliability(bars: list[Bin]) -> Html:
    """Share right by confidence, with intervals."""
    plot = Plot((0.0, 1.0), (0.0, 1.0))
    plot.frame(UNIT, UNIT, below=both("confidence", "置信度"), beside=both("share right", "答对比例"))
    plot.line(np.array([[0.0, 0.0], [1.0, 1.0]]), stroke="var(--rule2)", stroke_dasharray="4 4")
    plot.text(plot.at_x(0.03), plot.at_y(0.93), both("less sure than right ↑", "比自报更准 ↑"))
    plot.text(plot.at_x(0.97), plot.at_y(0.05), both("surer than right ↓", "过度自信 ↓"), anchor="end")
    filled = [one for one in bars if one.rows]
    most = max(one.rows for one in filled)
    for one in filled:
        x, y = round(plot.at_x(one.confidence), 1), round(plot.at_y(one.accuracy), 1)
        ends = {"y1": round(plot.at_y(one.low), 1), "y2": round(plot.at_y(one.high), 1)}
        plot.add("line", x1=x, x2=x, stroke="var(--model)", stroke_width=2, opacity=0.35, **ends)
        size = round(3.5 + 5 * math.sqrt(one.rows / most), 1)
        fill = "var(--bg)" if one.rows < HOLLOW else "var(--model)"
        plot.add("circle", cx=x, cy=y, r=size, fill=fill, stroke="var(--model)", stroke_width=1.5)
    rows = [
        [
            f"{b.start:.2f}–{b.end:.2f}",
            count(b.rows),
            number(b.confidence),
            number(b.accuracy),
            f"{b.low:.3f}–{b.high:.3f}",
        ]
        for b in filled
    ]
    names = (
        both("Bin", "区间"),
        both("Examples", "样本"),
        both("Mean confidence", "平均置信度"),
        both("Share right", "答对比例"),
        both("95 % interval", "95 % 区间"),
    )
    columns = [Column(name, numbers=i > 0) for i, name in enumerate(names)]
    caption = both(
        "Share right in {n} bins, with 95 % Wilson intervals. Area of a point: examples; hollow: fewer than {few}.",
        "{n} 个区间的答对比例及 95 % Wilson 区间。点面积：样本数；空心：不足 {few} 个。",
        n=len(bars),
        few=HOLLOW,
    )
    label = both("Reliability diagram: share right by confidence.", "可靠性图：不同置信度下的答对比例。")
    return chart(
        "reliability",
        both("Is the number honest?", "数值是否诚实？"),
        caption,
        plot.svg(label),
        table=table(columns, rows),
    )


def spread(sure: Values, right: Values) -> Html:
    """Right and wrong predictions by confidence, with a line that can be moved."""
    good, bad = histogram(sure, right > 0)
    marks = even_ticks(0, int((good + bad).max()))
    plot = Plot((0.0, 1.0), (0.0, marks[-1]))
    plot.frame(UNIT, marks, below=both("confidence", "置信度"), beside=both("examples", "样本"))
    _bars(plot, good.tolist(), bad.tolist())
    line = {"id": "thl", "stroke": "var(--ink)", "data_x0": f"{plot.at_x(0):.1f}", "data_x1": f"{plot.at_x(1):.1f}"}
    plot.add("line", x1=0, x2=0, y1=plot.top, y2=plot.height - plot.bottom, hidden=True, **line)
    hits, misses = count(int(good.sum())), count(int(bad.sum()))
    at = plot.at_x(0.02)
    plot.text(at, 30, both("{n} right", "{n} 个正确", n=hits), class_="dl", style="fill:var(--model)")
    plot.text(at, 45, both("{n} wrong", "{n} 个错误", n=misses), class_="dl", style="fill:var(--miss)")
    rows = [
        [f"{i / len(good):.2f}–{(i + 1) / len(good):.2f}", count(g), count(b)]
        for i, (g, b) in enumerate(zip(good.tolist(), bad.tolist(), strict=True))
        if g or b
    ]
    names = (both("Confidence", "置信度"), both("Right", "正确"), both("Wrong", "错误"))
    columns = [Column(name, numbers=i > 0) for i, name in enumerate(names)]
    label = both(
        "Examples by confidence: {g} right, {b} wrong.", "按置信度的样本数：正确 {g}，错误 {b}。", g=hits, b=misses
    )
    caption = both(
        "Examples by confidence. Move the line to see what would be left to a person.",
        "按置信度的样本数。移动竖线查看多少样本需交给人工。",
    )
    title = both("Is it useful?", "是否有用？")
    return chart("confidence", title, caption, plot.svg(label), table=table(columns, rows), below=_slider())


def _bars(plot: Plot, good: list[int], bad: list[int]) -> None:
    """Right ones below, wrong ones on top of them."""
    wide = (plot.at_x(1.0) - plot.at_x(0.0)) / len(good)
    paths: dict[str, list[str]] = {"var(--model)": [], "var(--miss)": []}
    for i, (hits, misses) in enumerate(zip(good, bad, strict=True)):
        x, floor, middle, top = plot.at_x(i / len(good)) + 0.6, plot.at_y(0), plot.at_y(hits), plot.at_y(hits + misses)
        for upper, lower, fill in ((middle, floor, "var(--model)"), (top, middle, "var(--miss)")):
            if lower - upper > 0.05:
                paths[fill].append(f"M{x:.1f} {upper:.1f}h{wide - 1.2:.1f}V{lower:.1f}h-{wide - 1.2:.1f}z")
    for fill, parts in paths.items():
        plot.add("path", d="".join(parts), fill=fill)


def _slider() -> Html:
    words = both("Answer only at or above", "只在置信度不低于")
    slider = tag("input", type="range", id="th", min=0, max=100, value=50)
    label = tag("label", words, " ", tag("b", "0.50", class_="num", id="tv"), tag("br"), slider)
    told = tag("p", class_="out", id="to", aria_live="polite")
    return tag("div", label, told, hidden=True, class_="js")


def answered(sure: Values, right: Values) -> Html:
    """Accuracy of what is answered, by how much is answered."""
    points = thinned(coverage(sure, right), 48)
    plot = Plot((0.0, 1.0), (0.0, 1.0))
    plot.frame(UNIT, UNIT, below=both("share answered", "回答比例"), beside=both("share right of them", "其中答对比例"))
    plot.line(points, name="share right by share answered", stroke="var(--model)", stroke_width=2.4)
    share, last = (float(v) for v in points[-1])
    plot.add("circle", cx=f"{plot.at_x(share):.1f}", cy=f"{plot.at_y(last):.1f}", r=4, fill="var(--model)")
    words = both("all answered: {p}", "全部回答：{p}", p=percent(last))
    plot.text(plot.at_x(share) - 6, plot.at_y(last) + (18 if last > 0.1 else -12), words, anchor="end", class_="dl")
    steps = by_confidence(sure, right)
    chosen = [one for one in steps[::10] if one.rows]
    rows = [
        [f"{one.threshold:.2f}", count(one.rows), percent(one.rows / len(sure)), percent(one.right / one.rows)]
        for one in chosen
    ]
    names = (
        both("Threshold", "阈值"),
        both("Answered", "回答数"),
        both("Share answered", "回答比例"),
        both("Share right", "答对比例"),
    )
    columns = [Column(name, numbers=i > 0) for i, name in enumerate(names)]
    label = both("Share right by share answered, the most confident first.", "按置信度从高到低回答时的答对比例。")
    caption = both(
        "If only the surest predictions are given. Where confidence orders them well, the line falls to the right.",
        "只给出最有把握的预测时：置信度排序良好，则曲线向右下降。",
    )
    title = both("How much can be answered?", "能回答多少？")
    figure = chart("coverage", title, caption, plot.svg(label), table=table(columns, rows))
    return tag("div", figure, tag("script", Html(_steps(steps)), type="application/json", id="steps"))


def _steps(steps: list[Answered]) -> str:
    return json.dumps([[one.rows, one.right] for one in steps], separators=(",", ":"))


def decision(contents: Contents) -> Html | None:
    """Of two classes: precision, recall and F1 of the second by threshold."""
    told = contents.known
    if len(told.names) != 2 or told.probabilities.shape[1] != 2:
        return None
    positive = cells(told).truth == 1
    if not positive.any() or positive.all():
        return None
    steps = by_probability(told.probabilities[:, 1], positive)[:-1]  # at 1 next to nothing is given
    plot = Plot((0.0, 1.0), (0.0, 1.0), right=62)
    plot.frame(UNIT, UNIT, below=both("threshold on the probability", "概率阈值"))
    looks = (
        ("precision", "stroke-dasharray:5 3;stroke:var(--base)"),
        ("recall", "stroke:var(--base)"),
        ("f1", "stroke:var(--model);stroke-width:2.4px"),
    )
    ends = []
    for field, style in looks:
        points = np.array([(one.threshold, getattr(one, field)) for one in steps if math.isfinite(getattr(one, field))])
        plot.line(points, name=field, style=style)
        ends.append((float(points[-1][1]), field))
    for y, field in _apart(ends):
        words = {"precision": Both("precision", "精确率"), "recall": Both("recall", "召回率"), "f1": Both("F1", "F1")}[
            field
        ]
        plot.text(plot.at_x(1.0) + 5, plot.at_y(y) + 4, words, class_="dl" if field == "f1" else None)
    chosen = steps[::10]
    rows = [[f"{one.threshold:.1f}", number(one.precision), number(one.recall), number(one.f1)] for one in chosen]
    columns = [Column(both("Threshold", "阈值"))] + [
        Column(w, numbers=True) for w in (both("Precision", "精确率"), both("Recall", "召回率"), "F1")
    ]
    fields = {"name": code(told.names[1])}
    caption = both("Of {name}, if it is given from a probability on.", "当概率不低于阈值时判为 {name}。", **fields)
    label = both(
        "Precision, recall and F1 of {name} by threshold.",
        "{name} 的精确率、召回率与 F1 随阈值变化。",
        name=told.names[1],
    )
    return chart(
        "threshold",
        both("What would another threshold do?", "换一个阈值会怎样？"),
        caption,
        plot.svg(label),
        table=table(columns, rows),
    )


def _apart(ends: list[tuple[float, str]], least: float = 0.07) -> list[tuple[float, str]]:
    """Names beside the ends of lines, kept from lying over each other."""
    placed: list[tuple[float, str]] = []
    for y, field in sorted(ends):
        placed.append((max(y, placed[-1][0] + least) if placed else y, field))
    return placed
