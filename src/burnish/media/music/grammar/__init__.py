"""Which text may follow, byte by byte, so that it becomes one tune in ABC whose bars fill the meter.

A subset of ABC 2.1: one voice, notes, rests, chords in brackets, chord symbols, ties, slurs, tuplets of equal notes,
broken rhythm, repeats, endings, changes of key, meter and unit between bars. Bars are full; the first bar of a section may
be shorter (a pickup), and so may its last.
"""

from __future__ import annotations

from burnish.media.music.grammar._body import begun, body_step, may_end
from burnish.media.music.grammar._header import Header, header_step, opened
from burnish.media.music.grammar._place import Body, lacking

State = Header | Body
_SLOW = ("text", "field", "round", "square", "symbol", "exclaimed", "break")
DEAD = -1
"""In the table: no tune goes on so."""
TEXT = frozenset(set(range(32, 256)) - {127})
"""Bytes of free text in one line."""


def step(state: State, byte: int) -> State | None:
    """What follows on a byte; None where no tune goes on so."""
    if isinstance(state, Body):
        return body_step(state, byte)
    following = header_step(state, byte)
    return begun(following) if following is not None and following.done else following


class Automaton:
    """The grammar as a table that grows: states are numbers, and 0 is the beginning."""

    def __init__(self) -> None:
        self._numbers: dict[State, int] = {}
        self.states: list[State] = []
        self._rows: list[dict[int, int]] = []
        self.number(opened())

    def number(self, state: State) -> int:
        """Of a state; the same each time."""
        known = self._numbers.get(state)
        if known is None:
            known = self._numbers[state] = len(self.states)
            self.states.append(state)
            self._rows.append({})
        return known

    def after(self, number: int, byte: int) -> int:
        """The state that follows on a byte; `DEAD` where no tune goes on so."""
        row = self._rows[number]
        if byte not in row:
            following = step(self.states[number], byte)
            row[byte] = DEAD if following is None else self.number(following)
        return row[byte]

    def read(self, data: bytes, number: int = 0) -> int:
        """The state behind all these bytes; `DEAD` where one of them is not allowed."""
        for byte in data:
            number = self.after(number, byte)
            if number == DEAD:
                break
        return number

    def complete(self, number: int) -> bool:
        """Whether a tune may end here."""
        state = self.states[number]
        return isinstance(state, Body) and may_end(state)

    def delays(self, number: int) -> int:
        """How many things were begun that keep a tune from its end: a text, a slur, a tuplet, a debt of the section ..."""
        state = self.states[number]
        if isinstance(state, Header):
            return 0
        return sum(map(bool, (state.mode in _SLOW, state.slur, state.tuplet, state.owed)))

    def lacking(self, number: int) -> int:
        """Ticks that a bar lacks at least behind the note that is being written, or behind the last one; 0 of a header."""
        state = self.states[number]
        return lacking(state) if isinstance(state, Body) else 0

    def endless(self, number: int) -> frozenset[int]:
        """Bytes that change nothing, where they are many: those of free text; else none."""
        return TEXT if self.states[number].mode == "text" else frozenset()
