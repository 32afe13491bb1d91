"""By chance, whole groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.data.dealing.columns import group_keys
from burnish.data.dealing.deficit import dealt, shares
from burnish.data.splits import Split

if TYPE_CHECKING:
    from burnish.data.table import Table


class Grouped(Split):
    """By chance, whole groups: rows of one customer, patient or document never cross a split; appending moves none.

    Groups are dealt by the class of their first row. Where groups are so large that the splits would be far from their
    shares of rows, they are dealt by size instead, the largest first, and appended rows may move old ones. Equal texts
    in two groups may part, because a group may not; the audit finds them. A row without a group stays with the rows of
    equal content.
    """

    unit: ClassVar[str] = "groups"

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
        return dealt(self.together(table, contents), strata, shares(self, parts), seed, self._before)

    def together(self, table: Table, contents: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Rows of one group; a row without one goes by its content."""
        named = group_keys(table, self.group)
        return np.where(named != 0, named, contents)
