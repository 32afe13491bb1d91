"""Sounds: how their files are told, opened and looked at, and what reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from burnish.core.family import Kind
from burnish.inputs import Standalone
from burnish.inputs._file_programs import SOUND
from burnish.inputs._files import FileInput
from burnish.media.sound.files import seconds_of
from burnish.media.sound.reading import ENDINGS, look_version, looked_at, looks_like_sound


class SoundFiles(FileInput, Standalone):
    """Sounds: how their files are told, opened and looked at, and what reads them."""

    endings: ClassVar[tuple[str, ...]] = ENDINGS
    thing: ClassVar[str] = "sound"
    media: ClassVar[str] = "audio/"
    given_as: ClassVar[str] = "a path, bytes, or samples with their sampling_rate"
    heads: ClassVar[Mapping[str, str]] = {"row": "AutoModelForAudioClassification"}
    encoder: ClassVar[Kind] = "speech encoder"
    audits: ClassVar[tuple[str, ...]] = ("sounds",)
    read_as: ClassVar[str] = "waveform"
    channels: ClassVar[int] = 1
    place_numbers: ClassVar[tuple[str, ...]] = ("start", "end")
    recognition_order: ClassVar[int] = -1
    model_example: ClassVar[str] = (
        "a folder of wav2vec 2.0, AST or Whisper, or model={kind: timm, name: resnet10t, random_weights: true}"
    )

    @staticmethod
    def recognised(value: Any) -> bool:
        """A path by its ending, bytes by their beginning, samples with their rate."""
        return looks_like_sound(value)

    @classmethod
    def needs(cls, *, raw: bool) -> str:
        """What opens sounds."""
        return "soundfile"

    @classmethod
    def program(cls, *, raw: bool, preprocessing: bool) -> str:
        """For a graph that reads samples as they are; else it takes more than a few lines."""
        return SOUND if raw else ""

    @classmethod
    def measured(cls, data: bytes, most: Mapping[str, float]) -> dict[str, float]:
        """Seconds."""
        return seconds_of(data, most.get("seconds", math.inf))

    @classmethod
    def look(cls, data: bytes) -> dict[str, Any]:
        """Length, rate, channels, loudness and a hash of the samples; see `_sounds.looked_at`."""
        return looked_at(data)

    @classmethod
    def look_version(cls) -> str:
        """Version of the decoding, and of the library behind it."""
        return look_version()
