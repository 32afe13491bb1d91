"""Chord symbols such as `Am7` or `D7/f#`: which pitches they stand for."""

from __future__ import annotations

import re

_LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_SYMBOL = re.compile(r"\(?\s*([A-G])(bb?|##?|♭|♯)?([^/()\s]*)(?:/([A-Ga-g])([b#+♭♯]?))?\s*\)?")
_SHIFTS = {"": 0, "b": -1, "bb": -2, "♭": -1, "#": 1, "##": 2, "♯": 1, "+": 1}
_QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "min": (0, 3, 7),
    "-": (0, 3, 7),
    "maj": (0, 4, 7),
    "dim": (0, 3, 6),
    "d": (0, 3, 6),
    "o": (0, 3, 6),
    "°": (0, 3, 6),
    "aug": (0, 4, 8),
    "+": (0, 4, 8),
    "a": (0, 4, 8),
    "sus": (0, 5, 7),
    "sus2": (0, 2, 7),
    "sus4": (0, 5, 7),
    "5": (0, 7),
    "6": (0, 4, 7, 9),
    "m6": (0, 3, 7, 9),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "min7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "M7": (0, 4, 7, 11),
    "dim7": (0, 3, 6, 9),
    "d7": (0, 3, 6, 9),
    "m7b5": (0, 3, 6, 10),
    "7sus4": (0, 5, 7, 10),
    "9": (0, 4, 7, 10, 14),
    "m9": (0, 3, 7, 10, 14),
    "7b9": (0, 4, 7, 10, 13),
    "a7": (0, 4, 8, 10),
}
"""Semitones above the root; `d` and `a` are how the Nottingham database writes diminished and augmented."""


def bass_and_chord(symbol: str) -> tuple[int, tuple[int, ...]] | None:
    """The pitch class of the bass, and those of the chord from its root up; None of what is no chord, such as a remark.

    A quality that is not known here is taken as the longest known one it begins with: `G13` as `G`.
    """
    match = _SYMBOL.fullmatch(symbol.strip())
    if match is None:
        return None
    root = (_LETTERS[match[1].lower()] + _SHIFTS[match[2] or ""]) % 12
    quality = next((match[3][:size] for size in range(len(match[3]), -1, -1) if match[3][:size] in _QUALITIES), "")
    bass = root if match[4] is None else (_LETTERS[match[4].lower()] + _SHIFTS[match[5] or ""]) % 12
    return bass, tuple((root + step) % 12 for step in _QUALITIES[quality])
