"""Confusions: which classes are taken for which?"""

from __future__ import annotations

import numpy as np

from burnish.evaluation.confusion import Confusion, confusion
from burnish.report.page.chart import saves
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.numerals import count
from burnish.report.page.section import Section
from burnish.report.page.tables import Cell, Column, table

MATRIX = 20
"""Classes up to which all are in the matrix; of more the most confused are."""
PAIRS = 150


def confusions(contents: Contents) -> Section | None:
    """The matrix as a grid for the keyboard, its most frequent cells, and all pairs where there are many classes."""
    if not contents.exclusive or not contents.counted:
        return None
    whole = confusion(contents.predictions)
    if len(whole.names) < 2:
        return None
    shown = _most_confused(whole)
    lead = both(
        "Down: the label. Across: the prediction. Colour: share of the row, so that small classes are seen. Point at a cell, or "
        "use Tab and the arrow keys; Enter shows its examples.",
        "行：标签；列：预测；颜色：占该行的比例。可指向单元格，或用 Tab 与方向键；按 Enter 查看对应的样本。",
    )
    side = tag("div", tag("p", _largest(whole), class_="say2", id="cmout", aria_live="polite"), _frequent(whole))
    body = join(
        _switch(),
        tag(
            "div",
            tag(
                "figure",
                tag("div", _grid(whole, shown), class_="scroll", id="cm-scroll", tabindex="-1"),
                saves(("csv",)),
                class_="fig",
                data_name="confusion",
            ),
            side,
            class_="cmwrap wide" if len(shown) > 10 else "cmwrap",
        ),
        _left(whole, shown),
    )
    return Section("confusions", Both("Confusions", "混淆"), lead, body)


def _most_confused(whole: Confusion) -> list[int]:
    if len(whole.names) <= MATRIX:
        return list(range(len(whole.names)))
    wrong = whole.counts - np.diag(np.diag(whole.counts))
    order = np.argsort(-(wrong.sum(axis=0) + wrong.sum(axis=1)), kind="stable")
    return sorted(int(i) for i in order[:MATRIX])


def _switch() -> Html:
    buttons = [
        tag("button", both("Counts", "数量"), type="button", data_show="count", aria_pressed="true"),
        tag(
            "button",
            both("Share of the label, %", "占标签的百分比"),
            type="button",
            data_show="share",
            aria_pressed="false",
        ),
    ]
    label = both("What the cells show", "单元格内容")
    return tag("div", *buttons, class_="seg", role="group", aria_label=label, id="cmshow", hidden=True)


def _largest(whole: Confusion) -> Both:
    total, right = int(whole.counts.sum()), int(np.trace(whole.counts))
    fields = {"right": count(right), "total": count(total)}
    most = whole.frequent(1)
    if not most:
        return both("All {total} examples lie on the diagonal.", "全部 {total} 个样本都在对角线上。", **fields)
    truth, answer, number_of, support = most[0]
    return both(
        "{right} of {total} examples lie on the diagonal. The largest leak: {n} of {of} {truth} were predicted as {answer}.",
        "{total} 个样本中 {right} 个在对角线上。最大的流失：{of} 个 {truth} 中有 {n} 个被预测为 {answer}。",
        **fields,
        n=count(number_of),
        of=count(support),
        truth=code(truth),
        answer=code(answer),
    )


def _frequent(whole: Confusion) -> Html | None:
    pairs = whole.frequent(8)
    if not pairs:
        return None
    items = [
        tag("li", tag("b", f"{n}×"), tag("span", code(truth), " ", tag("span", "→", class_="arrow"), " ", code(answer)))
        for truth, answer, n, _ in pairs
    ]
    return join(tag("h3", both("Most frequent", "最常见")), tag("ol", *items, class_="pairs"))


def _grid(whole: Confusion, shown: list[int]) -> Html:
    counts = whole.counts
    names = [whole.names[i] for i in shown]
    total_head = tag("th", both("examples", "样本"), scope="col", class_="tt")
    head = tag("thead", tag("tr", tag("td"), *(tag("th", tag("div", code(n)), scope="col") for n in names), total_head))
    rows = []
    for i in shown:
        of = int(counts[i].sum())
        cells = [_cell(int(counts[i, j]), of, right=i == j) for j in shown]
        rows.append(tag("tr", tag("th", code(whole.names[i]), scope="row"), *cells, tag("td", count(of), class_="t")))
    label = both("Confusion matrix: rows are the label, columns the prediction", "混淆矩阵：行为标签，列为预测")
    small = " small" if len(shown) > 10 else ""
    return tag(
        "table",
        head,
        tag("tbody", *rows),
        class_=f"cm{small}",
        id="cm",
        role="grid",
        aria_label=label,
        data_show="count",
    )


def _cell(number_of: int, of: int, *, right: bool) -> Html:
    share = number_of / of if of else 0.0
    if not number_of:
        return tag("td", 0, class_="c ok" if right else "c z")
    shade = share if right else 0.12 + 0.88 * share**0.6  # single confusions are small shares
    kind, style = "c ok" if right else "c", f"--s:{shade:.2f}".replace("0.", ".")
    return tag("td", tag("span", number_of), tag("i", f"{100 * share:.0f}"), class_=kind, style=style)


def _left(whole: Confusion, shown: list[int]) -> Html | None:
    """What the matrix leaves out: all pairs, which can be searched."""
    if len(shown) == len(whole.names):
        return None
    pairs = whole.frequent(PAIRS)
    rows = [[Cell(code(t), t), Cell(code(a), a), Cell(count(n), n), Cell(count(of), of)] for t, a, n, of in pairs]
    columns = [
        Column(both("Label", "标签")),
        Column(both("Predicted", "预测")),
        Column(both("Times", "次数"), numbers=True),
        Column(both("of", "总数"), numbers=True),
    ]
    said = both(
        "The matrix shows the {n} most confused of {all} classes. All pairs:",
        "矩阵显示 {all} 类中最易混淆的 {n} 类。全部类别对：",
        n=len(shown),
        all=count(len(whole.names)),
    )
    search = tag(
        "label",
        both("Search the pairs", "搜索类别对"),
        tag("input", type="search", id="pq", autocomplete="off"),
        class_="w ctl1",
    )
    listed = table(
        columns, rows, sorted_by=2, falling=True, label=both("Pairs that are confused", "混淆的类别对"), id="pt"
    )
    return tag("details", tag("summary", said), search, listed, id="pairs")
