"""By chance, whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.data.splits import Split
from burnish.data.splits._columns import group_keys
from burnish.data.splits._deficit import deal, shares, units

if TYPE_CHECKING:
    from burnish.data.table import Table


class Grouped(Split):
    """By chance, whole groups: rows of one customer, patient or document never cross a split; appending moves none.

    Shares are of groups, not of rows, within the class of each group's first row. Equal texts in two groups may part,
    because a group may not; the audit finds them. A row without a group stays with the rows of equal content.
    """

    group: str = Field(description="Column that says which rows belong together.")

    def assign(
        self,
        table: Table,
        contents: NDArray[np.uint64],
        strata: NDArray[np.int64],
        *,
        seed: int,
        parts: tuple[bool, bool],
    ) -> NDArray[np.int8]:
        """[N] splits.

        Raises:
            InputError: the table has no such column.
        """
        named = group_keys(table, self.group)
        keys = np.where(named != 0, named, contents)
        first, unit = units(keys)
        return deal(keys[first], strata[first], shares(self, parts), seed)[unit]
