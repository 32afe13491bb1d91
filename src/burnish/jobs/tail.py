"""What the runs below a folder have said since one last looked: only new bytes of their `events.jsonl` are read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVENTS = "events.jsonl"
TOLD = ("run_started", "validation", "run_failed")
"""Events that are passed on, each; of steps only the last one is."""


@dataclass
class _Read:
    inode: int = 0
    offset: int = 0


@dataclass
class Tail:
    """New events of the runs in a folder and in the folders right below it.

    A file that was written anew (a run was resumed) is read from its beginning: events may come twice, with equal numbers.
    """

    folder: Path
    _read: dict[Path, _Read] = field(default_factory=dict)

    def new(self) -> list[dict[str, Any]]:
        """Events as they are in the file, with `run`, the name of the folder they are in."""
        found: list[dict[str, Any]] = []
        for path in sorted([*self.folder.glob(EVENTS), *self.folder.glob(f"*/{EVENTS}")]):
            last_step: dict[str, Any] | None = None
            for event in self._lines(path):
                told = {**event, "run": path.parent.name}
                if event.get("name") == "step":
                    last_step = told
                elif event.get("name") in TOLD:
                    found.append(told)
            found += [last_step] if last_step else []
        return found

    def _lines(self, path: Path) -> list[dict[str, Any]]:
        known = self._read.setdefault(path, _Read())
        try:
            with path.open("rb") as file:
                inode = path.stat().st_ino
                if inode != known.inode or path.stat().st_size < known.offset:
                    known.inode, known.offset = inode, 0
                file.seek(known.offset)
                data = file.read()
        except FileNotFoundError:  # another file is about to take its place
            return []
        whole = data[: data.rfind(b"\n") + 1]  # a line that is being written is read next time
        known.offset += len(whole)
        return [value for line in whole.splitlines() if (value := _parsed(line)) is not None]


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
