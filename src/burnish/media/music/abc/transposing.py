"""Moves an ABC text to another key and keeps its notation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from burnish.media.music.abc._accidentals import Accidentals, pitch_of
from burnish.media.music.abc._keys import (
    LETTERS,
    WRITTEN,
    Signature,
    letter_text,
    pitch_class,
    sharps_of,
    spelled,
    tonic_text,
)
from burnish.media.music.abc._score import Score
from burnish.media.music.abc._tokens import Token, tokens
from burnish.media.music.signatures import NATURAL, raised

_CHORD = re.compile(
    r"(?P<root>[A-G])(?P<raised>[#b♯♭]?)(?P<kind>[^/\s]*)(?:/(?P<bass>[A-Ga-g])(?P<bass_raised>[#b♯♭+]?))?"
)
_RAISED = {"#": 1, "♯": 1, "+": 1, "b": -1, "♭": -1, "": 0}
_UNUSUAL = ((2, 1), (6, 1), (0, -1), (3, -1))  # E#, B#, Cb, Fb: no names that people give chords
_SIMPLE = ((0, 0), (0, 1), (1, 0), (2, -1), (2, 0), (3, 0), (3, 1), (4, 0), (5, -1), (5, 0), (6, -1), (6, 0))
# Letter and alteration of each pitch class: C, C#, D, Eb ...


class Move:
    """From one key to another: by how many places on the staff and by how many semitones.

    Args:
        signature: of the key that is left.
        semitones: how much higher it goes.
    """

    def __init__(self, signature: Signature, semitones: int) -> None:
        self.semitones = semitones
        letter, alteration = signature.tonic
        mode = "major" if signature.key is None else signature.key.mode
        same = semitones % 12 == 0
        flats = sharps_of(signature.tonic, mode) < 0
        aim = spelled(pitch_class(signature.tonic) + semitones, mode, flats=flats)
        self.tonic = signature.tonic if same else aim
        height = NATURAL[letter] + alteration + semitones - self.tonic[1] - NATURAL[self.tonic[0]]
        assert height % 12 == 0
        self.places = self.tonic[0] - letter + 7 * (height // 12)
        bare = signature.explicit or not signature.span[1]  # no tonic is written that could say the others
        letters = list(raised(0 if bare else sharps_of(self.tonic, mode)))
        for *_, alteration, letter in signature.extras:
            position, raised_by = self.spelled(letter, alteration)
            letters[position % 7] = raised_by
        self.signature = replace(signature, tonic=self.tonic, alterations=tuple(letters))

    def spelled(self, position: int, alteration: int) -> tuple[int, int]:
        """Position and alteration of a note; the letter next to it where more than two accidentals were needed."""
        pitch = pitch_of(position, alteration) + self.semitones
        for places in (0, 1, -1):
            moved = position + self.places + places
            needed = pitch - pitch_of(moved, 0)
            if abs(needed) <= 2:
                return moved, needed
        raise AssertionError(f"{pitch} is next to no letter")

    def field(self, signature: Signature) -> str:
        """What the key field that says `signature` says in the other key."""
        value = signature.text
        if self.tonic == signature.tonic:
            return value
        parts = [(*signature.span, tonic_text(self.tonic))] if signature.span[1] else []
        for start, end, alteration, letter in signature.extras:
            position, written = self.spelled(letter, alteration)
            parts.append((start, end, WRITTEN[written] + LETTERS[position % 7].lower()))
        for start, end, text in sorted(parts, reverse=True):
            value = value[:start] + text + value[end:]
        return value

    def symbol(self, text: str) -> str:
        """A chord symbol in the other key; text that is none stays."""
        found = _CHORD.search(text)
        if found is None or text[: found.start()].strip(" (") or self.semitones % 12 == 0:
            return text
        letter, alteration = self._simple(LETTERS.index(found["root"]), _RAISED[found["raised"]])
        moved = LETTERS[letter] + {0: "", 1: "#", -1: "b"}[alteration] + found["kind"]
        if found["bass"]:
            letter, alteration = self._simple(LETTERS.index(found["bass"].upper()), _RAISED[found["bass_raised"]])
            small, name = found["bass"].islower(), LETTERS[letter]
            sharp = "#" if not small or found["bass_raised"] == "#" else "+"
            moved += "/" + (name.lower() if small else name) + {0: "", 1: sharp, -1: "b"}[alteration]
        return text[: found.start()] + moved + text[found.end() :]

    def _simple(self, letter: int, written: int) -> tuple[int, int]:
        position, alteration = self.spelled(letter, written)
        if abs(alteration) > 1 or (position % 7, alteration) in _UNUSUAL:
            return _SIMPLE[(NATURAL[position % 7] + alteration) % 12]
        return position % 7, alteration


class _Anew:
    """What takes the place of the notes, chord symbols and keys of a text, each in their order."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.symbols: list[str] = []
        self.keys: list[str] = []


class _Moved(Accidentals):
    """Remembers accidentals as they are written, and what is to be written in the other key."""

    def __init__(self, signature: Signature, reach: str, semitones: int, anew: _Anew) -> None:
        super().__init__(signature, reach)
        self._semitones, self._anew = semitones, anew
        self._move = Move(signature, semitones)
        self._other = Accidentals(self._move.signature, reach)

    def bar(self) -> None:
        super().bar()
        self._other.bar()

    def changed(self, signature: Signature) -> None:
        super().changed(signature)
        self._move = Move(signature, self._semitones)
        self._other.changed(self._move.signature)
        self._anew.keys.append(self._move.field(signature))

    def tie(self, sounding: dict[int, int]) -> None:
        super().tie(sounding)
        self._other.tie(dict(self._spelled(*note) for note in sounding.items()))

    def of(self, position: int, written: int | None) -> int:
        alteration = super().of(position, written)
        self._other.reach = self.reach
        moved, needed = self._spelled(position, alteration)
        mark = ""
        if written is not None or self._other.without_accidental(moved) != needed:
            mark = WRITTEN[needed]
            self._other.of(moved, needed)
        self._anew.notes.append(mark + letter_text(moved))
        return alteration

    def symbol(self, text: str) -> None:
        self._anew.symbols.append(text if self.drums else self._move.symbol(text))

    def _spelled(self, position: int, alteration: int) -> tuple[int, int]:
        return (position, alteration) if self.drums else self._move.spelled(position, alteration)


def transposed(text: str, semitones: int) -> str:
    """The tune so many semitones higher, in the notation it had: keys, accidentals and chord symbols are written anew.

    The key is the one with the fewest accidentals. A text without a key keeps none. Drums stay.

    Raises:
        InputError: the text cannot be read, or a note leaves what MIDI has pitches for.
    """
    anew = _Anew()
    score = Score(text, lambda signature, reach: _Moved(signature, reach, semitones, anew))
    if score.problems:
        raise score.problems[0]
    assert score.signature is not None
    keys = iter([Move(score.signature, semitones).field(score.signature), *anew.keys])
    notes, symbols = iter(anew.notes), iter(anew.symbols)
    return "".join(_written(token, notes, symbols, keys) for token in tokens(text))


def _written(token: Token, notes: Iterator[str], symbols: Iterator[str], keys: Iterator[str]) -> str:
    if token.kind == "note":
        return next(notes) + (token.groups["length"] or "")
    if token.kind == "symbol":
        return f'"{next(symbols)}"'
    if token.kind in ("field", "inline") and token.groups["name"] == "K":
        value = (token.groups["value"] or "").strip()
        before, _, behind = token.text.rpartition(value) if value else (token.text, "", "")
        return before + next(keys) + behind
    return token.text
