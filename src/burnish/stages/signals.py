"""Ctrl-C and SIGTERM: finish the step, save, exit."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class StopRequest:
    """While it is open, a signal only sets a flag; a second Ctrl-C acts as it always does.

    A second SIGTERM does not: `timeout`, torchrun and cluster schedulers send it to a process and its parent, which
    passes it on, and the one that comes twice must not cost the checkpoint.
    """

    def __init__(self) -> None:
        self.requested = False
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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested and number == signal.SIGINT:
            signal.signal(number, self._before[number])
            signal.raise_signal(number)
        self.requested = True
