"""The sound in M4A, AAC, MP4 and WebM files, decoded by PyAV where that is installed. No external program is run."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from burnish.core.errors import InputError
from burnish.media.sound.resampling import Waveform

INSTALL = "pip install 'burnish[video]'"
_SLACK = 1.0  # seconds by which decoded sound may be longer than its packets say: the priming of codecs
_SHORT = 0.95  # share of the seconds that the header promises, below which a file is cut off


@dataclass(frozen=True)
class Container:
    """A kind of file: how people call it, and the one demuxer that may open it.

    Nothing is probed: a file that names other files (a playlist, say) would be opened by what FFmpeg takes it for.
    """

    name: str
    demuxer: str
    format: str


_MP4 = Container("MP4 (AAC, m4a)", "mov", "MP4")
_WEBM = Container("WebM or Matroska", "matroska", "WEBM")
_PICTURES = (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis", b"crx ")
"""Brands of pictures in the same container: HEIC, AVIF, raw photographs."""
_AAC = Container("AAC", "aac", "AAC")


def container_of(data: bytes) -> Container | None:
    """The kind of a file by its first bytes; None where it is no such file."""
    if data[4:8] == b"ftyp":
        return None if data[8:12] in _PICTURES else _MP4
    if data[:4] == b"\x1aE\xdf\xa3":
        return _WEBM
    # The sync word of MPEG audio with layer 0, which only AAC has.
    return _AAC if len(data) > 1 and data[0] == 0xFF and data[1] & 0xF6 == 0xF0 else None


def readable() -> bool:
    """Whether PyAV is installed."""
    return find_spec("av") is not None


def version() -> str:
    """Of the decoder, for caches of what was found in files; empty where there is none."""
    if not readable():
        return ""
    import av

    return f", PyAV {av.__version__}"


def container_seconds(data: bytes, kind: Container, most: float = math.inf) -> float:
    """How long the sound is, by the times of its packets, which are read and not decoded.

    Args:
        data: the file.
        kind: of it.
        most: where the sound is longer, that is all that is told.

    Raises:
        InputError: not a readable file, or without sound.
    """
    with _Opened(data, kind) as file:
        last = first = None
        for packet in file.packets():
            if packet.pts is None:
                continue
            start = float(packet.pts * packet.time_base)
            first = start if first is None else min(first, start)
            end = start + float((packet.duration or 0) * packet.time_base)
            last = end if last is None else max(last, end)
            if last - first > most:
                break
        return 0.0 if first is None or last is None else last - first


def decoded_container(data: bytes, kind: Container, samples: int) -> tuple[Waveform, int, dict[str, Any]]:
    """The first audio stream as float32 [samples], channels averaged; its rate; and channels, format and codec.

    Args:
        data: the file.
        kind: of it.
        samples: of all channels that are decoded at most.

    Raises:
        InputError: not a readable file, without sound, cut off, too long, or longer than its packets say.
    """
    longest = container_seconds(data, kind) + _SLACK
    pieces: list[Waveform] = []
    done, rate, channels = 0, 0, 0
    with _Opened(data, kind) as file:
        for values, rate_now in file.frames():
            rate, channels = rate or rate_now, channels or values.shape[0]
            if (rate_now, values.shape[0]) != (rate, channels):
                raise InputError("sampling rate or channels change within the sound")
            done += values.shape[1]
            if done * channels > samples:
                raise InputError(f"more than {samples:,} samples of {channels} channels: too long to be opened safely")
            if done > longest * rate:
                raise InputError(f"more sound than the {longest - _SLACK:.1f} s that its packets say")
            pieces.append(values.mean(axis=0, dtype=np.float32))
        promised, codec = file.promised, file.codec
    if not done:
        raise InputError("the sound has no samples")
    if done / rate < _SHORT * promised - _SLACK:
        raise InputError(f"cut off: {done / rate:.1f} of {promised:.1f} s of sound are there")
    stored = {"channels": channels, "format": kind.format, "subtype": codec}
    return np.concatenate(pieces), rate, stored


class _Opened:
    """A file whose first audio stream is read; errors of the library are said in words.

    Attributes:
        promised: seconds that the header says the sound lasts; 0 where it does not.
        codec: of the stream.
    """

    def __init__(self, data: bytes, kind: Container) -> None:
        import av

        self._library: Any = av
        try:
            self._file = av.open(io.BytesIO(data), mode="r", format=kind.demuxer)
        except (av.FFmpegError, ValueError) as error:
            raise InputError(f"this is {kind.name}, and cannot be read: {_in_words(error)}") from error
        if not self._file.streams.audio:
            self._file.close()
            raise InputError(f"this is {kind.name} without sound")
        self._stream = self._file.streams.audio[0]
        self.codec = str(self._stream.codec_context.name).upper()
        estimated = self._stream.duration is None or kind is _AAC
        self.promised = 0.0 if estimated else float(self._stream.duration * self._stream.time_base)

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def packets(self) -> Iterator[Any]:
        """The packets of the stream."""
        yield from self._read(self._file.demux(self._stream))

    def frames(self) -> Iterator[tuple[Waveform, int]]:
        """Samples, float32 [channels, samples], and their rate."""
        plain = self._library.AudioResampler(format="fltp")
        for frame in self._read(self._file.decode(self._stream)):
            for piece in plain.resample(frame):
                yield piece.to_ndarray(), int(piece.sample_rate)

    def _read(self, pieces: Iterator[Any]) -> Iterator[Any]:
        try:
            yield from pieces
        except (self._library.FFmpegError, ValueError) as error:
            raise InputError(f"the sound is broken: {_in_words(error)}") from error


def _in_words(error: Exception) -> str:
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(said).splitlines()[0]
