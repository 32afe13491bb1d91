"""Manifests of NeMo."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pydantic import Field

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.data.sources import Rows, Source
from burnish.data.sources._first_lines import first_lines
from burnish.data.sources._spoken_rows import AUDIO, END, START, renamed

_PATH, _OFFSET, _DURATION = "audio_filepath", "offset", "duration"
_ENDINGS = (".jsonl", ".json", ".ndjson", ".jsonl.gz", ".json.gz", ".ndjson.gz")


class Nemo(Source):
    """A NeMo manifest: one JSON object a line with `audio_filepath`, `text`, `duration` and perhaps `offset`.

    Rows have `audio` and the other keys as they are; where an `offset` is given, `start` and `end` in seconds, else
    the whole file is the row. Files that end in .json or .jsonl are read so where their first line is written so.
    """

    encoding: str | None = Field(None, description="Text encoding; found when left out.")

    @classmethod
    def recognises(cls, path: Path) -> bool:
        """Whether the first line is a JSON object with `audio_filepath`."""
        if not path.name.lower().endswith(_ENDINGS):
            return False
        first = next((line for line in first_lines(path) if line.strip()), "")
        try:
            value = json.loads(first) if _PATH in first else None
        except (ValueError, RecursionError):
            return False  # said when it is read
        return isinstance(value, dict) and _PATH in value

    def read(self, where: Any) -> Iterator[Rows]:
        """The rows in pieces.

        Raises:
            InputError: a line that is no JSON object, no `audio_filepath` in any, an offset or duration that is no length
                of time (row named).
        """
        path, done = Path(where), 0
        lines = cast(Source, build("burnish.data.sources", {"kind": "jsonl", "encoding": self.encoding}))
        for piece in lines.read(path):
            columns = dict(piece.columns)
            if columns and _PATH not in columns:
                raise InputError(
                    f"no NeMo manifest: no {_PATH!r} from row {done + 1} on",
                    expected=f"{_PATH}, text, duration",
                    place=str(path),
                )
            rows = len(next(iter(columns.values()), []))
            columns |= _stretches(columns, rows, f"{path}, row", done)
            columns.pop(_OFFSET, None)
            yield replace(piece, columns=renamed(columns, {_PATH: AUDIO}, str(path)))
            done += rows


def _stretches(columns: dict[str, Any], rows: int, place: str, done: int) -> dict[str, list[float | None]]:
    """Start and end of each row in seconds, where any has an offset; None: the beginning or the end of its file."""
    offsets = columns.get(_OFFSET, [None] * rows)
    durations = columns.get(_DURATION, [None] * rows)
    starts: list[float | None] = []
    ends: list[float | None] = []
    for number, (offset, duration) in enumerate(zip(offsets, durations, strict=True), done + 1):
        start = _seconds(offset, _OFFSET, f"{place} {number}", least=0.0)
        length = _seconds(duration, _DURATION, f"{place} {number}", least=math.ulp(0.0))
        starts.append(start)
        ends.append(None if start is None or length is None else start + length)
    if all(start is None for start in starts):
        return {}
    for name in (START, END):
        if name in columns:
            raise InputError(
                f"offsets are read as {START!r} and {END!r}, and the manifest has {name!r} as well",
                fix=f"rename {name!r}, or leave the offsets out",
                place=place.removesuffix(", row"),
            )
    return {START: starts, END: ends}


def _seconds(value: Any, name: str, place: str, *, least: float) -> float | None:
    if value is None:
        return None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < least:
        raise InputError(
            f"{name} is {value!r}",
            expected="seconds from the beginning of the file" if name == _OFFSET else "seconds, more than 0",
            fix="correct the manifest, or leave the row out",
            place=place,
        )
    return float(value)
