"""The thread that writes: it takes what waits as soon as there is room, and goes on with all a token at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from burnish.runtimes import Together, Writing
from burnish.server.refusal import overloaded

_GATHERING, _MOST_GATHERING = 0.01, 0.1  # seconds without another one, and in all, before a batch begins


class Writer:
    """A bounded queue in front of what is written side by side; that is touched in this thread only.

    Attributes:
        running: answers that are being written.
        busy_since: when the step began that is being computed, or its last token came; None while there is none.
    """

    def __init__(self, together: Together, most: int) -> None:
        self._together, self._most = together, most
        self._queue: deque[Writing] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self.running = 0
        self.busy_since: float | None = None
        self._thread = threading.Thread(target=self._work, name="burnish-write", daemon=True)
        self._thread.start()

    def _gather(self) -> None:
        """Wait, the lock held, for those that come at the same moment, where later ones must wait for a whole batch."""
        until = time.monotonic() + _MOST_GATHERING
        waiting = 0
        while len(self._queue) > waiting and time.monotonic() < until and not self._closing:
            waiting = len(self._queue)
            self._changed.wait(_GATHERING)

    @property
    def most_told(self) -> int | None:
        """Most tokens of an answer whose log probabilities can be had; None: any number."""
        return self._together.most_told

    @property
    def waiting(self) -> int:
        """Answers that are not begun."""
        return len(self._queue)

    def begin(self, writings: Sequence[Writing]) -> None:
        """Put them into the queue.

        Raises:
            Refused: it is full (503).
        """
        with self._changed:
            self._queue = deque(one for one in self._queue if not one.left)
            if self._queue and len(self._queue) + len(writings) > self._most:
                message = f"the queue is full: {len(self._queue)} answers wait; try again later"
                raise overloaded(message, 2.0, status=503, reason="queue")
            self._queue.extend(writings)
            self._changed.notify()

    def close(self) -> None:
        """End the thread after the step it is at."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def touched(self) -> None:
        """A token came: the step goes on."""
        self.busy_since = time.monotonic()

    def _work(self) -> None:
        while True:
            taken = self._taken()
            if self._closing:
                break
            self.touched()
            if taken:
                self._together.add(taken)
            self.running = self._together.live
            if self.running:
                self._together.advance()
            self.running = self._together.live
            self.busy_since = None
        for one in [*taken, *self._queue]:
            with suppress(Exception):
                one.fail(overloaded("the server is stopping", 1.0, status=503, reason="stopping"))

    def _taken(self) -> list[Writing]:
        """Those that are begun now; waits where nothing is being written."""
        with self._changed:
            while not self._queue and not self._together.live and not self._closing:
                self._changed.wait()
            if self._together.in_batches and not self._together.live:
                self._gather()
            taken: list[Writing] = []
            while self._queue and len(taken) < self._together.room:
                one = self._queue.popleft()
                if not one.left:
                    taken.append(one)
            return taken
