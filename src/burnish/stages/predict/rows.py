"""Rows that are to be answered, a window at a time, whatever they are kept in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

PACKAGE = "pyarrow"
LARGER = "pip install 'burnish[tables]'"
"""What installs the library that reads and writes Parquet, and all sources of training."""

BYTES = 1 << 23
"""Of a window: texts of many pages are fewer than rows of a line, so that memory does not grow with what rows hold."""


def arrow_there() -> bool:
    """Whether tables can be kept in Arrow; the lean install has none."""
    return find_spec(PACKAGE) is not None


class Window(ABC):
    """Consecutive rows, few enough to be in memory."""

    keeper: ClassVar[str]
    """The module that unpacks what `packed` gives."""

    @abstractmethod
    def rows(self) -> list[dict[str, Any]]:
        """The rows with all their columns."""

    @abstractmethod
    def packed(self) -> bytes:
        """As bytes, for another process."""

    def sent(self) -> bytes:
        """`packed`, preceded by who unpacks it."""
        return self.keeper.encode() + b"\n" + self.packed()


def received(data: bytes) -> Window:
    """The window that another process has `sent`."""
    keeper, _, packed = data.partition(b"\n")
    module = import_module(f"burnish.stages.predict.{keeper.decode()}")
    window: Window = module.unpacked(packed)
    return window


class InputRows(ABC):
    """All rows that are to be answered.

    Attributes:
        columns: names, in order.
        notes: how the rows were read, in words.
        fingerprint: equal for equal contents only.
    """

    columns: tuple[str, ...]
    notes: tuple[str, ...]
    fingerprint: str

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    @abstractmethod
    def windows(self, rows: int) -> Windows:
        """Cut into windows of at most so many rows, and of `BYTES` unless a row alone is larger.

        The cuts are always in the same places, so that an interrupted run finds them again.
        """

    @property
    def schema(self) -> Any:
        """The Arrow schema; None where the rows are not in Arrow."""
        return None


def cuts(ends: Sequence[int] | NDArray[np.int64], rows: int) -> list[int]:
    """Where windows begin, in rows, and where the last one ends.

    Args:
        ends: [N + 1] where each row ends in bytes; the first is where the first row begins.
        rows: of a window at most.
    """
    starts = [0]
    while starts[-1] < len(ends) - 1:
        start = starts[-1]
        fitting = bisect_right(ends, ends[start] + BYTES, start, min(len(ends), start + rows + 1)) - 1
        starts.append(max(start + 1, fitting))
    return starts


class Windows(ABC):
    """Rows, cut."""

    @abstractmethod
    def __len__(self) -> int:
        """How many windows there are."""

    @abstractmethod
    def window(self, number: int) -> Window:
        """One of them, counted from 0."""

    def numbered(self, done: set[int]) -> Iterator[tuple[int, Window]]:
        """Number and rows of the windows that are not done."""
        return ((number, self.window(number)) for number in range(len(self)) if number not in done)
