"""Reading: any source becomes a memory-mapped Arrow table, made once and kept in a cache."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from burnish.core.errors import InputError
from burnish.data.data_set import named_sets
from burnish.data.joining import of_data_set
from burnish.data.reading.one_type import columns_without_a_type, require_one_type
from burnish.data.reading.places import Place, locate
from burnish.data.reading.shards import require_like
from burnish.data.reading.writer import Writer
from burnish.data.settings import Data, cache_folder, cache_unwritable
from burnish.data.streaming.sampling import sample
from burnish.data.table import Origin, Table

VERSION = 3
"""Of what reading writes; raised when the same file would give another table, so that old cache entries are not used."""
Notify: TypeAlias = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and out of how much (0 where that is not known)."""


def read(data: Data | Any, part: str = "train", *, cache: Path | None = None, notify: Notify | None = None) -> Table:
    """One part of the data as a table in memory-mapped Arrow. Memory does not grow with the number of rows.

    Args:
        data: settings, or just a path, glob, folder, hub name or data in memory.
        part: which of `train`, `validation`, `test` of the settings.
        cache: folder that is used instead of the settings' own.
        notify: told how far hashing and reading are.

    Raises:
        InputError: see the sources; nothing is left in the cache then.
    """
    settings = data if isinstance(data, Data) else Data(train=data)
    what = getattr(settings, part)
    if what is None:
        raise InputError(f"no {part} data is named", place=f"data.{part}")
    return _read(what, settings, part, part if isinstance(data, Data) else "rows", cache, notify)


def _read(what: Any, settings: Data, part: str, named: str, cache: Path | None, notify: Notify | None) -> Table:
    """The table of one place, called `named` in what is said."""
    notify = notify or (lambda text, done, total: None)
    places, notes = locate(what, settings, part)
    before = [_stamp(p) for p in places]
    cached = cache_folder(cache if cache is not None else settings.cache)
    digests = []
    for i, place in enumerate(places):
        notify("hashing", i, len(places))
        digests.append(place.source.digest(place.where, cached, notify))
    folder = cached / "tables"
    entry = folder / _key(places, digests)
    about = _about(entry)
    if about is None:
        about = _build(entry, places, notify)
        if before != [_stamp(p) for p in places]:
            shutil.rmtree(entry, ignore_errors=True)
            raise InputError("the file changed while it was read", fix="wait until it is written, then run again")
        said = "cache miss: read and kept"
    else:
        said = "cache hit"
    return _table(entry, about, places, digests, [*notes, f"{named}: {said} in {folder}"])


def read_parts(data: Data, *, cache: Path | None = None, notify: Notify | None = None) -> dict[str, Table]:
    """The tables of all parts that are named: `train`, and `validation` and `test` where there are any.

    A part of several data sets is as many tables, each a `DataSetTable` under the name of both; `joined` makes one of them.
    """
    tables: dict[str, Table] = {}
    for part in ("train", "validation", "test"):
        if part == "train" and data.stream is not None:
            tables[part] = sample(data)
            continue
        what = getattr(data, part)
        if what is None:
            continue
        for one in named_sets(what):
            called = f"{part}, data set {one.name}"
            tables[called] = of_data_set(_read(one.place, data, part, called, cache, notify), part, one)
        if not named_sets(what):
            tables[part] = read(data, part, cache=cache, notify=notify)
    return tables


def _stamp(place: Place) -> tuple[int, int] | None:
    if isinstance(place.where, Path) and place.where.is_file():
        status = place.where.stat()
        return status.st_size, status.st_mtime_ns
    return None


def _key(places: Sequence[Place], digests: Sequence[str]) -> str:
    """Content, settings and code version; not paths or times, so that a moved file is still a hit."""
    parts = [[p.source.model_dump(mode="json"), digest] for p, digest in zip(places, digests, strict=True)]
    return hashlib.sha256(json.dumps([VERSION, pa.__version__.split(".")[0], parts]).encode()).hexdigest()[:40]


