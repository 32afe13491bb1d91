"""Jobs in processes of this machine, forked from one that has loaded what trainings need and done nothing else."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.jobs.job import LOG, Job, perform
from burnish.jobs.pool import LOOK, Heard, Pool
from burnish.jobs.tail import Tail

PRELOADED = ("torch", "burnish.stages.train.run")
PATIENCE = 60.0  # seconds in which a process that was asked to stop may save


@dataclass
class _Working:
    process: Any
    tail: Tail
    ours: (
        multiprocessing.connection.Connection
    )  # closed with this process, in whatever way it ends: the job ends as well


class Processes(Pool):
    """See `Pool`.

    Args:
        count: how many at once.
        threads: that each computes with.
    """

    def __init__(self, count: int, threads: int) -> None:
        self.capacity, self._threads = count, threads
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(list(PRELOADED))
        self._working: dict[str, _Working] = {}

    @property
    def running(self) -> int:
        return len(self._working)

    def start(self, job: Job) -> None:
        theirs, ours = self._context.Pipe(duplex=False)
        arguments = (str(job.folder), self._threads, theirs)
        process = self._context.Process(target=_worker, args=arguments, name=job.name, daemon=True)
        process.start()
        theirs.close()
        self._working[job.name] = _Working(process, Tail(job.folder), ours)

    def heard(self, seconds: float = LOOK) -> list[Heard]:
        multiprocessing.connection.wait([w.process.sentinel for w in self._working.values()], timeout=seconds)
        heard = []
        for name, working in list(self._working.items()):
            code = working.process.exitcode
            events = working.tail.new()
            if code is not None:
                del self._working[name]
                working.ours.close()
                heard.append(Heard(name, events, _said(code), code))
            elif events:
                heard.append(Heard(name, events))
        return heard

    def stop(self, name: str) -> None:
        working = self._working.pop(name)
        working.process.kill()
        working.process.join()
        working.ours.close()

    def close(self) -> None:
        for working in self._working.values():
            working.process.terminate()
        until = time.monotonic() + PATIENCE
        for name, working in list(self._working.items()):
            working.process.join(max(0.0, until - time.monotonic()))
            self.stop(name)


def _said(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _worker(folder: str, threads: int, parent: multiprocessing.connection.Connection) -> None:
    """A process that does one job; it ends with whoever started it."""
    log = os.open(Path(folder) / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    sys.stdout = open(1, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", buffering=1, closefd=False)  # noqa: SIM115
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started it, who sends SIGTERM
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import torch

    from burnish.core.collecting import process_is_ours

    process_is_ours()
    torch.set_num_threads(threads)
    sys.exit(perform(Path(folder)))


def _end_with(parent: multiprocessing.connection.Connection) -> None:
    try:
        parent.recv_bytes()
    except (EOFError, OSError):
        os._exit(1)
