"""Files of sounds: how they are opened, and what is to be known of each before training."""

from __future__ import annotations

import base64
import hashlib
import io
import struct
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.media.sound.containers import container_of, decoded_container, readable, version
from burnish.media.sound.files import is_mpeg, opened
from burnish.media.sound.fingerprint import fingerprint
from burnish.media.sound.resampling import Waveform, resampleable, resampled

ENDINGS = (
    *(
        ".wav",
        ".wave",
        ".flac",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
        ".mp2",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".snd",
        ".caf",
    ),
    *(".m4a", ".m4b", ".aac", ".mp4", ".m4v", ".mov", ".3gp", ".webm", ".mkv", ".wma", ".amr", ".3ga", ".weba", ".mka"),
    *(".ape", ".wv", ".ac3"),
)
"""Of the files that rows are. Those of them that libsndfile does not read (from the second line on) are read by PyAV where it
is installed and knows them, else refused by name, so that no sound is left out without a word."""
CLIPPED = 0.999  # of full scale
SILENT = -60.0  # dB below full scale, root mean square: nothing to be heard
_SAMPLES = 2**31  # of the longest recording that is opened: more is taken for a decompression bomb
_UNKNOWN = (0, 0xFFFFFFFF)  # what programs that write into a pipe put where the length of a WAV should stand
SLICE, FEWEST = 0.1, 4  # seconds and number of slices: shorter ones change little when they are silenced
FADE = 0.005  # seconds
LISTENED = 10  # seconds of a sound that a page of players holds
_VERSION = 3  # raised when `looked_at` finds other facts in the same bytes


def decoded(data: bytes) -> tuple[Waveform, int]:
    """The sound as float32 [samples], channels averaged, and its sampling rate.

    Raises:
        InputError: not a sound, cut off, without samples, or with samples that are not finite.
    """
    waveform, rate, _ = _decoded(data)
    return waveform, rate


def at_rate(data: bytes, rate: int) -> Waveform:
    """The sound as float32 [samples] at a rate, channels averaged.

    Raises:
        InputError: as `decoded`, or a sampling rate that no recorder writes.
    """
    waveform, stored_rate = decoded(data)
    if not resampleable(stored_rate, rate):
        raise InputError(
            f"its header says {stored_rate:,} samples a second",
            expected="a usual sampling rate, such as 16,000 or 44,100",
            fix="make the file again, or correct its header",
        )
    return resampled(waveform, stored_rate, rate)


def channels_of(data: bytes) -> tuple[NDArray[np.float32], int]:
    """The sound as float32 [channels, samples], and its sampling rate; what PyAV reads has its channels averaged.

    Raises:
        InputError: as `decoded`.
    """
    values, rate, _ = _stored(data)
    return np.ascontiguousarray(values.T), rate


def _decoded(data: bytes) -> tuple[Waveform, int, dict[str, Any]]:
    values, rate, stored = _stored(data)
    mixed = values[:, 0] if values.shape[1] == 1 else values.mean(axis=1, dtype=np.float32)
    return np.ascontiguousarray(mixed), rate, stored


