"""Answers kept piece by piece beside the file they will become, so that a killed run goes on where it was."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import ASIDE, sha256, write_json

STATE, DONE, LOCK = "state.json", "done.jsonl", "lock"


def folder_of(out: Path) -> Path:
    """Where the pieces of a file of answers lie until it is complete."""
    return out.with_name(f"{ASIDE}{out.name}.pieces")


def piece_path(folder: Path, piece: int) -> Path:
    """The file of a piece, numbered from 0."""
    return folder / f"piece-{piece:08}"


@dataclass
class Pieces:
    """Pieces on disk, numbered from 0.

    Attributes:
        folder: where they lie.
        cut: rows of a piece, as the run that began has cut them, whatever the number of processes is now.
        done: what is known of each finished piece: `piece`, `sha256`, `rows`, `errors`.
    """

    folder: Path
    cut: int
    done: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, written: dict[str, Any]) -> None:
        """Note a piece as finished, once it is on disk; a kill between the two only costs that piece."""
        with (self.folder / DONE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(written) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.done[int(written["piece"])] = written

    def recall(self) -> None:
        """What an earlier run has finished and is still as it was written; damaged pieces are made again."""
        path = self.folder / DONE
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        for line in lines:
            try:
                written = json.loads(line)
            except ValueError:  # the line that was being written when the run was killed
                continue
            file = piece_path(self.folder, int(written["piece"]))
            if file.is_file() and sha256(file) == written["sha256"]:
                self.done[int(written["piece"])] = written
        # Written anew: a torn last line must not run into the next one.
        path.write_text("".join(json.dumps(w) + "\n" for w in self.done.values()), encoding="utf-8")


@contextmanager
def working(out: Path) -> Iterator[Path]:
    """The folder of pieces, for one process at a time.

    Raises:
        InputError: another process is writing the same file.
    """
    folder = folder_of(out)
    folder.mkdir(exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # given up by the kernel however this process ends
        except OSError:
            raise InputError(
                "another `burnish predict` is writing this file",
                fix="wait for it, or choose another -o",
                place=str(out),
            ) from None
        try:
            yield folder
        except BaseException:
            if not (folder / DONE).is_file():
                forget(folder)  # nothing is lost with it
            raise


def begun(folder: Path, job: dict[str, Any], *, rows: int, cut: int) -> Pieces:
    """The pieces of this job: those an interrupted run left, or none yet.

    Args:
        folder: of `working`.
        job: what pieces depend on: model, rows, settings.
        rows: of the whole table.
        cut: rows of a piece, where none is there yet.

    Raises:
        InputError: what lies there is of another job.
    """
    path = folder / STATE
    if not path.is_file():
        write_json(path, {**job, "rows": rows, "cut": cut})
        return Pieces(folder, cut)
    before = json.loads(path.read_text(encoding="utf-8"))
    other = [name.replace("_", " ") for name in job if before.get(name) != job[name]]
    if other:
        raise InputError(
            f"an interrupted run is kept beside this file, of another {' and '.join(other)}",
            expected="the command that was interrupted, which goes on where it was",
            fix=f"repeat that command, or delete what is kept: rm -r {folder}",
            place=str(folder),
        )
    pieces = Pieces(folder, before["cut"])
    pieces.recall()
    return pieces


def left_complete(out: Path) -> dict[str, int] | None:
    """`rows` and `errors` of a run that was killed when its file was there and only the pieces were left to remove."""
    folder = folder_of(out)
    if not (out.is_file() and (folder / STATE).is_file() and (folder / DONE).is_file()):
        return None
    state = json.loads((folder / STATE).read_text(encoding="utf-8"))
    pieces = Pieces(folder, state["cut"])
    pieces.recall()
    done = pieces.done.values()
    totals = {"rows": sum(d["rows"] for d in done), "errors": sum(d["errors"] for d in done)}
    return totals if totals["rows"] == state["rows"] else None


def keep(path: Path, write: Any) -> str:
    """Let `write` make a file that appears whole or not at all; gives its sha256.

    The name it is written under is this process' own: one whose parent was killed may still be at the same piece.
    """
    aside = path.with_name(f"{ASIDE}{os.getpid()}-{path.name}")
    try:
        write(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        digest = sha256(aside)
        os.replace(aside, path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return digest


def forget(folder: Path) -> None:
    """Remove the pieces."""
    shutil.rmtree(folder, ignore_errors=True)
