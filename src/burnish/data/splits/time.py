"""By time."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.dealing.by_size import badness
from burnish.data.dealing.columns import cells
from burnish.data.dealing.deficit import shares
from burnish.data.splits import TEST, VALIDATION, Split

if TYPE_CHECKING:
    from burnish.data.table import Table

_EXPECTED = "an ISO date such as 2024-05-31 or 2024-05-31T12:00:00, or a number"


class Time(Split):
    """By time: the oldest rows train, later ones validate, the latest test; rows of one moment stay together.

    With `validation_from` and `test_from`, appended rows move no old row. Without them the moments are computed from
    the shares of the rows that are there, as near as rows of one moment allow, and move when rows are appended.
    """

    unit: ClassVar[str] = "moments"
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

    def together(self, table: Table, contents: NDArray[np.uint64]) -> NDArray[np.uint64] | None:
        """Rows of one moment, where no date says which split it is in."""
        if self.validation_from is not None or self.test_from is not None:
            return None
        moments = np.unique(self._times(table), return_inverse=True)[1]
        return (moments + 1).astype(np.uint64)

    def _times(self, table: Table) -> NDArray[np.float64]:
        times = np.empty(len(table))
        kinds = set()
        for row, value in enumerate(cells(table, self.column, "split.column")):
            parsed = moment(value)
            if parsed is None:
                what = "no time" if value is None else f"{value!r}, which is no time"
                raise InputError(f"column {self.column!r} holds {what}", expected=_EXPECTED, place=table.place(row))
            times[row] = parsed[0]
            kinds.add(parsed[1])
        if len(kinds) > 1:
            raise InputError(
                f"column {self.column!r} mixes dates and numbers", expected=_EXPECTED, place="split.column"
            )
        self._same_kind(kinds)
        return times

    def _same_kind(self, kinds: set[str]) -> None:
        for name in ("validation_from", "test_from"):
            value = getattr(self, name)
            parsed = moment(value)
            if value is not None and (parsed is None or (kinds and parsed[1] not in kinds)):
                raise InputError(
                    f"found {value!r}, while column {self.column!r} holds {' and '.join(kinds)}",
                    expected=_EXPECTED,
                    place=f"split.{name}",
                )

    def _moments(self, times: NDArray[np.float64], parts: tuple[bool, bool]) -> tuple[float, float]:
        """First moments of validation and test; infinite where the part is not wanted."""
        ordered = np.sort(times)
        given = [moment(self.validation_from) if parts[0] else None, moment(self.test_from) if parts[1] else None]
        named = [None if parsed is None else parsed[0] for parsed in given]
        make = nearest if not self._before else _at_shares
        validation_from, test_from = make(ordered, shares(self, parts), named[0], named[1])
        if validation_from > test_from and np.isfinite(validation_from):
            raise InputError(
                "validation would start after the test",
                expected="validation_from before test_from",
                place="split.validation_from",
            )
        return validation_from, test_from


def nearest(
    ordered: NDArray[np.float64],
    wanted: tuple[float, float, float],
    validation_from: float | None = None,
    test_from: float | None = None,
) -> tuple[float, float]:
    """First moments of validation and test by which the splits come nearest to their shares and, if they can, have rows.

    Args:
        ordered: [N] the times of all rows, increasing.
        wanted: shares of train, validation, test; infinite is the first moment of a split without a share.
        validation_from, test_from: moments that were named; the other one is then found.
    """
    _, validation, test = wanted
    n = len(ordered)
    starts = np.flatnonzero(np.diff(ordered)) + 1  # rows at which a new moment begins: where splits may begin
    tests = _around(starts, n * (1 - test), n) if test else [n]
    if test_from is not None:
        tests = [int(np.searchsorted(ordered, test_from))]
    best, cut = np.inf, (n, n)
    for test_at in tests:
        wished = test_at - n * validation
        choices = _around(starts[starts < test_at], wished, test_at) if validation else [test_at]
        for validation_at in choices if validation_from is None else [test_at]:
            off = badness(np.array([validation_at, test_at - validation_at, n - test_at]), wanted)
            if off < best or (off == best and validation_from is not None):
                best, cut = off, (validation_at, test_at)
    first, last = (float(ordered[at]) if at < n else np.inf for at in cut)
    test_from = last if test_from is None else test_from
    if validation_from is None:
        validation_from = min(first, test_from) if validation else np.inf
    return validation_from, test_from


def _around(starts: NDArray[np.int64], wished: float, none: int) -> list[int]:
    """The starts around a row, as far as there are any, the first and the last, and `none` for no such split."""
    at = int(np.searchsorted(starts, wished))
    near = starts[max(0, at - 2) : at + 2].tolist()
    return sorted({*near, *starts[:2].tolist(), *starts[-2:].tolist(), none})


def _at_shares(
    ordered: NDArray[np.float64],
    wanted: tuple[float, float, float],
    validation_from: float | None,
    test_from: float | None,
) -> tuple[float, float]:
    """First moments of validation and test as burnish 0.7.0 chose them: the moment of the row at each share."""
    _, validation, test = wanted
    if test_from is None:
        test_from = _at(ordered, 1 - test) if test else np.inf
    if validation_from is None and validation:
        # With a given test_from the validation share is counted back from there, so that it is not swallowed.
        before = float(np.searchsorted(ordered, test_from) / max(1, len(ordered)))
        validation_from = min(test_from, _at(ordered, max(0.0, before - validation)))
    return np.inf if validation_from is None else validation_from, test_from


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
