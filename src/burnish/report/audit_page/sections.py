"""The sections of the page beside the review: what was found, in figures, and how to get it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report import run as report_run
from burnish.report.audit_page.contents import AuditContents
from burnish.report.audit_page.words import issue
from burnish.report.page.markdown_html import blocks
from burnish.report.page.marks import mark
from burnish.report.page.markup import Both, Child, Html, both, code, join, tag
from burnish.report.page.numerals import count, duration, number, probability
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine
from burnish.report.page.sections.data import listed
from burnish.report.page.tables import Cell, Column, table
from burnish.report.page.vocabulary import split

FIRST = 5
"""Findings in the summary."""


def summary(contents: AuditContents) -> Html:
    """The claim, and the worst findings."""
    counts = dict.fromkeys(("refusal", "warning", "note"), 0)
    for finding in contents.findings:
        counts[str(finding["severity"])] += 1
    rows: Mapping[str, int] = contents.figures.get("rows") or {}
    over = both("In {n} rows: {told}.", "共 {n} 行：{zh}。", n=count(sum(rows.values())), **_told(rows))
    more = both("Severe: {r}. Warnings: {w}. Notes: {n}.", "严重 {r} 条，警告 {w} 条，提示 {n} 条。", r=counts["refusal"],
                w=counts["warning"], n=counts["note"])  # fmt: skip
    return tag(
        "section",
        tag("p", both("Audit", "数据检查"), " ", code(relative(contents.name)), class_="run"),
        tag("h1", claim(contents), class_="verdict", id="h1"),
        tag("p", over, " ", more, class_="verdict2"),
        tag("ul", *(_statement(finding) for finding in _different(contents.findings)[:FIRST]), class_="say")
        if contents.findings
        else None,
        id="summary",
        aria_labelledby="h1",
    )


def _told(rows: Mapping[str, int]) -> dict[str, str]:
    return {
        "told": ", ".join(f"{size:,} {name}" for name, size in rows.items()),
        "zh": "，".join(f"{split(name).zh} {size:,}" for name, size in rows.items()),
    }


def claim(contents: AuditContents) -> Both:
    """In plain words: how much there is to look at."""
    if contents.total:
        return both("{n} rows to look at", "{n} 行需要查看", n=count(contents.total))
    if any(finding["severity"] != "note" for finding in contents.findings):
        return both("No row to look at, and warnings", "没有需要逐行查看的数据，但有警告")
    return both("Nothing that needs a look", "没有需要查看的问题")


def _different(found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first finding of each kind: of rows in two splits one stands for all pairs of splits."""
    first: dict[str, Mapping[str, Any]] = {}
    for finding in found:
        code_ = str(finding["code"])
        first.setdefault(code_.partition("_")[0] if "_rows_in_" in code_ else code_, finding)
    return list(first.values())


def _statement(finding: Mapping[str, Any]) -> Html:
    kind = "note" if finding["severity"] == "note" else "warn"
    link = join(issue(str(finding["code"])), " · ", tag("a", both("all findings", "全部结果"), href="#findings"))
    words = tag("p", tag("b", relative(str(finding["message"]))))
    return tag("li", mark(kind), tag("div", words, tag("p", link, class_="why")))


def findings(contents: AuditContents) -> Section | None:
    """Every finding, with its first rows."""
    if not contents.findings:
        return None
    shown = len(contents.review) > 0
    items = tag("ul", *(listed(finding, shown) for finding in contents.findings), class_="fd")
    lead = both("The worst first; each names its first rows.", "最严重的在前；每条列出前几行。")
    return Section("findings", Both("Findings", "检查结果"), lead, items)


def figures(contents: AuditContents) -> Section | None:
    """What else is to be known: leaks, shift, personal data, classes and sizes."""
    parts = [_leaks(contents), _shift(contents), _personal(contents), _classes(contents), _sizes(contents)]
    if not any(part is not None for part in parts):
        return None
    return Section("figures", Both("Figures", "数字"), None, join(*parts))


def _leaks(contents: AuditContents) -> Html | None:
    told = contents.figures.get("told_by_one_thing") or []
    if not told:
        return None
    columns = [Column(Both("word or fact", "词或属性")), Column(Both("class", "类别")),
               Column(Both("correlation", "相关系数"), numbers=True), Column(Both("model reads it", "模型可见"))]  # fmt: skip
    rows: list[list[Cell | Child]] = [
        [one["by"], code(one["class"]), Cell(number(one["correlation"]), one["correlation"]),
         both("yes", "是") if one["seen"] else both("no", "否")]
        for one in told
    ]  # fmt: skip
    title = tag("h3", both("What alone tells a class", "单独就能判断类别的内容"))
    lead = fine(both("From 0.95 on it is a finding.", "0.95 及以上列为检查结果。"))
    return join(title, lead, table(columns, rows, sorted_by=2, falling=True, label=Both("Leaks", "泄漏")))


