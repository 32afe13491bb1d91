"""What inputs of one sound a row share: settings, windows, and what is shown of a sound."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from pydantic import Field

from burnish.core.batch import Array, Encoded, Example
from burnish.core.errors import InputError
from burnish.core.seeds import generator
from burnish.inputs import Audible, Augmentable, Change, Divisible, InGraph, Piece, Visible, described
from burnish.inputs._files import Read
from burnish.inputs._sound_inputs import SoundFiles
from burnish.media.sound.axes import with_axes
from burnish.media.sound.processor import SoundProcessor, WaveformProcessor
from burnish.media.sound.raw import RawSounds
from burnish.media.sound.reading import (
    LISTENED,
    as_file,
    as_wav,
    at_rate,
    drawn,
    middle,
    silenced,
    slices,
)
from burnish.media.sound.resampling import Waveform
from burnish.media.sound.settings import SETTINGS, checkpoint_settings, written
from burnish.media.sound.spectrograms import shaded

if TYPE_CHECKING:
    from torch import nn

_LEEWAY = 1.25  # of a view, read in training: what a faster speed may need
_NEEDED = ("features", "sampling_rate", "seconds")


class Recordings(SoundFiles, Augmentable, Visible, Audible, Divisible, InGraph):
    """One sound for each example: a path, the bytes of a file, or samples with their rate; any rate, channels averaged."""

    encodes_with: ClassVar[tuple[str, ...]] = ("burnish.media.sound", "burnish.media.paths")
    length_facts: ClassVar[tuple[str, ...]] = ("seconds",)
    column: str = Field("audio", description="Column with the path of a sound file, its bytes, or samples and rate.")
    features: Literal["waveform", "log_mel", "kaldi", "whisper"] | None = Field(
        None, description="What the network reads; null: as the checkpoint says, log_mel for image networks."
    )
    sampling_rate: int | None = Field(
        None, ge=1000, le=192_000, description="Samples a second that the network hears; null: the checkpoint's own."
    )
    seconds: float | None = Field(
        None,
        gt=0,
        description="Longest view; shorter sounds are padded, longer cut into views. Null: the checkpoint's.",
    )
    overlap: float = Field(0.5, ge=0, lt=1, description="Of neighbouring views of a long sound, as a share of a view.")
    mels: int | None = Field(None, ge=8, le=512, description="Bands of a log_mel; null: the checkpoint's, or 64.")
    window_milliseconds: float = Field(25.0, gt=0, description="Frame of a log_mel, where the checkpoint says nothing.")
    hop_milliseconds: float = Field(10.0, gt=0, description="Between frames, where the checkpoint says nothing.")
    lowest_hertz: float = Field(20.0, ge=0, description="Of the lowest band, where the checkpoint says nothing.")
    highest_hertz: float | None = Field(None, gt=0, description="Of the highest band; null: half the sampling rate.")
    normalisation: Literal["row", "fixed", "none"] | None = Field(
        None, description="Of a log_mel: row (each view to mean 0, deviation 1), fixed (mean, std), none. Null: row."
    )
    mean: float | None = Field(None, description="Of the log_mel, with normalisation fixed.")
    std: float | None = Field(None, gt=0, description="Of the log_mel, with normalisation fixed.")

    def processor(self, folder: Path, settings: dict[str, Any] | None = None) -> SoundProcessor:
        """What the checkpoint says of its input, with this input's own settings over it.

        Raises:
            InputError: neither says what the network reads, or the settings contradict each other.
        """
        if settings is not None:
            return SoundProcessor(**settings)
        named: dict[str, Any] = {
            "features": self.features,
            "sampling_rate": self.sampling_rate,
            "seconds": self.seconds,
        }
        named |= {"mels": self.mels, "normalisation": self.normalisation, "mean": self.mean, "std": self.std}
        stated = self._stated(folder)
        merged = {**stated, **{k: v for k, v in named.items() if v is not None}, "overlap": self.overlap}
        self._check(stated, merged, folder)
        if merged["features"] == "log_mel":
            merged = {**self._frames(int(merged["sampling_rate"])), **merged}
        processor = SoundProcessor(**merged)
        if processor.features == "log_mel" and processor.samples < processor.window:
            raise InputError(
                f"a view of {processor.seconds:g} s is shorter than a frame of {processor.window} samples",
                fix="raise input.seconds",
                place="input",
            )
        return processor

    def _stated(self, folder: Path) -> dict[str, Any]:
        """What the checkpoint states of its input."""
        return checkpoint_settings(folder)

    def _check(self, stated: Mapping[str, Any], merged: dict[str, Any], folder: Path) -> None:
        missing = [name for name in _NEEDED if name not in merged]
        if "features" in missing:
            self.check_not_for_texts(folder)
        if missing:
            raise InputError(
                f"the checkpoint does not say its {', '.join(missing)}",
                expected="preprocessor_config.json (transformers), audio_processor.json (burnish), or settings of the input",
                fix="state them: input: {kind: audio, features: log_mel, sampling_rate: 16000, seconds: 2}; never guess",
                place=str(folder),
            )
        for name in ("features", "sampling_rate", "mels"):
            value = getattr(self, name)
            if value is not None and name in stated and stated[name] != value:
                raise InputError(
                    f"input.{name} is {value!r}, but the checkpoint was trained with {stated[name]!r}",
                    fix=f"leave input.{name} out",
                    place="input",
                )
        longest = float(stated.get("seconds", merged["seconds"]))
        if merged["features"] in ("kaldi", "whisper") and merged["seconds"] > longest:
            raise InputError(
                f"a view of {merged['seconds']:g} s, but the checkpoint reads at most {longest:g} s",
                fix="lower input.seconds: longer sounds are cut into views",
                place="input.seconds",
            )
        if (self.normalisation == "fixed") != (self.mean is not None and self.std is not None):
            raise InputError("normalisation fixed goes with mean and std, and they with it", place="input")

    def _frames(self, rate: int) -> dict[str, Any]:
        window = max(1, round(self.window_milliseconds * rate / 1000))
        return {
            "window": window,
            "hop": max(1, round(self.hop_milliseconds * rate / 1000)),
            "transform": 1 << (window - 1).bit_length(),
            "lowest": self.lowest_hertz,
            "highest": self.highest_hertz or rate / 2,
        }

    def save_processor(self, processor: SoundProcessor, folder: Path) -> None:
        """Write the settings beside the weights, and what transformers reads where it is a checkpoint of its own."""
        (folder / SETTINGS).write_text(json.dumps(processor.settings(), indent=2) + "\n", encoding="utf-8")
        if (plain := written(processor)) is not None:
            text = json.dumps(plain, indent=2) + "\n"
            (folder / "preprocessor_config.json").write_text(text, encoding="utf-8")

    def encode(self, examples: Sequence[Example], processor: SoundProcessor) -> list[Encoded]:
        """One view of each row: the whole sound, or the middle of a long one.

        Raises:
            InputError: a file that is missing or broken.
        """
        return [self.row(middle(self.heard(e, processor), processor.samples), processor) for e in examples]

    def views(self, examples: Sequence[Example], processor: SoundProcessor) -> Iterator[Iterable[Encoded]]:
        """The views of each row, one after another, as `SoundProcessor.starts` cuts them."""
        for example in examples:
            yield _views(self.heard(example, processor), processor)

    @staticmethod
    def row(view: Waveform, processor: SoundProcessor) -> Encoded:
        """One view as the network reads it."""
        length = np.int32(processor.length(len(view)))
        return {processor.name: processor.numbers(view), "_length": length, "_full_length": length}  # type: ignore[dict-item]

    def mixable(self, processor: SoundProcessor) -> str:
        """What the network reads: the waveform or the spectrogram."""
        return processor.name

    def augmented(
        self, examples: Sequence[Example], processor: SoundProcessor, change: Change, seeds: Sequence[int]
    ) -> list[Encoded]:
        """One view of each row: of a long sound a random one; the waveform changed, then what the network reads of it."""
        out = []
        for example, seed in zip(examples, seeds, strict=True):
            waveform = self.heard(example, processor)
            random = generator(seed, "view")
            waveform = change(drawn(waveform, round(processor.samples * _LEEWAY), random), seed)
            view = drawn(waveform, processor.samples, random)
            row = self.row(view, processor)
            out.append(
                {**row, processor.name: processor.changed(row[processor.name], change.features, len(view), seed)}
            )
        return out

    def length(self, facts: Mapping[str, Any], processor: SoundProcessor) -> int:
        """Elements of one view."""
        return processor.length((facts.get("seconds") or 0.0) * processor.sampling_rate)

    def view_count(self, facts: Mapping[str, Any], processor: SoundProcessor) -> int:
        """Views of a sound of so many seconds."""
        return sum(1 for _ in processor.starts(round((facts.get("seconds") or 0.0) * processor.sampling_rate)))

    def parts(self, example: Example, processor: SoundProcessor, most: int) -> list[Piece]:
        """Slices of equal time; one is left out by silencing it."""
        waveform, rate = self.heard(example, processor), processor.sampling_rate
        return [
            Piece({"start": a / rate, "end": b / rate}, partial(_silenced, example, self.column, waveform, a, b, rate))
            for a, b in slices(len(waveform), rate, most)
        ]

    def collate(self, encoded: Sequence[Encoded], processor: SoundProcessor) -> tuple[dict[str, Array], int]:
        """The rows as the processor batches them, and the longest of their lengths."""
        return processor.batch([e[processor.name] for e in encoded]), max(int(e["_length"]) for e in encoded)

    def unprocessed(self, processor: SoundProcessor) -> WaveformProcessor | None:
        """The waveform, where the network reads a spectrogram that depends on nothing else (`log_mel`, `whisper`)."""
        return WaveformProcessor(**processor.settings()) if processor.features in ("log_mel", "whisper") else None

    def graph(self, processor: SoundProcessor) -> nn.Module:
        """The waveform to its spectrogram."""
        from burnish.media.sound.graph import Spectrogram

        return Spectrogram(processor)

    def raw(self, processor: SoundProcessor) -> RawSounds:
        """The whole sounds at the network's rate."""
        return RawSounds(**processor.settings())

    def shown(self, encoded: Encoded, processor: SoundProcessor) -> str:
        """Shape and range of what the network hears."""
        values = encoded[processor.name]
        return described(values)

    def pictured(self, encoded: Encoded, processor: SoundProcessor) -> Array:
        """The spectrogram in shades, low frequencies at the bottom, time to the right, with axes."""
        values = processor.picture(encoded[processor.name])
        low, high = np.quantile(values, (0.02, 0.995))
        shades = shaded(np.clip((values[::-1] - low) / max(high - low, 1e-6), 0, 1))
        return with_axes(shades, *processor.axes(encoded[processor.name]))

    def sounded(self, example: Example, processor: SoundProcessor) -> bytes:
        """The first seconds at the network's rate."""
        return as_wav(self.heard(example, processor)[: LISTENED * processor.sampling_rate], processor.sampling_rate)

    def heard(self, example: Example, processor: SoundProcessor) -> Waveform:
        """The whole sound of a row at the network's rate: float32 [samples].

        Raises:
            InputError: as in `encode`.
        """
        value = example.get(self.column)
        if isinstance(value, Read):
            return cast(Waveform, value.value)
        data = self.bytes_of(example)
        try:
            return at_rate(data, processor.sampling_rate)
        except InputError as error:
            raise InputError(f"the sound cannot be read: {error.found}", place=self.called(example)) from None

    def read(self, example: Example, processor: SoundProcessor, *, changed: bool) -> Read:
        """The whole waveform at the network's rate, which nothing may write into."""
        waveform = self.heard(example, processor)
        waveform.flags.writeable = False
        return Read(waveform, waveform.nbytes)

    def unpacked(self, value: Mapping[str, Any]) -> Any:
        """As of every file, or samples with their rate as the bytes of a file."""
        samples = value.get("array")
        return super().unpacked(value) if samples is None else as_file(samples, int(value["sampling_rate"]))


def _silenced(example: Example, column: str, waveform: Waveform, start: int, end: int, rate: int) -> Example:
    quiet = silenced(waveform, start, end, rate)
    return {**example, column: Read(quiet, quiet.nbytes)}


def _views(waveform: Waveform, processor: SoundProcessor) -> Iterator[Encoded]:
    for start in processor.starts(len(waveform)):
        yield Recordings.row(waveform[start : start + processor.samples], processor)
