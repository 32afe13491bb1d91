"""One recording on its way to a transcript: its windows share the model with those of other requests."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial

from burnish.answering.predictor import PreparedRow
from burnish.answering.recording import Windows
from burnish.core.answer import Answer
from burnish.core.errors import InputError
from burnish.server.refusal import Refused, late
from burnish.server.served import Served, said


@dataclass
class Recording:
    """A recording that is transcribed.

    Attributes:
        served: the model.
        windows: what it is cut into, with what was said so far.
    """

    served: Served
    windows: Windows

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.windows.seconds

    async def transcribed(self, deadline: float) -> None:
        """Answer all windows; those of equal length share batches, with those of other requests too.

        Raises:
            Refused: too much waits, or it takes too long.
        """
        prepared = self.windows.prepared
        with self.served.batcher.admitted(len(prepared), deadline - time.monotonic()):
            self.windows.answers = await self._answers(prepared, deadline)

    async def one_by_one(self, seconds: float) -> AsyncIterator[int]:
        """Answer window by window, and tell how many are done.

        Args:
            seconds: that one of them may take.

        Raises:
            Refused: as of `transcribed`.
        """
        prepared = self.windows.prepared
        with self.served.batcher.admitted(len(prepared), seconds * len(prepared)):
            for window in prepared:
                self.windows.answers += await self._answers([window], time.monotonic() + seconds)
                yield len(self.windows.answers)

    async def _answers(self, windows: list[PreparedRow], deadline: float) -> list[Answer]:
        try:
            results = await self.served.batcher.answers(windows, deadline)
        except TimeoutError:
            raise late(self.served.settings.write_deadline) from None
        told = [said(self.served, result) for result in results]
        wrong = next((one for one in told if isinstance(one, str)), None)
        if wrong is not None:
            raise Refused(400, wrong, param="file", code="invalid_value")
        return [one for one in told if isinstance(one, Answer)]


async def opened(served: Served, data: bytes, deadline: float, *, timed: bool = False) -> Recording:
    """Decode a file and cut it into windows, in a thread of its model; `timed`: words are to have their times.

    Raises:
        Refused: it is no sound, too long (400), or it takes too long (503).
    """
    columns = served.reader.input.required_columns
    try:
        (prepared,) = await served.readers.each(partial(served.prepared, timed=timed), [{columns[0]: data}], deadline)
    except TimeoutError:
        raise late(served.settings.deadline) from None
    if isinstance(prepared, InputError):
        wrong = said(served, prepared)
        raise Refused(400, str(wrong), param="file", code="invalid_value")
    if not isinstance(prepared, PreparedRow):
        said(served, prepared)
        raise AssertionError("a row is prepared, or says why not")
    return Recording(served, Windows.of(served.predictor.bundle, prepared))
