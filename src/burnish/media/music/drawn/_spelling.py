"""Which line a pitch stands on, and with which accidental, in a key."""

from __future__ import annotations

from burnish.media.music.signatures import NATURAL, SHARPS, raised, sharps
from burnish.media.music.tune import Key

SIGNS = {-2: "♭♭", -1: "♭", 0: "♮", 1: "♯", 2: "♯♯"}


def fifths(key: Key | None) -> int:
    """Sharps of its signature; flats are below 0."""
    return 0 if key is None else sharps(key)


def signature(key: Key | None) -> dict[int, int]:
    """Letter to how it is altered, for those that are, in the order in which they are written."""
    number = fifths(key)
    letters = raised(number)
    return {letter: letters[letter] for letter in (SHARPS if number > 0 else SHARPS[::-1]) if letters[letter]}


def spelled(pitch: int, key: Key | None) -> tuple[int, int]:
    """Place on the staff (0 is the C of MIDI number 0, 7 an octave) and alteration; as the key has it where it has it."""
    altered, number = signature(key), fifths(key)

    def cost(letter: int, alteration: int) -> int:
        if altered.get(letter, 0) == alteration:
            return 0
        return 1 if alteration == 0 else 2 if (alteration > 0) == (number >= 0) else 3

    fitting = [
        (cost(letter, alteration), letter, alteration)
        for letter in range(7)
        for alteration in (-1, 0, 1)
        if (NATURAL[letter] + alteration - pitch) % 12 == 0
    ]
    _, letter, alteration = min(fitting)
    octave = (pitch - alteration - NATURAL[letter]) // 12
    return letter + 7 * octave, alteration
