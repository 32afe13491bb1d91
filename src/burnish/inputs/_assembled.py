"""Rows that are put together from several columns: conversations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from burnish.core.batch import Example
from burnish.core.errors import InputError

A = TypeVar("A", bound="Assembled")


class Assembled(ABC):
    """Its rows are put together from several columns, in one of several forms, and so is what is learned from them."""

    assembled_column: ClassVar[str]
    """The column of a table that holds rows put together."""
    family_column: ClassVar[str] = ""
    """The column for what `families` says; empty where rows have no families."""
    prompts_tell: ClassVar[bool] = True
    """Whether two prompts in nearly the same words ask for the same, so that they are a leak between splits."""
    learns: ClassVar[str]
    """The kind of target where none is named."""

    @abstractmethod
    def lacking(self, columns: Collection[str]) -> tuple[str, ...]:
        """Columns that rows to be answered must have and these do not; none where they can be put together."""

    @abstractmethod
    def for_table(self: A, columns: Sequence[str], rows: Sequence[Example]) -> tuple[A, str]:
        """This input with the form of a table, and that in a sentence.

        Raises:
            InputError: no form fits.
        """

    def named(self: A, parts: Mapping[str, str]) -> A:
        """This input for a data set that names the columns of its parts; none where all are recognised."""
        if parts:
            raise InputError("this input names no parts of rows", fix="leave `columns` of the data set out")
        return self

    def gathered(self: A, formed: Sequence[A]) -> A:
        """This input for data sets of several forms, as `for_table` gave them.

        Raises:
            InputError: what they tell is at odds.
        """
        return self

    @abstractmethod
    def for_checkpoint(self: A, rows: Sequence[Example], folder: Path) -> tuple[A, str]:
        """This input with what only some training rows and the checkpoint together tell, and that in a sentence.

        Rows are as they were written, or put together.

        Raises:
            InputError: the checkpoint cannot read such rows.
        """

    @abstractmethod
    def of_turns(self, values: Sequence[Any]) -> Example | None:
        """The one row that a list of turns is, as clients give it; None for a list of rows."""

    @abstractmethod
    def assembled(self, example: Example, place: str) -> str:
        """A row with what is learned from it, put together.

        Raises:
            InputError: what is wrong with it, at `place`.
        """

    def families(self, cells: Sequence[Any]) -> list[str]:
        """Rows of one table that are copies of each other, though not equal: a name for each row, the same for copies.

        Splits that are made keep a family whole.

        Args:
            cells: the rows, put together.
        """
        return []
