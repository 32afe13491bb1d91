"""Several processes that listen at one socket; one that dies is replaced, and the others never notice."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from socket import socket
from typing import Any

import uvicorn

from burnish.core.errors import RunFailed
from burnish.server.logs import LOG, set_up
from burnish.server.settings import CANNOT_START

FACTORY = "burnish.server.app:from_environment"
SETTLED = (
    10.0  # seconds after which a worker that dies is replaced at once; before, a moment later, lest it go in circles
)


def supervise(bound: socket, options: dict[str, Any], count: int) -> None:
    """Keep `count` workers alive until SIGTERM or Ctrl-C; then let them finish what they have taken.

    Args:
        bound: what they listen at.
        options: of uvicorn.
        count: how many.

    Raises:
        RunFailed: a worker cannot start at all, so that others could not either.
    """
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    workers = {_started(bound, options): time.monotonic() for _ in range(count)}
    try:
        failed = _watched(workers, ending, lambda: _started(bound, options))
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
    if failed:
        raise RunFailed("a worker could not start; the log says why")


def _watched(workers: dict[BaseProcess, float], ending: threading.Event, start: Callable[[], BaseProcess]) -> bool:
    """Replace workers that die until the end; True when one could not start."""
    while not ending.is_set():
        # The kernel says at once when a process ends. Asking each whether it is well would take as long as it is busy.
        wait([w.sentinel for w in workers], timeout=0.2)
        for worker in [w for w in workers if not w.is_alive()]:
            since = workers.pop(worker)
            if worker.exitcode == CANNOT_START:
                return True
            LOG.error("a worker died and is replaced", extra={"worker": worker.pid, "exit_code": worker.exitcode})
            if time.monotonic() - since < SETTLED:
                ending.wait(1.0)
            workers[start()] = time.monotonic()
    return False


def _started(bound: socket, options: dict[str, Any]) -> BaseProcess:
    process: BaseProcess = get_context("spawn").Process(target=_work, args=(bound, options))
    process.start()
    return process


def _work(bound: socket, options: dict[str, Any]) -> None:
    """A worker: its own copy of every model, its own event loop."""
    set_up()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # until the models are loaded there is nothing to finish
    from burnish.server.app import from_environment

    threading.Thread(target=_leave_with_parent, name="burnish-parent", daemon=True).start()
    config = uvicorn.Config(from_environment(), **options)
    # Uvicorn raises the signal again when all is answered; by then it has done its work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[bound])


def _leave_with_parent() -> None:
    """Stop when the supervisor is gone: nobody would replace this worker, or stop it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