def _about(entry: Path) -> dict[str, Any] | None:
    """What was kept about an entry; None where there is no whole entry."""
    try:
        about = json.loads((entry / "about.json").read_text(encoding="utf-8"))
        whole = (entry / "rows.arrow").stat().st_size == about["bytes"]
    except (OSError, ValueError, KeyError):
        return None
    return dict(about) if whole else None


def _build(entry: Path, places: Sequence[Place], notify: Notify) -> dict[str, Any]:
    """Write the entry aside and rename it, so that it is whole or not there."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        _sweep(entry.parent)
        aside = Path(tempfile.mkdtemp(prefix=".aside-", dir=entry.parent))
    except OSError as error:
        raise cache_unwritable(entry.parent, error) from error
    try:
        about = _written(aside, places, notify)
        if _about(entry) is None:
            shutil.rmtree(entry, ignore_errors=True)
        try:
            aside.rename(entry)
        except OSError:
            if _about(entry) is None:  # not just another process that was faster
                raise
        return about
    except OSError as error:
        raise cache_unwritable(entry.parent, error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _written(aside: Path, places: Sequence[Place], notify: Notify) -> dict[str, Any]:
    writer = Writer(aside)
    files: list[dict[str, Any]] = []
    total = 0
    try:
        for place in places:
            rows, encoding, notes, left_out = 0, "", dict[str, None](), list[tuple[str, str]]()
            columns: dict[str, None] = {}
            for piece in place.source.read(place.where):
                rows += writer.add(piece.columns, place.shown, rows)
                encoding = piece.encoding or encoding
                notes.update(dict.fromkeys(piece.notes))
                left_out += piece.left_out
                columns.update(dict.fromkeys(piece.columns))
                notify(f"reading {place.shown}", total + rows, 0)
            total += rows
            described = require_like(place.shown, rows, list(columns), place.source.optional_columns, files)
            files.append({**described, "encoding": encoding, "notes": list(notes), "left_out": left_out})
        writer.finish(aside / "rows.arrow")
    except BaseException:
        writer.abandon()
        raise
    about = {"files": files, "bytes": (aside / "rows.arrow").stat().st_size}
    with (aside / "about.json").open("w", encoding="utf-8") as file:
        json.dump(about, file)
        file.flush()
        os.fsync(file.fileno())
    return about


def _table(
    entry: Path, about: dict[str, Any], places: Sequence[Place], digests: Sequence[str], notes: list[str]
) -> Table:
    with pa.memory_map(str(entry / "rows.arrow")) as source:
        arrow = pa.ipc.open_file(source).read_all()
    origins = tuple(
        Origin(place.shown, digest, kept["rows"], kept["encoding"])
        for place, digest, kept in zip(places, digests, about["files"], strict=True)
    )
    left_out = tuple(
        (severity, f"{place.shown}: {words}")
        for place, kept in zip(places, about["files"], strict=True)
        for severity, words in kept["left_out"]
    )
    table = Table(arrow, origins, (*notes, *_said(places, about["files"])), left_out)
    unlike = columns_without_a_type(arrow.schema)
    if len(unlike) == len(table.columns):
        require_one_type(table, table.columns)
    said = (
        f"{table.place(why['row'])}: {why['found']}; the column is kept as JSON text, and no run can read it"
        for why in unlike.values()
    )
    return replace(table, notes=(*table.notes, *said))


def _said(places: Sequence[Place], files: Sequence[dict[str, Any]]) -> list[str]:
    """Encodings and other notes, each once with the files it is about."""
    about: dict[str, list[str]] = {}
    for place, kept in zip(places, files, strict=True):
        for note in [f"read as {kept['encoding']}"] * bool(kept["encoding"]) + kept["notes"]:
            about.setdefault(note, []).append(place.shown)
    return [
        f"{shown[0] if len(shown) == 1 else f'{shown[0]} and {len(shown) - 1} more'}: {note}"
        for note, shown in about.items()
    ]


def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left aside a day or more ago."""
    for old in folder.glob(".aside-*"):
        if time.time() - old.stat().st_mtime > 86_400:
            shutil.rmtree(old, ignore_errors=True)
