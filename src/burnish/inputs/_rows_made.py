"""Inputs whose rows are not those that people wrote: put together from several columns, or several of one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from burnish.core.batch import Example
from burnish.inputs._augmentable import Change


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


class Rewritable(ABC):
    """Its training rows may be written anew at random, together with what is learned from them."""

    read_as: ClassVar[str]
    """What an augmentation is given: `tune` (`media.music.asked_tunes.AskedTune`), or a name of your own."""

    @abstractmethod
    def rewritten(self, example: Example, change: Change, seed: int) -> Example:
        """A row, with the column of its target, changed; as it is where it cannot be. For training rows only.

        Args:
            example: the row.
            change: what is done to it.
            seed: a pure function of run seed, epoch and row, so that a resumed run sees the same.
        """
