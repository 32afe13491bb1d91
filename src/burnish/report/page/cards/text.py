"""A text, with what each of its words did for the prediction where the run says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Html, both, join, tag
from burnish.targets import Generative

LONGEST = 2000
"""Characters of a text that are on the page."""


class TextCard(Card):
    """What the example says."""

    order: ClassVar[int] = 10

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> TextCard | None:
        """Of every run but those whose examples are seen, heard, or answered with a text."""
        if contents.audible or contents.visible or isinstance(contents.target, Generative):
            return None
        return cls(contents)

    def body(self, row: Row) -> Html | None:
        """The text; its words underlined by what they did where that is known."""
        text = self._contents.shown(row.row)
        if not text.strip():
            return tag("p", both("(empty)", "（空）"), class_="tx soft")
        explained = self._contents.effects(row.row) if self._contents.effects is not None else None
        if explained:
            return _underlined(text, explained)
        return tag("p", shortened(text), class_="tx", dir="auto")


def shortened(text: str, longest: int = LONGEST) -> Html:
    """A text, cut where it is longer, and how much is missing."""
    if len(text) <= longest:
        return join(text)
    left = len(text) - longest
    more = both(" … {n} more characters", " …… 另有 {n} 个字符", n=f"{left:,}")
    return join(text[:longest].rstrip(), tag("span", more, class_="soft"))


def _underlined(text: str, effects: Sequence[tuple[float, float, float]]) -> Html:
    """Words by the size of their effect: five widths, orange for the prediction, blue against it."""
    most = max(abs(effect) for _, _, effect in effects) or 1.0
    parts: list[Html] = []
    place = 0
    for first, last, effect in sorted(effects):
        start, end = int(first), int(last)
        if start < place or start >= LONGEST:
            continue
        parts.append(join(text[place:start]))
        level = round(4 * abs(effect) / most)
        words = text[start:end]
        if level:
            side = "for" if effect > 0 else "against"
            said = f"{effect:+.2f}".replace("-", "\u2212")
            parts.append(tag("span", words, class_=f"fx {side} w{level}", title=said))
        else:
            parts.append(join(words))
        place = end
    rest = shortened(text[place:], max(0, LONGEST - place)) if place < len(text) else None
    return tag("p", *parts, rest, class_="tx", dir="auto")
