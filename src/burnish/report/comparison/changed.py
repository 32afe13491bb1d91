"""The rows that changed: how many, and each with both predictions, to search and to filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from burnish.evaluation.flips import Flip, Flips
from burnish.evaluation.versus import Versus
from burnish.report.comparison.contents import Comparison
from burnish.report.page.cards.text import shortened
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.numerals import count, short
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine

LONG = 80
"""Characters up to which a label is written as a name."""
SHOWN = 10


def changed(comparison: Comparison) -> Section | None:
    """Counts of each run, then all rows that got worse or better; None where one row has no error of its own."""
    found = [(one, one.flips) for one in comparison.compared if one.flips is not None]
    if not found:
        return None
    title = both("Rows that changed", "发生变化的样本")
    lead = both("Each was predicted otherwise than by {a}.", "与 {a} 的预测不同的样本。", a=code(comparison.first))
    total = sum(len(flips.worse) + len(flips.better) for _, flips in found)
    blocks = [_counted(comparison, one, flips) for one, flips in found]
    if not total or not comparison.rows:
        hidden = fine(both("Rows are left out of this page by `page_rows: 0`.", "按 `page_rows: 0` 不在本页显示样本。"))
        return Section("mistakes", title, lead, join(*blocks, hidden if total else None))
    listed = _evenly(found, comparison.rows)
    items = [_item(comparison, one, flip, late=at >= SHOWN) for at, (one, flip) in enumerate(listed)]
    more = tag("button", both("Show all", "全部显示"), class_="btn", type="button", id="mo", hidden=True)
    rest = None
    if total > len(listed):
        en, zh = (
            "{n} of {all} are on this page; all are in flips.csv.",
            "本页显示 {all} 个中的 {n} 个；全部见 flips.csv。",
        )
        rest = fine(both(en, zh, n=count(len(listed)), all=count(total)))
    return Section(
        "mistakes",
        title,
        lead,
        join(*blocks, _controls(comparison, found), tag("ul", *items, class_="ms", id="ml"), more, rest),
    )


def _evenly(found: Sequence[tuple[Versus, Flips]], most: int) -> list[tuple[Versus, Flip]]:
    """The largest changes of each run in turn, those that got worse first; half of the room is theirs, or what is left."""
    worse = _in_turn([[(one, flip) for flip in flips.worse] for one, flips in found])
    better = _in_turn([[(one, flip) for flip in flips.better] for one, flips in found])
    kept = worse[: max(most // 2, most - len(better))]
    return [*kept, *better[: most - len(kept)]]


def _in_turn(queues: Sequence[list[tuple[Versus, Flip]]]) -> list[tuple[Versus, Flip]]:
    longest = max(map(len, queues), default=0)
    return [queue[at] for at in range(longest) for queue in queues if at < len(queue)]


def _counted(comparison: Comparison, one: Versus, flips: Flips) -> Html:
    head = tag("h3", code(one.name))
    if flips.matrix is None:
        fields = {"w": count(len(flips.worse)), "b": count(len(flips.better)), "unit": flips.unit}
        en, zh = "{w} rows got worse and {b} better, in {unit}.", "{w} 个样本变差，{b} 个变好（单位：{unit}）。"
        return join(head, tag("p", both(en, zh, **fields), class_="told"))
    both_right, broken, fixed, both_wrong = flips.matrix
    a, b = code(comparison.first), code(one.name)
    heads = [both("{b} right", "{b} 对", b=b), both("{b} wrong", "{b} 错", b=b)]
    top = tag("tr", tag("td"), *(tag("th", words, scope="col") for words in heads))
    right = [_cell(both_right, both("both right", "都对")), _cell(broken, both("now wrong", "改错"), "bad")]
    wrong = [_cell(fixed, both("now right", "改对"), "yes"), _cell(both_wrong, both("both wrong", "都错"))]
    rows = [
        tag("tr", tag("th", both("{a} right", "{a} 对", a=a), scope="row"), *right),
        tag("tr", tag("th", both("{a} wrong", "{a} 错", a=a), scope="row"), *wrong),
    ]
    return join(head, tag("table", tag("thead", top), tag("tbody", *rows), class_="mat"))


def _cell(rows: int, words: Both, kind: str = "") -> Html:
    return tag("td", tag("b", count(rows), class_=f"num {kind}".strip()), words)


def _item(comparison: Comparison, one: Versus, flip: Flip, *, late: bool) -> Html:
    text = comparison.shown(flip.row) if comparison.shown is not None else ""
    worse = flip.change < 0
    state = both("worse", "变差") if worse else both("better", "变好")
    size = None
    if one.flips is not None and not one.flips.binary:
        size = f" {short(-flip.change, signed=True)} {one.flips.unit}"
    parts = [
        tag("span", tag("b", state, class_="bad" if worse else "yes"), size),
        tag("span", both("label", "标签"), " ", _named(flip.truth, "tru")),
        tag("span", code(comparison.first), " ", _named(flip.before, "tru" if worse else "ans")),
        tag("span", code(one.name), " ", _named(flip.after, "ans" if worse else "tru")),
        tag("span", tag("bdi", relative(comparison.where(flip.row)))),
    ]
    body = tag("p", shortened(text), class_="tx", dir="auto") if text.strip() else None
    return tag(
        "li",
        body,
        tag("div", *parts, class_="me2"),
        class_="late" if late else None,
        data_t=_one_line(flip.truth),
        data_a=("worse " if worse else "better ") + one.name,
        data_c=f"{flip.change:.5g}",
        data_r=flip.row + 1,
    )


def _controls(comparison: Comparison, found: Sequence[tuple[Versus, Flips]]) -> Html:
    truths = sorted({_one_line(f.truth) for _, flips in found for f in (*flips.worse, *flips.better)})
    states = [
        (f"{state} {one.name}", both(f"{{b}}: {state}", f"{{b}}：{zh}", b=one.name))
        for one, _ in found
        for state, zh in (("worse", "变差"), ("better", "变好"))
    ]
    orders = [("c", Both("largest change first", "变化最大优先")), ("r", Both("row", "行号"))]
    parts = [
        tag("label", both("Search", "搜索"), tag("input", type="search", id="q", autocomplete="off"), class_="w"),
        _choice("ft", both("Label", "标签"), [(t, t) for t in truths if len(t) <= LONG]),
        _choice("fa", both("Change", "变化"), states),
        _choice("so", both("Sort by", "排序"), orders, anything=False),
    ]
    form = tag("form", *parts, class_="ctl", id="mf", role="search", aria_label=both("Rows that changed", "变化的样本"))
    counted = tag("p", class_="fine", id="mc", aria_live="polite")
    copied = tag("button", both("Copy row numbers", "复制行号"), class_="btn", type="button", id="cpr")
    return tag("div", form, tag("div", counted, copied, class_="mcl"), hidden=True, class_="js")


def _choice(key: str, title: Both, options: Sequence[tuple[str, Any]], *, anything: bool = True) -> Html:
    made = [tag("option", "any", value="", data_en="any", data_zh="不限")] if anything else []
    for value, words in options:
        two = words if isinstance(words, Both) else Both(words, words)
        made.append(tag("option", two.en, value=value, data_en=two.en, data_zh=two.zh))
    return tag("label", title, tag("select", *made, id=key))


def _named(value: Any, kind: str) -> Html:
    text = _one_line(value)
    if len(text) <= LONG:
        return tag("code", tag("bdi", text), class_=kind)
    return tag("span", tag("bdi", f"{text[:300]}…" if len(text) > 300 else text), class_=kind)


def _one_line(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(map(str, value)) or "(none)"
    elif isinstance(value, float):
        value = f"{value:.4g}"
    return " ".join(str("(none)" if value is None else value).split()) or " "
