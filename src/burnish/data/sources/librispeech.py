"""LibriSpeech's tree of folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.reading.visible import visible
from burnish.data.sources import PIECE_ROWS, Arrangement, Notify, Rows, Source, columns_of
from burnish.data.sources._spoken_rows import AUDIO, SPEAKER, TEXT, by_split, rows_digest, said_splits, split_named
from burnish.media.sound.reading import ENDINGS

_TEXTS = ".trans.txt"
_USUAL = ".flac"
_DEPTH = 4  # folders in folders: LibriSpeech/train-clean-100/103/1240
_TRIED = 3  # folders of each level that are looked into, to tell what a tree is


class Librispeech(Source):
    """LibriSpeech: a tree of `SPEAKER/CHAPTER/*.trans.txt`, each line an id and a text, with the sounds beside it.

    Rows have `audio`, `text`, `speaker` and `chapter`. Of a folder with train-*, dev-* and test-* folders these are the splits.
    """

    holds_paths: ClassVar[bool] = True
    distinctive: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether there is such a table of texts below a folder; looks into a few folders of each level only."""
        return _has_texts(folder, _DEPTH)

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The splits that the folders of a folder are."""
        inside = [path for path in _folders(folder) if split_named(path.name) and cls.reads_folder(path)]
        parts, _ = by_split(inside)
        if not parts:
            return None
        others = [path.name for path in _folders(folder) if path not in inside]
        unread = f"; not read: {', '.join(others[:10])}" if others else ""
        return Arrangement(parts, (said_splits(folder, parts) + unread,))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, with paths as the folder was given: usable from the working directory.

        Raises:
            InputError: no table of texts, a line that does not begin with an id, or an id that stands twice.
        """
        root, lone, left_out = Path(where), list[str](), tuple[tuple[str, str], ...]()
        rows: list[dict[str, str]] = []
        found = False
        for path in _tables(root):
            found = True
            rows += _rows(path, lone, self.encoding)
            while len(rows) >= PIECE_ROWS:
                yield Rows(columns_of(rows[:PIECE_ROWS]))
                rows = rows[PIECE_ROWS:]
        if not found:
            raise InputError(
                f"no file that ends in {_TEXTS}",
                expected=f"SPEAKER/CHAPTER/*{_TEXTS}, as LibriSpeech has them",
                place=str(root),
            )
        if lone:
            words = f"{len(lone):,} sounds have no line in a {_TEXTS} and are not read (such as {', '.join(lone[:3])})"
            left_out = (("warning", words),)
        empty: dict[str, list[str]] = {name: [] for name in (AUDIO, TEXT, SPEAKER, "chapter")}
        yield Rows(columns_of(rows) if rows else empty, notes=tuple(w for _, w in left_out), left_out=left_out)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name and of its rows."""
        return rows_digest(Path(where), self.read(where))


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and visible(path.name))


def _has_texts(folder: Path, depth: int) -> bool:
    try:
        with os.scandir(folder) as entries:
            there = sorted((e for e in entries if visible(e.name)), key=lambda e: e.name)
    except OSError:
        return False
    if any(e.name.endswith(_TEXTS) and e.is_file() for e in there):
        return True
    inside = [e for e in there if e.is_dir()][:_TRIED] if depth else []
    return any(_has_texts(Path(e.path), depth - 1) for e in inside)


def _tables(root: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if visible(name))
        yield from (Path(here) / name for name in sorted(names) if name.endswith(_TEXTS) and visible(name))


def _rows(path: Path, lone: list[str], encoding: str | None) -> Iterator[dict[str, str]]:
    """The rows of one table; sounds beside it without a line are added to `lone`."""
    sounds = {Path(n).stem: n for n in sorted(os.listdir(path.parent), reverse=True) if n.lower().endswith(ENDINGS)}
    seen: dict[str, int] = {}
    with open_text(path, encoding) as text:
        for number, line in enumerate(text.stream, 1):
            if not (line := line.strip(" \t\r\n")):
                continue
            name, _, words = line.partition(" ")
            places = name.split("-")
            if len(places) < 3 or not all(places):
                raise InputError(
                    f"line {number} begins with {name!r:.60}",
                    expected="an id such as 103-1240-0000, a space, and what is said",
                    place=str(path),
                )
            if name in seen:
                raise InputError(f"the id {name} stands in line {seen[name]} and in line {number}", place=str(path))
            seen[name] = number
            audio = path.parent / sounds.get(name, f"{name}{_USUAL}")
            yield {AUDIO: str(audio), TEXT: words.strip(), SPEAKER: places[0], "chapter": places[1]}
    lone += (sounds[name] for name in sorted(sounds.keys() - seen.keys()))
