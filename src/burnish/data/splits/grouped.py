"""By chance, whole groups."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.data.splits import Split
from burnish.data.splits._columns import cells
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
        keys = contents.copy()
        for i, value in enumerate(cells(table, self.group, "split.group")):
            if value is not None:
                keys[i] = _key(value)
        first, unit = units(keys)
        return deal(keys[first], strata[first], shares(self, parts), seed)[unit]


def _key(value: Any) -> int:
    """A hash of a group that no content has by design; never 0."""
    text = value.strip() if isinstance(value, str) else repr(value)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8, person=b"group").digest()
    return int.from_bytes(digest, "big") or 1
