"""A file of music, MIDI or MusicXML by what is in it, and what is to be known of it before training."""

from __future__ import annotations

import hashlib
from typing import Any

from burnish.core.errors import InputError
from burnish.media.music.midi import tune_of_midi
from burnish.media.music.musicxml import tune_of_musicxml
from burnish.media.music.tune import Tune

ENDINGS = (".mid", ".midi", ".musicxml", ".mxl")
"""Of files whose names say that they are music; a .xml is asked for its first lines (`holds_music`)."""
_VERSION = 1  # raised when `looked_at` finds other facts in the same bytes
_HEAD = 2000  # bytes in which a MusicXML file says what it is
_MIDI, _ZIP = b"MThd", b"PK"


def tune_of_file(data: bytes, place: str = "") -> Tune:
    """The tune of a MIDI or MusicXML file.

    Raises:
        InputError: neither, or broken; the place is named.
    """
    if data[:4] == _MIDI:
        return tune_of_midi(data, place)
    if data[:2] == _ZIP or holds_music(data):
        return tune_of_musicxml(data, place)
    raise InputError("neither MIDI nor MusicXML", expected="a .mid, .musicxml or .mxl file", place=place)


def holds_music(data: bytes) -> bool:
    """Whether XML is MusicXML, by its beginning."""
    head = data[:_HEAD].replace(b"\0", b"")  # UTF-16 as well
    return b"<score-partwise" in head or b"<score-timewise" in head


def looks_like_music(value: Any) -> bool:
    """Whether a cell holds music: a path by its ending, bytes by their beginning."""
    if isinstance(value, str):
        return value.lower().endswith(ENDINGS)
    return isinstance(value, bytes) and (value[:4] == _MIDI or holds_music(value))


def looked_at(data: bytes) -> dict[str, Any]:
    """Facts of one file, as plain values; `problem` alone, in words, where it cannot be read or holds no note.

    `content`: a hash of notes, instruments, meter and tempo; `notes`, `voices`, `bars`, and `quarters`: its length.
    """
    try:
        tune = tune_of_file(data)
    except InputError as error:
        return {"problem": error.found}
    if not tune.notes:
        return {"problem": "it holds no note"}
    played = [(part.program, part.drums) for part in tune.parts]
    kept = repr((tune.notes, played, tune.meter, tune.tempos))
    return {
        "content": hashlib.blake2b(kept.encode(), digest_size=16).hexdigest(),
        "notes": len(tune.notes),
        "voices": len(tune.parts),
        "bars": len(tune.bars),
        "quarters": float(tune.length),
    }


def look_version() -> str:
    """Version of the reading."""
    return f"music {_VERSION}"
