"""Which event tokens may follow, so that MidiTok can read what was written: its graph of types, and time that goes on.

The time of a sequence is followed as MidiTok's decoder follows it: bars, meters, positions and rests. A position lies behind
the one before and inside its bar, no note stands twice at one time, and a tune ends behind a whole note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from burnish.media.music.events.tokens import BAR, EventTokens

NOTES = ("Pitch", "PitchDrum")
_DRUMS = -1
_OVER = ("Duration", "Tempo", "TimeSig", "Rest")
"""Types behind which a tune may end."""
_NEEDED = {"EOS": 1, "Duration": 2, "Velocity": 3, "Pitch": 4, "PitchDrum": 4, "Bar": 6}
"""Tokens from one of this type to the end of the shortest tune, both counted; 5 for others, which a note must follow."""


@dataclass(frozen=True)
class Place:
    """A place in a sequence.

    Attributes:
        type: of the last token; empty at the beginning.
        bar: where the bar began, in quarter notes; None before the first.
        now: the time, in quarter notes.
        note_end: of the note that ends last.
        meter: beats and unit.
        program: of the instrument; -1: drums; None: none was named.
        fresh: whether nothing stands at this time yet.
        sounding: instruments and pitches that begin at this time.
        notes: whether a whole note was written.
    """

    type: str = ""
    bar: Fraction | None = None
    now: Fraction = Fraction(0)
    note_end: Fraction = Fraction(0)
    meter: tuple[int, int] = (4, 4)
    program: int | None = None
    fresh: bool = True
    sounding: frozenset[tuple[int, int]] = frozenset()
    notes: bool = False

    @property
    def beat(self) -> Fraction:
        """In quarter notes."""
        return Fraction(4, self.meter[1])

    @property
    def bar_length(self) -> Fraction:
        """In quarter notes."""
        return self.meter[0] * self.beat

    def at(self, now: Fraction, *, fresh: bool) -> Place:
        """At another time."""
        return replace(self, now=now, fresh=fresh, sounding=self.sounding if now == self.now else frozenset())


class Orders:
    """What may follow in sequences of one tokenizer.

    Args:
        tokens: the tokenizer.
    """

    def __init__(self, tokens: EventTokens) -> None:
        self.tokens = tokens
        split = [name.split("_") for name in tokens.names]
        self.types = [kind for kind, _ in split]
        self.values = [value for _, value in split]
        graph: dict[str, set[str]] = tokens.library.tokens_types_graph
        self._after = {kind: _plain(following) for kind, following in graph.items()}
        if "Program" in self._after:
            self._after["Program"] = frozenset(NOTES)  # an instrument is named for a note, and for nothing else
        self.barred = BAR in tokens.ids
        self._after[""] = frozenset({"Bar"} if self.barred else self._after["BOS"] - {"Velocity", "Duration"})
        self.positions = tokens.positions

    @cached_property
    def _of_type(self) -> dict[str, NDArray[np.int64]]:
        return {kind: np.flatnonzero(np.array(self.types) == kind) for kind in dict.fromkeys(self.types)}

    def allowed(self, place: Place, left: int) -> NDArray[np.int64]:
        """Ids that may come, ascending; never none.

        Args:
            place: in the sequence.
            left: tokens that may still be written, the one that ends the tune among them.
        """
        kinds = set(self._after[place.type])
        if place.notes and place.type in _OVER:
            kinds.add("EOS")
        if self.barred and place.type != "Bar" and place.now != (place.bar or 0):
            kinds.discard("TimeSig")
        kinds.discard("Pitch" if place.program == _DRUMS else "PitchDrum")
        kept = {kind for kind in kinds if _NEEDED.get(kind, 5) <= left} or kinds
        found = [self._ids(kind, place) for kind in kept if kind in self._of_type]
        return np.sort(np.concatenate(found))

    def _ids(self, kind: str, place: Place) -> NDArray[np.int64]:
        """Of a type, those that fit the time."""
        ids = self._of_type[kind]
        if kind == "Position":
            bar = place.bar or Fraction(0)
            times = [bar + int(self.values[i]) * place.beat / self.positions for i in ids]
            end = bar + place.bar_length
            fits = [t < end and (t > place.now or (t == place.now and place.fresh)) for t in times]
            return ids[np.array(fits, np.bool_)]
        if kind in NOTES and place.sounding:
            taken = {pitch for program, pitch in place.sounding if program == (place.program or 0)}
            return ids[np.array([int(self.values[i]) not in taken for i in ids], np.bool_)]
        return ids

    def after(self, place: Place, token: int) -> Place:
        """The place behind a token."""
        kind, value = self.types[token], self.values[token]
        moved = replace(self._moved(place, kind, value), type=kind)
        return place if kind in ("BOS", "PAD", "EOS") else moved

    def _moved(self, place: Place, kind: str, value: str) -> Place:
        if kind == "Bar":
            start = Fraction(0) if place.bar is None else place.bar + place.bar_length
            return replace(place.at(start, fresh=True), bar=start)
        if kind == "TimeSig":
            beats, unit = value.split("/")
            return replace(place, meter=(int(beats), int(unit)))
        if kind == "Position":
            bar = place.bar or Fraction(0)
            return replace(place.at(bar + int(value) * place.beat / self.positions, fresh=False), bar=bar)
        if kind in ("Rest", "TimeShift"):
            return _rested(place, _beats(value) * place.beat, rest=kind == "Rest")
        if kind == "Program":
            return replace(place, program=int(value))
        if kind in NOTES:
            return replace(place, sounding=place.sounding | {(place.program or 0, int(value))}, fresh=False)
        if kind == "Duration":
            end = max(place.note_end, place.now + _beats(value) * place.beat)
            return replace(place, note_end=end, notes=True)
        if kind == "Tempo":
            return replace(place, note_end=max(place.note_end, place.now))
        return place


def _rested(place: Place, length: Fraction, *, rest: bool) -> Place:
    """A pause later, in the bar that is then: a rest begins where the last note ends."""
    start = max(place.note_end, place.now) if rest else place.now
    later = place.at(start + length, fresh=True)
    bar = place.bar or Fraction(0)
    passed = (later.now - bar) // place.bar_length
    return replace(later, bar=bar + max(passed, 0) * place.bar_length)


def _plain(following: Any) -> frozenset[str]:
    """Types without what pads and frames."""
    return frozenset(str(kind).partition("_")[0] for kind in following) - {"PAD", "BOS", "EOS"}


@lru_cache(maxsize=1024)
def _beats(value: str) -> Fraction:
    """Of a length such as `1.6.12`: whole beats, parts, and parts of a beat."""
    whole, part, parts = map(int, value.split("."))
    return whole + Fraction(part, parts)


@lru_cache(maxsize=4)
def orders_of(saved: str) -> Orders:
    """What may follow, by the tokenizer's JSON."""
    return Orders(EventTokens(saved))


class HeldEvents:
    """One sequence that is being written; its tokens are those of a network whose vocabulary may hold others as well.

    Args:
        orders: what may follow.
        first: the network's id of the tokenizer's first token.
        most: tokens that may be written.
        place, written: in the sequence so far.
    """

    def __init__(self, orders: Orders, first: int, most: int, place: Place | None = None, written: int = 0) -> None:
        self._orders, self._first, self._most = orders, first, most
        self._place, self._written = place or Place(), written

    def masked(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Logits [V] with minus infinity for every token that may not come."""
        allowed = self._orders.allowed(self._place, self._most - self._written) + self._first
        out = np.full_like(logits, -np.inf)
        out[allowed] = logits[allowed]
        return out

    def after(self, token: int) -> HeldEvents:
        """The sequence with this token."""
        place = self._orders.after(self._place, token - self._first)
        return HeldEvents(self._orders, self._first, self._most, place, self._written + 1)

    def took(self, token: int) -> None:
        """This token was chosen."""
        self._place, self._written = self._orders.after(self._place, token - self._first), self._written + 1
