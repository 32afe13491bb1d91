"""One voice of a tune while it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from burnish.media.music.abc._accidentals import Accidentals, pitch_of
from burnish.media.music.abc._fields import Meter
from burnish.media.music.tune import Part

COMPOUND = (6, 9, 12)
"""Beats of a bar that are counted in threes."""


@dataclass
class Sounding:
    """A note that may still be made longer by a tie; times in quarter notes."""

    start: Fraction
    length: Fraction
    pitch: int


@dataclass(frozen=True)
class WrittenBar:
    """A bar with the lines around it.

    Attributes:
        start, length: in quarter notes.
        meter: beats and unit; None: free.
        opened: the bar lines in front of it, as they are written; empty at the beginning.
        closed: those behind it; empty where the text ends.
        place: where it ends in the text.
    """

    start: Fraction
    length: Fraction
    meter: Meter
    opened: str
    closed: str
    place: str


@dataclass(frozen=True)
class Written:
    """A note as it is written: position on the staff, alteration, length in units, whether it is tied."""

    position: int
    alteration: int
    length: Fraction
    tied: bool = False


@dataclass
class Voice:
    """What has been read of a voice, and what its next note depends on."""

    accidentals: Accidentals
    meter: Meter
    unit: Fraction
    part: Part = field(default_factory=Part)
    octaves: int = 0
    semitones: int = 0
    time: Fraction = Fraction(0)
    notes: list[Sounding] = field(default_factory=list)
    bars: list[WrittenBar] = field(default_factory=list)
    chords: list[tuple[Fraction, str]] = field(default_factory=list)
    opened: str = ""
    begun: Fraction = Fraction(0)
    longest: Fraction = Fraction(0)
    bar_meter: Meter = None
    _last: list[tuple[Sounding, Fraction, Written]] = field(default_factory=list)
    _step: Fraction | None = None
    _held: dict[int, Sounding] = field(default_factory=dict)
    _next: Fraction = Fraction(1)
    _tuplet: tuple[Fraction, int] = (Fraction(1), 0)

    def __post_init__(self) -> None:
        self.bar_meter = self.meter

    def place(self, notes: Sequence[Written], length: Fraction) -> None:
        """Notes that begin together, or a rest; what follows begins `length` units later."""
        factor, self._next = self._next, Fraction(1)
        ratio, left = self._tuplet
        if left:
            factor, self._tuplet = factor * ratio, (ratio, left - 1)
        self._last = []
        for note in _once(notes):
            lasting = note.length * self.unit * factor
            self._last.append((self._sounded(note, lasting), lasting, note))
        self._step = length * self.unit * factor
        self.time += self._step
        tied = [(sounding, note) for sounding, _, note in self._last if note.tied]
        self._hold(tied)

    def _sounded(self, note: Written, length: Fraction) -> Sounding:
        pitch = pitch_of(note.position, note.alteration) + 12 * self.octaves + self.semitones
        held = self._held.get(pitch)
        if held is not None and held.start + held.length == self.time:
            held.length += length
            return held
        sounding = Sounding(self.time, length, pitch)
        self.notes.append(sounding)
        return sounding

    def _hold(self, tied: Sequence[tuple[Sounding, Written]]) -> None:
        self._held = {sounding.pitch: sounding for sounding, _ in tied}
        self.accidentals.tie({note.position: note.alteration for _, note in tied})

    def tie(self) -> bool:
        """The last notes go on in the next; whether there were any."""
        self._hold([(sounding, note) for sounding, _, note in self._last])
        return bool(self._last)

    def broken(self, marks: str) -> bool:
        """`>` takes from the next note what it gives to the last, `<` the other way; whether there was one."""
        if self._step is None:
            return False
        short = Fraction(1, 2 ** len(marks))
        first = 2 - short if marks[0] == ">" else short
        for sounding, lasting, _ in self._last:
            sounding.length += lasting * (first - 1)
        self.time += self._step * (first - 1)
        self._step, self._next = None, 2 - first
        return True

    def tuplet(self, notes: int, time: int | None, count: int | None) -> None:
        """The next `count` notes are played so that `notes` take the time of `time`."""
        triple = self.meter is not None and self.meter[0] in COMPOUND
        usual = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}.get(notes, 3 if triple else 2)
        self._tuplet = (Fraction(time or usual, notes), count or notes)

    def overlay(self) -> None:
        """What follows begins where the bar began."""
        self.longest = max(self.longest, self.time)
        self.time, self._last, self._step, self._tuplet = self.begun, [], None, (Fraction(1), 0)
        self._hold([])

    def line(self, text: str, place: str) -> None:
        """A bar line; without music since the last it makes no bar."""
        end = max(self.time, self.longest)
        if end > self.begun:
            self.bars.append(WrittenBar(self.begun, end - self.begun, self.bar_meter, self.opened, text, place))
            self.opened = text
        else:
            self.opened += text
            if self.bars:
                self.bars[-1] = replace(self.bars[-1], closed=self.bars[-1].closed + text)
        self.time = self.begun = self.longest = end
        self.bar_meter = self.meter
        self.accidentals.bar()

    def metered(self, meter: Meter) -> None:
        """Another meter: of this bar where it has not begun, of the next otherwise."""
        self.meter = meter
        if self.time == self.begun:
            self.bar_meter = meter


def _once(notes: Sequence[Written]) -> list[Written]:
    """The notes of a chord without those that it has twice; the longer one stays."""
    longest: dict[tuple[int, int], Written] = {}
    for note in notes:
        known = longest.setdefault((note.position, note.alteration), note)
        if known.length < note.length:
            longest[note.position, note.alteration] = note
    return list(longest.values())
