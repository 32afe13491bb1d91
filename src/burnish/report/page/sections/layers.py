"""How it learned: findings with remedies, and the layers over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from burnish.report.diagnosis import diagnosis, in_order
from burnish.report.layers import panels, shown
from burnish.report.learned import record
from burnish.report.page.chart import chart
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, join, tag
from burnish.report.page.numerals import count, power_of_ten
from burnish.report.page.plot import Plot, even_ticks
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, pair
from burnish.report.page.sections.training import POINTS, spiked
from burnish.report.page.tables import Column, table

TITLES = {
    "gradient": Both("Gradient norm of each layer", "各层梯度范数"),
    "update": Both("Update to weight of each layer", "各层更新与权重之比"),
    "deviation": Both("Spread of what each layer gives", "各层输出的标准差"),
    "dead": Both("Share of dead units of each layer", "各层失活单元的比例"),
}
CAPTIONS = {
    "gradient": Both("Before clipping, on a scale of ratios.", "裁剪之前，对数坐标。"),
    "update": Both(
        "Length of the change of weight matrices over theirs. Rule of thumb, no law: about 0.001 (dashed).",
        "权重矩阵的改变量与其长度之比。经验法则（并非定律）：约 0.001（虚线）。",
    ),
    "deviation": Both("Standard deviation of a sample of its outputs.", "输出抽样的标准差。"),
    "dead": Both("Units behind a ReLU that gave 0 for every value seen.", "ReLU 之后对所有已见值均为 0 的单元。"),
}


def layers(contents: Contents) -> Section | None:
    """Findings in words as they were made, in English; then a chart of each figure. Nothing where no layer was looked at."""
    seen = record(contents.events)
    if not seen.looks or not seen.steps:
        return None
    found = diagnosis(contents.events)
    items = [tag("li", tag("b", relative(f.text)), " ", relative(f.remedy)) for f in found]
    said = tag("ul", *items, class_="plain") if items else tag("p", in_order(seen))
    charts = [_chart(kind, points) for kind, _, points in panels(seen)]
    lead = both(
        "{n} findings, each with what to do.", "{n} 项发现，每项附有建议。", n=count(len(found))
    ) if found else both("Gradients, updates and activations were in order.", "梯度、更新与激活均无异常。")  # fmt: skip
    return Section("layers", Both("How it learned", "训练诊断"), lead, join(said, pair(*charts) if charts else None))


def _chart(kind: str, points: object) -> Html:
    lines = shown(points)  # type: ignore[arg-type]
    ratios = kind != "dead"
    values = {name: np.array(line, np.float64).reshape(-1, 2) for name, line in lines.items()}
    if ratios:
        values = {name: np.stack([v[:, 0], np.log10(v[:, 1])], 1) for name, v in values.items()}
    whole = np.concatenate(list(values.values()))
    end = float(whole[:, 0].max())
    plot = _framed(whole, end, ratios=ratios)
    for i, (name, line) in enumerate(values.items()):
        share = i / max(1, len(values) - 1)
        what = f"log10 of {kind}, {name}" if ratios else f"{kind}, {name}"
        plot.line(spiked(line, POINTS), name=what, digits=4, stroke=_tone(share), stroke_width=1.4)
    _names(plot, [(name, float(line[-1, 1])) for name, line in values.items()])
    if kind == "update" and plot.y[0] <= -3 <= plot.y[1]:
        y = round(plot.at_y(-3), 1)
        plot.add("line", x1=plot.left, x2=400 - plot.right, y1=y, y2=y, stroke="var(--ink)", stroke_dasharray="4 3")
    rows = [[name, *(f"{v:.2g}" for v in _summary([y for _, y in line]))] for name, line in lines.items()]
    heads = [both("Layer", "层"), both("First", "首次"), both("Median", "中位数"), both("Last", "末次")]
    columns = [Column(heads[0]), *(Column(head, numbers=True) for head in heads[1:])]
    label = both("{what} by step, {n} layers.", "{what}随步数变化，共 {n} 层。", what=TITLES[kind], n=count(len(lines)))
    return chart(f"layers_{kind}", TITLES[kind], CAPTIONS[kind], plot.svg(label), table=table(columns, rows))


def _framed(whole: np.ndarray[tuple[int, ...], np.dtype[np.float64]], end: float, *, ratios: bool) -> Plot:
    """A frame; on a scale of ratios its marks are powers of ten."""
    xs = [tick for tick in even_ticks(0.0, end, 6) if tick <= end and tick == round(tick)]
    if not ratios:
        plot = Plot((0.0, end), (0.0, 1.0), height=260, right=80, top=30)
        plot.frame(xs, [0.0, 0.25, 0.5, 0.75, 1.0], below=both("step", "步"))
        return plot
    low, high = math.floor(float(whole[:, 1].min())), math.ceil(float(whole[:, 1].max()))
    high = high if high > low else low + 1
    plot = Plot((0.0, end), (float(low), float(high)), height=260, left=46, right=80, top=30)
    plot.frame(xs, [], below=both("step", "步"))
    step = max(1, -(-(high - low) // 6))
    for power in range(low, high + 1, step):
        y = round(plot.at_y(power), 1)
        plot.add("line", class_="g", x1=plot.left, x2=400 - plot.right, y1=y, y2=y)
        plot.text(plot.left - 6, y + 4, power_of_ten(power), anchor="end")
    return plot


def _summary(values: Sequence[float]) -> tuple[float, float, float]:
    return values[0], float(np.median(values)), values[-1]


def _tone(share: float) -> str:
    """From dark at the inputs to bright at the head, on light and on dark paper."""
    return f"hsl({265 - 215 * share:.0f} 65% {46 + 4 * share:.0f}%)"


def _names(plot: Plot, ends: Sequence[tuple[str, float]]) -> None:
    """The first layer and the last two by name, at the ends of their lines, 12 units apart at least."""
    chosen = {0, len(ends) // 2, len(ends) - 1}
    placed: list[float] = []
    named = [(i, *ends[i]) for i in sorted(chosen)]
    for i, name, value in sorted(named, key=lambda one: -one[2]):
        y = plot.at_y(value) + 4
        y = max(y, placed[-1] + 12) if placed else y
        placed.append(y)
        plot.text(400 - plot.right + 6, y, name, fill=_tone(i / max(1, len(ends) - 1)))
