"""Training: did it end well?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.report import run as report_run
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Child, Html, both, join, tag
from burnish.report.page.numerals import count, duration, number, percent, power_of_ten
from burnish.report.page.plot import Plot, even_ticks
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, pair
from burnish.report.page.tables import Column, table
from burnish.report.page.vocabulary import capital, metric
from burnish.report.progress import Progress, is_number, progress
from burnish.report.run_pictures import smooth

POINTS = 200
TABLED = 50
"""Validations in a table, the last ones."""


def training(contents: Contents) -> Section | None:
    """Losses, the validation score with the step that was chosen, the learning rate; then figures and warnings."""
    told = progress(contents.events)
    figures = join(_figures(contents), _warnings(told.warnings))
    if not told.steps and not figures:
        return None
    best = contents.facts.get("best") or {}
    chosen = best.get("step") or (contents.facts.get("training") or {}).get("step")
    charts: list[Html | None] = []
    if told.steps:
        end = float(max(e["number"] for e in [*told.steps, *told.checks]))
        charts = [_loss(told, chosen, end), _score(contents, told, chosen, end), _rate(told, end)]
    kept = [one for one in charts if one is not None]
    return Section("training", Both("Training", "训练"), _lead(best), join(pair(*kept) if kept else None, figures))


def _lead(best: Mapping[str, Any]) -> Both | None:
    if not best or not is_number(best.get("value")):
        return None
    fields: dict[str, Child] = {
        "metric": capital(metric(str(best["metric"]))),
        "value": number(best["value"]),
        "step": count(int(best["step"])),
    }
    return both(
        "{metric} on validation was best at step {step}: {value}. The checkpoint of this step was tested.",
        "验证集上的{metric}在第 {step} 步最好：{value}。测试的是这一步的检查点。",
        **fields,
    )


def _figures(contents: Contents) -> Html | None:
    pairs = []
    for key, value in (contents.facts.get("training") or {}).items():
        if value is None or key in report_run.COUNTED:
            continue
        english = report_run.TRAINING.get(key, key.replace("_", " "))
        words = Both(english, _ZH.get(key, english))
        pairs.append(join(tag("dt", words), tag("dd", _figure(key, value))))
    return tag("dl", *pairs, class_="kv") if pairs else None


_ZH = {
    "step": "检查点的步数",
    "chosen_by": "选择依据",
    "steps": "优化步数",
    "total_steps": "计划步数",
    "epochs": "轮数",
    "batch_size": "每步样本数",
    "seconds": "训练时间",
    "stopped": "结束原因",
    "padding_ratio": "微批后的填充比例",
    "rows_per_second": "每秒样本数",
}


def _figure(key: str, value: Any) -> Both | str:
    if key == "seconds":
        return duration(float(value))
    if key == "padding_ratio":
        return percent(float(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return relative(str(value))
    return count(value) if isinstance(value, int) else f"{value:,.4g}"


def _warnings(said: Sequence[str]) -> Html | None:
    """What was warned of on the way, as it was said, in English."""
    texts = [relative(text) for text in said]
    if not texts:
        return None
    items = [tag("li", text) for text in texts[: report_run.WARNINGS]]
    if len(texts) > report_run.WARNINGS:
        items.append(
            tag(
                "li",
                both("and {n} more in events.jsonl", "另有 {n} 条见 events.jsonl", n=len(texts) - report_run.WARNINGS),
            )
        )
    return join(tag("h3", both("Warnings on the way", "训练中的警告")), tag("ul", *items, class_="plain"))


def spiked(points: NDArray[np.float64], most: int = POINTS) -> NDArray[np.float64]:
    """At most so many points, of each stretch the lowest and the highest, so that no spike is lost; [P, 2]."""
    if len(points) <= most:
        return points
    kept: list[int] = [0, len(points) - 1]
    for part in np.array_split(np.arange(len(points)), most // 2 - 1):
        values = points[part, 1]
        kept += [int(part[values.argmin()]), int(part[values.argmax()])]
    return points[np.unique(kept)]


def _frame(values: NDArray[np.float64], end: float, below: Both, *, unit: bool = False) -> tuple[Plot, list[float]]:
    low, high = float(values.min()), float(values.max())
    marks = (
        [0.0, 0.25, 0.5, 0.75, 1.0] if unit else even_ticks(min(0.0, low), high if high > low or high > 0 else low + 1)
    )
    plot = Plot((0.0, end), (marks[0], marks[-1]), height=260, right=68, top=30)
    xs = [tick for tick in even_ticks(0.0, end, 6) if tick <= end and tick == round(tick)]
    plot.frame(xs, marks, below=below)
    return plot, marks


def _chosen(plot: Plot, step: Any) -> None:
    if not is_number(step) or not plot.x[0] <= step <= plot.x[1]:
        return
    x = round(plot.at_x(float(step)), 1)
    plot.add("line", x1=x, x2=x, y1=plot.top, y2=plot.height - plot.bottom, stroke="var(--ink)", stroke_dasharray="2 3")
    near_left, near_right = x < 95, x > 300
    anchor = "start" if near_left else "end" if near_right else "middle"
    plot.text(
        x, plot.top - 7, both("chosen: step {n}", "选定：第 {n} 步", n=count(int(step))), anchor=anchor, class_="dl"
    )


def _cross(plot: Plot) -> None:
    plot.add(
        "line",
        class_="cx",
        y1=plot.top,
        y2=plot.height - plot.bottom,
        hidden=True,
        data_x=f"{plot.left},{400 - plot.right},{plot.x[0]:g},{plot.x[1]:g}",
    )


def _loss(told: Progress, chosen: Any, end: float) -> Html:
    numbers = np.array([e["number"] for e in told.steps], np.float64)
    losses = np.array([e["loss"] for e in told.steps], np.float64)
    validated = np.array(told.losses, np.float64).reshape(-1, 2)
    smoothed = len(losses) >= 10
    line = smooth(losses, np.array(told.rows)) if smoothed else losses
    plot, _ = _frame(np.concatenate([losses, validated[:, 1]]), end, both("step", "步"))
    if smoothed:
        plot.line(spiked(np.stack([numbers, losses], 1)), name="loss of each step", digits=9, class_="raw")
    even = np.unique(np.linspace(0, len(line) - 1, min(len(line), POINTS)).astype(int))
    plot.line(
        np.stack([numbers, line], 1)[even],
        name="training loss, smoothed" if smoothed else "training loss",
        digits=9,
        class_="tr",
    )
    ends: list[tuple[float, Both, str | None]] = [(float(line[-1]), both("train", "训练"), None)]
    if len(validated):
        plot.line(validated, name="validation loss", digits=9, class_="va")
        _dots(plot, validated)
        ends.append((float(validated[-1][1]), both("validation", "验证"), "dl me"))
    _chosen(plot, chosen)
    _ends(plot, ends)
    _cross(plot)
    how = (
        both(
            "Thin: each step. Thick: a line through a twentieth of the steps around.",
            "细线：每一步；粗线：前后约二十分之一步的局部直线拟合。",
        )
        if smoothed
        else both("Each step.", "每一步。")
    )
    label = both(
        "Loss by step: training from {a} to {b}.",
        "损失随步数变化：训练从 {a} 到 {b}。",
        a=number(float(line[0])),
        b=number(float(line[-1])),
    )
    columns = [Column(both("Step", "步"), numbers=True), Column(both("Validation loss", "验证损失"), numbers=True)]
    rows = [[count(int(x)), number(float(y))] for x, y in validated[-TABLED:].tolist()]
    numbers_of = table(columns, rows) if rows else None
    picture = plot.svg(label, tabindex="0", data_cross="")
    return chart("loss", both("Loss", "损失"), how, picture, readout=True, table=numbers_of)


def _dots(plot: Plot, points: NDArray[np.float64]) -> None:
    for x, y in points[:60].tolist() if len(points) <= 60 else []:
        plot.add("circle", cx=f"{plot.at_x(x):.1f}", cy=f"{plot.at_y(y):.1f}", r=3.2, fill="var(--model)")


def _ends(plot: Plot, ends: Sequence[tuple[float, Both, str | None]]) -> None:
    """Names at the ends of lines, 14 units apart at least."""
    placed: list[float] = []
    for value, words, class_ in sorted(ends, key=lambda one: -one[0]):
        y = plot.at_y(value) + 4
        y = max(y, placed[-1] + 14) if placed else y
        placed.append(y)
        plot.text(400 - plot.right + 6, y, words, class_=class_)


def _score(contents: Contents, told: Progress, chosen: Any, end: float) -> Html | None:
    named = str(contents.facts.get("validation_metric") or (contents.facts.get("best") or {}).get("metric") or "")
    name, points = told.scored(named)
    return _validated(contents, name, np.array(points, np.float64), chosen, end) if points else None


def _validated(contents: Contents, name: str, points: NDArray[np.float64], chosen: Any, end: float) -> Html:
    unit = bool(points[:, 1].min() >= 0 and points[:, 1].max() <= 1)
    plot, _ = _frame(points[:, 1], end, both("step", "步"), unit=unit)
    plot.line(points, name=name, digits=9, class_="va")
    _dots(plot, points)
    _chosen(plot, chosen)
    _ends(plot, [(float(points[-1][1]), metric(name), "dl me")])
    _cross(plot)
    rows_of = (contents.facts.get("rows") or {}).get("validation")
    title = (
        both("Score on {n} validation examples", "{n} 个验证样本上的得分", n=count(rows_of))
        if rows_of
        else both("Score on validation", "验证得分")
    )
    least = (
        both("One example is {p} points of accuracy. ", "一个样本相当于准确率 {p} 个百分点。", p=f"{100 / rows_of:.1f}")
        if rows_of and rows_of <= 500
        else Both("", "")
    )
    caption = both(
        "{least}The dotted line is the checkpoint that was tested.", "{least}点线为被测试的检查点。", least=least
    )
    label = both(
        "{metric} on validation by step, {n} times.",
        "验证集上的{metric}随步数变化，共 {n} 次。",
        metric=metric(name),
        n=len(points),
    )
    rows = [[count(int(x)), number(float(y))] for x, y in points[-TABLED:].tolist()]
    numbers = table([Column(both("Step", "步"), numbers=True), Column(metric(name), numbers=True)], rows)
    return chart(
        "validation", title, caption, plot.svg(label, tabindex="0", data_cross=""), readout=True, table=numbers
    )


def _rate(told: Progress, end: float) -> Html | None:
    rates = np.array(told.rates, np.float64).reshape(-1, 2)
    if not len(rates) or not rates[:, 1].max() > 0:
        return None
    power = math.floor(math.log10(float(rates[:, 1].max())))
    scaled = rates * np.array([1.0, 10.0**-power])
    plot, _ = _frame(scaled[:, 1], end, both("step", "步"))
    plot.text(4, 11, f"× {power_of_ten(power)}")
    plot.line(spiked(scaled), name=f"learning rate x 1e{-power}", digits=9, class_="tr")
    _cross(plot)
    label = both(
        "Learning rate by step, at most {v}.", "学习率随步数变化，最大 {v}。", v=f"{float(rates[:, 1].max()):.2g}"
    )
    caption = both("Of the head, or of all layers where they share one.", "任务头的学习率；若各层相同则为全部。")
    return chart(
        "learning_rate",
        both("Learning rate", "学习率"),
        caption,
        plot.svg(label, tabindex="0", data_cross=""),
        readout=True,
    )
