"""Ranking: does the probability of a class sort its examples before all others?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from burnish.evaluation.curve_points import thinned
from burnish.evaluation.curves import Curve, Curves, Estimate, curves
from burnish.report.page.chart import chart
from burnish.report.page.contents import FEW, Contents
from burnish.report.page.gain_charts import gain_charts
from burnish.report.page.markup import Both, Child, Html, both, code, join, tag
from burnish.report.page.numerals import count, known
from burnish.report.page.plot import Plot
from burnish.report.page.section import Section, fine, pair
from burnish.report.page.tables import Cell, Column, table

UNIT = [0.0, 0.25, 0.5, 0.75, 1.0]
SHOWN, FEWER = 20, 10
"""Classes up to which all have a curve, and how many have one where there are more: those with the smallest areas."""
POINTS = 700
"""Points of all curves of a chart."""
POOLED = {
    "micro": Both("all decisions together (micro)", "全部判断合计（micro）"),
    "macro": Both("mean of the classes (macro)", "各类平均（macro）"),
}


def ranking(contents: Contents) -> Section | None:
    """ROC and precision-recall curves, one in colour, with its band; areas with intervals."""
    drawn = contents.scores["bootstrap"]
    found = curves(contents.predictions, resamples=drawn["resamples"], seed=drawn["seed"], level=drawn["level"])
    if found is None:
        return None
    shown = _shown(found)
    chosen = next((one for one in shown if one.name == "macro"), shown[0])
    body = join(
        _chips(shown, chosen),
        pair(_roc(shown, chosen, contents), _precision(shown, chosen)),
        *gain_charts(shown, chosen, _name),
        _method(found, contents),
        _left(found, shown),
    )
    return Section("ranking", Both("Ranking", "排序能力"), _lead(found), body)


def _lead(found: Curves) -> Both:
    if len(found.each) == 1 and found.macro is None:
        return both(
            "How well the probability of {name} sorts its examples before all others.",
            "{name} 的概率能多好地把该类样本排在其他样本之前。",
            name=code(found.each[0].name),
        )
    return both(
        "How well the probability of a class sorts its examples before all others. One curve in colour, the others stay grey for "
        "comparison. Dashed: fewer than {few} examples, too few to read a shape from.",
        "某一类的概率能多好地把该类样本排在其他样本之前。选中的一条着色，其余保留灰色作对照。虚线：不足 {few} 个样本，形状不可信。",
        few=FEW,
    )


def _shown(found: Curves) -> list[Curve]:
    """Averages first, then the classes in the order of their names."""
    each = found.each
    if len(each) > SHOWN:
        kept = {one.name for one in sorted(each, key=lambda one: one.roc_area.value)[:FEWER]}
        each = [one for one in each if one.name in kept]
    return [one for one in (found.macro, found.micro) if one is not None] + each


def _chips(shown: Sequence[Curve], chosen: Curve) -> Html | None:
    if len(shown) < 2:
        return None
    labels = []
    for i, one in enumerate(shown):
        pooled = i < 2 and one.name in POOLED and len(shown) > 2
        name: Html | Both = POOLED[one.name] if pooled else code(one.name)
        button = tag("input", type="radio", name="rc", value=i, checked=one is chosen)
        labels.append(tag("label", button, tag("span", name)))
    return tag("fieldset", tag("legend", both("Curve in colour", "着色的曲线")), *labels, class_="chips", hidden=True)


def _name(one: Curve, place: int) -> Both | str:
    return POOLED[one.name] if place < 2 and one.name in POOLED else one.name


def estimate(area: Estimate) -> str:
    """An area with its interval: `0.918 (0.870–0.958)`."""
    ends = f" ({area.low:.3f}–{area.high:.3f})" if known(area.low) and known(area.high) else ""
    return f"{area.value:.3f}{ends}"


def _lines(plot: Plot, shown: Sequence[Curve], chosen: Curve, kind: str) -> None:
    """All curves, the chosen one above the others, each with its band and the words of its area."""
    for i, one in enumerate(shown):
        on = one is chosen
        band = one.roc_band if kind == "roc" else one.precision_band
        plot.band(band, class_="bd on" if on else "bd", data_c=i, fill="var(--model)")
    for i, one in sorted(enumerate(shown), key=lambda pair_: pair_[1] is chosen):
        few = one.positives < FEW and one.name not in POOLED
        points = thinned(one.roc if kind == "roc" else one.precision_recall, min(200, POINTS // len(shown)))
        dash = "5 4" if few else None
        plot.line(
            points,
            name=str(getattr(_name(one, i), "en", one.name)),
            class_="cv on" if one is chosen else "cv",
            data_c=i,
            stroke_dasharray=dash,
        )
    for i, one in enumerate(shown):
        area = one.roc_area if kind == "roc" else one.average_precision
        words = f"{'AUC' if kind == 'roc' else 'AP'} {estimate(area)}"
        x, anchor = (plot.at_x(0.98), "end") if kind == "roc" else (plot.at_x(0.03), "start")
        plot.text(x, plot.at_y(0.06), words, anchor=anchor, class_="dl ar on" if one is chosen else "dl ar", data_c=i)


def _roc(shown: Sequence[Curve], chosen: Curve, contents: Contents) -> Html:
    plot = Plot((0.0, 1.0), (0.0, 1.0), height=330)
    plot.frame(UNIT, UNIT, below=both("false positive rate", "假阳性率"), beside=both("true positive rate", "真阳性率"))
    plot.line(np.array([[0.0, 0.0], [1.0, 1.0]]), stroke="var(--rule2)", stroke_dasharray="4 4")
    plot.text(plot.at_x(0.62), plot.at_y(0.55), both("chance", "随机"))
    _lines(plot, shown, chosen, "roc")
    label = both(
        "ROC curves; {name}: area {a}.",
        "ROC 曲线；{name}：面积 {a}。",
        name=_name(chosen, shown.index(chosen)),
        a=estimate(chosen.roc_area),
    )
    caption = both(
        "True positive rate by false positive rate, with a {level} % band. AUC: area under the curve.",
        "真阳性率对假阳性率，带 {level} % 置信带。AUC：曲线下面积。",
        level=contents.level,
    )
    return chart("roc", "ROC", caption, plot.svg(label), table=_areas(shown))


def _precision(shown: Sequence[Curve], chosen: Curve) -> Html:
    plot = Plot((0.0, 1.0), (0.0, 1.0), height=330)
    plot.frame(UNIT, UNIT, below=both("recall", "召回率"), beside=both("precision", "精确率"))
    for i, one in enumerate(shown):
        if one.name == "macro" and i == 0 and len(shown) > 1:
            continue
        share = one.positives / one.rows
        on = "pv on" if one is chosen else "pv"
        plot.add(
            "line",
            class_=on,
            data_c=i,
            x1=plot.at_x(0),
            x2=plot.at_x(1),
            y1=f"{plot.at_y(share):.1f}",
            y2=f"{plot.at_y(share):.1f}",
        )
    _lines(plot, shown, chosen, "precision")
    label = both(
        "Precision by recall; {name}: area {a}.",
        "精确率对召回率；{name}：面积 {a}。",
        name=_name(chosen, shown.index(chosen)),
        a=estimate(chosen.average_precision),
    )
    caption = both(
        "Precision by recall; AP: average precision. Dashed line: share of the class.",
        "精确率对召回率；AP：平均精确率。虚线：该类占比。",
    )
    return chart("precision_recall", both("Precision and recall", "精确率与召回率"), caption, plot.svg(label))


def _areas(shown: Sequence[Curve]) -> Html:
    rows: list[list[Cell | Child]] = []
    for i, one in enumerate(shown):
        name = _name(one, i)
        named = Cell(code(name) if isinstance(name, str) else name, one.name)
        rows.append([named, count(one.positives), estimate(one.roc_area), estimate(one.average_precision)])
    columns = [
        Column(both("Curve", "曲线")),
        Column(both("Examples", "样本"), numbers=True),
        Column(both("ROC area", "ROC 面积"), numbers=True),
        Column(both("Average precision", "平均精确率"), numbers=True),
    ]
    return table(columns, rows)


def _method(found: Curves, contents: Contents) -> Html:
    fields: dict[str, Child] = {
        "n": count(found.resamples),
        "level": contents.level,
        "what": both("groups", "组") if found.grouped else both("examples", "样本"),
    }
    if not found.resamples:
        band = both(
            "Too many examples and classes for bands: they would be narrower than the lines.",
            "样本和类别太多，未画置信带。",
        )
    else:
        band = both(
            "Bands and intervals: {level} %, from {n} resamples of {what}, point by point.",
            "置信带与区间：{level} %，对{what}重抽样 {n} 次，逐点计算。",
            **fields,
        )
    if found.method == "DeLong":
        delong = both(" Interval of the ROC area: DeLong’s.", " ROC 面积的区间：DeLong 法。")
        band = Both(Html(f"{band.en}{delong.en}"), Html(f"{band.zh}{delong.zh}"))
    if found.resamples and any(one.positives < FEW for one in found.each):
        few = both(
            " With so few examples of a class a band may lie beside its curve: resampling repeats examples.",
            " 某类样本很少时，重抽样会重复样本，置信带可能偏离曲线。",
        )
        band = Both(Html(f"{band.en}{few.en}"), Html(f"{band.zh}{few.zh}"))
    return fine(band)


def _left(found: Curves, shown: Sequence[Curve]) -> Html | None:
    said = []
    drawn = {one.name for one in shown}
    more = sum(one.name not in drawn for one in found.each)
    if more:
        said.append(
            both(
                "Drawn are the {n} classes with the smallest areas; {more} more are in the averages.",
                "只画面积最小的 {n} 类；其余 {more} 类计入平均。",
                n=FEWER,
                more=more,
            )
        )
    if found.undefined:
        names = join(*map(code, found.undefined[:10]), between=", ")
        said.append(
            both(
                "No curve of {names}: all examples are of it, or none is.",
                "{names} 没有曲线：样本全属于或全不属于该类。",
                names=names,
            )
        )
    return join(*map(fine, said)) if said else None