def _stored(data: bytes) -> tuple[NDArray[np.float32], int, dict[str, Any]]:
    """The sound as float32 [samples, channels], its sampling rate, and what its header says."""
    import soundfile

    if not data:
        raise InputError("the file is empty")
    if (container := container_of(data)) is not None and readable():
        waveform, rate, stored = decoded_container(data, container, _SAMPLES)
        return _finite(waveform)[:, None], rate, stored
    _require_whole(data)
    _require_whole_mp3(data)
    try:
        with opened(data) as file:
            if file.frames * file.channels > _SAMPLES:
                raise InputError(f"{file.frames:,} samples of {file.channels} channels: too long to be opened safely")
            stored = {"channels": file.channels, "format": file.format, "subtype": file.subtype}
            rate, promised = int(file.samplerate), int(file.frames)
            values = file.read(dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise InputError(in_words(error)) from error
    if not len(values):
        raise InputError("the sound has no samples")
    if stored["format"] != "MP3" and len(values) < promised:
        raise InputError(f"cut off: {len(values):,} of {promised:,} samples are there")
    return _finite(values), rate, stored


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise InputError(f"{int((~np.isfinite(values)).sum()):,} samples are not finite numbers")
    return values


def _require_whole(data: bytes) -> None:
    """A WAV that ends before its header says is cut off; libsndfile would read what is there without a word."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if name == b"data":
            if size not in _UNKNOWN and at + 8 + size > len(data) + 1:
                raise InputError(f"cut off: {len(data) - at - 8:,} of {size:,} bytes of sound are there")
            return
        at += 8 + size + size % 2


def _require_whole_mp3(data: bytes) -> None:
    """An MP3 whose first frame says how many bytes there are (tag Xing or Info) and that has fewer is cut off.

    libsndfile would read what is there without a word. A hundredth is let pass: programs count their own tags or not.
    """
    if not _is_mp3(data):
        return
    start = 0
    if data[:3] == b"ID3" and len(data) >= 10:
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(data[6:10], (21, 14, 7, 0), strict=True))
    head = data[start : start + 200]
    at = max(head.find(b"Xing"), head.find(b"Info"))
    flags = int.from_bytes(head[at + 4 : at + 8], "big") if at >= 0 else 0
    if flags & 2:
        place = at + (12 if flags & 1 else 8)
        promised, there = int.from_bytes(head[place : place + 4], "big"), len(data) - start
        if there < 0.99 * promised:
            raise InputError(f"cut off: {there:,} of {promised:,} bytes of sound are there")


def in_words(error: Exception) -> str:
    """What libsndfile says, without the address of an object in memory."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    said = text.rpartition(": ")[2] if "<_io.BytesIO" in text else text
    return "not a sound in a format that is read" if "not recognised" in said else said


def as_file(samples: Any, rate: int) -> bytes:
    """Samples in memory ([samples] or [samples, channels], or channels first) as the bytes of a lossless file.

    Raises:
        InputError: not numbers in one or two axes.
    """
    import soundfile

    values = np.asarray(samples)
    if values.dtype.kind not in "fiu" or values.ndim not in (1, 2) or not values.size:
        raise InputError(f"an array of type {values.dtype} and shape {list(values.shape)}", expected="samples")
    if values.dtype.kind in "iu":
        values = values / float(np.iinfo(values.dtype).max)
    if values.ndim == 2 and values.shape[0] < values.shape[1]:
        values = values.T
    stream = io.BytesIO()  # AU: a header that says nothing of when it was written
    soundfile.write(stream, values.astype(np.float32), int(rate), format="AU", subtype="FLOAT")
    return stream.getvalue()


def as_wav(waveform: Waveform, rate: int) -> bytes:
    """A sound as a WAV file of 16 bits, which every browser plays."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, np.clip(waveform, -1, 1), rate, format="WAV", subtype="PCM_16")
    return stream.getvalue()


def middle(waveform: Waveform, samples: int) -> Waveform:
    """So many samples of the middle, or the whole where there are fewer."""
    start = max(0, (len(waveform) - samples) // 2)
    return waveform[start : start + samples]


def drawn(waveform: Waveform, samples: int, random: np.random.Generator) -> Waveform:
    """A random stretch of so many samples, or the whole where there are fewer."""
    spare = max(0, len(waveform) - samples)
    start = int(random.integers(0, spare + 1)) if spare else 0
    return waveform[start : start + samples]


def slices(samples: int, rate: int, most: int) -> list[tuple[int, int]]:
    """First sample and end of at most so many slices of equal time, each `SLICE` seconds or more; 4 of a very short sound."""
    count = max(1, min(most, samples, max(FEWEST, int(samples / (SLICE * rate)))))
    edges = [i * samples // count for i in range(count + 1)]
    return list(pairwise(edges))


def silenced(waveform: Waveform, start: int, end: int, rate: int) -> Waveform:
    """A copy with nothing to be heard from sample `start` to `end`; it fades beside them, because an edge is a click."""
    fade = max(1, round(FADE * rate))
    near = slice(max(0, start - fade), end + fade)
    quiet = waveform.copy()
    places = np.arange(len(waveform))[near]
    quiet[near] *= np.interp(places, [start - fade, start, end - 1, end - 1 + fade], [1, 0, 0, 1]).astype(np.float32)
    return quiet


def look_version() -> str:
    """What the facts of `looked_at` depend on beside the bytes."""
    import soundfile

    return f"sound {_VERSION}, libsndfile {soundfile.__libsndfile_version__}{version()}"


def looked_at(data: bytes) -> dict[str, Any]:
    """Facts of one file, as plain values; `problem` alone, in words, where it cannot be read.

    `seconds`, `sampling_rate`, `channels`, `format` and `subtype` as stored, `content`: a hash of samples and rate;
    `loudness` and `peak` in dB below full scale (root mean square, largest sample), `clipped`: share of samples at full
    scale, `lead`: share of the sound before the first sample that can be heard; `fingerprint`: see there.
    """
    try:
        waveform, rate, stored = _decoded(data)
    except InputError as error:
        return {"problem": error.found}
    sizes = np.abs(waveform)
    audible = np.flatnonzero(sizes > 10 ** (SILENT / 20))
    return {
        "seconds": len(waveform) / rate,
        "sampling_rate": rate,
        **stored,
        "content": hashlib.blake2b(str(rate).encode() + waveform.tobytes(), digest_size=16).hexdigest(),
        "loudness": _decibels(float(np.sqrt(np.mean(np.square(waveform, dtype=np.float64))))),
        "peak": _decibels(float(sizes.max())),
        "clipped": float((sizes >= CLIPPED).mean()),
        "lead": float(audible[0] / len(waveform)) if len(audible) else 1.0,
        "fingerprint": fingerprint(waveform, rate),
    }


def _decibels(size: float) -> float:
    return float(20 * np.log10(max(size, 1e-7)))


def looks_like_sound(value: Any) -> bool:
    """Whether a cell holds a sound: a path by its ending, bytes (in base64 too) by their beginning, samples with their rate."""
    if isinstance(value, Mapping):
        if value.get("array") is not None and "sampling_rate" in value:
            return True
        encoded = value.get("base64")
        value = _beginning(encoded) if isinstance(encoded, str) else value.get("path") or value.get("bytes")
    if isinstance(value, bytes):
        return (
            value[:4] in (b"RIFF", b"fLaC", b"OggS", b"FORM", b".snd", b"RF64", b"caff")
            or _is_mp3(value)
            or container_of(value) is not None
        )
    return isinstance(value, str) and value.lower().endswith(ENDINGS)


def _beginning(encoded: str) -> bytes:
    """The first bytes of what is written in base64; none where it is not."""
    try:
        return base64.b64decode(encoded[:16], validate=True)
    except ValueError:
        return b""


def _is_mp3(data: bytes) -> bool:
    return data[:3] == b"ID3" or (is_mpeg(data) and data[1] & 0x06 == 2)
