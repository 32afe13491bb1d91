"""One recording on its way to a transcript: its windows, what was said in each, and where they are joined."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from burnish.answering.predictor import PreparedRow
from burnish.core.answer import Answer
from burnish.core.errors import InputError
from burnish.media.transcript.stitching import APART, Stitching
from burnish.server.refusal import Refused, late
from burnish.server.served import Served, said


@dataclass(frozen=True)
class Segment:
    """What was said in one window, as far as it is in the whole: seconds, text, words with times where there are some."""

    start: float
    end: float
    text: str
    score: float | None = None
    words: tuple[dict[str, Any], ...] = ()


@dataclass
class Recording:
    """A recording that is transcribed.

    Attributes:
        served: the model.
        windows: prepared, in order.
        spans: seconds at which each begins and ends.
        seconds: how long the recording is.
        answers: of the windows so far.
    """

    served: Served
    windows: list[PreparedRow]
    spans: list[tuple[float, float]]
    seconds: float
    answers: list[Answer] = field(default_factory=list)

    def stitching(self) -> Stitching:
        """The windows so far, joined."""
        bundle = self.served.predictor.bundle
        target: Any = bundle.target
        texts = [str(answer.answer) for answer in self.answers]
        apart = bool(self.windows[0].views[0].get(APART, 0))
        joining = Stitching(target.spaced(texts, bundle.processor), apart)
        for text in texts:
            joining.add(text)
        return joining

    def segments(self) -> list[Segment]:
        """Of each window that adds words; they meet in the middle of where windows overlap."""
        out = []
        for number, (text, places) in enumerate(self.stitching().kept()):
            start, end = self.spans[number]
            if number:
                start = max(start, (start + self.spans[number - 1][1]) / 2)
            if number + 1 < len(self.spans):
                end = min(end, (end + self.spans[number + 1][0]) / 2)
            if text:
                words = self._words(number, text, places)
                # Words that are timed say where the others meet: a segment never ends in one.
                start, end = (words[0]["start"], words[-1]["end"]) if words else (start, end)
                out.append(Segment(start, end, text, self.answers[number].score, tuple(words)))
        return out

    def _words(self, window: int, text: str, places: list[int]) -> list[dict[str, Any]]:
        """Those of a window that are in the whole, in seconds from the beginning of the recording; none without times."""
        timed = self.answers[window].words
        if not places or places[-1] >= len(timed):
            return []
        begin, kept = self.spans[window][0], [timed[place] for place in places]
        if "".join(word.word for word in kept) != "".join(text.split()):
            return []
        return [
            {
                "word": word.word,
                "start": round(begin + word.start, 3),
                "end": round(begin + word.end, 3),
                "confidence": round(word.confidence, 4),
            }
            for word in kept
        ]

    async def transcribed(self, deadline: float) -> None:
        """Answer all windows; those of equal length share batches, with those of other requests too.

        Raises:
            Refused: too much waits, or it takes too long.
        """
        with self.served.batcher.admitted(len(self.windows), deadline - time.monotonic()):
            self.answers = await self._answers(self.windows, deadline)

    async def one_by_one(self, seconds: float) -> AsyncIterator[int]:
        """Answer window by window, and tell how many are done.

        Args:
            seconds: that one of them may take.

        Raises:
            Refused: as of `transcribed`.
        """
        with self.served.batcher.admitted(len(self.windows), seconds * len(self.windows)):
            for window in self.windows:
                self.answers += await self._answers([window], time.monotonic() + seconds)
                yield len(self.answers)

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


async def opened(served: Served, data: bytes, deadline: float) -> Recording:
    """Decode a file and cut it into windows, in a thread of its model.

    Raises:
        Refused: it is no sound, too long (400), or it takes too long (503).
    """
    columns = served.reader.input.required_columns
    try:
        (prepared,) = await served.readers.each(served.prepared, [{columns[0]: data}], deadline)
    except TimeoutError:
        raise late(served.settings.deadline) from None
    if isinstance(prepared, InputError):
        wrong = said(served, prepared)
        raise Refused(400, str(wrong), param="file", code="invalid_value")
    if not isinstance(prepared, PreparedRow):
        said(served, prepared)
        raise AssertionError("a row is prepared, or says why not")
    rate = _rate(served)
    spans = []
    for view in prepared.views:
        start = int(view["_start"]) / rate
        spans.append((start, start + int(view["_samples"]) / rate))
    seconds = int(prepared.views[0]["_total"]) / rate
    return Recording(served, [PreparedRow((view,)) for view in prepared.views], spans, seconds)


def _rate(served: Served) -> float:
    heard = served.predictor.bundle.processor.for_input.heard
    assert heard is not None
    return float(heard[0])
