"""Inputs whose rows are not those that people wrote: put together from several columns, or several of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.batch import Example


@dataclass(frozen=True)
class Unfolding:
    """How the rows of one split become those that a network learns from or answers.

    Attributes:
        rows: a row and its place (file and row, for messages) to the rows it becomes, in order; none where nothing is left.
        said: what became of all of them, in sentences; asked once, at the end. It refuses a split of which nothing is left.
        columns: that are read and made beside those of the input.
        key: what the rows were made of beside the cells of the table, such as the content of files; asked at the end.
    """

    rows: Callable[[Example, str], list[Example]]
    said: Callable[[], Sequence[str]] = tuple
    columns: tuple[str, ...] = ()
    key: Callable[[], str] = str


class Unfolded(ABC):
    """A row may become several: a document its windows, a conversation its replies. Rows are held out, and drawn for
    intervals, as they were written."""

    @abstractmethod
    def unfolding(self, processor: Any, target: Any, *, held_out: bool) -> Unfolding:
        """How they become what they become.

        `encode`, `portable` and `audited_text` take these rows as well as those that people wrote.

        Args:
            processor: as in `encode`.
            target: what is learned of them.
            held_out: whether they are tested on, or else learned from.
        """
