"""A folder of sounds with a table of their texts."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any, cast

from pydantic import Field

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.reading.split_folders import part_of
from burnish.data.reading.visible import visible
from burnish.data.sources import Arrangement, Rows, Source
from burnish.data.sources._first_lines import first_lines
from burnish.data.sources._spoken_rows import AUDIO, TEXT, renamed
from burnish.media.paths import is_file
from burnish.media.sound.reading import ENDINGS

_FILES = ("metadata.csv", "metadata.jsonl")
_NAME = "file_name"
_TEXTS = ("transcription", "text", "sentence")
_SPLIT = "split"


class AudioMetadata(Source):
    """A Hugging Face audio folder: `metadata.csv` or `metadata.jsonl` beside or above sounds, with `file_name` and texts.

    The texts are in `transcription`, `text` or `sentence`. Rows have `audio` and `text`; other columns are kept. Where the
    files lie in folders named like splits below the table, the column `split` says in which.
    """

    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether a metadata file names sounds with one column of texts."""
        if path.name.lower() not in _FILES:
            return False
        row = _first_row(path)
        texts = [name for name in _TEXTS if name in row]
        return len(texts) == 1 and str(row.get(_NAME, "")).lower().endswith(ENDINGS)

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The table of a folder that has one; None where the folders of splits have tables of their own.

        Raises:
            InputError: one table stands above the folders of several splits.
        """
        table = next((folder / name for name in _FILES if cls.recognises(folder / name)), None)
        if table is None:
            return None
        inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and visible(path.name)]
        if any(is_file(path / name) for path in inside for name in _FILES):
            return None
        splits = [path.name for path in inside if part_of(path.name)]
        if len({part_of(name) for name in splits}) > 1:
            raise InputError(
                f"{table.name} stands above folders that are named like splits ({', '.join(splits)})",
                expected="a table in each of them, or a split by the folder that a file lies in",
                fix=f"data.train={table} 'split={{kind: column, column: {_SPLIT}}}' divides the rows by their folders",
                place=str(folder),
            )
        return Arrangement({"train": (table,)}, (f"{folder}: {table.name} names the sounds and their texts",))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces.

        Raises:
            InputError: no `file_name`, none or several columns of texts, or as of the format of the table.
        """
        path = Path(where)
        kind = "csv" if path.name.lower().endswith(".csv") else "jsonl"
        for piece in cast(Source, build("burnish.data.sources", {"kind": kind, "encoding": self.encoding})).read(path):
            texts = [name for name in _TEXTS if name in piece.columns]
            if _NAME not in piece.columns or len(texts) != 1:
                raise InputError(
                    f"the columns are {', '.join(piece.columns)}",
                    expected=f"{_NAME}, and one of {', '.join(_TEXTS)}",
                    fix=f"rename the columns, or read it as a plain table: data.source={kind}",
                    place=str(path),
                )
            columns = renamed(piece.columns, {_NAME: AUDIO, texts[0]: TEXT}, str(path))
            splits = [_split(name) for name in columns[AUDIO]]
            if _SPLIT in columns or not any(splits):
                yield replace(piece, columns=columns)
                continue
            said = "the folders of the files are in column 'split': `split={kind: column, column: split}` divides by it"
            yield replace(piece, columns={**columns, _SPLIT: splits}, notes=(*piece.notes, said))


def _split(name: Any) -> str | None:
    """The split that the first folder of a path says."""
    parts = PurePosixPath(name).parts if isinstance(name, str) else ()
    return part_of(parts[0]) or None if len(parts) > 1 else None


def _first_row(path: Path) -> dict[str, Any]:
    lines = [line for line in first_lines(path) if line.strip()]
    if path.name.lower().endswith(".csv"):
        rows = list(csv.reader(lines[:2]))
        return dict(zip(rows[0], rows[1], strict=False)) if len(rows) == 2 else {}
    try:
        value = json.loads(lines[0]) if lines else {}
    except (ValueError, RecursionError):
        return {}  # said when it is read
    return value if isinstance(value, dict) else {}
