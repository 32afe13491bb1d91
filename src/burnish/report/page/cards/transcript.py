"""The words that were said and those that were written, aligned in columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from burnish.media.transcript.edits import AlignedPair
from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, tag
from burnish.targets import Transcribed

MOST = 160
"""Columns of words."""
_KINDS = {
    "hit": None,
    "substitution": Both("other", "替换"),
    "deletion": Both("missing", "缺失"),
    "insertion": Both("extra", "多出"),
}


class TranscriptCard(Card):
    """Said above, transcribed below; what differs by mark and by word."""

    order: ClassVar[int] = 30
    alone: ClassVar[bool] = True

    def __init__(self, contents: Contents, target: Transcribed) -> None:
        self._contents, self._target = contents, target

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> TranscriptCard | None:
        """Of transcripts."""
        return cls(contents, contents.target) if isinstance(contents.target, Transcribed) else None

    def body(self, row: Row) -> Html | None:
        """A column for each pair of words; the row of words can be scrolled."""
        known = self._contents.known
        pairs = self._target.compared(known.truth[row.at], known.answer[row.at])
        head = tag("div", tag("span", both("said", "原文")), tag("span", both("transcribed", "转写")), class_="al head")
        more = (
            tag("span", both("{n} more words", "另有 {n} 个词", n=len(pairs) - MOST), class_="soft")
            if len(pairs) > MOST
            else None
        )
        label = both("Words said and transcribed", "原文与转写的词")
        return tag(
            "div",
            head,
            *map(_column, pairs[:MOST]),
            more,
            class_="aligned",
            tabindex="0",
            role="group",
            aria_label=label,
        )

    def text(self, row: Row) -> str:
        """Both texts."""
        return f"{row.truth} {row.answer}"


def _column(pair: AlignedPair) -> Html:
    kind = _KINDS[pair.kind]
    said = tag("span", tag("bdi", pair.reference or "–"))
    written = tag("span", tag("bdi", pair.hypothesis or "–"))
    mark = tag("small", kind) if kind is not None else None
    return tag("div", said, written, mark, class_=f"al {pair.kind}")
