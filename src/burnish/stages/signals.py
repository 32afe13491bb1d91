"""Ctrl-C and SIGTERM: finish the step, save, exit."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from burnish.core.errors import Interrupted

PASSED_ON = 0.5  # seconds in which a signal that comes twice may be one that a parent has passed on


class StopRequest:
    """While it is open, a signal only sets a flag; a second Ctrl-C acts as it always does.

    A second SIGTERM does not: `timeout`, torchrun and cluster schedulers send it to a process and its parent, which
    passes it on, and the one that comes twice must not cost the checkpoint. For the same reason a second Ctrl-C counts
    only when it comes later than one that is merely passed on.
    """

    def __init__(self) -> None:
        self.requested = False
        self._since = 0.0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def leave(self, step: int, command: str, *progress: Any) -> None:
        """Called between the batches of a validation, which may take minutes: nothing unless a signal came.

        Args:
            step: after which it validates.
            command: that continues the run.
            progress: of the validation, not looked at.

        Raises:
            Interrupted: one came.
        """
        if self.requested:
            raise stopped(f"stopped in the validation of step {step}, which is repeated; all else is saved", command)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT and time.monotonic() - self._since > PASSED_ON:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
        if not self.requested:
            self.requested, self._since = True, time.monotonic()


@contextmanager
def interruptible(command: Callable[[], str]) -> Iterator[None]:
    """Where there is nothing to finish first, Ctrl-C and SIGTERM stop at once and say how to go on.

    Args:
        command: gives the command that continues the run; an empty string where nothing has been written.

    Raises:
        Interrupted: one of the signals came.
    """
    main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, signal.default_int_handler) if main else None
    try:
        yield
    except KeyboardInterrupt:
        way = command()
        what = "stopped at once; the run can go on from its last checkpoint" if way else "stopped; nothing was written"
        raise stopped(what, way) from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def stopped(what: str, command: str) -> Interrupted:
    """The error for an interruption, with the command that goes on."""
    return Interrupted(what, fix=command)
