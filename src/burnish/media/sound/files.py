"""The one place where a sound is opened: an allow-list of formats, told by the first bytes of the file."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING

from burnish.core.errors import InputError
from burnish.media.sound.containers import INSTALL, container_of, container_seconds, readable

if TYPE_CHECKING:
    import soundfile

FORMATS = ("WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF")
"""What is read. libsndfile knows twenty more, most of them from the last century."""
READ = "WAV, FLAC, OGG, MP3, AIFF, AU or CAF; with PyAV also M4A, AAC, MP4 and WebM"
CONVERT = "convert it: ffmpeg -i FILE FILE.wav"
_BEGINNINGS = (b"RIFF", b"RIFX", b"RF64", b"riff", b"fLaC", b"OggS", b"FORM", b".snd", b"dns.", b"caff", b"ID3")
_OTHERS = (
    (b"0&\xb2u", 0, "Windows Media (WMA)"),
    (b"#!AMR", 0, "AMR"),
    (b"MAC ", 0, "Monkey's Audio"),
    (b"wvpk", 0, "WavPack"),
    (b"ADIF", 0, "AAC"),
)


class _Bytes(io.BytesIO):
    """A file in memory for libsndfile, which looks before the beginning of broken ones: there is the beginning.

    An error in such a call would be printed with its traceback, and passed over.
    """

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As of a file; never before its beginning."""
        return super().seek(max(0, offset) if whence == io.SEEK_SET else offset, whence)


class SoundNotRead(InputError):
    """A file in no format of the allow-list."""


def opened(data: bytes) -> soundfile.SoundFile:
    """A sound whose header was read: to be closed by the caller.

    Args:
        data: the file; its content decides the format, never its name.

    Raises:
        NotRead: a format that is not on the list, named where it is known.
        soundfile.LibsndfileError: a broken file.
    """
    import soundfile

    if not data.startswith(_BEGINNINGS) and not is_mpeg(data):
        raise SoundNotRead(_named(data), expected=READ, fix=CONVERT)
    sound = soundfile.SoundFile(_Bytes(data))
    if sound.format not in FORMATS:
        sound.close()
        raise SoundNotRead(f"not a sound in a format that is read: this is {sound.format}", expected=READ, fix=CONVERT)
    return sound


def is_mpeg(data: bytes) -> bool:
    """Whether the file begins like an MPEG stream of layers I to III; AAC calls itself layer 0."""
    return len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 and data[1] & 0x06 != 0


def _named(data: bytes) -> str:
    """What the bytes are, where their beginning says it."""
    for beginning, at, name in _OTHERS:
        if data[at : at + len(beginning)] == beginning:
            return f"this is {name}, which is not read; {CONVERT}"
    if (container := container_of(data)) is not None:
        return f"this is {container.name}, which is not read without PyAV; install it ({INSTALL}), or {CONVERT}"
    return "not a sound in a format that is read"


def seconds_of(data: bytes, most: float = math.inf) -> dict[str, float]:
    """How long a sound is, by its header or its packets, more than `most` not exactly; nothing where it cannot be opened."""
    try:
        if (container := container_of(data)) is not None and readable():
            return {"seconds": container_seconds(data, container, most)}
        with opened(data) as about:
            return {"seconds": float(about.frames) / float(about.samplerate)}
    except Exception:  # many kinds of error for broken files; the input names them better
        return {}
