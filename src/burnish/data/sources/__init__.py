"""Sources: where labelled rows come from. One file a format; every source ends as a memory-mapped Arrow table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from burnish.core.component import Component


@dataclass(frozen=True)
class Rows:
    """A piece of a file: column name to a list of values, all of equal length; and the encoding the text was read in."""

    columns: dict[str, list[Any]]
    encoding: str = ""


class Source(Component):
    """A format: reads one file piece by piece, so that memory does not grow with it."""

    axis: ClassVar[str] = "burnish.data.sources"
    suffixes: ClassVar[tuple[str, ...]] = ()
    """File endings this source reads, such as `.csv`."""

    @abstractmethod
    def read(self, path: Path) -> Iterator[Rows]:
        """The rows of one file in pieces of at most some thousand.

        Raises:
            InputError: not this format, a ragged row (file and row named), undecodable text ...
        """
