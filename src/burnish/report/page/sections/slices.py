"""Slices: which parts of the examples are weak, and the score of each part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report.page import strips
from burnish.report.page.chart import saves
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Child, Html, both, code, join, tag
from burnish.report.page.numerals import count, known, number, probability, span
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine
from burnish.report.page.tables import Cell, Column, table
from burnish.report.slices import SHOWN

OWN = ("length (", "source", "data set")
"""How the names of what is no column of the data begin: these say nothing of an example."""


def slices(contents: Contents) -> Section | None:
    """Weak slices, then a table for each column; of columns of the data nothing where the page shows no rows of it."""
    told = contents.scores.get("slices")
    if not told:
        return None
    weak = [one for one in told["weak"] if all(_shown(column, contents) for column in one["slice"])]
    columns = {name: part for name, part in told["columns"].items() if _shown(name, contents)}
    hidden = len(told["columns"]) - len(columns)
    body = [_weak(told, weak, len(told["weak"]) - len(weak))]
    body += [_column(told["metric"], name, divided) for name, divided in columns.items()]
    body += [fine(_left(name, why)) for name, why in told["left_out"].items() if _shown(name, contents)]
    if hidden:
        said = both(
            "{n} columns of the data are left out of this page by {setting}; scores.json has them.",
            "按 {setting}，本页略去 {n} 个数据列；见 scores.json。",
            n=hidden,
            setting=code("page_rows: 0"),
        )
        body.append(fine(said))
    lead = both("Where is it worse than elsewhere? {searched}", "哪些部分更差？{searched}", searched=_searched(told))
    return Section("slices", Both("Slices", "切片"), lead, join(*body))


def _shown(column: str, contents: Contents) -> bool:
    return bool(contents.rows) or column.startswith(OWN)


def _searched(told: Mapping[str, Any]) -> Both:
    if "not_tested" in told:
        why = tag("span", relative(str(told["not_tested"])), lang_="en-US")
        return both("No slice was tested: {why}.", "未检验切片：{why}。", why=why)
    fields: dict[str, Child] = {
        "n": count(told["tested"]),
        "least": told["least"],
        "weak": count(len(told["weak"])),
        "test": tag("span", told["test"], lang_="en-US"),
    }
    return both(
        "{n} slices of at least {least} examples were tested against the rest; worse beyond chance: {weak} ({test}).",
        "检验了 {n} 个不少于 {least} 个样本的切片；确实更差的：{weak} 个（{test}）。",
        **fields,
    )


def _weak(told: Mapping[str, Any], weak: Sequence[Mapping[str, Any]], hidden: int) -> Html | None:
    """The slices that hold, with both errors and their difference."""
    if not weak:
        return None
    rows: list[list[Cell | Child]] = []
    for one in weak:
        difference = one["difference"]
        ends = span(difference["low"], difference["high"], signed=True)
        rows.append(
            [
                _named(one["slice"]),
                count(one["rows"]),
                _value(one),
                join(number(one["error"]), " / ", number(one["rest"])),
                join(number(difference["value"], signed=True), " ", tag("small", ends)),
                probability(one["p_holm"]),
            ]
        )
    columns = [
        Column(both("Weak slice", "弱切片")),
        Column(both("Examples", "样本"), numbers=True),
        Column(code(told["metric"]), numbers=True),
        Column(both("Error here / of the rest", "此处错误 / 其余"), numbers=True),
        Column(both("Difference, 95 % interval", "差值及 95 % 区间"), numbers=True, optional=True),
        Column(both("p (Holm)", "p（Holm）"), numbers=True),
    ]
    note = both(
        "Error: {unit}. A weak slice may have a cause that stands in no column.",
        "错误：{unit}。弱切片的原因可能不在任何列中。",
        unit=tag("span", told["unit"], lang_="en-US"),
    )
    label = both("Weak slices", "弱切片")
    more = fine(both("{n} more are in scores.json.", "另有 {n} 个见 scores.json。", n=hidden)) if hidden else None
    return join(_saved("weak_slices", table(columns, rows, label=label)), fine(note), more)


def _named(where: Mapping[str, str]) -> Html:
    return join(*(join(code(column), " = ", code(relative(part))) for column, part in where.items()), between=" · ")


def _value(one: Mapping[str, Any]) -> Html:
    return join(number(one["value"]), " ", tag("small", span(one["low"], one["high"])))


def _column(metric: str, name: str, divided: Mapping[str, Any]) -> Html:
    """Each part with its score and interval, drawn to one scale."""
    parts = divided["parts"][:SHOWN]
    ends = strips.ends_of([one[end] for one in parts for end in ("value", "low", "high")])
    rows: list[list[Cell | Child]] = []
    for one in parts:
        drawn = strips.strip(one["value"], one["low"], one["high"], ends) if known(one["value"]) else None
        rows.append([code(relative(one["slice"])), count(one["rows"]), _value(one), drawn])
    columns = [
        Column(both("Part", "部分")),
        Column(both("Examples", "样本"), numbers=True),
        Column(code(metric), numbers=True),
        Column(both("95 % interval", "95 % 区间"), optional=True),
    ]
    more = len(divided["parts"]) - len(parts)
    left = fine(both("{n} more parts are in scores.json.", "另有 {n} 个部分见 scores.json。", n=more)) if more else None
    bins = {
        "bins of training": both("Quartiles of the training examples.", "按训练样本的四分位数。"),
        "bins of the tested examples": both("Quartiles of the tested examples.", "按被测样本的四分位数。"),
    }.get(divided["how"])
    label = both("Scores by {name}", "按 {name} 的得分", name=name)
    heading = tag("h3", both("By {name}", "按 {name}", name=code(name)))
    shown = _saved(f"slices_{name}", table(columns, rows, label=label, class_="slices"))
    return join(heading, shown, fine(bins) if bins else None, left)


def _saved(name: str, shown: Html) -> Html:
    return tag("figure", shown, saves(("csv",)), class_="fig", data_name=name)


def _left(name: str, why: str) -> Both:
    return both(
        "Not divided by {name}: {why}.",
        "未按 {name} 划分：{why}。",
        name=code(name),
        why=tag("span", relative(why), lang_="en-US"),
    )
