"""By chance, each class in its share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from burnish.data.splits import Split
from burnish.data.splits._deficit import deal, shares, units

if TYPE_CHECKING:
    from burnish.data.table import Table


class Stratified(Split):
    """By chance, each class in its share; equal texts stay together, and appended rows move no old row."""

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
        first, unit = units(contents)
        return deal(contents[first], strata[first], shares(self, parts), seed)[unit]
