"""A reply: the prompt, the label, and the answers before and after training side by side."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import ClassVar

from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.cards.text import shortened
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, escaped, join, tag
from burnish.targets import Filed, Generative, Musical, Target, Transcribed

LONGEST = 1200
"""Characters of an answer that are on the page."""
COMPARED = 400
"""Words up to which differences are marked."""


class ReplyCard(Card):
    """What was asked, what should have been said, and what was said."""

    order: ClassVar[int] = 30
    alone: ClassVar[bool] = True

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._base: dict[int, str] = {}
        if contents.base is not None:
            rows = contents.base.table["row"].to_pylist()
            self._base = {row: str(answer or "") for row, answer in zip(rows, contents.base.answer, strict=True)}

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> ReplyCard | None:
        """Of texts that a language model writes."""
        return cls(contents) if replied(contents.target) else None

    def body(self, row: Row) -> Html | None:
        """The prompt above; label, before and after below, words that differ from the label marked."""
        prompt = self._contents.shown(row.row)
        cells = [_cell(both("label", "参考"), escaped_text(row.truth), "label")]
        if row.row in self._base:
            cells.append(_cell(both("before training", "训练前"), marked(row.truth, self._base[row.row]), "before"))
        cells.append(_cell(both("after training", "训练后"), marked(row.truth, row.answer), "after"))
        asked = tag("p", shortened(prompt), class_="tx", dir="auto") if prompt.strip() else None
        return join(asked, tag("div", *cells, class_=f"replies n{len(cells)}"))

    def text(self, row: Row) -> str:
        """Label and answer."""
        return f"{row.truth} {row.answer}"


def replied(target: Target) -> bool:
    """Whether answers are texts of a language model: no transcripts, files or music."""
    return isinstance(target, Generative) and not issubclass(type(target), (Transcribed, Filed, Musical))


def _cell(title: Both, words: Html, side: str) -> Html:
    return tag("div", tag("b", title), tag("p", words, dir="auto"), class_=f"reply {side}")


def escaped_text(text: str) -> Html:
    """A text, or that there is none."""
    return shortened(text, LONGEST) if text.strip() else tag("span", both("(empty)", "（空）"), class_="soft")


def marked(label: str, answer: str) -> Html:
    """An answer whose words are marked where the label has others."""
    if not answer.strip() or len(answer) > LONGEST:
        return escaped_text(answer)
    wanted, given = re.findall(r"\S+\s*", label), re.findall(r"\S+\s*", answer)
    if len(given) > COMPARED or len(wanted) > COMPARED:
        return escaped_text(answer)
    matcher = difflib.SequenceMatcher(None, [w.strip() for w in wanted], [w.strip() for w in given], autojunk=False)
    parts = []
    for kind, _, _, start, end in matcher.get_opcodes():
        words = escaped("".join(given[start:end]))
        parts.append(words if kind == "equal" else tag("mark", words) if words else Html(""))
    return join(*parts)
