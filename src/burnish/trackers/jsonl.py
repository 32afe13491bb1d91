"""`events.jsonl`: the record of a run that is always kept."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.trackers import Listener, Tracker
from burnish.trackers._values import json_ready

_REPEATED_AT_THE_END = ("test", "run_finished")


class Jsonl(Tracker):
    """Every event as one line of JSON in the run folder; always on.

    A line is `{"time": ..., "name": ..., values ...}`. Numbers that are not finite are null, and named in `nonfinite`.
    """

    file: str = Field("events.jsonl", description="Name of the file in the run folder.")

    def open(self, run: Path, *, resume: bool) -> Listener:
        """Start or, with `resume`, continue the file; a half-written last line is moved aside, and that is said.

        Raises:
            InputError: the file is there and the run is not being resumed.
        """
        path = run / self.file
        if path.exists() and not resume:
            raise InputError(
                "the record of a run is here already", fix="choose another folder, or resume the run", place=str(path)
            )
        lost = repair(path) if resume else 0
        listener = _JsonlCurves(path)
        if lost:
            text = f"{path.name}: {lost} half-written or unreadable line(s) moved to {_aside(path, 'damaged').name}"
            print(f"warning: {text}", file=sys.stderr)
            listener(Event("warning", {"text": text}))
        return listener


class _JsonlCurves:
    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: each line is one write, so a killed process loses at most the line being written.
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115

    def __call__(self, event: Event) -> None:
        line = json.dumps({"time": event.time, "name": event.name, **json_ready(event.values)}, ensure_ascii=False)
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        self._follow()
        start = os.fstat(self._file.fileno()).st_size
        try:
            written = self._file.write(data)
        except OSError:
            written = -1
            raise
        finally:
            if written != len(data):
                self._file.truncate(start)  # a full disk must not leave half a line for the next one to run into
        if written != len(data):
            raise OSError(f"{self._path}: only {written} of {len(data)} bytes could be written")

    def _follow(self) -> None:
        """Open the file anew where `rewind` has put another one in its place."""
        try:
            same = os.path.samestat(os.fstat(self._file.fileno()), os.stat(self._path))
        except FileNotFoundError:
            same = False
        if not same:
            self._file.close()
            self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115

    def close(self, failed: bool) -> None:
        self._file.close()


def events(path: Path) -> Iterator[Event]:
    """The events in a file this tracker wrote, oldest first; lines that cannot be read are skipped."""
    for _, value in _lines(path):
        if value is not None:
            yield Event(value.pop("name"), time=value.pop("time"), values=value)


def repair(path: Path) -> int:
    """Move unreadable lines of an events file to `events.damaged.jsonl`; returns how many there were."""
    return _move(path, [line for line, value in _lines(path) if value is None], _aside(path, "damaged"))


def rewind(run: Path, step: int, file: str = "events.jsonl") -> int:
    """Take back what happened after `step`, before a run resumed from that step makes it happen again.

    Numbered events (step, validation, checkpoint) after `step` move to `events.rewound.jsonl`, and so do test scores and
    the end of the run; notes, warnings and failures stay, for they are history. So every step occurs once.

    Returns:
        How many events were moved.
    """
    path = run / file
    repair(path)
    gone = [
        line
        for line, value in _lines(path)
        if value is not None and (value.get("number", step) > step or value["name"] in _REPEATED_AT_THE_END)
    ]
    return _move(path, gone, _aside(path, "rewound"))


def _aside(path: Path, why: str) -> Path:
    return path.with_name(f"{path.stem}.{why}{path.suffix}")


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, Any] | None]]:
    """Each line with what it says, or None where it is not an event."""
    if not path.exists():
        return
    with open(path, "rb") as file:
        for line in file:
            try:
                value = json.loads(line)
            except ValueError:
                value = None
            whole = isinstance(value, dict) and "name" in value and "time" in value and line.endswith(b"\n")
            yield line, value if whole else None


def _move(path: Path, gone: list[bytes], aside: Path) -> int:
    """Append lines to `aside`, then write `path` without them, so that being killed in between loses nothing."""
    if not gone:
        return 0
    with open(aside, "ab") as file:
        file.writelines(line if line.endswith(b"\n") else line + b"\n" for line in gone)
        file.flush()
        os.fsync(file.fileno())
    unwanted = set(gone)
    rest = path.with_name(path.name + ".part")
    with open(path, "rb") as source, open(rest, "wb") as target:
        target.writelines(line for line in source if line not in unwanted)
        target.flush()
        os.fsync(target.fileno())
    rest.replace(path)
    return len(gone)
