"""What class folders of files have in common: every folder is a label, every file below it a row."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from burnish.core.errors import InputError
from burnish.data.looking.file_index import FileIndex, Look
from burnish.data.reading.visible import visible
from burnish.data.settings import cache_folder
from burnish.data.sources import PIECE_ROWS, Notify, Rows, Source, columns_of


class ClassFolders(Source):
    """Class folders of files of one kind.

    Class attributes:
        input: that reads such files (an `Input` that is `FromFiles`): it says what one is called, in which
            column its path is, and how file names end.
    """

    holds_paths: ClassVar[bool] = True
    input: ClassVar[type[Any]]
    thing: ClassVar[str]
    column: ClassVar[str]
    endings: ClassVar[tuple[str, ...]]
    pattern: str | None = Field(
        None,
        description="Regular expression found in each file's path below the folder; its named groups become columns, such "
        "as the speaker: '_(?P<speaker>[a-z]+)_\\d+[.]'.",
    )

    @field_validator("pattern")
    @classmethod
    def _legal(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                groups = re.compile(pattern).groupindex
            except re.error as error:
                raise ValueError(f"no regular expression: {error}") from None
            if not groups or {cls.column, "label"} & groups.keys():
                raise ValueError(f"it needs named groups, (?P<name>...), that are not {cls.column!r} or 'label'")
        return pattern

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        cls.thing, cls.endings = cls.input.thing, cls.input.endings
        cls.column = cls.input.model_fields["column"].default

    def looking(self) -> tuple[Look, str]:
        """How a file is looked at, and the version of that: as the input does, so that one look serves both."""
        return self.input.look, self.input.look_version()

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether a folder in it holds such a file; looks no further than the first."""
        return any(next(_walk(child, _Tally(cls.endings)), None) is not None for child in _folders(folder))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, with paths as the folder was given: usable from the working directory.

        Raises:
            InputError: no class folder has such a file, or a name that is not Unicode.
        """
        root = Path(where)
        tally = _Tally(self.endings)
        rows: list[dict[str, str | None]] = []
        for label, relative in self._rows(root, tally):
            rows.append({self.column: str(root / relative), "label": label, **self._named(relative, root)})
            if len(rows) == PIECE_ROWS:
                yield Rows(columns_of(rows))
                rows = []
        empty: dict[str, list[Any]] = {name: [] for name in (self.column, "label", *self._names())}
        left_out = tuple(tally.left_out(self.thing))
        yield Rows(columns_of(rows) if rows else empty, notes=tuple(words for _, words in left_out), left_out=left_out)

    def _names(self) -> list[str]:
        return list(re.compile(self.pattern).groupindex) if self.pattern else []

    def _named(self, relative: str, root: Path) -> dict[str, str | None]:
        """The named groups of the pattern in a path."""
        if self.pattern is None:
            return {}
        match = re.search(self.pattern, Path(relative).as_posix())
        if match is None:
            raise InputError(
                f"source.pattern {self.pattern!r} is not in the path {relative!r}",
                fix="make it fit every file, or give a table with this column",
                place=str(root),
            )
        return dict(match.groupdict())

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name and of each file's relative path and sha256; unchanged files are not read again.

        The files are looked at on the way, so that a large folder is read from disk once and not twice.
        """
        root = Path(where)
        names = [relative for _, relative in self._rows(root, _Tally(self.endings))]
        look, version = self.looking()
        total = hashlib.sha256(f"{root}\n".encode("utf-8", "surrogatepass"))
        with FileIndex(cache_folder(cache), look, version) as index:
            for name, seen in zip(names, index.seen((root / n for n in names), len(names), notify), strict=True):
                total.update(f"{name}\x1f{seen.sha256}\n".encode())
        return total.hexdigest()

    def _rows(self, root: Path, tally: _Tally) -> Iterator[tuple[str, str]]:
        """Label and relative path of each file."""
        empty = True
        for entry in _entries(root, tally):
            if not entry.is_dir():
                if entry.name.lower().endswith(self.endings):
                    tally.loose += 1
                else:
                    tally.add_other(entry.name)
        for folder in _folders(root):
            count = 0
            for path in _walk(folder, tally, folder.name):
                relative = os.path.relpath(path, root)
                _require_unicode(relative, root)
                yield folder.name, relative
                count += 1
            empty = empty and not count
            if not count:
                tally.empty.append(folder.name)
        if empty:
            raise InputError(
                f"no class folder with {self.thing}s"
                + (f", but {tally.loose} {self.thing}s without one" if tally.loose else ""),
                expected="one folder for each class, with files that end in one of " + ", ".join(self.endings),
                fix=f"sort the {self.thing}s into folders, or give a table with their paths and labels",
                place=str(root),
            )


