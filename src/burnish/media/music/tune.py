"""A tune in numbers: what ABC, MIDI and MusicXML are read into, and what pictures, sounds and scores are made of."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""Of the pitch classes 0 to 11."""

STEPS_UP = {
    "major": 0,
    "dorian": 2,
    "phrygian": 4,
    "lydian": 5,
    "mixolydian": 7,
    "minor": 9,
    "locrian": 11,
}
"""Semitones from the major key of the same signature up to the tonic, for each mode."""


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        tonic: pitch class, 0 (C) to 11 (B).
        mode: one of `STEPS_UP`.
    """

    tonic: int
    mode: str = "major"

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {self.mode}"

    def moved(self, semitones: int) -> Key:
        """The same mode, so many semitones higher."""
        return Key((self.tonic + semitones) % 12, self.mode)


@dataclass(frozen=True)
class Note:
    """A note.

    Attributes:
        start: in quarter notes from the beginning of the tune.
        length: in quarter notes.
        pitch: MIDI number, 60 is middle C; of a drum, its number in General MIDI.
        voice: which part it is of, from 0.
        velocity: how loud, 1 to 127.
    """

    start: Fraction
    length: Fraction
    pitch: int
    voice: int = 0
    velocity: int = 80


@dataclass(frozen=True)
class Bar:
    """A bar as it is written.

    Attributes:
        start: in quarter notes from the beginning of the tune.
        length: in quarter notes, of the longest voice in it.
        meter: beats and unit, (6, 8); None: free.
    """

    start: Fraction
    length: Fraction
    meter: tuple[int, int] | None

    @property
    def full(self) -> Fraction | None:
        """How long its meter wants it to be, in quarter notes; None where it is free."""
        return None if self.meter is None else Fraction(4 * self.meter[0], self.meter[1])


@dataclass(frozen=True)
class Chord:
    """A chord symbol above the staff, such as `Am7`.

    Attributes:
        start: in quarter notes from the beginning of the tune.
        name: as it is written.
    """

    start: Fraction
    name: str


@dataclass(frozen=True)
class Part:
    """What a voice is played with.

    Attributes:
        name: of the voice; empty where none is written.
        program: of General MIDI, 0 to 127.
        drums: whether its pitches are drums.
    """

    name: str = ""
    program: int = 0
    drums: bool = False


@dataclass(frozen=True)
class Tune:
    """A tune, as it sounds: repeats are written once, ties are one note.

    Attributes:
        notes: by start, voice and pitch.
        bars: one after another; empty where no bars are known.
        parts: one for each voice.
        key: None where none is written.
        meter: the first one; None: free, or not written.
        tempos: (start, quarter notes a minute), by start; the first at 0; empty where none is written.
        chords: by start.
        title: empty where none is written.
    """

    notes: tuple[Note, ...]
    bars: tuple[Bar, ...] = ()
    parts: tuple[Part, ...] = (Part(),)
    key: Key | None = None
    meter: tuple[int, int] | None = None
    tempos: tuple[tuple[Fraction, float], ...] = ()
    chords: tuple[Chord, ...] = ()
    title: str = ""

    @property
    def length(self) -> Fraction:
        """In quarter notes, to the end of the last note or bar."""
        ends = [note.start + note.length for note in self.notes] + [bar.start + bar.length for bar in self.bars]
        return max(ends, default=Fraction(0))

    def melody(self) -> list[tuple[Fraction, int]]:
        """When the highest notes of the first voice begin, in quarter notes, and their pitches: one after the other."""
        highest: dict[Fraction, int] = {}
        for note in self.notes:
            if note.voice == 0:
                highest[note.start] = max(note.pitch, highest.get(note.start, note.pitch))
        return sorted(highest.items())
