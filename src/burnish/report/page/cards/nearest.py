"""The training examples that the network sees as most like this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from burnish.report.neighbours import Neighbour
from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.cards.picture import webp
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Html, both, code, tag
from burnish.report.page.privacy import relative

LONGEST = 240
"""Characters of a text."""
SIDE = 72


class NearestCard(Card):
    """Label, similarity and text of each; whether the label of the mistake or its training is to blame is often seen here."""

    order: ClassVar[int] = 80
    below: ClassVar[bool] = True

    def __init__(self, contents: Contents, budget: Budget) -> None:
        self._contents, self._budget = contents, budget

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> NearestCard | None:
        """Of runs that looked for them."""
        return cls(contents, budget) if contents.nearest else None

    def body(self, row: Row) -> Html | None:
        """Behind a summary; nothing of a mistake for which none were looked up."""
        found = self._contents.nearest.get(row.row)
        if not found:
            return None
        same = sum(one.label == row.truth for one in found)
        summary = both(
            "Nearest in training: {same} of {n} have the label {truth}",
            "训练中最相近：{n} 个中有 {same} 个标签为 {truth}",
            same=same,
            n=len(found),
            truth=code(row.truth),
        )
        return tag("details", tag("summary", summary), tag("ul", *map(self._one, found), class_="near"))

    def _one(self, one: Neighbour) -> Html:
        address = None
        if one.picture is not None:
            address = self._budget.data("image/webp", webp(one.picture, SIDE), "pictures of training")
        picture = tag("img", src=address, alt=one.label, width=SIDE, loading="lazy") if address else None
        text = f"{one.text[:LONGEST].rstrip()}…" if len(one.text) > LONGEST else one.text
        said = tag("bdi", relative(text) or "–", class_="tx")
        where = tag("small", relative(one.place).rpartition("/")[2], class_="soft")
        share = tag("b", f"{one.similarity:.2f}".replace("-", "\u2212"), class_="num")
        return tag("li", picture, tag("span", share, " ", code(one.label), " ", where, tag("br"), said))
