"""Scores: by how much, and against what?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report import results
from burnish.report.page import strips, vocabulary
from burnish.report.page.baseline_differences import left_out, more_differences
from burnish.report.page.contents import Contents
from burnish.report.page.markdown_html import blocks
from burnish.report.page.marks import mark
from burnish.report.page.markup import Both, Html, both, code, escaped, join, tag
from burnish.report.page.numerals import known, number, probability, short, span
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine
from burnish.report.page.tables import Column, table

SHOWN = 2
"""Baselines with a column of differences; more are in the table of all metrics."""


def scores(contents: Contents) -> Section:
    """The headline with intervals and differences; then all other metrics."""
    lead = both(
        "Each bar is a {level} % interval. Where the interval of a difference reaches the zero line, no difference is shown.",
        "每条横条是 {level} % 区间。差值区间碰到零线时，即未显示差异。",
        level=contents.level,
    )
    body = join(
        _key(contents),
        _headline(contents),
        *_doubts(contents),
        _method(contents),
        left_out(contents),
        more_differences(contents, list(contents.baselines)[SHOWN:]),
        _others(contents),
    )
    return Section("scores", Both("Scores", "得分"), lead, join(body, blocks(results.data_sets(contents.scores))))


def _beside(contents: Contents) -> list[str]:
    return list(contents.baselines)[:SHOWN]


def _key(contents: Contents) -> Html:
    items = [_sample("", both("this model", "本模型"))]
    items += [_sample(key, vocabulary.baseline(key)) for key in contents.baselines]
    return tag("p", *items, class_="key", aria_hidden="true")


def _sample(key: str, name: Both) -> Html:
    line = strips.strip(0.5, 0.1, 0.9, (0.0, 1.0), key=key)
    return tag("span", Html(line.replace("<div", "<span", 1).replace("</div>", "</span>")), name, class_="i")


def _headline(contents: Contents) -> Html:
    level = contents.level
    titles: list[Both | str] = [
        both("Metric", "指标"),
        both("This model", "本模型"),
        both("With {level} % interval", "及 {level} % 区间", level=level),
    ]
    for key in _beside(contents):
        titles.append(
            both(
                "Minus {name}<br>worse ◂ | ▸ better",
                "减去{name}<br>较差 ◂ | ▸ 较好",
                name=vocabulary.short_baseline(key),
            )
        )
    head = tag("div", *(tag("span", title, role="columnheader") for title in titles), role="row", class_="hr head")
    rows = [_metric(contents, label) for label in contents.scores["headline"]]
    label = both("Headline metrics with intervals and differences from baselines", "主要指标、区间以及与基线的差值")
    return tag("div", head, *rows, class_=f"hl b{len(_beside(contents))}", role="table", aria_label=label)


def _metric(contents: Contents, label: str) -> Html:
    figures = contents.figure(label)
    meant = vocabulary.meaning(label)
    decided = (
        both("It chose the checkpoint.", "用于选择检查点。")
        if label == contents.facts.get("validation_metric")
        else None
    )
    of = both("of {n} examples", "{n} 个样本", n=figures["rows"]) if "rows" in figures else None
    notes = [tag("small", part) for part in (meant, of, decided) if part is not None]
    name = tag("div", code(label), *notes, role="rowheader", class_="m")
    interval = span(figures.get("low"), figures.get("high"))
    value = tag("div", tag("b", number(figures.get("value"))), tag("small", interval), role="cell", class_="v num")
    others = {key: one["metrics"].get(label) or {} for key, one in contents.baselines.items()}
    return tag(
        "div",
        name,
        value,
        _lines(figures, others),
        *(_difference(contents, key, label) for key in _beside(contents)),
        role="row",
        class_="hr",
    )


def _lines(figures: Mapping[str, Any], others: Mapping[str, Mapping[str, Any]]) -> Html:
    values = [one.get(end) for one in (figures, *others.values()) for end in ("value", "low", "high")]
    ends = strips.ends_of(values)
    drawn = [strips.strip(figures.get("value"), figures.get("low"), figures.get("high"), ends)]
    drawn += [strips.strip(o.get("value"), o.get("low"), o.get("high"), ends, key=key) for key, o in others.items()]
    told = [
        both("{name} {value}", "{name} {value}", name=vocabulary.baseline(k), value=number(o.get("value")))
        for k, o in others.items()
    ]
    words = Both(join(*(t.en for t in told), between=", "), join(*(t.zh for t in told), between="，"))
    scale = tag(
        "div", tag("span", number_end(ends[0])), tag("span", number_end(ends[1])), class_="scale", aria_hidden="true"
    )
    return tag(
        "div",
        tag("span", words, class_="vh"),
        tag("div", *drawn, class_="tri", aria_hidden="true"),
        scale,
        role="cell",
        class_="t",
    )


def number_end(value: float) -> str:
    """The end of an axis, as short as it can be."""
    return f"{value:g}".replace("-", "\u2212")


def _difference(contents: Contents, key: str, label: str) -> Html:
    paired = contents.baselines[key]["differences"].get(label) or {}
    short_name = vocabulary.short_baseline(key)
    name = tag("span", both("minus {name}", "减去{name}", name=short_name), class_="lab")
    if not known(paired.get("value")):
        return tag("div", name, tag("span", both("not comparable", "无法比较"), class_="w"), role="cell", class_="df")
    turned = contents.figure(label).get("greater_is_better") is False
    value, low, high = (paired.get(end) for end in ("value", "low", "high"))
    drawn = [float("nan") if not known(v) else -v if turned else v for v in (value, low, high)]
    size = max((abs(v) for v in drawn if known(v)), default=1.0) or 1.0
    ends = (-size * 1.08, size * 1.08)
    line = strips.strip(drawn[0], min(_two(drawn)), max(_two(drawn)), ends, key="difference", extra=strips.zero(ends))
    told = tag(
        "span", short(paired["value"], signed=True), " ", tag("span", _ends(low, high), class_="soft"), class_="n num"
    )
    words = {True: both("better", "更好"), False: both("worse", "更差")}.get(
        paired["better"], both("no difference shown", "未显示差异")
    )
    shown = {True: "df yes", False: "df no"}.get(paired["better"], "df")
    return tag("div", name, line, told, tag("span", words, class_="w"), role="cell", class_=shown)


def _two(values: list[float]) -> list[float]:
    ends = [float(v) for v in values[1:] if known(v)]
    return ends if len(ends) == 2 else [float("nan"), float("nan")]


def _ends(low: float | None, high: float | None) -> str:
    if not known(low) or not known(high):
        return "[–]"
    return f"[{short(low, signed=True)}, {short(high, signed=True)}]"


def _doubts(contents: Contents) -> list[Html]:
    """What makes the scores doubtful, as the run said it."""
    said = contents.scores.get("doubts") or []
    return [
        tag(
            "div",
            mark("warn"),
            tag("p", tag("b", both("Caution", "注意")), ": ", relative(str(doubt)), lang_="en-US"),
            class_="caution",
        )
        for doubt in said
    ]


def _method(contents: Contents) -> Html:
    drawn = contents.scores["bootstrap"]
    fields: dict[str, Any] = {
        "n": f"{drawn['resamples']:,}",
        "what": both("groups", "组") if drawn["grouped"] else both("examples", "样本"),
        "seed": drawn["seed"],
        "p": _paired(contents),
    }
    return fine(
        both(
            "Percentile bootstrap, {n} resamples of {what}, seed {seed}. It shows how much another test set of this size would "
            "move a figure, not how much another training seed would.{p}",
            "百分位自助法，对{what}重抽样 {n} 次，种子 {seed}。"
            "区间表示换一个同样大小的测试集会使数字变动多少，而不是换一个训练种子。{p}",
            **fields,
        )
    )


def _paired(contents: Contents) -> Both:
    """How differences are made, where there are any."""
    if not contents.baselines:
        return Both("", "")
    tail = _mcnemar(contents)
    return both(
        " Differences are paired: both answered the same examples.{p}",
        "差值为配对比较：双方回答相同的样本。{p}",
        p=tail,
    )


def _mcnemar(contents: Contents) -> Both:
    said = []
    for key, baseline in contents.baselines.items():
        p = next((d["mcnemar"] for d in baseline["differences"].values() if d and d.get("mcnemar") is not None), None)
        if p is not None:
            said.append((vocabulary.short_baseline(key), probability(p)))
    if not said:
        return Both("", "")
    en = ", ".join(f"p = {p} against {escaped(name.en)}" for name, p in said)
    zh = "，".join(f"对{escaped(name.zh)} p = {p}" for name, p in said)
    return Both(
        Html(f" McNemar’s exact test on right and wrong predictions: {en}."), Html(f"McNemar 精确检验（对错）：{zh}。")
    )


def _others(contents: Contents) -> Html | None:
    labels = [label for label in contents.scores["metrics"] if label not in contents.scores["headline"]]
    columns = [Column(both("Metric", "指标")), Column(both("This model", "本模型"), numbers=True)]
    columns += [Column(vocabulary.short_baseline(key), numbers=True) for key in contents.baselines]
    rows = []
    for label in labels:
        others = [number((b["metrics"].get(label) or {}).get("value")) for b in contents.baselines.values()]
        meant = vocabulary.meaning(label)
        rows.append(
            [
                join(code(label), " ", tag("small", meant, class_="soft") if meant else None),
                number(contents.figure(label).get("value")),
                *others,
            ]
        )
    aside = contents.scores.get("not_applied") or []
    left = (
        fine(
            both(
                "Left out, because no label of these examples has what they look at: {names}.",
                "因样本中没有相关标签而略去：{names}。",
                names=join(*map(code, aside), between=", "),
            )
        )
        if aside
        else None
    )
    if not labels:
        return left
    summary = tag("summary", both("{n} other metrics", "另外 {n} 个指标", n=len(labels)))
    note = fine(both("Without intervals.", "不带区间。"))
    return join(tag("details", summary, table(columns, rows), note), left)
