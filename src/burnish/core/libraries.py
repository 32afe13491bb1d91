"""Libraries that are needed later, loaded beside what computes now."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Sequence
from threading import Thread

from burnish.core.collecting import importing


class Libraries:
    """Modules to import in a thread of their own, once it is begun.

    Whoever is about to import one of them waits first: two threads that import the same package from different ends can
    see it half made.

    Args:
        names: full names of modules, in the order in which they are imported. One that cannot be is passed over: whoever
            needs it says what is missing.
    """

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._names = names
        self._thread: Thread | None = None

    def begin(self) -> None:
        """Start to import, the first time this is called."""
        if self._thread is None and self._names:
            self._thread = Thread(target=self._load, name="libraries")
            self._thread.start()

    def wait(self) -> None:
        """Until all are there; at once where none was begun."""
        if self._thread is not None:
            self._thread.join()

    def _load(self) -> None:
        for name in self._names:
            with contextlib.suppress(Exception), importing():
                importlib.import_module(name)
