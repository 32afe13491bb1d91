"""Sources: where labelled rows come from. One file a format; every source ends as a memory-mapped Arrow table."""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from burnish.core.component import Component
from burnish.core.errors import InputError

Notify = Callable[[str, int, int], None]
PIECE_ROWS = 4096
"""Rows a piece holds at most."""
PIECE_CHARACTERS = 8_000_000
"""A piece of text rows ends early when it holds this many characters, so that long texts do not add up."""


@dataclass(frozen=True)
class Rows:
    """A piece of a file: column name to a list of values (or an Arrow array), all of equal length.

    Attributes:
        columns: column name to values.
        encoding: the encoding the text was read in; empty where there is none.
        notes: what was decided while reading, in words; each is said once however many pieces carry it.
        left_out: what was met and is no row, each with its severity (`note` or `warning`) and words; for the audit.
    """

    columns: dict[str, Any]
    encoding: str = ""
    notes: tuple[str, ...] = field(default=())
    left_out: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True)
class Arrangement:
    """What of a folder is read, by a format that knows the files or folders in it by their names.

    Attributes:
        parts: split to the files or folders that are read as it, in order; `train` alone where no names say splits.
        notes: what was decided, in words.
    """

    parts: dict[str, tuple[Path, ...]]
    notes: tuple[str, ...] = ()


class Source(Component):
    """A format: reads one file piece by piece, so that memory does not grow with it."""

    axis: ClassVar[str] = "burnish.data.sources"
    suffixes: ClassVar[tuple[str, ...]] = ()
    """File endings this source reads, such as `.csv`."""
    optional_columns: ClassVar[bool] = False
    """Whether a row may leave a column out (it is missing then), so that files of one table may differ in columns."""

    holds_paths: ClassVar[bool] = False
    """Whether its rows are paths, so that the same files elsewhere are another table."""
    distinctive: ClassVar[bool] = False
    """Whether folders that it reads hold files with names that no other format has: then no other source is asked."""

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether a folder as a whole is one thing of this source (class folders), rather than files it reads."""
        return False

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """What is read of a folder that holds several tables or folders of this format; None where it is no such folder.

        Raises:
            InputError: names that may mean several things.
        """
        return None

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether a file whose ending is that of another format is of this one, by its first lines."""
        return False

    @abstractmethod
    def read(self, where: Any) -> Iterator[Rows]:
        """The rows of one file in pieces of at most some thousand.

        Args:
            where: the path of a file; for `hub` a name or a saved folder, for `memory` the data itself, for class
                folders the folder above them.

        Raises:
            InputError: not this format, a ragged row (file and row named), undecodable text ...
        """

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the content: equal bytes give equal digests wherever they lie, unless the source `holds_paths`.

        Args:
            where: as in `read`.
            cache: the cache folder, for sources of many files that remember their hashes.
            notify: told how many files are done, where there are many.
        """
        return file_digest(Path(where))


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, read some at a time.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(path)) from error


DEEPEST = 50
"""Lists and objects in each other: what JSON reads by the thousand neither Arrow nor JSON writes any more."""


def too_deep(value: Any, most: int = DEEPEST) -> bool:
    """Whether lists and objects are in each other more than so many times."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return most < 0 or any(too_deep(item, most - 1) for item in inner)


def columns_of(objects: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """Rows as columns; a key that a row leaves out is missing (None) there. Columns in order of first appearance.

    Raises:
        InputError: no row has any key.
    """
    names: dict[str, None] = {}
    for row in objects:
        names.update(dict.fromkeys(row))
    if objects and not names:
        raise InputError(f"{len(objects)} rows in a row are objects without a key", expected="column names as keys")
    return {name: [row.get(name) for row in objects] for name in names}


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object as a dict (`object_pairs_hook`).

    Raises:
        ValueError: a key stands twice, where the standard parser would silently drop the first value.
    """
    by_key = dict(pairs)
    if len(by_key) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice in one object")
    return by_key
