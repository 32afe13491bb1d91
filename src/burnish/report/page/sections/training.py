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
from burnish.report.run_pictures import smooth, values_of

POINTS = 200
WARNINGS = 20
TABLED = 50
"""Validations in a table, the last ones."""


def training(contents: Contents) -> Section | None:
    """Losses, the validation score with the step that was chosen, the learning rate; then figures and warnings."""
    flat = [values_of(event) for event in contents.events]
    steps = [e for e in flat if e.get("name") == "step" and _finite(e.get("loss"))]
    checks = [e for e in flat if e.get("name") == "validation" and _finite(e.get("number"))]
    figures = join(_figures(contents), _warnings(flat))
    if not steps and not figures:
        return None
    best = contents.facts.get("best") or {}
    chosen = best.get("step") or (contents.facts.get("training") or {}).get("step")
    charts: list[Html | None] = []
    if steps:
        end = float(max(e["number"] for e in [*steps, *checks]))
        charts = [_loss(steps, checks, chosen, end), _score(contents, checks, chosen, end), _rate(steps, end)]
    kept = [one for one in charts if one is not None]
    return Section("training", Both("Training", "训练"), _lead(best), join(pair(*kept) if kept else None, figures))


def _lead(best: Mapping[str, Any]) -> Both | None:
    if not best or not _finite(best.get("value")):
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
        words = _FACTS.get(key) or Both(key.replace("_", " "), key.replace("_", " "))
        pairs.append(join(tag("dt", words), tag("dd", _figure(key, value))))
    return tag("dl", *pairs, class_="kv") if pairs else None


_FACTS = {
    "step": Both("step of the checkpoint", "检查点的步数"),
    "chosen_by": Both("chosen by", "选择依据"),
    "steps": Both("optimizer steps", "优化步数"),
    "total_steps": Both("planned steps", "计划步数"),
    "epochs": Both("epochs", "轮数"),
    "batch_size": Both("examples a step", "每步样本数"),
    "seconds": Both("training time", "训练时间"),
    "stopped": Both("ended", "结束原因"),
    "padding_ratio": Both("padding after micro-batching", "微批后的填充比例"),
    "rows_per_second": Both("examples a second", "每秒样本数"),
}


def _figure(key: str, value: Any) -> Both | str:
    if key == "seconds":
        return duration(float(value))
    if key == "padding_ratio":
        return percent(float(value))
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return relative(str(value))
    return count(value) if isinstance(value, int) else f"{value:,.4g}"


def _warnings(flat: Sequence[Mapping[str, Any]]) -> Html | None:
    """What was warned of on the way, but for what the audit found; as it was said, in English."""
    said = dict.fromkeys(str(v["text"]) for v in flat if v.get("name") == "warning" and v.get("text"))
    texts = [relative(text) for text in said if not report_run.AUDITED.search(text)]
    if not texts:
        return None
    items = [tag("li", text) for text in texts[:WARNINGS]]
    if len(texts) > WARNINGS:
        items.append(
            tag("li", both("and {n} more in events.jsonl", "另有 {n} 条见 events.jsonl", n=len(texts) - WARNINGS))
        )
    return join(tag("h3", both("Warnings on the way", "训练中的警告")), tag("ul", *items, class_="plain"))


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


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
    if not _finite(step) or not plot.x[0] <= step <= plot.x[1]:
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


def _loss(steps: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]], chosen: Any, end: float) -> Html:
    numbers = np.array([e["number"] for e in steps], np.float64)
    losses = np.array([e["loss"] for e in steps], np.float64)
    validated = np.array([(e["number"], e["loss"]) for e in checks if _finite(e.get("loss"))], np.float64).reshape(
        -1, 2
    )
    smoothed = len(losses) >= 10
    line = smooth(losses, np.array([e.get("rows") or 1 for e in steps], np.float64)) if smoothed else losses
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


def _score(contents: Contents, checks: Sequence[Mapping[str, Any]], chosen: Any, end: float) -> Html | None:
    named = str(contents.facts.get("validation_metric") or (contents.facts.get("best") or {}).get("metric") or "")
    scored = [e for e in checks if isinstance(e.get("scores"), Mapping)]
    names = [named] if named and named != "loss" else [n for e in scored for n in e["scores"] if n != "loss"]
    for name in dict.fromkeys(names):
        points = np.array(
            [(e["number"], e["scores"][name]) for e in scored if _finite(e["scores"].get(name))], np.float64
        )
        if len(points):
            return _validated(contents, name, points.reshape(-1, 2), chosen, end)
    return None


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


def _rate(steps: Sequence[Mapping[str, Any]], end: float) -> Html | None:
    rates = np.array(
        [(e["number"], e["learning_rate"]) for e in steps if _finite(e.get("learning_rate"))], np.float64
    ).reshape(-1, 2)
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
