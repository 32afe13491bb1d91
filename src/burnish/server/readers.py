"""Threads in which rows are read; one that does not come back is left behind, and takes nobody with it."""

from __future__ import annotations

import asyncio
import ctypes
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from burnish.core.errors import InputError
from burnish.server.logs import LOG
from burnish.server.refusal import overloaded

STALLED = 3.0  # seconds at one row after which a reader counts as not free


class _Overdue(BaseException):
    """Raised in a thread that has been at one row for too long; no `except Exception` of a reader holds it up."""


@dataclass(eq=False)
class _Job:
    """The rows of one request."""

    work: Callable[[Any], Any]
    items: Sequence[Any]
    future: asyncio.Future[list[Any]]
    deadline: float
    results: list[Any]
    left: int
    begun: int = 0
    spent: float = 0.0

    @property
    def wanted(self) -> bool:
        return not self.future.done() and time.monotonic() < self.deadline


@dataclass(eq=False)
class _Reader:
    """A thread, and the row it is at."""

    thread: threading.Thread | None = None
    job: _Job | None = None
    place: int = 0
    since: float | None = None
    lost: bool = False


@dataclass
class Readers:
    """The threads of one model. Each takes one row at a time, of the request that has had the least of them so far.

    So a request of few rows waits for one row of another at most, and a request that is over is left after the row that
    is being read. A thread cannot be stopped from outside: one that has been at a row for `seconds` is left behind with it
    (asked to end, which Python code does at its next step and foreign code when it returns), the row has an error, and
    another thread takes its place. When `most_lost` are left behind, there is no further one until some come back.

    Attributes:
        count: threads.
        seconds: that a row may be read for.
        most_lost: threads left behind.
    """

    count: int
    seconds: float
    most_lost: int
    name: str = ""
    _jobs: list[_Job] = field(default_factory=list)
    _free: list[_Reader] = field(default_factory=list)
    _lost: set[_Reader] = field(default_factory=set)
    _closing: bool = False

    def __post_init__(self) -> None:
        self._changed = (
            threading.Condition()
        )  # its lock may be released by an error handler that does not know who holds it
        with self._changed:
            self._fill()

    @property
    def lost(self) -> int:
        """Threads that are left behind with a row."""
        self._look()
        return len(self._lost)

    @property
    def stuck(self) -> bool:
        """Whether there is no thread left, nor may be another."""
        self._look()
        return not self._free

    @property
    def stalled(self) -> bool:
        """Whether every thread has been at one row for so long that another request would wait."""
        now = time.monotonic()
        return self.stuck or all(r.since is not None and now - r.since > STALLED for r in list(self._free))

    async def each(self, work: Callable[[Any], Any], items: Sequence[Any], deadline: float) -> list[Any]:
        """What `work` gives for each item, in their order; an exception for each it fails on.

        Args:
            work: what is done to one item; called in several threads at once.
            items: the rows of one request.
            deadline: on the clock of `time.monotonic`; no item is begun after it.

        Raises:
            Refused: no thread is left.
            TimeoutError: the deadline has passed.
        """
        if self.stuck:
            raise overloaded("examples cannot be read at present", self.seconds, status=503, reason="stuck")
        loop = asyncio.get_running_loop()
        job = _Job(work, items, loop.create_future(), deadline, [None] * len(items), len(items))
        with self._changed:
            self._jobs.append(job)
            self._changed.notify(min(len(items), self.count))

        timer = loop.call_later(self.seconds, self._watch, job)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())):
                return await job.future
        finally:
            timer.cancel()

    def close(self) -> None:
        """Begin no further row."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def _fill(self) -> None:
        """Threads up to their number. With the lock."""
        while len(self._free) < self.count and len(self._free) + len(self._lost) < self.count + self.most_lost:
            reader = _Reader()
            reader.thread = threading.Thread(target=self._read, args=(reader,), name="burnish-read", daemon=True)
            self._free.append(reader)
            reader.thread.start()

    def _watch(self, job: _Job) -> None:
        """Look again and again while a request waits. In the event loop."""
        self._look()
        if job.wanted:
            job.future.get_loop().call_later(self.seconds / 4, self._watch, job)

    def _look(self) -> None:
        """Leave behind those that have been at one row for too long."""
        if not any(r.since is not None and time.monotonic() - r.since > self.seconds for r in list(self._free)):
            return
        with self._changed:
            for reader in list(self._free):
                if reader.since is not None and time.monotonic() - reader.since > self.seconds:
                    self._leave(reader)
            self._fill()

    def _leave(self, reader: _Reader) -> None:
        """With the lock, which the thread needs to be done with its row: it is still at it."""
        job, thread = reader.job, reader.thread
        assert job is not None
        assert thread is not None
        LOG.error(
            "an example is not read", extra={"model": self.name, "seconds": self.seconds, "lost": len(self._lost) + 1}
        )
        reader.lost = True
        self._free.remove(reader)
        self._lost.add(reader)
        self._done(job, reader.place, InputError(f"it could not be read within {self.seconds:g} s"))
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Overdue))

    def _read(self, reader: _Reader) -> None:
        """The life of a thread."""
        try:
            while self._begun(reader):
                assert reader.job is not None
                assert reader.since is not None
                try:
                    result = reader.job.work(reader.job.items[reader.place])
                except _Overdue:
                    raise
                except BaseException as error:  # whatever it is, the thread is needed for other rows
                    result = error
                with self._changed:
                    if reader.lost:
                        break
                    reader.job.spent += time.monotonic() - reader.since
                    reader.since = None
                    self._done(reader.job, reader.place, result)
                    reader.job = None
        except _Overdue:
            with suppress(RuntimeError):  # it may have come in the middle of taking the lock
                self._changed.release()
        with self._changed:
            self._lost.discard(reader)
            if not self._closing:
                self._fill()

    def _begun(self, reader: _Reader) -> bool:
        """Take the next row, which may be long in coming; False at the end."""
        with self._changed:
            while True:
                self._jobs = [job for job in self._jobs if job.wanted and job.begun < len(job.items)]
                if self._closing:
                    return False
                if self._jobs:
                    break
                self._changed.wait()
            job = min(self._jobs, key=lambda j: j.spent)
            reader.job, reader.place, reader.since = job, job.begun, time.monotonic()
            job.begun += 1
            return True

    def _done(self, job: _Job, place: int, result: Any) -> None:
        """With the lock."""
        job.results[place] = result
        job.left -= 1
        if not job.left:
            with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                job.future.get_loop().call_soon_threadsafe(_resolve, job)


def _resolve(job: _Job) -> None:
    if not job.future.done():
        job.future.set_result(job.results)
