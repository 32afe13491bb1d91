"""Mistakes: on which examples does it fail? A list that can be searched, filtered and sorted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from burnish.evaluation.mistakes import mistakes as worst_mistakes
from burnish.report.page.budget import CARDS, Budget
from burnish.report.page.cards import Row, cards
from burnish.report.page.cards.reply import replied
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, code, join, tag
from burnish.report.page.numerals import count
from burnish.report.page.section import Section, fine
from burnish.targets import Generative, Transcribed, mistakes_of

FIRST = 10
"""Rows that are open at first."""
PROBABLE = 6
"""Most probable names that are listed."""
LONG = 80
"""Characters from which a label or prediction is no name but a text."""
_ZH = {
    "Most confident mistakes": "最自信的错误",
    "Largest errors": "最大误差",
    "Worst utterances": "最差的语句",
    "Worst mistakes": "最严重的错误",
    "Replies": "回答",
    "Predictions": "预测",
}


class Mistakes:
    """The section, and what the page must say of the rows in it.

    Attributes:
        shown: how many rows are inside.
        total: how many there are.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._said = mistakes_of(contents.target)
        # What is written has no right and wrong: all of it is shown.
        self._replies = isinstance(contents.target, Generative) and not issubclass(type(contents.target), Transcribed)
        self._rows, self.total = _rows(contents, replies=self._replies)
        self._budget = Budget()
        self._cards = cards(contents, self._rows, self._budget) if self._rows else []
        self._listed = self._within(self._rows)
        self.shown = len(self._listed)

    def section(self) -> Section | None:
        """The list with its controls; a sentence where rows are left out on purpose; None where nothing is wrong."""
        if not self.total or (self._rows and not self._cards):
            return None
        title = self._short.en if self._replies else self._said.title
        named = Both(title, _ZH.get(title, title))
        if not self._contents.rows:
            lead = both(
                "{n} examples are left out: this page holds no rows of data (`page_rows: 0`).",
                "略去 {n} 个样本：本页不含数据行（`page_rows: 0`）。",
                n=count(self.total),
            )
            return Section("mistakes", named, lead, Html(""), self._short)
        body = join(self._controls(), self._list(), self._left_out())
        return Section("mistakes", named, self._lead(), body, self._short)

    @property
    def _short(self) -> Both:
        if not self._replies:
            return Both("Mistakes", "错误")
        return Both("Replies", "回答") if replied(self._contents.target) else Both("Predictions", "预测")

    def _lead(self) -> Both:
        if self._replies:
            return both(
                "Those whose labels the model finds least probable come first.",
                "模型认为参考回答最不可能的样本排在最前。",
            )
        if self._said.signed:
            return both("Predictions that are furthest from the true value.", "与真值相差最大的预测。")
        if not self._contents.known.probabilities.shape[1]:
            return both("A mistake here may also be a wrong label in the data.", "这里的错误也可能是数据标签有误。")
        return both(
            "A mistake here may also be a wrong label in the data: the most confident ones are worth a second look.",
            "这里的错误也可能是数据标签有误：最自信的错误值得再看一眼。",
        )

    def _within(self, rows: Sequence[Row]) -> list[Html]:
        """As many cards as there is room for."""
        made, left = [], CARDS
        for place, row in enumerate(rows):
            item = self._item(row, late=place >= FIRST)
            left -= len(item) if "base64," not in item else 2000
            if left < 0:
                break
            made.append(item)
        return made

    def _item(self, row: Row, *, late: bool) -> Html:
        bodies, below = ([card.body(row) for card in self._cards if card.below == last] for last in (False, True))
        searched = " ".join(card.text(row) for card in self._cards).strip()
        alone = any(card.alone for card in self._cards)
        return tag(
            "li",
            *bodies,
            *self._words(row, alone=alone),
            self._probabilities(row),
            *below,
            class_="late" if late else None,
            data_t=_one_line(row.truth) if len(row.truth) <= LONG else None,
            data_a=_one_line(row.answer) if len(row.answer) <= LONG else None,
            data_c=f"{row.size:.5g}",
            data_r=row.row + 1,
            data_q=searched[:400] or None,
        )

    def _words(self, row: Row, *, alone: bool) -> list[Html]:
        size = self._size(row)
        place = tag("span", tag("bdi", self._contents.place(row.row)))
        if alone:
            return [tag("div", size, place, class_="me2")]
        truth_word = both("value", "真值") if self._said.signed else both(self._said.truth, "标签")
        answered = tag("span", both(self._said.answer, "预测"), " ", _name(row.answer, "ans"))
        true = tag("span", truth_word, " ", _name(row.truth, "tru"))
        return [tag("div", answered, true, size, place, class_="me2")]

    def _size(self, row: Row) -> Html:
        if self._replies:
            loss = f"{row.size:.3g}" if math.isfinite(row.size) else "–"
            return tag("span", both("loss", "损失"), " ", tag("b", loss, class_="num"))
        if self._said.signed:
            said = f"{row.size:+.3g}".replace("-", "\u2212")
            return tag("span", both("error", "误差"), " ", tag("b", said, class_="num"))
        if not self._contents.known.probabilities.shape[1]:
            word = both(self._said.size, "错误数" if self._said.size.startswith("wrong") else "词错误")
            return tag("span", word, " ", tag("b", f"{row.size:.3g}", class_="num"))
        width = f"--w:{100 * min(1.0, max(0.0, row.size)):.0f}%"
        bar = tag("i", style=width, aria_hidden="true")
        return tag(
            "span", both("confidence", "置信度"), " ", tag("b", f"{row.size:.2f}", class_="num"), bar, class_="cf"
        )

    def _probabilities(self, row: Row) -> Html | None:
        known = self._contents.known
        if not known.probabilities.shape[1] or len(known.names) < 3:
            return None
        given = np.nan_to_num(known.probabilities[row.at])
        order = np.argsort(-given, kind="stable")
        truths = [row.truth] if self._contents.exclusive else list(known.truth[row.at])
        ranks = [int(np.flatnonzero(order == known.names.index(t))[0]) + 1 for t in truths if t in known.names]
        shown = list(dict.fromkeys([*order[:PROBABLE].tolist(), *(order[rank - 1] for rank in ranks)]))
        answers = [row.answer] if self._contents.exclusive else list(known.answer[row.at])
        bars = []
        for i in shown:
            kind = "t" if known.names[i] in truths else "a" if known.names[i] in answers else None
            bars.append(
                join(
                    code(known.names[i]),
                    tag("span", tag("i", style=f"--w:{100 * given[i]:.1f}%", class_=kind)),
                    tag("span", f"{given[i]:.2f}", class_="num"),
                )
            )
        if self._contents.exclusive and ranks:
            summary = both("Probabilities (the label is number {n})", "概率（标签排第 {n}）", n=ranks[0])
        else:
            summary = both("Probabilities", "概率")
        return tag("details", tag("summary", summary), tag("div", *bars, class_="pb"))

    def _controls(self) -> Html:
        search = tag(
            "label", both("Search", "搜索"), tag("input", type="search", id="q", autocomplete="off"), class_="w"
        )
        parts = [search]
        if self._contents.exclusive:
            parts += [
                _choice("ft", both("Label", "标签"), self._names("truth")),
                _choice("fa", both("Prediction", "预测"), self._names("answer")),
            ]
        orders = [
            ("c", Both("worst first", "最严重优先")),
            ("-c", Both("mildest first", "最轻微优先")),
            ("r", Both("row", "行号")),
        ]
        options = [_option(words, value) for value, words in orders]
        parts.append(tag("label", both("Sort by", "排序"), tag("select", *options, id="so")))
        counted = tag("p", _fit(self.shown), class_="fine", id="mc", aria_live="polite")
        copied = tag("button", both("Copy row numbers", "复制行号"), class_="btn", type="button", id="cpr")
        form = tag("form", *parts, class_="ctl", id="mf", role="search", aria_label=both("Mistakes", "错误"))
        return join(tag("div", form, tag("div", counted, copied, class_="mcl"), hidden=True, class_="js"))

    def _names(self, which: str) -> list[str]:
        """Labels or predictions of the listed mistakes, as their elements name them."""
        texts = (getattr(row, which) for row in self._rows[: self.shown])
        return sorted({_one_line(text) for text in texts if len(text) <= LONG})

    def _list(self) -> Html:
        more = tag("button", both("Show all", "全部显示"), class_="btn", type="button", id="mo", hidden=True)
        return join(tag("ul", *self._listed, class_="ms", id="ml"), more)

    def _left_out(self) -> Html | None:
        said = []
        if self.shown < self.total:
            said.append(
                both(
                    "{n} of {all} are on this page; all are in predictions.parquet.",
                    "本页显示 {all} 个中的 {n} 个；全部见 predictions.parquet。",
                    n=count(self.shown),
                    all=count(self.total),
                )
            )
        for what, times in self._budget.refused.items():
            zh = {"pictures": "图片", "heat maps": "热图", "sounds": "声音"}.get(what, what)
            said.append(both("{n} {what} had no room.", "{n} 个{zh}因空间不足略去。", n=times, what=what, zh=zh))
        return join(*map(fine, said)) if said else None


