"""Keys and their signatures: how many sharps or flats, and which letters they raise or lower."""

from __future__ import annotations

from burnish.media.music.tune import STEPS_UP, Key

NATURAL = (0, 2, 4, 5, 7, 9, 11)
"""Semitones of the letters C to B above C."""
SHARPS = (3, 0, 4, 1, 5, 2, 6)
"""Letters (0 is C) in the order in which signatures raise them; flats lower them from the end."""


def fifths(semitones: int) -> int:
    """How many fifths lead to a note so many semitones up, -1 to 10: F, C, G, D and so on."""
    return (semitones * 7 + 1) % 12 - 1


def sharps(key: Key) -> int:
    """Of a key's signature, -5 to 6; flats are below 0."""
    return ((key.tonic - STEPS_UP[key.mode]) * 7 + 5) % 12 - 5


def key_of(sharps: int, mode: str) -> Key:
    """The key of a mode with such a signature."""
    return Key((sharps * 7 + STEPS_UP[mode]) % 12, mode)


def raised(sharps: int) -> tuple[int, ...]:
    """Semitones that a signature raises each letter by, from C to B; beyond seven, letters are altered twice."""
    letters = [0] * 7
    for number in range(abs(sharps)):
        letters[SHARPS[number % 7] if sharps > 0 else SHARPS[6 - number % 7]] += 1 if sharps > 0 else -1
    return tuple(letters)
