"""A folder of MIDI and MusicXML files, with a table of captions where there is one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, cast

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.looking.file_index import FileIndex
from burnish.data.reading.visible import visible
from burnish.data.settings import cache_folder
from burnish.data.sources import PIECE_ROWS, Arrangement, Notify, Rows, Source, columns_of, file_digest
from burnish.data.sources._spoken_rows import by_split, said_splits
from burnish.media.music.reading import ENDINGS, holds_music, look_version, looked_at, tune_of_file
from burnish.media.music.tune import Tune

MUSIC, CAPTION = "music", "caption"
_TABLES = ("metadata.csv", "metadata.jsonl")
_NAME = "file_name"
_CAPTIONS = ("caption", "text", "description", "prompt")
_XML, _HEAD = ".xml", 2000
_DEPTH, _TRIED = 3, 50
_NAMED = 5
_BESIDE = (*(".csv", ".tsv", ".json", ".jsonl", ".txt", ".md", ".pdf"), _XML)  # what lies beside music and is none
_READ = ("title", "key", "meter")


class MusicFolder(Source):
    """A folder of MIDI and MusicXML files (.mid, .midi, .musicxml, .mxl, .xml), and of folders with such files.

    Rows have `music` (path), `caption`, `title`, `key` and `meter`: the last three as the file says them. Captions are those
    of `metadata.csv` or `metadata.jsonl` in the folder, with `file_name` and `caption`, `text`, `description` or `prompt`;
    other columns of it are kept. Files that cannot be read are left out and named. Folders named like splits are splits.
    """

    holds_paths: ClassVar[bool] = True
    distinctive: ClassVar[bool] = True
    endings: ClassVar[tuple[str, ...]] = ENDINGS

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether files of music are most of what lies in a folder below; looks into a few folders of each level only."""
        return _has_music(folder, _DEPTH)

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The splits that the folders of a folder are, where no music lies beside them."""
        folders = sorted(path for path in folder.iterdir() if path.is_dir() and visible(path.name))
        if _has_music(folder, 0):
            return None
        parts, others = by_split(path for path in folders if _has_music(path, _DEPTH))
        if not parts or others:
            return None
        return Arrangement(parts, (said_splits(folder, parts),))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, with paths as the folder was given: usable from the working directory.

        Raises:
            InputError: no such file, or a table that names a file twice or none of them.
        """
        root = Path(where)
        table = _table(root)
        tally = _Tally()
        rows: list[dict[str, Any]] = []
        for path in _files(root):
            row = _row(path, root, table, tally)
            rows += [row] if row is not None else []
            if len(rows) == PIECE_ROWS:
                yield Rows(columns_of(rows))
                rows = []
        if not tally.read:
            raise InputError(
                "no MIDI or MusicXML file" + (" that can be read" if tally.broken else ""),
                expected="files that end in " + ", ".join((*ENDINGS, _XML)),
                fix=tally.broken[0] if tally.broken else "",
                place=str(root),
            )
        left_out = tuple(tally.left_out(table))
        empty: dict[str, list[Any]] = {name: [] for name in (MUSIC, *_READ)}
        yield Rows(columns_of(rows) if rows else empty, notes=tuple(words for _, words in left_out), left_out=left_out)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name, of each file's relative path and sha256, and of the table.

        Unchanged files are not read again.
        """
        root = Path(where)
        files = list(_files(root))
        with FileIndex(cache_folder(cache), looked_at, look_version()) as index:
            hashed = [
                (path, seen.sha256) for path, seen in zip(files, index.seen(files, len(files), notify), strict=True)
            ]
        tables = (root / name for name in _TABLES)
        hashed += [(path, file_digest(path)) for path in tables if path.is_file()]
        total = hashlib.sha256(f"{root}\n".encode("utf-8", "surrogatepass"))
        for path, sha256 in hashed:
            total.update(f"{os.path.relpath(path, root)}\x1f{sha256}\n".encode("utf-8", "surrogatepass"))
        return total.hexdigest()


@dataclass
class _Tally:
    """What was met on the way.

    Attributes:
        read: files that became rows, relative to the folder.
        broken: files that cannot be read, each with the reason.
        unnamed: files that the table does not name.
    """

    read: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)

    def left_out(self, table: dict[str, dict[str, Any]] | None) -> Iterator[tuple[str, str]]:
        """What is no row, or has no caption, each with its severity and in words."""
        if self.broken:
            yield (
                "warning",
                f"{len(self.broken):,} files cannot be read and are left out: {'; '.join(self.broken[:_NAMED])}",
            )
        if table is None:
            return
        if self.unnamed:
            first = ", ".join(self.unnamed[:_NAMED])
            yield "warning", f"{len(self.unnamed):,} files are not in the table and have no caption (such as {first})"
        if lost := sorted(table.keys() - self.read - {_file(said) for said in self.broken}):
            yield "warning", f"{len(lost):,} files of the table are not there (such as {', '.join(lost[:_NAMED])})"


def _file(said: str) -> str:
    return said.partition(":")[0]


def _row(path: Path, root: Path, table: dict[str, dict[str, Any]] | None, tally: _Tally) -> dict[str, Any] | None:
    relative = Path(os.path.relpath(path, root)).as_posix()
    try:
        relative.encode()
        tune = tune_of_file(path.read_bytes())
    except UnicodeEncodeError:
        raise InputError(
            f"a file name that is not Unicode: {relative!r}", fix="rename the file", place=str(root)
        ) from None
    except (InputError, OSError) as error:
        tally.broken.append(f"{relative}: {error.found if isinstance(error, InputError) else error}")
        return None
    if not tune.notes:
        tally.broken.append(f"{relative}: it holds no note")
        return None
    tally.read.add(relative)
    named = (table or {}).get(relative)
    if table is not None and named is None:
        tally.unnamed.append(relative)
    told = _said(tune)
    beside = {name: value for name, value in (named or {}).items() if name != _NAME}
    blank = {CAPTION: None} if table is not None else {}
    return {MUSIC: str(root / relative), **blank, **told, **beside}


def _said(tune: Tune) -> dict[str, str | None]:
    """What the file says of itself; missing where it says nothing."""
    meter = None if tune.meter is None else f"{tune.meter[0]}/{tune.meter[1]}"
    return {"title": tune.title or None, "key": None if tune.key is None else str(tune.key), "meter": meter}


def _files(root: Path) -> Iterator[Path]:
    """The files of music below a folder, by name; of .xml files those that are MusicXML."""
    for here, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if visible(name))
        for name in sorted(filter(visible, names)):
            path = Path(here) / name
            if name.lower().endswith(ENDINGS) or (name.lower().endswith(_XML) and _is_score(path)):
                yield path


def _is_score(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return holds_music(file.read(_HEAD))
    except OSError:
        return False


def _has_music(folder: Path, depth: int) -> bool:
    try:
        with os.scandir(folder) as entries:
            there = sorted((e for e in entries if visible(e.name)), key=lambda e: e.name)
    except OSError:
        return False
    files = [e.name.lower() for e in there if e.is_file()]
    music = sum(name.endswith(ENDINGS) for name in files)
    if music and 2 * music >= sum(not name.endswith(_BESIDE) for name in files):
        return True
    inside = [e for e in there if e.is_dir()][:_TRIED] if depth else []
    return any(_has_music(Path(e.path), depth - 1) for e in inside)


def _table(root: Path) -> dict[str, dict[str, Any]] | None:
    """The rows of a table of captions by the path of their file; None where there is no table.

    Raises:
        InputError: no `file_name`, none or several columns of captions, or a file that is named twice.
    """
    path = next((root / name for name in _TABLES if (root / name).is_file()), None)
    if path is None:
        return None
    found: dict[str, dict[str, Any]] = {}
    for row in _rows(path):
        captions = [name for name in _CAPTIONS if name in row]
        if _NAME not in row or len(captions) != 1:
            raise InputError(
                f"the columns are {', '.join(map(str, row))}",
                expected=f"{_NAME}, and one of {', '.join(_CAPTIONS)}",
                fix="rename the columns",
                place=str(path),
            )
        named = Path(str(row[_NAME])).as_posix()
        if named in found:
            raise InputError(f"{named} is named twice", expected="a row for each file", place=str(path))
        found[named] = {(CAPTION if name == captions[0] else name): value for name, value in row.items()}
    return found


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows, as the source of such files reads them."""
    for piece in cast(Source, build("burnish.data.sources", {"kind": path.suffix[1:]})).read(path):
        yield from (
            dict(zip(piece.columns, values, strict=True)) for values in zip(*piece.columns.values(), strict=True)
        )
