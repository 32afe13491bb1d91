"""Workers that are there: jobs are started on them, and what happens to these is heard."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from burnish.jobs.job import INTERRUPTED, Job, Outcome

RETRIES = 3
LOOK = 0.2  # seconds between two looks at what workers do


@dataclass(frozen=True)
class Heard:
    """What was heard of a job.

    Attributes:
        job: its name.
        events: of its runs since it was last heard of, see `tail.Tail`.
        ended: in words how its worker ended; None while it works. Whether the job is done says its folder alone.
        code: the exit code of the worker, negative for a signal; None where it is not known.
        blamed: whether the end speaks against the job; that of all workers together does not.
    """

    job: str
    events: list[dict[str, Any]] = field(default_factory=list)
    ended: str | None = None
    code: int | None = None
    blamed: bool = True


class Pool(ABC):
    """Workers side by side. At its end no job is left running.

    Attributes:
        capacity: how many jobs run at once.
    """

    capacity: int

    @property
    @abstractmethod
    def running(self) -> int:
        """How many jobs run now."""

    @abstractmethod
    def start(self, job: Job) -> None:
        """Begin a job, or go on with it; its folder says where it stands."""

    @abstractmethod
    def heard(self, seconds: float = LOOK) -> list[Heard]:
        """What has happened since; waits at most so long."""

    @abstractmethod
    def stop(self, name: str) -> None:
        """End a job without waiting for it to save anything; nothing more is heard of it."""

    @abstractmethod
    def close(self) -> None:
        """End all jobs; they save what they can."""

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Attempts:
    """How often each job lost its worker without getting any further: it is tried again so often, then it has failed."""

    def __init__(self, retries: int = RETRIES) -> None:
        self._retries = retries
        self._lost: dict[str, int] = {}
        self._furthest: dict[tuple[str, str], int] = {}

    def note(self, heard: Heard) -> None:
        """See how far the runs of a job are; one that got further than ever begins to count anew."""
        for event in heard.events:
            where, number = (heard.job, str(event.get("run"))), int(event.get("number", 0))
            if number > self._furthest.get(where, 0):
                self._furthest[where] = number
                self._lost.pop(heard.job, None)

    def outcome(self, job: Job, heard: Heard) -> Outcome | None:
        """How a job whose worker ended has ended itself; None where it is to be tried again.

        A worker that was asked to stop, as those of machines that are taken away, has saved and may be tried without end.
        """
        if (done := job.outcome) is not None:
            return done
        blamed = heard.blamed and heard.code != INTERRUPTED
        lost = self._lost[job.name] = self._lost.get(job.name, 0) + blamed
        if lost <= self._retries:
            return None
        return job.give_up(f"its worker ended {lost} times without a result, the last time by {heard.ended}")


def outcomes(pool: Pool, jobs: Sequence[Job], attempts: Attempts | None = None) -> Iterator[tuple[Job, Outcome]]:
    """Do all jobs, and give each with how it ended, in the order in which they end; those that are done come first."""
    attempts = attempts or Attempts()
    waiting = []
    for job in jobs:
        if (done := job.outcome) is not None:
            yield job, done
        else:
            job.write()
            waiting.append(job)
    working: dict[str, Job] = {}
    while waiting or working:
        while waiting and pool.running < pool.capacity:
            job = waiting.pop(0)
            working[job.name] = job
            pool.start(job)
        for heard in pool.heard():
            attempts.note(heard)
            if heard.ended is None:
                continue
            job = working.pop(heard.job)
            outcome = attempts.outcome(job, heard)
            if outcome is None:
                waiting.insert(0, job)
            else:
                yield job, outcome
