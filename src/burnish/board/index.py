"""All runs below a folder, kept up to date by looking at their files."""

from __future__ import annotations

import os
import threading
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from burnish.board.events import Curve
from burnish.board.runs import is_run, line, stamp

DEEP = 3
"""Folders below the given one in which runs are looked for."""


class Index:
    """The runs of a folder.

    Args:
        root: where they lie.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._curves: dict[str, Curve] = {}
        self._versions: dict[str, int] = {}
        self._version = 0

    def refresh(self) -> int:
        """Look at all folders; only files that changed are read. The number of the newest change."""
        with self._lock:
            seen = set()
            for name in _found(str(self.root), self._lines):
                seen.add(name)
                mark = stamp(f"{self.root}/{name}")
                known = self._lines.get(name)
                # An unfinished run may fall silent without a change of its files.
                if known is None or known[0] != mark or known[1]["state"] == "running":
                    told = line(self.root / name, name)
                    if known is None or known[1] != told:
                        self._version += 1
                        self._versions[name] = self._version
                    self._lines[name] = (mark, told)
            for name in set(self._lines) - seen:
                del self._lines[name], self._versions[name]
                self._curves.pop(name, None)
                self._version += 1
            return self._version

    def lines(self, since: int = 0) -> list[dict[str, Any]]:
        """Lines of runs that changed after a number that `refresh` gave; 0: all."""
        with self._lock:
            return [told for name, (_, told) in self._lines.items() if self._versions[name] > since]

    def names(self) -> list[str]:
        """Of all runs."""
        with self._lock:
            return list(self._lines)

    def folder(self, name: str) -> Path:
        """Of a run that was found; never a path that somebody asks for.

        Raises:
            KeyError: there is no such run.
        """
        with self._lock:
            if name not in self._lines:
                raise KeyError(name)
        return self.root / name

    def curve(self, name: str) -> list[tuple[int, float]]:
        """Step and score of each validation of a run."""
        path = self.folder(name) / "events.jsonl"
        with self._lock:
            return self._curves.setdefault(name, Curve(path)).read(None)


def _found(root: str, known: Container[str], before: str = "", deep: int = DEEP) -> Iterator[str]:
    """Names of runs, sorted; below a run no other is looked for, and links are not followed. Known ones are not tried again."""
    if not before and is_run(Path(root)):
        yield "."
        return
    try:
        with os.scandir(root) as entries:
            folders = sorted(e.name for e in entries if e.is_dir(follow_symlinks=False) and e.name[:1] != ".")
    except OSError:
        return
    for folder in folders:
        name = f"{before}{folder}"
        if name in known or is_run(Path(root, folder)):
            yield name
        elif deep > 1:
            yield from _found(f"{root}/{folder}", known, f"{name}/", deep - 1)