@dataclass
class _Tally:
    """What was met on the way and is no row."""

    endings: tuple[str, ...] = ()
    others: Counter[str] = field(default_factory=Counter)
    inside: dict[str, Counter[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    loose: int = 0
    dangling: int = 0
    empty: list[str] = field(default_factory=list)
    visited: set[tuple[int, int]] = field(default_factory=set)

    def add_other(self, name: str, below: str = "") -> None:
        """A file with another ending; `below`: the class folder it is in."""
        ending = Path(name).suffix.lower() or "no ending"
        self.others[ending] += 1
        self.inside.setdefault(below, Counter())[ending] += 1
        if len(self.names) < 5:
            self.names.append(name)

    def left_out(self, thing: str) -> Iterator[tuple[str, str]]:
        """All of it, each with its severity and in words."""
        if self.others:
            names = ", ".join(self.names)
            message = (
                f"{self.others.total():,} files are no {thing}s and not read ({_counted(self.others)}; such as {names})"
            )
            yield "note", message
        if self.loose:
            yield "warning", f"{self.loose:,} {thing}s lie in no class folder and are not read"
        if self.dangling:
            yield "warning", f"{self.dangling:,} links lead nowhere and are not read"
        lost = [name for name in self.empty if name in self.inside]
        for name in lost[:10]:
            yield (
                "warning",
                f"the folder {name} becomes no class: its {self.inside[name].total():,} files are no {thing}s "
                f"({_counted(self.inside[name])}); convert them, or move the folder away",
            )
        if bare := [name for name in self.empty if name not in self.inside]:
            yield "note", f"folders without {thing}s are no classes: {', '.join(bare[:10])}"


def _counted(endings: Counter[str]) -> str:
    return ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common(5))


def _folders(root: Path) -> list[Path]:
    """The visible folders directly below, by name."""
    return sorted((Path(e.path) for e in _entries(root, _Tally()) if e.is_dir()), key=lambda path: path.name)


def _entries(folder: str | Path, tally: _Tally) -> list[os.DirEntry[str]]:
    """What is visible in a folder, by name.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            there = sorted((e for e in entries if visible(e.name)), key=lambda e: e.name)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", place=str(folder)) from error
    whole = [e for e in there if e.is_dir() or e.is_file()]
    tally.dangling += len(there) - len(whole)
    return whole


def _walk(folder: Path, tally: _Tally, label: str = "") -> Iterator[str]:
    """Paths of the files below a folder that have the right ending: the files of each folder, then its sub-folders."""
    status = folder.stat()
    if (status.st_dev, status.st_ino) in tally.visited:
        return
    tally.visited.add((status.st_dev, status.st_ino))
    entries = _entries(folder, tally)
    for entry in entries:
        if entry.is_file():
            if entry.name.lower().endswith(tally.endings):
                yield entry.path
            else:
                tally.add_other(entry.name, label)
    for entry in entries:
        if entry.is_dir():
            yield from _walk(Path(entry.path), tally, label)


def _require_unicode(name: str, root: Path) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InputError(f"a file name that is not Unicode: {name!r}", fix="rename the file", place=str(root)) from None
