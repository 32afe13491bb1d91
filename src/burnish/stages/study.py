"""The folder of a study: many trainings that answer one question. The same command goes on where it was stopped."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import read_json, require_writable, write_json
from burnish.jobs.lock import locked

ASKED, LOCK = "asked.json", ".study.lock"


def opened(out: Path, asked: Mapping[str, Any], what: str) -> bool:
    """Begin a study, or find the one that was begun with the same question.

    Args:
        out: its folder.
        asked: plain values that say what is asked; of a study that goes on they must be the same.
        what: the command, for errors.

    Returns:
        Whether it goes on.

    Raises:
        InputError: the folder holds something else, or a study that asks something else.
    """
    require_writable(out)
    asked = json.loads(json.dumps(asked))
    with locked_study(out):
        if (out / ASKED).is_file():
            _require_same(out, read_json(out / ASKED), asked, what)
            return True
        if any(path.name != LOCK for path in out.iterdir()):
            raise InputError(
                f"the folder holds something that is no {what}", fix="choose another --out", place=str(out)
            )
        write_json(out / ASKED, asked)
    return False


@contextmanager
def locked_study(out: Path) -> Iterator[None]:
    """Keep other processes that work on the same study from changing what all of them share."""
    with locked(out / LOCK):
        yield


def _require_same(out: Path, before: Any, now: Any, what: str) -> None:
    if before == now:
        return
    names = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if names == ["recipe"]:
        then, recipe = before["recipe"], now["recipe"]
        names = [f"recipe: {name}" for name in {**then, **recipe} if then.get(name) != recipe.get(name)]
    raise InputError(
        f"this {what} began with another question: {', '.join(names)}",
        expected="the same recipe and options: it goes on where it was stopped",
        fix="choose another --out, or ask the same",
        place=str(out),
    )


def without_checkpoints(folder: Path) -> None:
    """Remove the checkpoints of a run that has ended: they take most of its room."""
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)


def this_command() -> str:
    """The command that goes on: the one that was typed."""
    return shlex.join(["burnish", *sys.argv[1:]])