def _shift(contents: AuditContents) -> Html | None:
    found: Mapping[str, Any] = contents.figures.get("shift") or {}
    if not found:
        return None
    columns = [Column(Both("splits", "划分")), Column(Both("told apart", "判断正确"), numbers=True),
               Column(Both("95 % interval", "95 % 区间"), numbers=True), Column(Both("p", "p 值"), numbers=True)]  # fmt: skip
    rows: list[list[Cell | Child]] = []
    for pair, one in found.items():
        names = Both(pair, " / ".join(split(name).zh for name in pair.split(" and ")))
        span = f"{one['low']:.1%} – {one['high']:.1%}"
        rows.append([names, Cell(f"{one['accuracy']:.1%}", one["accuracy"]), span, probability(one["p_value"])])
    title = tag("h3", both("Can a classifier tell the splits apart?", "分类器能否区分各划分？"))
    lead = fine(both("50 % is chance: the splits are alike.", "50 % 为随机水平：各划分相似。"))
    return join(title, lead, table(columns, rows, label=Both("Shift", "分布差异")))


def _personal(contents: AuditContents) -> Html | None:
    counts: Mapping[str, Mapping[str, int]] = contents.figures.get("personal_data") or {}
    kinds = sorted({kind for of_split in counts.values() for kind in of_split})
    if not kinds:
        return None
    columns = [Column(Both("pattern", "模式")), *(Column(split(name), numbers=True) for name in counts)]
    rows: list[list[Cell | Child]] = [
        [kind, *(count(of_split.get(kind, 0)) for of_split in counts.values())] for kind in kinds
    ]
    title = tag("h3", both("Personal data", "个人信息"))
    lead = fine(both("Found by patterns, so some are none, and some are missed.", "按模式查找，会有误报和漏报。"))
    return join(title, lead, table(columns, rows, label=Both("Personal data", "个人信息")))


def _classes(contents: AuditContents) -> Html | None:
    counts: Mapping[str, Mapping[str, int]] = contents.figures.get("classes") or {}
    names = sorted({name for of_split in counts.values() for name in of_split})
    if not names:
        return None
    columns = [Column(Both("class", "类别")), *(Column(split(name), numbers=True) for name in counts)]
    rows: list[list[Cell | Child]] = [
        [code(name), *(Cell(count(c.get(name, 0)), c.get(name, 0)) for c in counts.values())] for name in names[:200]
    ]
    title = tag("h3", both("Classes", "各类别"))
    return join(title, table(columns, rows, sorted_by=0, label=Both("Classes", "各类别")))


def _sizes(contents: AuditContents) -> Html | None:
    tables = contents.figures.get("tables") or {}
    return blocks(report_run.sizes(tables)) if tables else None


def how(contents: AuditContents) -> Section:
    """Command, features, time and hashes."""
    facts = contents.facts
    listed_facts: list[Html] = []

    def fact(title: Both, value: Any) -> None:
        listed_facts.extend([tag("dt", title), tag("dd", value)])

    if facts.get("command"):
        fact(Both("command", "命令"), code(relative(str(facts["command"]))))
    probe = contents.figures.get("probe")
    if probe:
        fact(Both("features", "特征"), relative(str(probe["features"])))
    spent: Mapping[str, float] = facts.get("seconds") or {}
    if spent:
        fact(Both("time", "用时"), duration(sum(spent.values())))
    for name, data in (facts.get("data") or {}).items():
        fact(split(name), join(f"{data['rows']:,}", " · ", code(str(data["table"])[:16])))
    settings = facts.get("settings") or {}
    fact(Both("settings", "设置"), code(", ".join(f"{name}: {value}" for name, value in settings.items())))
    apply = join(
        tag(
            "p",
            both(
                "Decide in the review above or in {file}, then:",
                "在上面的核对表或 {file} 中作出决定，然后：",
                file=code("review.csv"),
            ),
        ),
        tag("div", tag("pre", "burnish audit --apply review.csv --out NEW_FOLDER", tabindex="0"), class_="cmd"),
        fine(both("A new data set is written; the original stays as it is.", "将写出新的数据集；原数据保持不变。")),
    )
    return Section("how", Both("How", "方法"), None, join(apply, tag("dl", *listed_facts, class_="kv")))
