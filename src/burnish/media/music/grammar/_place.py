"""A place in the body of a tune: what the bar holds, what is begun, and what fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from burnish.media.music.grammar._spellings import (
    BARS,
    BOTH,
    CLOSING,
    ENDINGS,
    ENDS,
    PLAIN_BARS,
    STARTS,
    TUPLETS,
    lengths,
)

MOST_IN_BRACKETS, MOST_PICKUPS = 5, 3
_FIRST = STARTS | {"|"}  # bar lines that a tune may begin with
_WITH_NOTHING = _FIRST | {"[1", "[2"}  # bar lines where nothing stands before, behind another one
_AFTER_NOTES = BARS - {"[1", "[2"}
_AFTER_PICKUP = (PLAIN_BARS - {"[1", "[2"}) | STARTS  # a section of one short bar alone would be no section
_SECTION = ENDS | STARTS | BOTH


@dataclass(frozen=True)
class Body:
    """A place in a body.

    Attributes:
        full, unit: ticks of a full bar and of the unit of length.
        at: ticks of this bar that are filled.
        mode: `open` (between elements), `line` (at its beginning), or what is being written.
        text: of it, as far as it is there.
        short: whether a bar line may come before the bar is full: it is the first of a section.
        pickups: ticks of such short bars so far, at most `MOST_PICKUPS` different ones.
        owed: ticks that the bar must have, because the section before ended with a bar that lacks them; 0: none.
        bars: bar lines since the last note, up to 2.
        whole: whether any bar was full.
        closed: whether the last bar line is one that a tune may end with.
        spaced, decorated: whether a space, or a decoration, was written last.
        named: chord symbols since the last note.
        tied: whether a note must follow on a tie.
        slur: whether a slur is open.
        last: ticks of the note that was just written, or before a space; 0 elsewhere.
        tuplet: notes that are left of it, in the time of how many, ticks of each (0: not known yet).
        broken: ticks of a note before `>` or `<`, and which of them.
        brackets: notes of a chord in brackets so far, ticks of each; None outside.
        told: fields and comments since the last note.
        fresh: whether what is written is the first of its line, where a colon would make a field of it.
    """

    full: int
    unit: int
    at: int = 0
    mode: str = "line"
    text: str = ""
    short: bool = True
    pickups: tuple[int, ...] = ()
    owed: int = 0
    bars: int = 0
    whole: bool = False
    closed: bool = False
    spaced: bool = False
    named: int = 0
    decorated: bool = False
    tied: bool = False
    slur: bool = False
    last: int = 0
    tuplet: tuple[int, int, int] | None = None
    broken: tuple[int, str] | None = None
    brackets: tuple[int, int] | None = None
    told: int = 0
    fresh: bool = False

    @property
    def holds(self) -> int:
        """Ticks that fit into this bar."""
        return self.owed or self.full

    @property
    def unbound(self) -> bool:
        """Whether nothing is begun that the next note must complete."""
        return not (self.tuplet or self.broken or self.brackets or self.decorated or self.named)


def tupled(state: Body, mark: str) -> Body:
    """Behind the mark of a tuplet."""
    left, time = TUPLETS[mark]
    return replace(state, mode="open", text="", tuplet=(left, time, 0))


def fitting(state: Body) -> frozenset[str]:
    """Spellings of the lengths that the next note may have."""
    most, times, exactly = state.holds - state.at, 1, 0
    if state.tuplet:
        times, exactly = state.tuplet[1:]
    elif state.broken:
        exactly, most = state.broken[0], state.full  # it fits: that was seen to before
    if state.brackets and state.brackets[0]:
        exactly = state.brackets[1]
    return lengths(state.unit, most, times, exactly)


def noted(state: Body) -> bool:
    """Whether there is room for a note."""
    return bool(fitting(state)) and not (state.brackets and state.brackets[0] >= MOST_IN_BRACKETS)


def advanced(state: Body, size: int, *, silent: bool = False) -> Body:
    """Behind a note or rest of so many ticks."""
    after = replace(state, mode="open", text="", fresh=False, last=0 if silent else size)
    if state.tuplet:
        left, time, _ = state.tuplet
        if left > 1:
            return replace(after, tuplet=(left - 1, time, size))
        return replace(after, at=state.at + time * size, tuplet=None, last=0)
    if state.broken:
        share = size // 2 if state.broken[1] == ">" else size + size // 2
        return replace(after, at=state.at + share, broken=None, last=0)
    return replace(after, at=state.at + size)


def bar_lines(state: Body) -> frozenset[str]:
    """The bar lines that may come now."""
    if not state.at:
        if state.bars == 0:
            return _FIRST
        return _WITH_NOTHING if state.bars == 1 else frozenset()
    if state.at == state.holds:
        return _AFTER_NOTES
    if state.owed:
        return frozenset()
    if not state.short:
        return _SECTION
    fewer = state.at in state.pickups or len(state.pickups) < MOST_PICKUPS
    return _AFTER_PICKUP if fewer else frozenset()


def barred(state: Body) -> Body | None:
    """Behind a bar line; None where it is not whole yet."""
    if state.text not in bar_lines(state):
        return None
    lacking = state.full - state.at if state.at else 0
    begins = bool(lacking and state.short)
    ends = bool(lacking and not state.short)
    owed = lacking if ends and lacking not in state.pickups else state.owed if not state.at else 0
    return replace(
        state,
        mode="open",
        text="",
        at=0,
        spaced=False,
        fresh=False,
        short=(state.short and not state.at) or (state.text in _SECTION and state.text not in ENDINGS),
        pickups=tuple(sorted({*state.pickups, state.at})) if begins else state.pickups,
        owed=owed,
        bars=1 if state.at else min(2, state.bars + 1),
        whole=state.whole or state.at == state.full,
        closed=state.text in CLOSING and not owed,
    )
