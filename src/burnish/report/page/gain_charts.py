"""Charts of what probabilities find: gain, lift, and how the probabilities of a class are spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from burnish.evaluation.curve_points import Points, thinned
from burnish.evaluation.curves import Curve
from burnish.evaluation.gain import best, gain_at, lift
from burnish.report.page.chart import chart
from burnish.report.page.contents import FEW
from burnish.report.page.markup import Both, Child, Html, both, code
from burnish.report.page.numerals import count, percent, short
from burnish.report.page.plot import Plot, even_ticks
from burnish.report.page.section import pair
from burnish.report.page.tables import Cell, Column, table

UNIT = [0.0, 0.25, 0.5, 0.75, 1.0]
POINTS = 200
"""Points of all curves of a chart."""
LEAST = 0.02
"""Share of the examples from which on lift is drawn: in fewer one example moves it far."""
DEPTHS = (0.1, 0.2, 0.5)
"""Shares whose gain and lift stand in the table."""
Named = Callable[[Curve, int], Both | str]


def gain_charts(shown: Sequence[Curve], chosen: Curve, named: Named) -> list[Html]:
    """Gain beside lift, then the spread of the probabilities; all follow the choice of a curve.

    Args:
        shown: curves, averages first.
        chosen: the one in colour.
        named: a curve and its place to its name.
    """
    return [pair(_gain(shown, chosen, named), _lift(shown, chosen, named)), pair(_spread(shown, chosen, named))]


def _style(one: Curve, chosen: Curve, place: int) -> dict[str, str | int | None]:
    few = one.positives < FEW and one.name not in ("micro", "macro")
    shown = "cv on" if one is chosen else "cv"
    return {"class_": shown, "data_c": place, "stroke_dasharray": "5 4" if few else None}


def _curves(plot: Plot, shown: Sequence[Curve], chosen: Curve, named: Named, kind: Callable[[Points], Points]) -> None:
    """All curves, the chosen one above the others."""
    for i, one in sorted(enumerate(shown), key=lambda pair_: pair_[1] is chosen):
        points = thinned(kind(one.gain), POINTS // len(shown))
        plot.line(points, name=str(getattr(named(one, i), "en", one.name)), digits=3, **_style(one, chosen, i))


def _gain(shown: Sequence[Curve], chosen: Curve, named: Named) -> Html:
    plot = Plot((0.0, 1.0), (0.0, 1.0), height=330)
    below = both("share of the examples, the surest first", "按概率从高到低取的样本比例")
    plot.frame(UNIT, UNIT, below=below, beside=both("share of the class among them", "其中包含的该类比例"))
    plot.line(np.array([[0.0, 0.0], [1.0, 1.0]]), stroke="var(--rule2)", stroke_dasharray="4 4")
    plot.text(plot.at_x(0.62), plot.at_y(0.55), both("chance", "随机"))
    for i, one in enumerate(shown):
        if i or one.name != "macro" or len(shown) < 2:
            plot.line(best(one.positives / one.rows), class_="pv on" if one is chosen else "pv", data_c=i)
        plot.band(one.gain_band, class_="bd on" if one is chosen else "bd", data_c=i, fill="var(--model)")
    _curves(plot, shown, chosen, named, lambda points: points)
    name = named(chosen, shown.index(chosen))
    found = percent(gain_at(chosen.gain, 0.2))
    label = both("Gain; {name}: {p} in the first 20 %.", "增益；{name}：前 20 % 中含 {p}。", name=name, p=found)
    caption = both(
        "How much of the class is found, if examples are looked at by falling probability. Dashed: the best that is possible.",
        "按概率从高到低查看样本，能找到该类的多少。虚线：可能的最好结果。",
    )
    title = both("How soon is it found? (gain)", "多快能找到？（增益）")
    return chart("gain", title, caption, plot.svg(label), table=_figures(shown, named))


def _lift(shown: Sequence[Curve], chosen: Curve, named: Named) -> Html:
    def beyond(points: Points) -> Points:
        return lift(points[points[:, 0] >= LEAST])

    highest = max((float(lifted[:, 1].max()) for one in shown if len(lifted := beyond(one.gain))), default=1.0)
    marks = even_ticks(0.0, max(1.0, highest))
    plot = Plot((0.0, 1.0), (0.0, marks[-1]), height=330)
    below = both("share of the examples, the surest first", "按概率从高到低取的样本比例")
    plot.frame(UNIT, marks, below=below, beside=both("times as frequent as among all", "相对总体的倍数"))
    plot.line(np.array([[0.0, 1.0], [1.0, 1.0]]), stroke="var(--rule2)", stroke_dasharray="4 4")
    _curves(plot, shown, chosen, named, beyond)
    name = named(chosen, shown.index(chosen))
    first = short(gain_at(chosen.gain, 0.1) / 0.1)
    label = both("Lift; {name}: {n} in the first 10 %.", "提升；{name}：前 10 % 为 {n} 倍。", name=name, n=first)
    caption = both(
        "How many times as frequent the class is among the surest examples as among all; from {p} of the examples on.",
        "最有把握的样本中该类频率是总体的多少倍；从 {p} 的样本起。",
        p=percent(LEAST),
    )
    return chart("lift", both("By how much? (lift)", "提升多少？（提升）"), caption, plot.svg(label))


def _figures(shown: Sequence[Curve], named: Named) -> Html:
    """Gain and lift at some depths."""
    rows: list[list[Cell | Child]] = []
    for i, one in enumerate(shown):
        name, gains = named(one, i), [gain_at(one.gain, depth) for depth in DEPTHS]
        lifts = [short(value / depth) for value, depth in zip(gains, DEPTHS, strict=True)]
        cells = [f"{percent(value)} ({times}×)" for value, times in zip(gains, lifts, strict=True)]
        rows.append([Cell(code(name) if isinstance(name, str) else name, one.name), *cells])
    columns = [Column(both("Curve", "曲线"))]
    columns += [Column(both("In the first {p}", "前 {p} 中", p=percent(depth)), numbers=True) for depth in DEPTHS]
    return table(columns, rows)


def _spread(shown: Sequence[Curve], chosen: Curve, named: Named) -> Html:
    """Two frequency polygons for each curve: examples of the class, and all others, each by its own total."""
    marks = even_ticks(0.0, max(float(_polygon(counts)[:, 1].max()) for one in shown for counts in one.spread))
    plot = Plot((0.0, 1.0), (0.0, marks[-1]), height=330)
    below = both("probability of the class", "该类的概率")
    plot.frame(UNIT, marks, below=below, beside=both("share of its examples", "占各自样本的比例"))
    rows: list[list[Cell | Child]] = []
    for i, one in enumerate(shown):
        called, on = str(getattr(named(one, i), "en", one.name)), " on" if one is chosen else ""
        for counts, who, stroke in ((one.spread[1], "others", "var(--base)"), (one.spread[0], "", "var(--model)")):
            series = f"{called}, {who}" if who else called
            plot.line(
                _polygon(counts), name=series, digits=3, class_=f"ar{on}", data_c=i, stroke=stroke, stroke_width=2
            )
        if one is chosen:  # of all curves they would be most of the page
            rows = _counted(one, named(one, i))
    at = plot.at_x(0.5)
    plot.text(at, 40, both("of the class", "该类样本"), class_="dl", anchor="middle", style="fill:var(--model)")
    plot.text(at, 56, both("all others", "其他样本"), class_="dl", anchor="middle", style="fill:var(--base)")
    titles = (both("Curve", "曲线"), both("Probability", "概率"), both("Of the class", "该类"), both("Others", "其他"))
    columns = [Column(title, numbers=i > 1) for i, title in enumerate(titles)]
    name = named(chosen, shown.index(chosen))
    label = both("Spread of the probabilities; {name}.", "概率分布；{name}。", name=name)
    caption = both(
        "Share of the examples of the class, and of all others, by the probability of the class, in {n} bins. The less they "
        "overlap, the better.",
        "该类样本与其他样本按该类概率的分布，共 {n} 个区间。重叠越少越好。",
        n=chosen.spread.shape[1],
    )
    title = both("Are the probabilities apart?", "概率是否分得开？")
    return chart("scores", title, caption, plot.svg(label), table=table(columns, rows))


def _polygon(counts: NDArray[np.int64]) -> Points:
    """[bins, 2] the middle of each bin, and the share of the counts in it."""
    middles = (np.arange(len(counts)) + 0.5) / len(counts)
    return np.stack([middles, counts / max(1, int(counts.sum()))], axis=1)


def _counted(one: Curve, name: Both | str) -> list[list[Cell | Child]]:
    bins = one.spread.shape[1]
    named = Cell(code(name) if isinstance(name, str) else name, one.name)
    return [
        [named, f"{k / bins:.2f}–{(k + 1) / bins:.2f}", count(int(of_it)), count(int(others))]
        for k, (of_it, others) in enumerate(one.spread.T)
        if of_it or others
    ]
