"""By chance, each class in its share."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from burnish.data.dealing.deficit import dealt, shares
from burnish.data.splits import Split

if TYPE_CHECKING:
    from burnish.data.table import Table


class Stratified(Split):
    """By chance, each class in its share; equal texts stay together, and appended rows move no old row.

    Where one text fills so many rows that the splits would be far from their shares, texts are dealt by how often they
    occur, and appended rows may move old ones.
    """

    unit: ClassVar[str] = "equal inputs"

    def assign(
        self,
        table: Table,
        contents: NDArray[np.uint64],
        strata: NDArray[np.int64],
        *,
        seed: int,
        parts: tuple[bool, bool],
    ) -> NDArray[np.int8]:
        """[N] splits. A text that occurs with several classes counts for the class of its first row."""
        return dealt(contents, strata, shares(self, parts), seed, self._before)

    def together(self, table: Table, contents: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Rows of equal content."""
        return contents
