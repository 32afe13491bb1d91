"""The body of a tune: what may follow in and between its bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from burnish.media.music.grammar._place import Body, advanced, bar_lines, barred, fitting, noted, tupled
from burnish.media.music.grammar._spellings import (
    DECORATIONS,
    KEYS,
    METERS,
    TEMPOS,
    TUPLETS,
    UNITS,
    beginnings,
    ticks,
)

if TYPE_CHECKING:
    from burnish.media.music.grammar._header import Header

NOTES, RESTS = frozenset("ABCDEFGabcdefg"), frozenset("zx")
_ROOTS, _SYMBOL = frozenset("ABCDEFG( "), frozenset("abcdefgmjsuin#+/()°0123456789- ")
_LONGEST_SYMBOL = 9
_MOST_MARKS, _MOST_SYMBOLS, _LONGEST_PART, _MOST_TOLD = 2, 2, 4, 4
_ACCIDENTALS = frozenset({"^", "^^", "_", "__", "="})
_SPELT = {"M": frozenset(METERS), "L": frozenset(UNITS), "K": KEYS, "Q": TEMPOS}


def begun(header: Header) -> Body:
    """The beginning of the body behind a header."""
    return Body(header.full, header.unit)


def may_end(state: Body) -> bool:
    """Whether the tune may end here."""
    if state.mode == "bar":
        ended = barred(state)
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
        return replace(state, mode="accidental", text=letter, spaced=False) if noted(state) else None
    if state.brackets is not None:
        return _element(state) if letter == "]" and state.brackets[0] else None
    if letter in "|:[(":
        return _begin(state, letter)
    if letter in "~.!":
        return _decoration(state, letter)
    if letter == '"':
        free = state.named < _MOST_SYMBOLS and not state.decorated and fitting(state)
        return replace(state, mode="symbol", text="", spaced=False, last=0) if free else None
    return _between(state, letter)


def _begin(state: Body, letter: str) -> Body | None:
    if letter == "(":
        free = not (state.tuplet or state.broken or state.decorated)
        fits = (fitting(state) and not state.slur) or any(fitting(tupled(state, mark)) for mark in TUPLETS)
        return replace(state, mode="round", text="(", spaced=False, last=0) if free and fits else None
    if letter == "[":
        bars = state.unbound and "[" in beginnings(bar_lines(state))
        return replace(state, mode="square", text="[", last=0) if bars or noted(state) else None
    if not state.unbound or letter not in beginnings(bar_lines(state)):
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
        after = tupled(state, mark)
        return after if fitting(after) else None
    if state.slur or letter in "|:()[ \n\\" or not fitting(state):
        return None
    return _open(replace(state, mode="open", text="", slur=True), letter)


def _square(state: Body, letter: str) -> Body | None:
    """Behind `[`: a bar line, or notes together."""
    if state.unbound and "[" + letter in beginnings(bar_lines(state)):
        return replace(state, mode="bar", text="[" + letter)
    if (letter not in NOTES and letter not in "^_=") or not noted(state):
        return None
    return _open(replace(state, mode="open", text="", spaced=False, brackets=(0, 0)), letter)


def _decoration(state: Body, letter: str) -> Body | None:
    if state.decorated or state.brackets or not fitting(state):
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
        return replace(state, mode="open", text="", named=state.named + 1) if "x" in state.text else None
    fits = _ROOTS if not state.text else _ROOTS | _SYMBOL if state.text[-1] == "(" else _SYMBOL
    if letter not in fits or len(state.text) >= _LONGEST_SYMBOL:
        return None
    # Its length is kept and not its letters: what may follow is the same, and states stay few.
    return replace(state, text=state.text + ("(" if letter in "(/ " else "x"))


def _accidental(state: Body, letter: str) -> Body | None:
    if letter in NOTES:
        return _note(replace(state, mode="open", text=""), letter)
    written = state.text + letter
    return replace(state, text=written) if written in _ACCIDENTALS else None


def _note(state: Body, letter: str) -> Body | None:
    rest = letter in RESTS
    if not (fitting(state) if rest else noted(state)) or (rest and (state.tied or state.brackets)):
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
    fits, written = fitting(state), state.text + letter
    if written in beginnings(fits):
        return replace(state, text=written, fresh=False)
    if state.text not in fits or (state.fresh and letter == ":"):
        return None
    size = ticks(state.unit, state.text)
    if state.brackets is None:
        return _open(advanced(state, size, silent=state.mode == "rest"), letter)
    inside = replace(state, mode="open", text="", fresh=False, brackets=(state.brackets[0] + 1, size))
    return replace(inside, tied=True) if letter == "-" and not state.tied else _open(inside, letter)


def _element(state: Body) -> Body:
    """Behind a chord in brackets."""
    assert state.brackets is not None
    return advanced(replace(state, brackets=None), state.brackets[1])


def _bar(state: Body, letter: str) -> Body | None:
    written = state.text + letter
    if written in beginnings(bar_lines(state)):
        return replace(state, text=written)
    brackets = state.text.endswith("[")  # behind a bar line: of notes together, and not of an ending
    after = barred(replace(state, text=state.text[:-1]) if brackets else state)
    if after is not None and brackets:
        after = _open(after, "[")
    return None if after is None else _STEPS[after.mode](after, letter)


_STEPS = {
    "open": _open, "line": _line, "indent": _indent, "field": _field, "text": _text, "break": _break, "bar": _bar,
    "round": _round, "square": _square, "exclaimed": _exclaimed, "symbol": _symbol, "accidental": _accidental,
    "octave": _octave, "length": _length, "rest": _length,
}  # fmt: skip
