"""A picture as the network saw it, and beside it where its prediction came from."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from burnish.report.page.budget import Budget
from burnish.report.page.cards import Card, Row
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Both, Html, both, tag

SIDE = 160
EXPLAINED = 48
"""Pictures with a map."""


class PictureCard(Card):
    """A thumbnail, with its heat map where the network has one."""

    order: ClassVar[int] = 20

    def __init__(self, contents: Contents, rows: Sequence[Row], budget: Budget) -> None:
        self._contents, self._budget = contents, budget
        self._maps = _explained(contents, rows[:EXPLAINED])

    @classmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> PictureCard | None:
        """Of examples that can be seen and not heard."""
        return cls(contents, rows, budget) if contents.visible else None

    def body(self, row: Row) -> Html | None:
        """The picture, or words where there was no room for it."""
        assert self._contents.pictured is not None
        plain, warm = self._maps.get(row.row) or (self._contents.pictured(row.row), None)
        if plain is None:
            return None
        address = self._budget.data("image/webp", webp(plain), "pictures")
        name = tag("p", tag("bdi", self._contents.shown(row.row).rpartition("/")[2]), class_="soft name")
        if address is None:
            return name
        words = both(
            "label {truth}, predicted {answer}", "标签 {truth}，预测 {answer}", truth=row.truth, answer=row.answer
        )
        picture = _image(address, words, plain)
        over = self._budget.data("image/webp", webp(warm), "heat maps") if warm is not None else None
        if over is None:
            return tag("div", tag("div", picture, class_="seen"), name, class_="pic")
        map_words = both("where {answer} came from", "{answer} 的依据", answer=row.answer)
        return tag("div", tag("div", picture, _image(over, map_words, plain), class_="seen"), name, class_="pic")


def _image(address: Html, words: Both, picture: Any) -> Html:
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    return tag(
        "img",
        src=address,
        alt=words,
        width=max(1, round(width * scale)),
        height=max(1, round(height * scale)),
        loading="lazy",
        decoding="async",
    )


def _explained(contents: Contents, rows: Sequence[Row]) -> dict[int, tuple[Any, Any]]:
    names = contents.known.names
    if contents.explain is None or not rows or any(row.answer not in names for row in rows):
        return {}
    pairs = contents.explain([row.row for row in rows], [names.index(row.answer) for row in rows])
    return {} if pairs is None else {row.row: pair for row, pair in zip(rows, pairs, strict=True)}


def webp(picture: Any, side: int = SIDE) -> bytes:
    """A thumbnail, shown at most so many pixels wide and high; uint8 [height, width, 3]."""
    from PIL import Image as Pillow

    image = Pillow.fromarray(np.ascontiguousarray(picture))
    if max(image.size) > 2 * side:  # twice what is shown: sharp on fine screens
        image.thumbnail((2 * side, 2 * side))
    stream = io.BytesIO()
    image.save(stream, "WEBP", quality=72, method=4)
    return stream.getvalue()
