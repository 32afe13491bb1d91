"""Spoken words: one recording a row, of which every word counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.errors import InputError
from burnish.inputs import Change
from burnish.inputs._file_programs import SPEECH
from burnish.inputs._files import Read
from burnish.inputs._recordings import Recordings
from burnish.media.sound.pauses import spoken
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.raw import RawWindows
from burnish.media.sound.resampling import Waveform
from burnish.media.transcript.stitching import APART

STEP = 0.5  # seconds that natural windows are a multiple of: little silence, and few different lengths
BRIEF = 10.0  # seconds of a window below which few sentences fit into it: it is cut at pauses then
LEEWAY = 1.25  # of the longest training recording: what a network reads as well
SHORTEST = 2.0  # seconds that a window has at least
_CLOCK = re.compile(r"[+-]?[0-9][0-9:.,]*")
_MOST_SECONDS = 1e9  # thirty years: more is no time in a recording
LONGEST = 30.0  # seconds of a window where the checkpoint says nothing


class Speech(Recordings):
    """One recording of speech for each example: a path, the bytes of a file, or samples with their rate; any rate.

    In training a recording is read whole: one that is longer than a window is left out and counted, because its text would
    not be that of the window. Predictions of long recordings are made of overlapping windows.
    """

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.sound", "burnish.media.paths")
    learned_facts: ClassVar[tuple[str, ...]] = ("seconds",)
    lengths_matter: ClassVar[bool] = True
    length_unit: ClassVar[str] = "frames of 20 ms"
    audits: ClassVar[tuple[str, ...]] = ("sounds", "transcripts", "timing", "speakers")
    group_columns: ClassVar[tuple[str, ...]] = ("client_id", "speaker", "speaker_id")
    shapes: ClassVar[tuple[str, ...]] = ("decoded", "frames")
    heads: ClassVar[Mapping[str, str]] = {"decoded": "AutoModelForSpeechSeq2Seq", "frames": "AutoModelForCTC"}
    model_example: ClassVar[str] = "a folder of Whisper, or of wav2vec 2.0 with a head of CTC"
    start: str | None = Field(
        None, description="Column with the seconds at which the words begin; null: `start`, if any."
    )
    end: str | None = Field(None, description="Column with the seconds at which they end; null: `end`, if any.")
    overlap: float = Field(
        0.2, ge=0, lt=1, description="Of neighbouring windows of a long recording, as a share of one."
    )
    pauses: bool | None = Field(
        None,
        description="Cut long recordings where it is quiet, and leave out stretches in which nobody speaks, in place of "
        "overlapping windows. Null: where windows are shorter than 10 seconds.",
    )
    window: Literal["full", "natural"] = Field(
        "full",
        description="Of Whisper: full pads every recording to 30 seconds, as it was pretrained; natural reads each as long "
        "as it is, which takes a fraction of the time and wants fine-tuning.",
    )

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The column of files, and those of beginnings and ends where there are some."""
        return (self.column, *(name for name in (self.start, self.end) if name))

    @property
    def length_columns(self) -> tuple[str, ...]:
        """Beginnings and ends."""
        return tuple(name for name in (self.start, self.end) if name)

    @property
    def span_columns(self) -> tuple[str | None, str | None]:
        """Those of beginnings and ends."""
        return self.start, self.end

    def whole(self) -> Speech:
        """Without beginnings and ends."""
        return self.model_copy(update={"start": None, "end": None}) if self.length_columns else self

    def inferred(self, columns: Sequence[str], rows: Sequence[Example], target: str) -> Self | None:
        """With the column of sounds, and `start` and `end` where there are such columns of times.

        A few cells that are none do not make the columns others, nor times in minutes or with a comma: without them every
        row would be learned as its whole file. The audit names what is no time in seconds.
        """
        fitted = super().inferred(columns, rows, target)
        if fitted is None:
            return None
        found = {
            name: name
            for name in ("start", "end")
            if getattr(fitted, name) is None and name in columns and _times([row.get(name) for row in rows])
        }
        return fitted.model_copy(update=found) if found else fitted

    def beside(self, shape: str) -> Speech:
        """For frames, recordings as long as they are: each frame of padding would be one to be learned."""
        return self.model_copy(update={"window": "natural"}) if shape == "frames" else self

    def learned(self, facts: Mapping[str, Mapping[str, Array]]) -> tuple[Self, str]:
        """Natural windows little longer than the longest training recording.

        Of a much longer one a network that never saw such would write but the beginning.
        """
        longest = facts["train"]["seconds"].astype(np.float64)
        known = longest[np.isfinite(longest) & (longest <= LONGEST)]
        if self.window != "natural" or self.seconds is not None or self.length_columns or not len(known):
            return self, ""
        seconds = max(SHORTEST, math.ceil(LEEWAY * float(known.max()) / STEP) * STEP)
        if seconds >= LONGEST:
            return self, ""
        said = (
            f"input: windows of at most {seconds:g} s, a quarter more than the longest training recording; longer ones are cut "
            "into such windows (input.seconds sets another length)"
        )
        return self.model_copy(update={"seconds": seconds}), said

    def as_pretrained(self) -> Speech:
        """With full windows, of the checkpoint's own length."""
        return self.model_copy(update={"window": "full", "seconds": None if self.window == "natural" else self.seconds})

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> SoundProcessor:
        """As of every sound; recordings differ in length, but for Whisper's full windows.

        Raises:
            InputError: the checkpoint does not say what it reads, or the settings contradict each other.
        """
        if settings is not None:
            return SoundProcessor(**settings)
        return super().processor(folder)

    def raw(self, processor: SoundProcessor) -> RawWindows:
        """The windows at the network's rate."""
        return RawWindows(**processor.settings())

    @classmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """For a graph that reads samples as they are; else it takes more than a few lines."""
        return SPEECH if raw else ""

    def _stated(self, folder: Path) -> dict[str, Any]:
        stated = super()._stated(folder)
        if stated.get("features") == "waveform":
            stated = {"seconds": LONGEST, **stated, "mask": True}
        if stated.get("features") == "whisper" and self.window == "natural":
            stated = {**stated, "natural": STEP}
        return stated

    def encode(self, examples: Sequence[Example], processor: SoundProcessor) -> list[Encoded]:
        """The recording of each row; of one that is longer than a window its beginning.

        Raises:
            InputError: a file that is missing or broken.
        """
        whole = [self.heard(e, processor) for e in examples]
        return [{**self._window(w[: processor.samples], processor), **_placed(0, w)} for w in whole]

    def views(self, examples: Sequence[Example], processor: SoundProcessor) -> Iterator[Iterator[Encoded]]:
        """The windows of each recording, as `SoundProcessor.starts` cuts them."""
        for example in examples:
            yield self._windows(self.heard(example, processor), processor)

    def _windows(self, waveform: Waveform, processor: SoundProcessor) -> Iterator[Encoded]:
        pauses = processor.seconds < BRIEF if self.pauses is None else self.pauses
        if pauses and len(waveform) > processor.samples:
            for start, end in spoken(waveform, processor.sampling_rate, processor.seconds):
                view = self._window(waveform[start:end], processor)
                yield {**view, **_placed(start, waveform, apart=True)}
            return
        for start in processor.starts(len(waveform)):
            view = self._window(waveform[start : start + processor.samples], processor)
            yield {**view, **_placed(start, waveform)}

    def _window(self, waveform: Waveform, processor: SoundProcessor) -> Encoded:
        return {**self.row(waveform, processor), "_samples": np.int32(len(waveform))}  # type: ignore[dict-item]

    def augmented(
        self, examples: Sequence[Example], processor: SoundProcessor, change: Change, seeds: Sequence[int]
    ) -> list[Encoded]:
        """The whole recording of each row, changed; one that a change makes longer than a window stays as it is.

        No change takes its beginning away, whose words stand in the text.
        """
        out, change = [], change.whole()
        for example, seed in zip(examples, seeds, strict=True):
            waveform = self.heard(example, processor)
            changed = change(waveform, seed)
            view = (changed if len(changed) <= processor.samples else waveform)[: processor.samples]
            row = self._window(view, processor)
            features = processor.changed(row[processor.name], change.features, len(view), seed)
            out.append({**row, processor.name: features})
        return out

    def unread(self, facts: Mapping[str, Any], processor: SoundProcessor) -> Encoded:
        """Lengths of a recording; `_full_length` is more where it does not fit into a window.

        One that was not looked at is taken for a whole window.
        """
        seconds = self._seconds(facts) if facts.get("seconds") is not None else processor.seconds
        samples = round(seconds * processor.sampling_rate)
        length = processor.length(samples)
        longer = samples > processor.samples
        full = max(length + 1, math.ceil(length * samples / processor.samples)) if longer else length
        kept = min(samples, processor.samples)
        return {"_length": np.int32(length), "_full_length": np.int32(full), "_samples": np.int32(kept)}  # type: ignore[dict-item]

    def length(self, facts: Mapping[str, Any], processor: SoundProcessor) -> int:
        """Elements of a recording, or of a window of it."""
        return processor.length(self._seconds(facts) * processor.sampling_rate)

    def view_count(self, facts: Mapping[str, Any], processor: SoundProcessor) -> int:
        """One: training never reads a part, whose words nobody knows."""
        return 1

    def portable(self, example: Example) -> dict[str, Any]:
        """The bytes of the file in base64, and which part of it the words are."""
        return {**super().portable(example), **{name: example.get(name) for name in self.length_columns}}

    def _seconds(self, facts: Mapping[str, Any]) -> float:
        whole = float(facts.get("seconds") or 0.0)
        start, end = self._span(facts)
        seconds = (whole if end is None else min(end, whole)) - (start or 0.0)
        return max(0.0, seconds) if math.isfinite(seconds) else 0.0

    def duration(self, facts: Mapping[str, Any]) -> float | None:
        """Seconds of the words of a row; None where the file is unknown."""
        return None if facts.get("seconds") is None else self._seconds(facts)

    def _span(self, row: Mapping[str, Any]) -> tuple[float | None, float | None]:
        """Seconds of beginning and end; None where a row has none, not a number where its cell is no time."""
        start, end = (_seconds_in(row.get(name)) if name else None for name in (self.start, self.end))
        return start, end

    def heard(self, example: Example, processor: SoundProcessor) -> Waveform:
        """The words of a row at the network's rate: float32 [samples].

        Raises:
            InputError: a file that is missing or broken, or words that lie outside it.
        """
        waveform = super().heard(example, processor)
        if not self.length_columns or isinstance(example.get(self.column), Read):  # what was read once, was cut
            return waveform
        start, end = self._span(example)
        rate = processor.sampling_rate
        for name, seconds in ((self.start, start), (self.end, end)):
            if name and seconds is not None and not math.isfinite(seconds):
                raise InputError(
                    f"its {name} is {example[name]!r:.40}, which is no time in seconds",
                    expected="seconds from the beginning of the file, such as 12.5",
                    place=self.called(example),
                )
        start = start or 0.0
        first, last = round(start * rate), len(waveform) if end is None else round(end * rate)
        if first < 0 or first >= min(last, len(waveform)):
            raise InputError(
                f"from {start:g} to {'the end' if end is None else f'{end:g}'} s there is nothing in a recording of "
                f"{len(waveform) / rate:.2f} s",
                expected="a beginning and an end inside it",
                place=self.called(example),
            )
        return waveform[first:last]


def _times(values: Sequence[Any]) -> bool:
    """Whether most cells that hold anything hold numbers, as texts too: those of CSV are; or times of a clock."""
    known = [value for value in values if value not in (None, "")]
    return not known or 2 * sum(map(_like_a_time, known)) > len(known)


def _like_a_time(value: Any) -> bool:
    if isinstance(value, str):
        return _CLOCK.fullmatch(value.strip()) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


def _seconds_in(cell: Any) -> float | None:
    """The seconds that a cell says; None where it is empty, not a number where it says none."""
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool) or not isinstance(cell, int | float | str | np.number):
        return math.nan
    try:
        seconds = float(cell)
    except (ValueError, OverflowError):
        return math.nan
    return seconds if abs(seconds) <= _MOST_SECONDS else math.nan


def _placed(start: int, waveform: Waveform, *, apart: bool = False) -> Encoded:
    """Where a window begins, how long the whole recording is, in samples, and whether windows share nothing."""
    return {"_start": np.int32(start), "_total": np.int32(len(waveform)), APART: np.int32(apart)}  # type: ignore[dict-item]
