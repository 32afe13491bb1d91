"""Which line a pitch stands on, and with which accidental, in a key."""

from __future__ import annotations

from burnish.media.music.tune import STEPS_UP, Key

SHARPS, FLATS = (3, 0, 4, 1, 5, 2, 6), (6, 2, 5, 1, 4, 0, 3)
"""Letters (0 is C) in the order in which signatures raise and lower them."""
SIGNS = {-2: "♭♭", -1: "♭", 0: "♮", 1: "♯", 2: "♯♯"}
_NATURAL = (0, 2, 4, 5, 7, 9, 11)


def fifths(key: Key | None) -> int:
    """Sharps of its signature; flats are below 0."""
    if key is None:
        return 0
    up = ((key.tonic - STEPS_UP[key.mode]) * 7) % 12
    return up if up <= 6 else up - 12


def signature(key: Key | None) -> dict[int, int]:
    """Letter to how it is altered, for those that are."""
    sharps = fifths(key)
    return dict.fromkeys(SHARPS[:sharps], 1) if sharps >= 0 else dict.fromkeys(FLATS[:-sharps], -1)


def spelled(pitch: int, key: Key | None) -> tuple[int, int]:
    """Place on the staff (0 is the C of MIDI number 0, 7 an octave) and alteration; as the key has it where it has it."""
    altered, sharps = signature(key), fifths(key)

    def cost(letter: int, alteration: int) -> int:
        if altered.get(letter, 0) == alteration:
            return 0
        return 1 if alteration == 0 else 2 if (alteration > 0) == (sharps >= 0) else 3

    fitting = [
        (cost(letter, alteration), letter, alteration)
        for letter in range(7)
        for alteration in (-1, 0, 1)
        if (_NATURAL[letter] + alteration - pitch) % 12 == 0
    ]
    _, letter, alteration = min(fitting)
    octave = (pitch - alteration - _NATURAL[letter]) // 12
    return letter + 7 * octave, alteration
