"""A recording as its windows: what was said in each, where they are joined, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from burnish.answering.predictor import PreparedRow
from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.media.transcript.aligning import TimedWord
from burnish.media.transcript.phrases import phrases
from burnish.media.transcript.stitching import APART, Stitching
from burnish.media.transcript.subtitles import Cue


@dataclass(frozen=True)
class Segment:
    """Words that are said together: seconds, text, and the words with times where there are some."""

    start: float
    end: float
    text: str
    score: float | None = None
    words: tuple[TimedWord, ...] = ()


@dataclass
class _Joined:
    """Windows that are joined so far: the whole, whether its words are written apart, and the texts that are in it."""

    whole: Stitching
    spaced: bool
    texts: list[str] = field(default_factory=list)

    def goes_on(self, texts: Sequence[str], spaced: bool) -> bool:
        """Whether these texts begin with those that are in it; the first ones may decide anew how words are written."""
        return spaced == self.spaced and self.texts == list(texts[: len(self.texts)])


@dataclass
class Windows:
    """The windows of a recording.

    Attributes:
        bundle: what hears it.
        prepared: one for each window, in order.
        spans: seconds at which each begins and ends.
        seconds: how long the recording is.
        answers: of the windows so far; more come behind them.
    """

    bundle: Bundle
    prepared: list[PreparedRow]
    spans: list[tuple[float, float]]
    seconds: float
    answers: list[Answer] = field(default_factory=list)
    _joined: _Joined | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(cls, bundle: Bundle, row: PreparedRow) -> Self:
        """Of a recording that was prepared as a whole."""
        heard = bundle.processor.for_input.heard
        assert heard is not None
        rate = float(heard[0])
        starts = [int(view["_start"]) / rate for view in row.views]
        lengths = [int(view["_samples"]) / rate for view in row.views]
        spans = [(start, start + length) for start, length in zip(starts, lengths, strict=True)]
        return cls(bundle, [PreparedRow((view,)) for view in row.views], spans, int(row.views[0]["_total"]) / rate)

    def stitching(self) -> Stitching:
        """The windows so far, joined; each is joined once, however often it is asked for while they come."""
        target: Any = self.bundle.target
        texts = [str(answer.answer) for answer in self.answers]
        spaced = target.spaced(texts, self.bundle.processor)
        if self._joined is None or not self._joined.goes_on(texts, spaced):
            apart = bool(self.prepared[0].views[0].get(APART, 0))
            self._joined = _Joined(Stitching(spaced, apart), spaced)
        for text in texts[len(self._joined.texts) :]:
            self._joined.whole.add(text)
            self._joined.texts.append(text)
        return self._joined.whole

    def segments(self) -> list[Segment]:
        """Phrases of each window that adds words, where these are timed; else the window as a whole.

        Windows without times meet in the middle of where they overlap.
        """
        out: list[Segment] = []
        for number, (text, places) in enumerate(self.stitching().kept()):
            if not text:
                continue
            words, score = self._words(number, text, places, out[-1].end if out else 0.0), self.answers[number].score
            if words:
                said = phrases(text, words)
                out += [Segment(own[0].start, own[-1].end, part, score, own) for part, own in said]
            else:
                out.append(Segment(*self._between(number), text, score))
        return out

    def cues(self) -> list[Cue]:
        """`segments` as subtitles."""
        return [Cue(one.start, one.end, one.text) for one in self.segments()]

    def _between(self, number: int) -> tuple[float, float]:
        start, end = self.spans[number]
        if number:
            start = max(start, (start + self.spans[number - 1][1]) / 2)
        if number + 1 < len(self.spans):
            end = min(end, (end + self.spans[number + 1][0]) / 2)
        return start, end

    def _words(self, window: int, text: str, places: Sequence[int], since: float) -> list[TimedWord]:
        """Those of a window that are in the whole, in seconds from the beginning of the recording; none without times.

        None begins before `since`, where what the window before has added ends: both heard the seconds that they share.
        """
        timed = self.answers[window].words
        if not places or places[-1] >= len(timed):
            return []
        begin, kept = self.spans[window][0], [timed[place] for place in places]
        if "".join(word.word for word in kept) != "".join(text.split()):
            return []
        starts = [max(since, begin + word.start) for word in kept]
        return [
            replace(word, start=start, end=max(start, begin + word.end))
            for word, start in zip(kept, starts, strict=True)
        ]
