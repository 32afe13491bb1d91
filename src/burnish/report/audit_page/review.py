"""The review: one card for each row to look at, with what can be decided about it."""

from __future__ import annotations

import json
from typing import Any

from burnish.report.audit_page.contents import AuditContents, ReviewRow
from burnish.report.audit_page.words import issue, proposal
from burnish.report.page.budget import CARDS, Budget
from burnish.report.page.cards.picture import webp
from burnish.report.page.cards.sound import SECONDS, encoded, waveform
from burnish.report.page.cards.text import shortened
from burnish.report.page.markup import Both, Child, Html, both, code, join, tag
from burnish.report.page.numerals import count
from burnish.report.page.privacy import relative
from burnish.report.page.section import Section, fine
from burnish.report.page.vocabulary import split

LONGEST = 400
MOST_NAMES = 200
"""Labels up to which one is chosen from a list."""
DECISIONS = (
    ("keep", Both("keep", "保留")),
    ("relabel", Both("relabel", "改标签")),
    ("remove", Both("remove", "删除")),
)


class Review:
    """The section, and how many rows are in it."""

    def __init__(self, contents: AuditContents) -> None:
        self._contents, self._budget, self._left = contents, Budget(), CARDS
        self.shown = 0

    def section(self) -> Section | None:
        """None where there is nothing to look at."""
        contents = self._contents
        if not contents.total:
            return None
        cards = []
        for number, row in enumerate(contents.review):
            card = self._card(number, row)
            if len(card) > self._left:
                break
            self._left -= len(card)
            cards.append(card)
        self.shown = len(cards)
        lead = both(
            "Nothing changes until you decide, save the review and apply it.",
            "在你作出决定、保存并应用之前，什么都不会改变。",
        )
        listed = tag("ul", *cards, class_="ms", id="rl") if cards else None
        more = tag("button", type="button", class_="btn js", id="rm", hidden=True)
        body = join(self._controls() if cards else None, listed, more, self._left_out(), self._data())
        return Section("review", Both("Review", "核对"), lead, body)

    def _controls(self) -> Html:
        issues = dict.fromkeys(row.cells["issue"] for row in self._contents.review[: self.shown])
        splits = dict.fromkeys(row.cells["split"] for row in self._contents.review[: self.shown])
        search = tag(
            "label", both("Search", "搜索"), tag("input", type="search", id="rq", autocomplete="off"), class_="w"
        )
        issue_names = [(key, issue(key)) for key in issues]
        form = tag(
            "form",
            search,
            _choice("ri", Both("Issue", "问题"), issue_names),
            _choice("rs", Both("Split", "划分"), [(key, split(key)) for key in splits]),
            _choice("rd", Both("Decision", "决定"), [("open", Both("undecided", "未决定")), *DECISIONS]),
            class_="ctl js",
            id="rf",
            hidden=True,
        )
        told = tag("p", both("{n} rows", "{n} 行", n=count(self.shown)), class_="fine", id="rc", aria_live="polite")
        save = tag(
            "button", both("Save review.csv", "保存 review.csv"), type="button", class_="btn js", id="rw", hidden=True
        )
        return join(form, tag("div", told, save, class_="mcl"))

    def _card(self, number: int, row: ReviewRow) -> Html:
        cells = row.cells
        where = _where(cells["file"], cells["row"])
        head = tag(
            "p",
            tag("b", issue(cells["issue"])),
            tag("span", both("score {s}", "得分 {s}", s=cells["score"]), class_="num"),
            tag("span", split(cells["split"])),
            tag("span", where),
            class_="me2",
        )
        shown = tag("div", self._content(row.table, row.number, cells["text"]), self._twin(row), class_="both")
        given = join(tag("span", both("label", "标签"), " ", tag("span", _short(cells["given"]), class_="tru")))
        offer = None
        if cells["suggested"]:
            offer = tag("span", both("suggested", "建议"), " ", tag("span", _short(cells["suggested"]), class_="ans"))
        detail = None
        if cells["detail"] and not cells["suggested"]:
            detail = tag("span", relative(cells["detail"]))
        said = tag(
            "p",
            given,
            offer,
            detail,
            tag("span", both("proposed: {what}", "建议：{what}", what=proposal(cells["proposal"]))),
            class_="me2",
        )
        return tag(
            "li",
            head,
            shown,
            said,
            self._decision(number, row),
            data_n=number,
            data_i=cells["issue"],
            data_s=cells["split"],
            data_q=f"{cells['file']} {cells['given']} {cells['suggested']}",
        )

    def _twin(self, row: ReviewRow) -> Html | None:
        if not row.cells["like_file"]:
            return None
        place = _where(row.cells["like_file"], row.cells["like_row"])
        label = _short(row.twin.label) if row.twin is not None else ""
        words = both("like {place}, label {label}", "与 {place} 相似，标签 {label}", place=place, label=label)
        title = tag("p", words, class_="soft name")
        content = self._content(row.twin.table, row.twin.number, row.twin.text) if row.twin is not None else None
        return tag("div", title, content, class_="twin")

    def _content(self, table: Any, number: int, text: str) -> Html | None:
        media = self._contents.media
        if media is None:
            return tag("p", shortened(text, LONGEST), class_="tx", dir="auto") if text.strip() else None
        name = tag("p", tag("bdi", text.rpartition("/")[2]), class_="soft name")
        found = media(table, number)
        if found is None:
            return name
        kind, value = found
        return self._picture(value, text, name) if kind == "picture" else self._sound(value, text, name)

    def _picture(self, picture: Any, text: str, name: Html) -> Html:
        address = self._budget.data("image/webp", webp(picture), "pictures")
        if address is None:
            return name
        height, width = picture.shape[:2]
        words = both("picture {name}", "图片 {name}", name=text.rpartition("/")[2])
        scale = max(1.0, 96 / max(height, width))  # a picture of 28 pixels could hardly be seen
        image = tag(
            "img", src=address, alt=words, width=round(width * scale), height=round(height * scale), loading="lazy"
        )
        return tag("div", tag("div", image, class_="seen"), name, class_="pic")

    def _sound(self, sound: Any, text: str, name: Html) -> Html:
        samples, rate, whole = sound
        address = self._budget.data("audio/ogg", encoded(samples, rate), "sounds")
        if address is None:
            return name
        label = both("Sound of {name}", "{name} 的声音", name=text.rpartition("/")[2])
        player = tag("audio", controls=True, preload="none", src=address, aria_label=label)
        seconds = f"{min(whole, SECONDS):.3f}"
        wave = tag("div", waveform(samples), tag("i", class_="head"), class_="wave", data_seconds=seconds)
        return tag("div", wave, player, name, class_="heard")

    def _decision(self, number: int, row: ReviewRow) -> Html:
        legend = tag("legend", both("Decision", "决定"), class_="vh")
        choices = [
            tag("label", tag("input", type="radio", name=f"d{number}", value=key), tag("span", words))
            for key, words in DECISIONS
        ]
        return tag("fieldset", legend, *choices, self._label(row), class_="dec js", hidden=True)

    def _label(self, row: ReviewRow) -> Html:
        title = both("new label", "新标签")
        offer = row.cells["label"]
        names = list(self._contents.labels)
        if names and len(names) <= MOST_NAMES and (not offer or offer in names):
            options = [tag("option", name, value=name, selected=name == offer) for name in names]
            return tag("label", title, tag("select", *options), class_="new", hidden=True)
        return tag(
            "label", title, tag("input", type="text", value=offer, autocomplete="off"), class_="new", hidden=True
        )

    def _left_out(self) -> Html | None:
        said: list[Child] = []
        contents = self._contents
        if self.shown < contents.total:
            fields = {"n": count(self.shown), "all": count(contents.total), "file": code("review.csv")}
            said.append(both("{n} of {all} are on this page; all are in {file}.", "本页显示 {all} 行中的 {n} 行；全部见 {file}。",
                             **fields))  # fmt: skip
        for what, times in self._budget.refused.items():
            zh = {"pictures": "图片", "sounds": "声音"}.get(what, what)
            said.append(both("{n} {what} had no room.", "{n} 个{zh}因空间不足略去。", n=times, what=what, zh=zh))
        return join(*map(fine, said)) if said else None

    def _data(self) -> Html:
        """Rows as review.csv has them, for the button that saves it; paths as they were given."""
        contents = self._contents
        rows = [[row.cells[name] for name in contents.columns] for row in contents.review[: self.shown]]
        key = "-".join(str(data["table"])[:12] for data in (contents.facts.get("data") or {}).values())
        told = {"columns": list(contents.columns), "rows": rows, "key": key}
        # No text of the data can end the element: "<" is written as a character of JSON.
        written = (
            json.dumps(told, ensure_ascii=False)
            .replace("<", "\\u003c")
            .replace("\u2028", "\\u2028")
            .replace("\u2029", "\\u2029")
        )
        return tag("script", Html(written), type="application/json", id="rj")


def _where(file: str, row: str) -> Both:
    name = tag("bdi", relative(file).rpartition("/")[2])
    return both("{file}, row {row}", "{file}，第 {row} 行", file=name, row=row)


def _short(text: str) -> Html:
    return tag("bdi", text if len(text) <= 80 else f"{text[:80]}…")


def _choice(key: str, title: Both, names: list[tuple[str, Both]]) -> Html:
    every = Both("any", "不限")
    options = [
        tag("option", words.en, value=value, data_en=words.en, data_zh=words.zh)
        for value, words in [("", every), *names]
    ]
    return tag("label", title, tag("select", *options, id=key))
