"""What sources of speech have in common: the columns `audio`, `text`, `speaker`, `start` and `end`, and names of splits."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.data.reading.split_folders import ORDER, PARTS
from burnish.data.sources import Rows

AUDIO, TEXT, SPEAKER, START, END = "audio", "text", "speaker", "start", "end"


def renamed(columns: Mapping[str, Any], names: Mapping[str, str], place: str) -> dict[str, Any]:
    """Columns under other names, those that are renamed first.

    Args:
        columns: of a piece.
        names: from a column of the file to what it is called here; those that are not there are passed over.
        place: the file, for errors.

    Raises:
        InputError: the file has a column of the new name as well.
    """
    new = {names[old]: columns[old] for old in names if old in columns}
    others = {name: values for name, values in columns.items() if name not in names}
    twice = sorted(new.keys() & others.keys())
    if twice:
        old = next(name for name, to in names.items() if to == twice[0])
        raise InputError(
            f"column {old!r} is read as {twice[0]!r}, and the file has a column {twice[0]!r} as well",
            fix=f"rename the column {twice[0]!r}, or read the file as a plain table (data.source)",
            place=place,
        )
    return {**new, **others}


def split_named(name: str) -> str:
    """The split that the first word of a name says (`train-clean-100`, `dev_other`, `test2`); empty where it says none."""
    return PARTS.get(re.split(r"[^a-z]+", name.lower())[0], "")


def by_split(folders: Iterable[Path]) -> tuple[dict[str, tuple[Path, ...]], list[Path]]:
    """Folders by the split that their names say, in the usual order of splits, and those whose names say none."""
    named: dict[str, list[Path]] = {part: [] for part in ORDER}
    others: list[Path] = []
    for folder in folders:
        part = split_named(folder.name)
        (named[part] if part else others).append(folder)
    return {part: tuple(found) for part, found in named.items() if found}, others


def said_splits(root: Path, parts: Mapping[str, Iterable[Path]]) -> str:
    """Which files or folders are which split, in words."""
    listed = (f"{part} is {' and '.join(path.name for path in paths)}" for part, paths in parts.items())
    return f"{root}: splits by their names: {', '.join(listed)}"


def rows_digest(root: Path, pieces: Iterable[Rows]) -> str:
    """A sha256 of a folder's name and of the rows that are read of it, with what was left out."""
    total = hashlib.sha256(f"{root}\n".encode("utf-8", "surrogatepass"))
    for piece in pieces:
        text = json.dumps([piece.columns, piece.notes, piece.left_out])
        total.update(text.encode("utf-8", "surrogatepass"))
    return total.hexdigest()
