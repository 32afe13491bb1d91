"""Files of plain text, which are read as such where documents are wanted; else a .txt is a table of columns."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import Any

from burnish.core.component import build
from burnish.data.data_set import named_sets
from burnish.data.settings import Data

ENDING = ".txt"


def as_plain_texts(data: Data) -> tuple[Data, str]:
    """The settings with source `plain_text` where all that is named is files of plain text, and that in a sentence.

    One file holds a document in each paragraph; of several files each is a document. Where a source is named, or anything
    else, they are as they were, and the sentence is empty.
    """
    parts = [place for part in ("train", "validation", "test") if (place := getattr(data, part)) is not None]
    named = [one.place for place in parts for one in named_sets(place)]
    named += [place for place in parts if not named_sets(place)]
    files = [file for place in named for file in _files(place)]
    if data.source is not None or not files or not all(file.suffix.lower() == ENDING for file in files):
        return data, ""
    documents = "file" if len(files) > len(named) else "paragraph"
    source = build("burnish.data.sources", {"kind": "plain_text", "documents": documents})
    said = f"{ENDING} is read as plain text, a document a {documents}; other ways: data.source.documents=file|paragraph|line"
    return data.model_copy(update={"source": source}), said


def _files(place: Any) -> list[Path]:
    """The files behind a place; one that is no file where it is none."""
    if isinstance(place, list | tuple):
        return [file for one in place for file in _files(one)]
    if not isinstance(place, str | Path):
        return [Path("rows in memory")]
    path = Path(str(place)).expanduser()
    if path.is_dir():
        found = sorted(f for f in path.rglob("*") if f.is_file() and f.name[0] not in "._")
        return [f for f in found if not f.name.lower().startswith("readme")]
    return [Path(match) for match in sorted(glob.glob(str(path), recursive=True))] or [path]
