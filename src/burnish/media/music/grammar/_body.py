"""The body of a tune: what may follow in and between its bars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from burnish.media.music.grammar._spellings import (
    BARS,
    BOTH,
    CLOSING,
    DECORATIONS,
    ENDINGS,
    ENDS,
    KEYS,
    METERS,
    PLAIN_BARS,
    STARTS,
    TEMPOS,
    TUPLETS,
    UNITS,
    beginnings,
    lengths,
    ticks,
)

if TYPE_CHECKING:
    from burnish.media.music.grammar._header import Header

NOTES, RESTS = frozenset("ABCDEFGabcdefg"), frozenset("zx")
_SYMBOL = frozenset("ABCDEFGabcdefgmjsuin#+/()°0123456789- ")
_LONGEST_SYMBOL = 9
_MOST_MARKS, _MOST_IN_BRACKETS, _MOST_SYMBOLS, _LONGEST_PART, _MOST_PICKUPS, _MOST_TOLD = 2, 5, 2, 4, 3, 4
_ACCIDENTALS = frozenset({"^", "^^", "_", "__", "="})
_SPELT = {"M": frozenset(METERS), "L": frozenset(UNITS), "K": KEYS, "Q": TEMPOS}
_FIRST = STARTS | {"|"}  # bar lines that a tune may begin with
_WITH_NOTHING = _FIRST | {"[1", "[2"}  # bar lines where nothing stands before, behind another one
_AFTER_NOTES = BARS - {"[1", "[2"}
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
        pickups: ticks of such short bars so far, at most `_MOST_PICKUPS` different ones.
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


def begun(header: Header) -> Body:
    """The beginning of the body behind a header."""
    return Body(header.full, header.unit)


def may_end(state: Body) -> bool:
    """Whether the tune may end here."""
    if state.mode == "bar":
        ended = _barred(state)
        return ended is not None and may_end(ended)
    return state.mode in ("open", "line") and state.closed and state.whole and not (state.tied or state.slur)


def body_step(state: Body, byte: int) -> Body | None:
    """What follows on a byte; None where nothing can."""
    return _STEPS[state.mode](state, chr(byte))


def _open(state: Body, letter: str) -> Body | None:
    """Between elements: whatever may begin here."""
    if letter in NOTES or letter in RESTS:
        return _note(state, letter)
    if letter in "^_=":
        return replace(state, mode="accidental", text=letter, spaced=False) if _noted(state) else None
    if state.brackets is not None:
        return _element(state) if letter == "]" and state.brackets[0] else None
    if letter in "|:[(":
        return _begin(state, letter)
    if letter in "~.!":
        return _decoration(state, letter)
    if letter == '"':
        free = state.named < _MOST_SYMBOLS and not state.decorated and _fits(state)
        return replace(state, mode="symbol", text="", spaced=False, last=0) if free else None
    return _between(state, letter)


def _begin(state: Body, letter: str) -> Body | None:
    if letter == "(":
        free = not (state.tuplet or state.broken or state.decorated)
        fits = (_fits(state) and not state.slur) or any(_fits(_tupled(state, mark)) for mark in TUPLETS)
        return replace(state, mode="round", text="(", spaced=False, last=0) if free and fits else None
    if letter == "[":
        bars = state.unbound and "[" in beginnings(_bars(state))
        return replace(state, mode="square", text="[", last=0) if bars or _noted(state) else None
    if not state.unbound or letter not in beginnings(_bars(state)):
        return None
    return replace(state, mode="bar", text=letter, last=0)


def _between(state: Body, letter: str) -> Body | None:
    """Spaces and line ends, ties, slurs that end, broken rhythm."""
    if letter == " ":
        return None if state.spaced or state.decorated else replace(state, spaced=True)
    if letter == "\n":
        free = (state.at or state.bars) and state.unbound
        return replace(state, mode="line", spaced=False, last=0) if free else None
    if letter == "\\":
        return replace(state, mode="break", last=0) if not state.decorated and not state.named else None
    if letter == "-":
        return replace(state, tied=True, last=0) if state.last and not state.tied and not state.broken else None
    if letter == ")":
        ends = state.slur and state.last and not state.tuplet and not state.spaced
        return replace(state, slur=False, last=0) if ends else None
    if letter in "<>" and state.last and not state.tied and not state.spaced:
        return _broken(state, letter)
    return None


def _broken(state: Body, letter: str) -> Body | None:
    """The note before becomes longer by half and the next shorter, or the other way."""
    size = state.last
    if state.tuplet or state.broken or size % 2 or 4 * size < state.unit or state.at + size > state.holds:
        return None
    moved = size // 2 if letter == ">" else -(size // 2)
    return replace(state, at=state.at + moved, broken=(size, letter), last=0)


def _line(state: Body, letter: str) -> Body | None:
    """At the beginning of a line: a field, a comment, or music."""
    if letter == "%":
        return replace(state, mode="text", told=state.told + 1) if state.told < _MOST_TOLD else None
    if letter == "P" or letter in _SPELT:
        calm = not state.at and state.unbound and not state.tied and not (letter == "M" and state.owed)
        fits = calm and state.told < _MOST_TOLD
        return replace(state, mode="field", text=letter, spaced=False, told=state.told + 1) if fits else None
    if letter == " ":
        return replace(state, mode="indent", spaced=True)
    if letter in "\n\\":  # a line of nothing else would end the tune
        return None
    return _open(replace(state, mode="open", fresh=True), letter)


def _indent(state: Body, letter: str) -> Body | None:
    """Behind a space at the beginning of a line."""
    return None if letter in " \n\\" else _open(replace(state, mode="open"), letter)


def _field(state: Body, letter: str) -> Body | None:
    """The letter of a field, its colon, and its value."""
    field, written = state.text[0], state.text[2:].lstrip()
    if len(state.text) == 1:
        return replace(state, text=field + ":") if letter == ":" else None
    if letter == " " and len(state.text) == 2:
        return replace(state, text=state.text + " ")
    if field == "P":
        if letter == "\n":
            return _lined(state) if written else None
        fits = (letter.isascii() and letter.isalnum()) and len(written) < _LONGEST_PART
        return replace(state, text=state.text + letter) if fits else None
    if letter == "\n":
        return _told(state, field, written)
    return replace(state, text=state.text + letter) if written + letter in beginnings(_SPELT[field]) else None


def _told(state: Body, field: str, written: str) -> Body | None:
    """Behind a line with meter, unit, key or tempo."""
    if written not in _SPELT[field]:
        return None
    if field == "M":
        state = replace(state, full=METERS[written])
    if field == "L":
        state = replace(state, unit=UNITS[written])
    return _lined(state)


def _lined(state: Body) -> Body:
    return replace(state, mode="line", text="", closed=False)


def _text(state: Body, letter: str) -> Body | None:
    """A comment, to the end of its line."""
    if letter == "\n":
        return replace(state, mode="line", text="")
    return state if letter >= " " and letter != "\x7f" else None


def _break(state: Body, letter: str) -> Body | None:
    """Behind a backslash: the line goes on in the next one."""
    return replace(state, mode="line", spaced=False) if letter == "\n" else None


def _round(state: Body, letter: str) -> Body | None:
    """Behind `(`: a tuplet, or a slur."""
    if (mark := state.text + letter) in TUPLETS:
        after = _tupled(state, mark)
        return after if _fits(after) else None
    if state.slur or letter in "|:()[ \n\\" or not _fits(state):
        return None
    return _open(replace(state, mode="open", text="", slur=True), letter)


def _tupled(state: Body, mark: str) -> Body:
    """Behind the mark of a tuplet."""
    left, time = TUPLETS[mark]
    return replace(state, mode="open", text="", tuplet=(left, time, 0))


def _square(state: Body, letter: str) -> Body | None:
    """Behind `[`: a bar line, or notes together."""
    if state.unbound and "[" + letter in beginnings(_bars(state)):
        return replace(state, mode="bar", text="[" + letter)
    if (letter not in NOTES and letter not in "^_=") or not _noted(state):
        return None
    return _open(replace(state, mode="open", text="", spaced=False, brackets=(0, 0)), letter)


def _decoration(state: Body, letter: str) -> Body | None:
    if state.decorated or state.brackets or not _fits(state):
        return None
    if letter == "!":
        return replace(state, mode="exclaimed", text="!", spaced=False, last=0)
    return replace(state, decorated=True, spaced=False, last=0)


def _exclaimed(state: Body, letter: str) -> Body | None:
    written = state.text + letter
    if written in DECORATIONS:
        return replace(state, mode="open", text="", decorated=True)
    return replace(state, text=written) if written in beginnings(DECORATIONS) else None


def _symbol(state: Body, letter: str) -> Body | None:
    if letter == '"':
        return replace(state, mode="open", text="", named=state.named + 1) if state.text.strip() else None
    fits = letter in _SYMBOL and len(state.text) < _LONGEST_SYMBOL
    return replace(state, text=state.text + letter) if fits else None


def _accidental(state: Body, letter: str) -> Body | None:
    if letter in NOTES:
        return _note(replace(state, mode="open", text=""), letter)
    written = state.text + letter
    return replace(state, text=written) if written in _ACCIDENTALS else None


def _fits(state: Body) -> frozenset[str]:
    """Spellings of the lengths that the next note may have."""
    most, times, exactly = state.holds - state.at, 1, 0
    if state.tuplet:
        times, exactly = state.tuplet[1:]
    elif state.broken:
        exactly, most = state.broken[0], state.full  # it fits: that was seen to before
    if state.brackets and state.brackets[0]:
        exactly = state.brackets[1]
    return lengths(state.unit, most, times, exactly)


def _noted(state: Body) -> bool:
    """Whether there is room for a note."""
    return bool(_fits(state)) and not (state.brackets and state.brackets[0] >= _MOST_IN_BRACKETS)


def _note(state: Body, letter: str) -> Body | None:
    rest = letter in RESTS
    if not (_fits(state) if rest else _noted(state)) or (rest and (state.tied or state.brackets)):
        return None
    return replace(
        state, mode="rest" if rest else "octave", text="", spaced=False, named=0, decorated=False, last=0,
        tied=False, closed=False, bars=0, told=0,
    )  # fmt: skip


def _octave(state: Body, letter: str) -> Body | None:
    """Behind the letter of a note: marks of its octave, then its length."""
    if letter in ",'":
        fits = len(state.text) < _MOST_MARKS and set(state.text) <= {letter}
        return replace(state, text=state.text + letter, fresh=False) if fits else None
    return _length(replace(state, mode="length", text=""), letter)


def _length(state: Body, letter: str) -> Body | None:
    """A length as it is written, or what follows on it."""
    fits, written = _fits(state), state.text + letter
    if written in beginnings(fits):
        return replace(state, text=written, fresh=False)
    if state.text not in fits or (state.fresh and letter == ":"):
        return None
    size = ticks(state.unit, state.text)
    if state.brackets is None:
        return _open(_advanced(state, size, silent=state.mode == "rest"), letter)
    inside = replace(state, mode="open", text="", fresh=False, brackets=(state.brackets[0] + 1, size))
    return replace(inside, tied=True) if letter == "-" and not state.tied else _open(inside, letter)


def _element(state: Body) -> Body:
    """Behind a chord in brackets."""
    assert state.brackets is not None
    return _advanced(replace(state, brackets=None), state.brackets[1])


def _advanced(state: Body, size: int, *, silent: bool = False) -> Body:
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


def _bars(state: Body) -> frozenset[str]:
    """The bar lines that may come now."""
    if not state.at:
        if state.bars == 0:
            return _FIRST
        return _WITH_NOTHING if state.bars == 1 else frozenset()
    if state.at == state.holds:
        return _AFTER_NOTES
    if state.owed:
        return frozenset()
    return _AFTER_NOTES if state.short and len(state.pickups) < _MOST_PICKUPS else _SECTION


def _bar(state: Body, letter: str) -> Body | None:
    written = state.text + letter
    if written in beginnings(_bars(state)):
        return replace(state, text=written)
    brackets = state.text.endswith("[")  # behind a bar line: of notes together, and not of an ending
    after = _barred(replace(state, text=state.text[:-1]) if brackets else state)
    if after is not None and brackets:
        after = _open(after, "[")
    return None if after is None else _STEPS[after.mode](after, letter)


def _barred(state: Body) -> Body | None:
    """Behind a bar line; None where it is not whole yet."""
    if state.text not in _bars(state):
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


_STEPS = {
    "open": _open, "line": _line, "indent": _indent, "field": _field, "text": _text, "break": _break, "round": _round, "square": _square,
    "exclaimed": _exclaimed, "symbol": _symbol, "accidental": _accidental, "octave": _octave, "length": _length, "rest": _length, "bar": _bar,
}  # fmt: skip
