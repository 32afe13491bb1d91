"""Pieces of `events.jsonl`: what was added since a place in it, what it ends with, its validation scores."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PIECE = 4 << 20
"""Most bytes that are sent of a file at once."""
TAIL = 64 << 10


@dataclass(frozen=True)
class Piece:
    """New bytes of a file, whole lines only.

    Attributes:
        data: the bytes.
        start, end: where they lie in the file.
        file: which file it is; another one after a run was taken back to a checkpoint, whose lines are then read anew.
        more: whether there are more whole lines behind them.
    """

    data: bytes
    start: int
    end: int
    file: int
    more: bool


def piece(path: Path, start: int, file: int | None, most: int = PIECE) -> Piece | None:
    """What was added to a file behind `start`; from its beginning where it is another file, or shorter than that.

    A line that is not finished yet is left for the next time. None where there is no such file.
    """
    try:
        with open(path, "rb") as source:
            status = os.fstat(source.fileno())
            if (file is not None and file != status.st_ino) or start > status.st_size or start < 0:
                start = 0
            source.seek(start)
            data = source.read(most)
    except OSError:
        return None
    whole = data[: data.rfind(b"\n") + 1]
    end = start + len(whole)
    return Piece(whole, start, end, status.st_ino, bool(whole) and end < status.st_size and len(data) == most)


def last_events(path: Path, most: int = TAIL) -> list[dict[str, Any]]:
    """The events in the last bytes of a file, oldest first; a line that is cut off at either end is left out."""
    try:
        with open(path, "rb") as source:
            size = source.seek(0, os.SEEK_END)
            source.seek(max(0, size - most))
            data = source.read(most)
    except OSError:
        return []
    if size > most:
        data = data[data.find(b"\n") + 1 :]
    return [event for line in data.splitlines(keepends=True) if (event := _event(line)) is not None]


class Curve:
    """The validation scores of one run, read on where it ended the last time.

    Args:
        path: of events.jsonl.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._end = path, 0
        self._file: int | None = None
        self._points: dict[int, dict[str, float]] = {}
        self._deciding = ""

    def read(self, metric: str | None) -> list[tuple[int, float]]:
        """Step and score of each validation of a metric (None: the one that decides); of a step that came twice the last."""
        while (found := piece(self._path, self._end, self._file)) is not None:
            if found.start < self._end or found.start == 0:
                self._points.clear()
            for event in _validations(found.data):
                self._deciding = str(event.get("deciding") or self._deciding)
                scores = event.get("scores") or {}
                self._points[int(event["number"])] = {k: v for k, v in scores.items() if isinstance(v, int | float)}
            self._end, self._file = found.end, found.file
            if not found.more:
                break
        name = metric or self._deciding
        return [(step, scores[name]) for step, scores in sorted(self._points.items()) if name in scores]


def _validations(data: bytes) -> Iterator[dict[str, Any]]:
    """Lines of validations, found by their name: only those are parsed, a few among thousands of steps."""
    mark, place = b'"name": "validation"', 0
    while (place := data.find(mark, place)) >= 0:
        start, end = data.rfind(b"\n", 0, place) + 1, data.find(b"\n", place)
        end = len(data) if end < 0 else end + 1
        event = _event(data[start:end])
        if event is not None and event["name"] == "validation" and isinstance(event.get("number"), int):
            yield event
        place = end


def _event(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and "name" in value and "time" in value else None
