"""The files of a Kaldi directory: lines of a key and what belongs to it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from burnish.core.errors import InputError
from burnish.data.reading.encodings import open_text

_SPACE = re.compile(r"[ \t]+")
_IN_ARCHIVE = re.compile(r"(ark|scp)(,[a-z,]+)?:.*|.+\.ark(:\d+)?(\[.*\])?")
"""A specifier of Kaldi (`ark:a.ark`, `ark,t:-`), or a place in an archive (`a.ark:17`)."""
_TO_THE_END = -1.0


@dataclass(frozen=True)
class Line:
    """What stands behind a key, and the number of its line."""

    rest: str
    number: int


@dataclass(frozen=True)
class Segment:
    """A part of a recording: from `start` to `end` in seconds; None: to its end."""

    recording: str
    start: float
    end: float | None


def lines_of(path: Path, encoding: str | None) -> dict[str, Line]:
    """The lines of a file by their keys, in order; blank lines are passed over.

    Raises:
        InputError: a key stands twice (both lines named), or the file is no text.
    """
    lines: dict[str, Line] = {}
    with open_text(path, encoding) as text:
        for number, written in enumerate(text.stream, 1):
            key, *rest = _SPACE.split(written.strip(" \t\r\n"), maxsplit=1)
            if not key:
                continue
            if key in lines:
                raise InputError(f"{key!r} stands in line {lines[key].number} and in line {number}", place=str(path))
            lines[key] = Line(rest[0] if rest else "", number)
    return lines


def recordings_of(path: Path, encoding: str | None) -> dict[str, str]:
    """The paths that a wav.scp names, by recording. Its commands are never run.

    Raises:
        InputError: a command, a place in an archive, or no path (line named).
    """
    recordings = {}
    for key, line in lines_of(path, encoding).items():
        place = f"{path}, line {line.number}"
        if line.rest.endswith("|") or line.rest.startswith("|"):
            raise InputError(
                f"{key!r} is a command: {line.rest!r:.100}",
                expected="the path of a sound file; burnish runs no commands of data",
                fix="convert the recordings first (in Kaldi: wav-copy scp:wav.scp, or run the commands with > FILE.wav), and "
                "name the files",
                place=place,
            )
        if _IN_ARCHIVE.fullmatch(line.rest):
            raise InputError(
                f"{key!r} is a place in an archive: {line.rest!r:.100}",
                expected="the path of a sound file",
                fix="write the recordings as files first (in Kaldi: wav-copy), and name the files",
                place=place,
            )
        if not line.rest:
            raise InputError(f"{key!r} has no path", expected="an id and the path of a sound file", place=place)
        recordings[key] = line.rest
    return recordings


def segments_of(path: Path, encoding: str | None) -> dict[str, tuple[Segment, int]]:
    """The segments by utterance, each with its line.

    Raises:
        InputError: not a recording and two times, or times that are none (line named).
    """
    segments = {}
    for key, line in lines_of(path, encoding).items():
        place = f"{path}, line {line.number}"
        fields = _SPACE.split(line.rest)
        if len(fields) != 3:
            raise InputError(
                f"the line has {len(fields) + 1} fields",
                expected="four: utterance, recording, start and end in seconds",
                place=place,
            )
        start, end = (_seconds(field, place) for field in fields[1:])
        if start < 0 or (end <= start and end != _TO_THE_END):
            raise InputError(
                f"a segment from {fields[1]} to {fields[2]} seconds",
                expected="0 <= start < end; an end of -1 is that of the recording",
                place=place,
            )
        segments[key] = (Segment(fields[0], start, None if end == _TO_THE_END else end), line.number)
    return segments


def _seconds(field: str, place: str) -> float:
    try:
        value = float(field)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InputError(f"{field!r} is no time", expected="seconds, such as 1.25", place=place)
    return value
