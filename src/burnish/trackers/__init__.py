"""Trackers: where the events of a run go. One file each."""

from __future__ import annotations

import sys
from abc import abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Protocol

from burnish.core.component import Component
from burnish.core.events import Event


class Listener(Protocol):
    """An opened tracker: takes events one by one."""

    def __call__(self, event: Event) -> None: ...

    def close(self, failed: bool) -> None:
        """Flush and let go; `failed` says whether the run ended in an error."""


class Tracker(Component):
    """A destination for the events of a run."""

    axis: ClassVar[str] = "burnish.trackers"

    def require(self) -> None:
        """Check, before anything is written, that `open` will find what it needs.

        Raises:
            InputError: the library behind this tracker is not installed (names the extra to install).
        """
        return

    @abstractmethod
    def open(self, run: Path, *, resume: bool) -> Listener:
        """Start listening for the run in folder `run`; with `resume`, continue what is there.

        Raises:
            InputError: the library behind this tracker is not installed (names the extra to install).
        """


class Tracking:
    """Several listeners as one, closed together; an error in one tracker never stops the run, it is said once."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = list(listeners)
        self._said: set[int] = set()

    def __call__(self, event: Event) -> None:
        for listener in self._listeners:
            try:
                listener(event)
            except Exception as error:  # a broken tracker must not cost the run
                self._say(listener, error)

    def _say(self, listener: Listener, error: Exception) -> None:
        if id(listener) in self._said:
            return
        self._said.add(id(listener))
        name = type(listener).__module__.rpartition(".")[2]
        try:
            print(f"warning: tracker {name} failed: {type(error).__name__}: {error}", file=sys.stderr)
        except OSError:
            return  # stderr is a closed pipe: there is nobody left to tell

    def __enter__(self) -> Tracking:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in self._listeners:
            try:
                listener.close(failed=kind is not None)
            except Exception as broken:  # the others still have to be closed
                self._say(listener, broken)
