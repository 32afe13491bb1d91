"""Cards of mistakes: how one example is shown. Each file holds one class; a file that is added here is found and used.

A card is asked whether it fits the run (`of`), then for each row for its part (`body`). Several may fit: a sound and its words.
"""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from burnish.report.page.budget import Budget
from burnish.report.page.contents import Contents
from burnish.report.page.markup import Html


@dataclass(frozen=True)
class Row:
    """An example among the mistakes.

    Attributes:
        row: its number in the table of the split, from 0.
        at: its place in `Contents.known`.
        truth, answer: in words.
        size: how wrong it is, as its target counts.
    """

    row: int
    at: int
    truth: str
    answer: str
    size: float


class Card(ABC):
    """A part of what is shown of each example; one object for all of a page, so that costly things are made at once."""

    order: ClassVar[int] = 50
    """Parts stand by this number, the lowest first."""
    alone: ClassVar[bool] = False
    """Whether label and prediction are in the part: then they are not written below it once more."""

    below: ClassVar[bool] = False
    """Whether it stands below label and prediction."""

    @classmethod
    @abstractmethod
    def of(cls, contents: Contents, rows: Sequence[Row], budget: Budget) -> Card | None:
        """The card for a page, or None where its examples are of another kind.

        Args:
            contents: of the page.
            rows: all that will be asked for, the worst first.
            budget: bytes of pictures and sounds that are left.
        """

    @abstractmethod
    def body(self, row: Row) -> Html | None:
        """The part of one example; None where there is nothing to show of it."""

    def text(self, row: Row) -> str:
        """What a search looks in beside the words of the card; mostly nothing more."""
        return ""


def cards(contents: Contents, rows: Sequence[Row], budget: Budget) -> list[Card]:
    """All cards that fit a page, in their order."""
    found: list[Card | None] = []
    for cls in sorted(_classes(), key=lambda one: (one.order, one.__module__)):
        found.append(cls.of(contents, rows, budget))
    return [card for card in found if card is not None]


def _classes() -> list[type[Card]]:
    """The class of each file of this folder."""
    classes: list[type[Card]] = []
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        held: dict[str, Any] = vars(importlib.import_module(module.name))
        classes += [
            one
            for one in held.values()
            if isinstance(one, type) and issubclass(one, Card) and one.__module__ == module.name
        ]
    return classes