def _fit(shown: int) -> Both:
    return both("{n} of {n} fit", "{n} 个中符合 {n} 个", n=count(shown))


def _one_line(text: str) -> str:
    """As `code` writes it, so that a cell of the matrix finds its mistakes."""
    return " ".join(text.split()) or " "


def _name(text: str, kind: str) -> Html:
    if len(text) <= LONG:
        return tag("code", tag("bdi", text or " "), class_=kind)
    return tag("span", tag("bdi", f"{text[:300]}…" if len(text) > 300 else text), class_=kind)


def _option(words: Both | str, value: str) -> Html:
    if isinstance(words, Both):
        return tag("option", words.en, value=value, data_en=words.en, data_zh=words.zh)
    return tag("option", words, value=value)


def _choice(key: str, title: Both, names: Sequence[str]) -> Html:
    options = [_option(Both("any", "不限"), ""), *(_option(name, name) for name in names)]
    return tag("label", title, tag("select", *options, id=key))


def _rows(contents: Contents, *, replies: bool) -> tuple[list[Row], int]:
    """The rows that are shown, the worst first, and how many there are."""
    known = contents.known
    places = {int(row): at for at, row in enumerate(known.table["row"].to_pylist())}
    if replies:
        losses = np.nan_to_num(known.table["loss"].to_numpy(zero_copy_only=False).astype(np.float64), nan=-np.inf)
        order = np.argsort(-losses, kind="stable")[: contents.rows]
        numbers = known.table["row"].to_pylist()
        rows = [
            Row(int(numbers[at]), int(at), str(known.truth[at] or ""), str(known.answer[at] or ""), float(losses[at]))
            for at in order
        ]
        return rows, len(known)
    worst, total = worst_mistakes(contents.predictions, most=contents.rows)
    return [Row(m.row, places[m.row], m.truth, m.answer, m.size) for m in worst], total
