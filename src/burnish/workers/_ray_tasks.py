"""Jobs as tasks of Ray: each starts a process on its node, tells of it with every heartbeat, and dies with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.jobs.job import LOG, RESULT, Job
from burnish.jobs.pool import LOOK, Heard, Pool
from burnish.jobs.tail import Tail
from burnish.workers._ray_cluster import Cluster

SEEN = 20.0  # seconds until a file that another node wrote is seen on shared storage
AGAIN = 120.0  # seconds in which a head that went away may come back


@dataclass
class _Working:
    stream: Any
    job: Job
    heard: float | None = None  # None until its first sign of life: it may wait for room


class RayTasks(Pool):
    """See `Pool`.

    Args:
        workers: the settings.
        ray: the library.
    """

    def __init__(self, workers: Cluster, ray: Any) -> None:
        self._ray, self._workers = ray, workers
        workers.joined(ray)
        resources = {"num_cpus": workers.cpus, "num_gpus": workers.gpus}
        if workers.memory:
            resources["memory"] = workers.memory * 2**30
        # A lost task is started again by whoever counts attempts; Ray itself would not tell of it.
        self._task = ray.remote(max_retries=0, num_returns="streaming", **resources)(work)
        self.capacity = workers.count or self._room()
        self._working: dict[str, _Working] = {}
        self._heard = time.monotonic()

    def _room(self) -> int:
        there = self._ray.cluster_resources()
        room = int(there.get("CPU", 0) // self._workers.cpus)
        if self._workers.gpus:
            room = min(room, int(there.get("GPU", 0) // self._workers.gpus))
        if room < 1:
            raise InputError(
                f"the cluster has {there.get('CPU', 0):g} cores and {there.get('GPU', 0):g} GPUs",
                expected=f"{self._workers.cpus:g} cores and {self._workers.gpus:g} GPUs for each task",
                place="--workers",
            )
        return room

    @property
    def running(self) -> int:
        return len(self._working)

    def start(self, job: Job) -> None:
        folder, workers = str(job.folder.absolute()), self._workers
        self._heard = max(self._heard, time.monotonic()) if not self._working else self._heard
        stream = self._task.remote(folder, max(1, int(workers.cpus)), workers.heartbeat, passed_on())
        self._working[job.name] = _Working(stream, job)

    def heard(self, seconds: float = LOOK) -> list[Heard]:
        names = {id(working.stream): name for name, working in self._working.items()}
        try:
            streams = [working.stream for working in self._working.values()]
            ready, _ = self._ray.wait(streams, num_returns=1, timeout=seconds, fetch_local=False)
            heard = [self._next(names[id(stream)]) for stream in ready] + self._silent()
        except (ConnectionError, self._ray.exceptions.RaySystemError, RuntimeError) as error:
            return self._all_lost(f"the loss of the cluster's head ({str(error).splitlines()[0]})")
        if heard or not self._working:
            self._heard = time.monotonic()
        elif time.monotonic() - self._heard > self._workers.patience:
            # A head that was started anew answers nobody who knew the one before it, and raises nothing either.
            return self._all_lost(f"{self._workers.patience:g} seconds in which no task was heard of")
        return heard

    def _next(self, name: str) -> Heard:
        """What a task says next; that it is lost, where it says nothing more."""
        working = self._working[name]
        try:
            told = self._ray.get(next(working.stream))
        except StopIteration:
            return self._ended(name, "the end of its task", None)
        except self._ray.exceptions.RayError as error:
            return self._ended(name, f"the loss of its worker or node ({type(error).__name__})", None)
        working.heard = time.monotonic()
        if told["code"] is None:
            return Heard(name, told["events"])
        _require_shared(working.job, told["code"])
        code = told["code"]
        return self._ended(name, f"signal {-code}" if code < 0 else f"exit code {code}", code, told["events"])

    def _ended(self, name: str, how: str, code: int | None, events: list[dict[str, Any]] | None = None) -> Heard:
        del self._working[name]
        return Heard(name, events or [], how, code)

    def _silent(self) -> list[Heard]:
        """Tasks of which nothing was heard for long, such as those of a node that hangs; those that wait for room are none."""
        until = time.monotonic() - self._workers.patience
        late = [name for name, w in self._working.items() if w.heard is not None and w.heard < until]
        if len(late) == len(self._working):
            return []  # it is the cluster
        for name in late:
            self._ray.cancel(self._working[name].stream, force=True)
        return [self._ended(name, f"{self._workers.patience:g} seconds without a sign of life", None) for name in late]

    def _all_lost(self, why: str) -> list[Heard]:
        """The head went away: connect anew, and take every task for lost; that speaks against none of the jobs."""
        self._ray.shutdown()
        until = time.monotonic() + AGAIN
        while True:
            try:
                self._workers.joined(self._ray)
                break
            except InputError:
                if time.monotonic() > until:
                    raise
                time.sleep(2.0)
        self._heard = time.monotonic()
        return [replace(self._ended(name, why, None), blamed=False) for name in list(self._working)]

    def stop(self, name: str) -> None:
        self._ray.cancel(self._working.pop(name).stream, force=True)

    def close(self) -> None:
        for name in list(self._working):
            self.stop(name)


def _require_shared(job: Job, code: int) -> None:
    """Check that what the task wrote is seen here.

    Raises:
        InputError: it is not: the folder is another one there.
    """
    until = time.monotonic() + SEEN
    while code == 0 and not (job.folder / RESULT).is_file():
        if time.monotonic() > until:
            raise InputError(
                "the task wrote its result on its own machine, and it is not seen here",
                expected="a folder on storage that all machines share",
                fix="choose an --out on shared storage",
                place=str(job.folder),
            )
        time.sleep(0.2)


def passed_on() -> dict[str, str]:
    """Variables of this process that those on other machines are to have as well."""
    kept = ("PYTHONPATH", "BURNISH_CACHE", "HF_HOME", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM")
    return {name: os.environ[name] for name in kept if name in os.environ}


def work(folder: str, threads: int, heartbeat: float, environment: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The task: a process that does the job of a folder, and what it says, until it ends.

    Yields:
        `events` since the last sign of life, and `code`, which is None until the process has ended.
    """
    variables = {**os.environ, **environment, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "burnish.jobs.process", folder, str(threads)]
    tail = Tail(Path(folder))
    yield {"events": [], "code": None}
    with (Path(folder) / LOG).open("ab") as log:
        process = subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=log, stderr=log)
        try:
            while (code := _waited(process, heartbeat)) is None:
                yield {"events": tail.new(), "code": None}
            yield {"events": tail.new(), "code": code}
        finally:
            process.kill()


def _waited(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
