"""The tables of Common Voice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import Field

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.sources import Arrangement, Notify, Rows, Source, file_digest
from burnish.data.sources._first_lines import first_lines
from burnish.data.sources._spoken_rows import AUDIO, SPEAKER, TEXT, renamed

_CLIPS = "clips"
_NEEDED = {"client_id", "path", "sentence"}
_NAMES = {"path": AUDIO, "sentence": TEXT, "client_id": SPEAKER}
_SPLITS = {"train": "train.tsv", "validation": "dev.tsv", "test": "test.tsv"}
_ALL = "validated.tsv"


class CommonVoice(Source):
    """A downloaded Common Voice folder, or one `.tsv` of it: rows have `audio`, `text` and `speaker`; others are kept.

    Of a folder train.tsv, dev.tsv and test.tsv are the splits where all of them are there, else validated.tsv is read.
    Recordings lie in clips/ beside the table, or beside it where there is no such folder.
    """

    distinctive: ClassVar[bool] = True
    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether the first line of a .tsv names `client_id`, `path` and `sentence`."""
        if not path.name.lower().endswith((".tsv", ".tsv.gz")):
            return False
        lines = first_lines(path)
        return bool(lines) and set(lines[0].split("\t")) >= _NEEDED

    @classmethod
    def arrangement(cls, folder: Path) -> Arrangement | None:
        """The splits of a downloaded folder."""
        splits = {part: folder / name for part, name in _SPLITS.items()}
        there = [name for name in (*_SPLITS.values(), _ALL) if (folder / name).is_file()]
        if not there or not cls.recognises(folder / there[-1]):
            return None
        others = sorted(path.name for path in folder.glob("*.tsv") if path.name not in there)
        if all(path.is_file() for path in splits.values()):
            said = f"{folder}: Common Voice: train.tsv, dev.tsv and test.tsv are the splits"
            unread = [*[_ALL] * (_ALL in there), *others]
            parts: dict[str, tuple[Path, ...]] = {part: (path,) for part, path in splits.items()}
        elif _ALL in there:
            said = f"{folder}: Common Voice: {_ALL} is read, and splits are made of it"
            unread = [*(name for name in there if name != _ALL), *others]
            parts = {"train": (folder / _ALL,)}
        else:
            missing = ", ".join(path.name for path in splits.values() if not path.is_file())
            raise InputError(
                f"a Common Voice folder without {missing}, and without {_ALL}",
                expected=f"train.tsv, dev.tsv and test.tsv, or {_ALL}",
                fix=f"name the table to read: {folder / there[0]}",
                place=str(folder),
            )
        return Arrangement(parts, (said + (f"; not read: {', '.join(unread)}" if unread else ""),))

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces.

        Raises:
            InputError: no such table, or a row with too many or too few fields (row and line named).
        """
        path = Path(where)
        clips = _clips(path)
        table = cast(
            Source,
            build(
                "burnish.data.sources", {"kind": "csv", "delimiter": "tab", "quotes": False, "encoding": self.encoding}
            ),
        )
        for piece in table.read(path):
            missing = sorted(_NEEDED - piece.columns.keys())
            if missing:
                raise InputError(
                    f"no table of Common Voice: no column {', '.join(map(repr, missing))}",
                    expected=", ".join(sorted(_NEEDED)),
                    place=str(path),
                )
            plain = {name: [_unquoted(cell) for cell in cells] for name, cells in piece.columns.items()}
            plain["path"] = [_placed(cell, clips) for cell in plain["path"]]
            yield replace(piece, columns=renamed(plain, _NAMES, str(path)))

    def digest(self, where: Any, cache: Path | None = None, notify: Notify | None = None) -> str:
        """A sha256 of the file, and of whether the recordings lie in clips/."""
        path = Path(where)
        return hashlib.sha256(f"{file_digest(path)} {_clips(path)}".encode()).hexdigest()


def _clips(path: Path) -> str:
    return _CLIPS if (path.parent / _CLIPS).is_dir() else ""


def _placed(name: str, clips: str) -> str:
    """The path of a recording relative to the table; names without a folder lie in clips/."""
    return f"{clips}/{name}" if clips and name.strip() and "/" not in name else name


def _unquoted(cell: str) -> str:
    """A field without the quotes around it: some releases write them as CSV does, others not at all."""
    inner = cell[1:-1]
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"' and '"' not in inner.replace('""', "")
    return inner.replace('""', '"') if quoted else cell
