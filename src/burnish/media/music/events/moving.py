"""Music as event tokens in another key, together with its caption."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.media.music.abc.headers import header_of
from burnish.media.music.captions import moved_caption
from burnish.media.music.tune import PITCH_NAMES, STEPS_UP, Key

PITCHES = 128
_MODES = {"major": "", "minor": "m"}


@dataclass(frozen=True)
class AskedEvents:
    """A caption and the window of music that it asks for.

    Attributes:
        caption: may be empty.
        key: of the music; None where its file says none.
        again, new: ids, as in `Window`.
        lowest: id of MIDI pitch 0; those of the others follow.
    """

    caption: str
    key: Key | None
    again: NDArray[np.int32]
    new: NDArray[np.int32]
    lowest: int

    def moved(self, semitones: int) -> AskedEvents:
        """Both so many semitones higher; drums stay.

        Raises:
            InputError: it leaves what MIDI has pitches for, or a caption may name a key that is not known.
        """
        if not semitones:
            return self
        if self.caption and self.key is None:
            raise InputError("a caption beside music in an unknown key", expected="a key signature in the file")
        caption = self.caption
        if self.key is not None:
            caption = moved_caption(caption, *(header_of(_header(k)) for k in (self.key, self.key.moved(semitones))))
        key = None if self.key is None else self.key.moved(semitones)
        again, new = (self._higher(ids, semitones) for ids in (self.again, self.new))
        return replace(self, caption=caption, key=key, again=again, new=new)

    def _higher(self, ids: NDArray[np.int32], semitones: int) -> NDArray[np.int32]:
        pitches = (ids >= self.lowest) & (ids < self.lowest + PITCHES)
        higher = ids + np.int32(semitones)
        if ((higher < self.lowest) | (higher >= self.lowest + PITCHES))[pitches].any():
            raise InputError("notes beyond the pitches of MIDI", expected="a smaller move")
        return np.where(pitches, higher, ids).astype(np.int32)


def key_named(name: str | None) -> Key | None:
    """The other way of `str(Key)`."""
    if not name:
        return None
    tonic, _, mode = name.partition(" ")
    return Key(PITCH_NAMES.index(tonic), mode) if tonic in PITCH_NAMES and mode in STEPS_UP else None


def _header(key: Key) -> str:
    return f"X:1\nK:{PITCH_NAMES[key.tonic]}{_MODES.get(key.mode, key.mode)}\n"
