"""A piece of work: a function of burnish by its name, plain arguments, and a folder in which its result appears."""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.errors import BurnishError, InputError, Interrupted
from burnish.core.files import read_json, write_json
from burnish.jobs.lock import locked

ASKED, RESULT, LOCK, LOG = "job.json", "result.json", ".lock", "log.txt"
INTERRUPTED = 130


@dataclass(frozen=True)
class Job:
    """What is to be done.

    Attributes:
        name: by which it is told from the others of a study.
        folder: its own. `result.json` in it appears whole or not at all, and says that the job is done.
        call: `burnish.module:function`; the function takes `folder` and `arguments`, and gives plain values.
        arguments: plain values.
    """

    name: str
    folder: Path
    call: str
    arguments: dict[str, Any]

    def write(self) -> None:
        """Write down what is to be done, for whichever process does it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        asked = {"name": self.name, "call": self.call, "arguments": self.arguments, "directory": str(Path.cwd())}
        write_json(self.folder / ASKED, asked)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None where it has not."""
        path = self.folder / RESULT
        return Outcome(**read_json(path)) if path.is_file() else None

    def give_up(self, why: str) -> Outcome:
        """Say that it failed, so that nobody tries again."""
        write_json(self.folder / RESULT, {"result": None, "failed": why})
        return Outcome(None, why)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: what its function gave, or in words why it failed."""

    result: dict[str, Any] | None
    failed: str = ""


def perform(folder: Path) -> int:
    """Do the job of a folder in this process, unless it is done.

    A process that did it before and still lives is waited for: two never work in one folder.

    Returns:
        The exit code of the process: 0 when there is a result, whichever; 130 when it was interrupted.

    Raises:
        InputError: there is no job in the folder, or it names something that is not burnish.
    """
    folder = folder.absolute()
    with locked(folder / LOCK):
        if (folder / RESULT).is_file():
            return 0
        asked = read_json(folder / ASKED)
        os.chdir(asked["directory"])  # paths in recipes are relative to where the command was typed
        function = named(asked["call"], str(folder / ASKED))
        try:
            value: dict[str, Any] = {"result": function(folder=folder, **asked["arguments"])}
        except Interrupted:
            return INTERRUPTED
        except BurnishError as error:
            value = {"result": None, "failed": str(error)}
        except Exception as error:
            traceback.print_exc()
            value = {"result": None, "failed": f"{type(error).__name__}: {error}"}
        write_json(folder / RESULT, value)
    return 0


def named(call: str, place: str = "") -> Callable[..., Any]:
    """The function of burnish that a text names.

    Raises:
        InputError: it names nothing of burnish.
    """
    module, _, name = call.partition(":")
    if module.partition(".")[0] != "burnish" or not name:
        raise InputError(f"a job that calls {call!r}", expected="burnish.module:function", place=place)
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    return function
