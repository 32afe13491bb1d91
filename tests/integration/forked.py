"""The command line in processes of their own that need no second to begin.

They are forked from a server that has imported what `burnish train` and `burnish serve` import, and done nothing else:
a start costs milliseconds instead of the three seconds of torch and transformers, and killing a process takes nothing
else with it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import TimeoutExpired

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(
    [
        "torch",
        "safetensors.torch",
        "transformers.models.bert.modeling_bert",
        "transformers.models.auto.modeling_auto",
        "transformers.models.auto.tokenization_auto",
        "accelerate",
        "sklearn.metrics",
        "fastapi",
        "uvicorn",
        "burnish.cli.commands",
        "burnish.stages.train.run",
        "burnish.stages.train.asked",
        "burnish.report.write",
    ]
)


class Forked:
    """A process of the command line, used as one of subprocess is."""

    def __init__(self, words: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self._process: BaseProcess = context.Process(target=_command, args=(words, str(log), dict(environment)))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number; it leads a group of processes of the same number."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended.

        Raises:
            TimeoutExpired: it still runs after `timeout` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise TimeoutExpired("burnish", timeout or 0.0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """A signal, to a process that still runs."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """SIGKILL, to all that it started as well; they are gone afterwards."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.send_signal(signal.SIGKILL)  # before it led a group
        self._process.join()


def write_to(log: str) -> None:
    """Let all that this process writes to its terminal go to a file."""
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115


def as_command(words: list[str], environment: Mapping[str, str]) -> None:
    """Make this process look like one that `burnish WORDS` began in."""
    os.environ.clear()
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # servers of multiprocessing ignore it
    import torch

    torch.set_num_threads(1)
    sys.argv = ["burnish", *words]


def _command(words: list[str], log: str, environment: Mapping[str, str]) -> None:
    os.setsid()
    write_to(log)
    as_command(words, environment)
    from burnish.cli import commands

    sys.exit(commands.run(words))
