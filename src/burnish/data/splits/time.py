"""By time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.splits import TEST, VALIDATION, Split
from burnish.data.splits._columns import cells
from burnish.data.splits._deficit import shares

if TYPE_CHECKING:
    from burnish.data.table import Table

_EXPECTED = "an ISO date such as 2024-05-31 or 2024-05-31T12:00:00, or a number"


class Time(Split):
    """By time: the oldest rows train, later ones validate, the latest test; rows of one moment stay together.

    With `validation_from` and `test_from`, appended rows move no old row. Without them the moments are computed from
    the shares of the rows that are there, and move when rows are appended: the resolved split shows them.
    """

    column: str = Field(description="Column with the time of each row: ISO dates or numbers.")
    validation_from: str | float | None = Field(
        None, description="First moment of validation; from the shares if null."
    )
    test_from: str | float | None = Field(None, description="First moment of the test; from the shares if null.")

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
            InputError: no such column, or a row whose time is missing or cannot be read (named).
        """
        times = self._times(table)
        validation_from, test_from = self._moments(times, parts)
        out = np.zeros(len(times), np.int8)
        out[times >= validation_from] = VALIDATION
        out[times >= test_from] = TEST
        return out

    def _times(self, table: Table) -> NDArray[np.float64]:
        times = np.empty(len(table))
        kinds = set()
        for row, value in enumerate(cells(table, self.column, "split.column")):
            found = moment(value)
            if found is None:
                what = "no time" if value is None else f"{value!r}, which is no time"
                raise InputError(f"column {self.column!r} holds {what}", expected=_EXPECTED, place=table.place(row))
            times[row] = found[0]
            kinds.add(found[1])
        if len(kinds) > 1:
            raise InputError(
                f"column {self.column!r} mixes dates and numbers", expected=_EXPECTED, place="split.column"
            )
        self._same_kind(kinds)
        return times

    def _same_kind(self, kinds: set[str]) -> None:
        for name in ("validation_from", "test_from"):
            value = getattr(self, name)
            found = moment(value)
            if value is not None and (found is None or (kinds and found[1] not in kinds)):
                raise InputError(
                    f"found {value!r}, while column {self.column!r} holds {' and '.join(kinds)}",
                    expected=_EXPECTED,
                    place=f"split.{name}",
                )

    def _moments(self, times: NDArray[np.float64], parts: tuple[bool, bool]) -> tuple[float, float]:
        """First moments of validation and test; infinite where the part is not wanted."""
        train, _, test = shares(self, parts)
        ordered = np.sort(times)
        test_from = validation_from = np.inf
        if parts[1] and (self.test_from is not None or test):
            given = moment(self.test_from)
            test_from = given[0] if given else _at(ordered, 1 - test)
        if parts[0] and (self.validation_from is not None or train + test < 1):
            given = moment(self.validation_from)
            # With a given test_from the validation share is counted back from there, so that it is not swallowed.
            before = float(np.searchsorted(ordered, test_from) / max(1, len(ordered)))
            computed = min(test_from, _at(ordered, max(0.0, before - (1 - train - test))))
            validation_from = given[0] if given else computed
        if validation_from > test_from and np.isfinite(validation_from):
            raise InputError(
                "validation would start after the test",
                expected="validation_from before test_from",
                place="split.validation_from",
            )
        return validation_from, test_from


def _at(ordered: NDArray[np.float64], share: float) -> float:
    """The moment below which this share of the rows lies."""
    position = round(share * len(ordered))
    return float(ordered[position]) if position < len(ordered) else np.inf


def moment(value: Any) -> tuple[float, str] | None:
    """A time as a number that grows with it, and whether it was a date or a number; None where it is neither.

    Dates without a zone are taken as UTC, in seconds since 1970.
    """
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            try:
                value = datetime.datetime.fromisoformat(value.strip())
            except ValueError:
                return None
        else:
            return (number, "numbers") if np.isfinite(number) else None
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        value = datetime.datetime(value.year, value.month, value.day)
    if isinstance(value, datetime.datetime):
        zoned = value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)
        return zoned.timestamp(), "dates"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and np.isfinite(value):
        return float(value), "numbers"
    return None
