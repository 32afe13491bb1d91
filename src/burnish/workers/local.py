"""Processes on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

from pydantic import Field

from burnish.jobs.pool import Pool
from burnish.workers import Workers

PATIENCE = 30.0  # seconds in which the other processes of a run that failed may end by themselves


class Local(Workers):
    """Processes on this machine, each with its share of the cores."""

    count: int = Field(2, ge=1, le=256, description="How many work at once.")
    threads: int | None = Field(
        None,
        ge=1,
        description="Threads that each computes with; null: OMP_NUM_THREADS, else the cores divided by count.",
    )

    def open(self) -> Pool:
        """Processes that are forked from one that has loaded torch: a start costs a fraction of a second."""
        from burnish.workers._processes import Processes

        return Processes(self.count, self._threads())

    def _threads(self) -> int:
        named = os.environ.get("OMP_NUM_THREADS", "")
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return self.threads or (int(named) if named.isdigit() and int(named) else max(1, cores // self.count))

    def together(self, call: str, arguments: dict[str, Any]) -> int:
        """As torchrun would start them; the first one talks, and when one fails all end."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {"WORLD_SIZE": str(self.count), "LOCAL_WORLD_SIZE": str(self.count), "MASTER_ADDR": "127.0.0.1"}
        shared |= {"MASTER_PORT": str(port), "OMP_NUM_THREADS": str(self._threads())}
        asked = json.dumps({"call": call, "arguments": arguments})
        words = [sys.executable, "-m", "burnish.jobs.peer", asked]
        started = [
            subprocess.Popen(words, env={**os.environ, **shared, "RANK": str(rank), "LOCAL_RANK": str(rank)})
            for rank in range(self.count)
        ]
        before = signal.signal(signal.SIGTERM, lambda number, frame: _send(started, signal.SIGTERM))
        try:
            return _ended(started)
        finally:
            signal.signal(signal.SIGTERM, before)
            _send(started, signal.SIGKILL)


def _ended(started: Sequence[subprocess.Popen[bytes]]) -> int:
    """The first exit code that is not 0, once all have ended; Ctrl-C reaches the processes by themselves."""
    until: float | None = None
    while any(process.poll() is None for process in started):
        try:
            if until is None and any(process.poll() for process in started):
                until = time.monotonic() + PATIENCE
            if until is not None and time.monotonic() > until:
                break
            time.sleep(0.05)
        except KeyboardInterrupt:
            continue
    return next((code for process in started if (code := process.poll())), 0)


def _send(started: Sequence[subprocess.Popen[bytes]], number: int) -> None:
    for process in started:
        if process.poll() is None:
            process.send_signal(number)
