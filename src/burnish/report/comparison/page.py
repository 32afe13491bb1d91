"""`comparison.html`: verdicts, differences, rows that changed and settings that differ, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.core.files import write_text
from burnish.evaluation.versus import Versus
from burnish.report.comparison.changed import changed
from burnish.report.comparison.contents import Comparison
from burnish.report.comparison.words import verdict
from burnish.report.page import strips
from burnish.report.page.marks import mark
from burnish.report.page.markup import Both, Html, both, code, join, plain, tag
from burnish.report.page.numerals import count, known, probability, short
from burnish.report.page.page import whole
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine
from burnish.report.page.tables import Column, table
from burnish.report.page.vocabulary import meaning

SHOWN: dict[bool | None, tuple[Both, str]] = {
    True: (both("better", "更好"), "dfr df yes"),
    False: (both("worse", "更差"), "dfr df no"),
    None: (both("no difference shown", "未显示差异"), "dfr df"),
}
MARKS = {"better": "good", "worse": "warn", "not_shown": "level"}


def write_comparison(path: Path, comparison: Comparison) -> Path:
    """Write the page; its path."""
    sections = [
        one for one in (_differences(comparison), changed(comparison), _settings(comparison)) if one is not None
    ]
    title = plain(_title(comparison))
    assert isinstance(title, Both)
    brand = both("comparison of {n} runs", "{n} 个运行的比较", n=len(comparison.predictions))
    write_text(path, whole(comparison.first, title.en, brand, _summary(comparison), sections, _footer(comparison)))
    return path


def _title(comparison: Comparison) -> Both:
    found = [one.verdict for one in comparison.compared]
    if len(found) == 1:
        one = comparison.compared[0]
        templates = {
            "better": ("{b} is better than {a}", "{b} 优于 {a}"),
            "worse": ("{b} is worse than {a}", "{b} 不如 {a}"),
            "not_shown": ("{b} is not shown to differ from {a}", "未能证明 {b} 与 {a} 有差异"),
        }
        return both(*templates[one.verdict], a=code(comparison.first), b=code(one.name))
    fields: dict[str, Any] = {"n": len(found), "a": code(comparison.first)}
    fields |= {name: found.count(name) for name in ("better", "worse")}
    return both(
        "Of {n} runs {better} are better than {a} and {worse} are worse",
        "{n} 个运行中 {better} 个优于 {a}，{worse} 个更差",
        **fields,
    )


def _summary(comparison: Comparison) -> Html:
    first = comparison.compared[0]
    groups = both(" in {n} groups", "，共 {n} 组", n=count(first.groups)) if first.groups is not None else Both("", "")
    beneath = both(
        "All predicted the same {n} test examples{groups}. 95 % intervals of the paired difference.",
        "各运行预测同样的 {n} 个测试样本{groups}。区间为配对差值的 95 % 区间。",
        n=count(first.rows),
        groups=groups,
    )
    items = [_statement(comparison, one) for one in comparison.compared]
    notes = [fine(note) for note in comparison.notes]
    run = both("Compared with {a}", "与 {a} 比较", a=code(comparison.first))
    return tag(
        "section",
        tag("p", run, class_="run"),
        tag("h1", _title(comparison), class_="verdict", id="h1"),
        tag("p", beneath, class_="verdict2"),
        tag("ul", *items, class_="say"),
        *notes,
        id="summary",
        aria_labelledby="h1",
    )


def _statement(comparison: Comparison, one: Versus) -> Html:
    words = tag("div", tag("p", _said(comparison, one)), tag("p", _tests(comparison, one), class_="why"))
    return tag("li", mark(MARKS[one.verdict]), words)


def _said(comparison: Comparison, one: Versus) -> Both:
    better = comparison.metrics[one.metric].greater_is_better
    return verdict(one, comparison.first, greater_is_better=better)


def _tests(comparison: Comparison, one: Versus) -> Both:
    """The p of each test, in small print."""
    parts = [both("Approximate randomisation: p = {p}", "近似随机化检验：p = {p}", p=_p(one.p))]
    if len(comparison.compared) > 1:
        parts.append(both("by Holm's correction {p}", "Holm 校正后 {p}", p=_p(one.corrected)))
    mcnemar = one.difference.mcnemar
    if mcnemar is not None:
        said = both(
            "McNemar's exact test on right and wrong rows: p = {p}", "McNemar 精确检验（对错）：p = {p}", p=_p(mcnemar)
        )
        parts.append(said)
        if one.groups is not None:
            parts.append(both("McNemar's test takes rows of one group as independent", "McNemar 检验视同组样本为独立"))
    return Both(Html("; ".join(map(str, (p.en for p in parts))) + "."), Html("；".join(p.zh for p in parts) + "。"))


def _p(value: float) -> str:
    return probability(value) if known(value) else "n/a"


def _differences(comparison: Comparison) -> Section:
    blocks = []
    for one in comparison.compared:
        head = tag("h3", both("{b} minus {a}", "{b} 减去 {a}", a=code(comparison.first), b=code(one.name)), class_="dh")
        rows = [_difference(comparison, one, label) for label in one.differences]
        blocks.append(join(head, tag("div", *rows, class_="dfs")))
    method = both(
        "Percentile bootstrap of the paired difference, {n} resamples, seed {seed}. Right always means better. "
        "An interval that leaves out 0 is called better or worse; one that contains 0 does not say that both are equal.",
        "配对差值的百分位自助法，重抽样 {n} 次，种子 {seed}。向右总表示更好。"
        "不含 0 的区间称为更好或更差；含 0 的区间并不说明两者相等。",
        n=f"{comparison.resamples:,}",
        seed=comparison.seed,
    )
    return Section("differences", both("Differences", "差值"), None, join(*blocks, fine(method)))


def _difference(comparison: Comparison, one: Versus, label: str) -> Html:
    paired, better = one.differences[label], comparison.metrics[label].greater_is_better
    name = tag("div", code(label), tag("small", meaning(label)) if meaning(label) else None, class_="m")
    if not known(paired.value):
        return tag("div", name, tag("span", both("not comparable", "无法比较"), class_="w"), class_="dfr df")
    turn = -1.0 if better is False else 1.0
    drawn = [turn * v if known(v) else float("nan") for v in (paired.value, paired.low, paired.high)]
    size = max((abs(v) for v in drawn if known(v)), default=1.0) or 1.0
    ends = (-size * 1.08, size * 1.08)
    line = strips.strip(drawn[0], min(drawn[1:]), max(drawn[1:]), ends, key="difference", extra=strips.zero(ends))
    interval = f"[{short(paired.low, signed=True)}, {short(paired.high, signed=True)}]" if known(paired.low) else "[–]"
    told = tag("span", short(paired.value, signed=True), " ", tag("span", interval, class_="soft"), class_="n num")
    words, kind = SHOWN[paired.better]
    return tag("div", name, line, tag("span", told, tag("span", words, class_="w")), class_=kind)


def _settings(comparison: Comparison) -> Section | None:
    """Fields of the recipes that differ, and what the comparison rests on."""
    names = list(comparison.predictions)
    fields = dict.fromkeys(field for recipe in comparison.recipes.values() for field in recipe)
    rows = []
    for field in fields:
        values = [str(comparison.recipes.get(name, {}).get(field, "–")) for name in names]
        if len(set(values)) > 1:
            rows.append([code(field), *(relative(value) for value in values)])
    columns = [Column(both("Setting", "设置")), *(Column(tag("code", name)) for name in names)]
    shown = (
        table(columns, rows, label=both("Settings that differ", "不同的设置"))
        if rows
        else tag("p", both("No setting differs, or none is known.", "设置相同，或未知。"), class_="told")
    )
    same = fine(join(both("Hash of the test rows", "测试样本的哈希"), ": ", tag("code", comparison.identity)))
    return Section("settings", both("Settings that differ", "不同的设置"), None, join(shown, same))


def _footer(comparison: Comparison) -> Both:
    return both(
        "Test rows were chosen before; comparing many runs on them makes the best one look a little too good.",
        "测试样本事先选定；在其上比较许多运行会使最佳者略显偏高。",
    )
