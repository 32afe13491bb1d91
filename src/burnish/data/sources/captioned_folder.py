"""A folder of recordings with their captions beside them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text
from burnish.data.reading.visible import visible
from burnish.data.sources import PIECE_ROWS, Arrangement, Notify, Rows, Source, columns_of
from burnish.data.sources._spoken_rows import by_split, rows_digest, said_splits, split_named
from burnish.media.sound.reading import ENDINGS

CAPTION, AUDIO = "caption", "audio"
_BESIDE = (".txt", ".json")
_TAGS = ("genre", "moods", "instrument", "keywords", "key", "bpm")
_DEPTH, _TRIED = 4, 3  # folders in folders, and how many of each level are looked into to tell what a folder is


class CaptionedFolder(Source):
    """A tree of recordings, each with its caption in a file of the same name: text in `.txt`, or audiocraft's `.json`.

    Of audiocraft's JSON the caption is the `description`, else the tags that it has (genre, moods, instrument, keywords, key,
    bpm) one after the other. Rows have `caption` and `audio`. Folders named like splits are splits.
    """

    holds_paths: ClassVar[bool] = True
    distinctive: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding of captions; found when left out.")

    @classmethod
    def reads_folder(cls, folder: Path) -> bool:
        """Whether a recording has a caption beside it, in a few folders of each level."""
        return _captioned(folder, _DEPTH)

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The splits that the folders of a folder are."""
        inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and visible(path.name)]
        parts, _ = by_split([path for path in inside if split_named(path.name) and cls.reads_folder(path)])
        return Arrangement(parts, (said_splits(folder, parts),)) if parts else None

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces, with paths as the folder was given.

        Raises:
            InputError: no recording has a caption, or one is no text and no JSON object.
        """
        root, alone, rows = Path(where), list[str](), list[dict[str, str]]()
        found = False
        for here, folders, names in os.walk(root):
            folders[:] = sorted(name for name in folders if visible(name))
            for row in self._of_folder(Path(here), sorted(filter(visible, names)), alone):
                found = True
                rows.append(row)
            while len(rows) >= PIECE_ROWS:
                yield Rows(columns_of(rows[:PIECE_ROWS]))
                rows = rows[PIECE_ROWS:]
        if not found:
            raise InputError(
                "no recording has a caption beside it",
                expected="files such as a.wav with a.txt or a.json",
                place=str(root),
            )
        left_out: tuple[tuple[str, str], ...] = ()
        if alone:
            words = f"{len(alone):,} recordings have no caption beside them and are not read (such as {', '.join(alone[:3])})"
            left_out = (("warning", words),)
        empty: dict[str, list[str]] = {CAPTION: [], AUDIO: []}
        yield Rows(columns_of(rows) if rows else empty, notes=tuple(w for _, w in left_out), left_out=left_out)

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the folder's name and of its rows."""
        return rows_digest(Path(where), self.read(where))

    def _of_folder(self, folder: Path, names: Sequence[str], alone: list[str]) -> Iterator[dict[str, str]]:
        there = set(names)
        for name in names:
            if not name.lower().endswith(ENDINGS):
                continue
            stem = name.rpartition(".")[0]
            beside = next((stem + ending for ending in _BESIDE if stem + ending in there), None)
            if beside is None:
                alone.append(str(folder / name))
            else:
                yield {CAPTION: self._caption(folder / beside), AUDIO: str(folder / name)}

    def _caption(self, path: Path) -> str:
        with open_text(path, self.encoding) as text:
            whole = "".join(text.stream)
        return _described(whole, path) if path.suffix == ".json" else " ".join(whole.split())


def _described(text: str, path: Path) -> str:
    """The description of audiocraft's JSON, else its tags."""
    try:
        about = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON: {error}", expected="a description of audiocraft", place=str(path)) from None
    if not isinstance(about, dict):
        raise InputError("a JSON list or value", expected="an object with `description`", place=str(path))
    if isinstance(about.get("description"), str) and about["description"].strip():
        return " ".join(about["description"].split())
    return ". ".join(f"{name}: {_listed(about[name])}" for name in _TAGS if about.get(name))


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _captioned(folder: Path, depth: int) -> bool:
    try:
        with os.scandir(folder) as entries:
            there = sorted((e for e in entries if visible(e.name)), key=lambda e: e.name)
    except OSError:
        return False
    names = {e.name for e in there}
    sounds = [name for name in sorted(names) if name.lower().endswith(ENDINGS)][:_TRIED]
    if any(sound.rpartition(".")[0] + ending in names for sound in sounds for ending in _BESIDE):
        return True
    inside = [e for e in there if e.is_dir()][:_TRIED] if depth else []
    return any(_captioned(Path(e.path), depth - 1) for e in inside)
