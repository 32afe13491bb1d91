"""Splits: which row is for training, validation or test, decided before anything is learned. One file each."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from burnish.core.component import Component

if TYPE_CHECKING:
    from burnish.data.table import Table

TRAIN, VALIDATION, TEST = 0, 1, 2
NAMES = ("train", "validation", "test")


class Split(Component):
    """Which row of one table is for training, validation or test. Appending rows moves an old row only where shares ask for it."""

    axis: ClassVar[str] = "burnish.data.splits"
    validation: float = Field(
        0.1, ge=0, lt=1, description="Share of examples for validation, when no file or value names them."
    )
    test: float = Field(
        0.2, ge=0, lt=1, description="Share of examples for the held-out test, when no file or value names them."
    )

    unit: ClassVar[str] = ""
    """What stays together in one split, in the plural; empty where rows stand alone or a column decides."""
    _before: bool = PrivateAttr(False)

    def as_before(self) -> Self:
        """The same split as burnish 0.7.0 made it, for runs and bundles of that version."""
        other = self.model_copy()
        other._before = True
        return other

    def together(self, table: Table, contents: NDArray[np.uint64]) -> NDArray[np.uint64] | None:
        """[N] a hash of what must stay together with each row, 0 where it stands alone; None where that is nothing."""
        return None

    @abstractmethod
    def assign(
        self,
        table: Table,
        contents: NDArray[np.uint64],
        strata: NDArray[np.int64],
        *,
        seed: int,
        parts: tuple[bool, bool],
    ) -> NDArray[np.int8]:
        """[N] TRAIN, VALIDATION or TEST for each row.

        Args:
            table: the rows.
            contents: [N] a hash of the input of each row; equal contents always land in one split. 0 where missing.
            strata: [N] the class number of each row, -1 where there is none.
            seed: the only source of randomness.
            parts: whether a validation part and a test part are wanted (False: a file was given for it).

        Raises:
            InputError: a named column is missing or has values that are no split.
        """
