"""The header of a tune: lines `X:` to `K:`."""

from __future__ import annotations

from dataclasses import dataclass, replace

from burnish.media.music.grammar._spellings import KEYS, METERS, TEMPOS, UNITS, WHOLE, beginnings

FREE = frozenset("TCSRNOZYBDFGHAP")
"""Fields whose text is anybody's."""
_SPELT = {"M": frozenset(METERS), "L": frozenset(UNITS), "K": KEYS, "Q": TEMPOS}
_MOST_DIGITS, _MOST_LINES = 6, 16


@dataclass(frozen=True)
class Header:
    """A place in a header.

    Attributes:
        mode: `line` (at its beginning), `colon` (behind the letter), `text` (free), `value` (spelt), `number`.
        field: the letter of this line.
        value: of a spelt field as far as it is written.
        seen: letters of fields that come once, and came.
        full, unit: ticks of a full bar and of the unit of length; 0 where they are not said yet.
        lines: that were written.
        done: the key was said, and the line has ended.
    """

    mode: str = "line"
    field: str = ""
    value: str = ""
    seen: str = ""
    full: int = 0
    unit: int = 0
    lines: int = 0
    done: bool = False


def opened() -> Header:
    """The beginning of a tune."""
    return Header()


def header_step(state: Header, byte: int) -> Header | None:
    """What follows on a byte; None where nothing can."""
    letter = chr(byte)
    if state.mode == "line":
        return _line(state, letter)
    if state.mode == "colon":
        return _colon(state) if letter == ":" else None
    if state.mode == "text":
        return _ended(state) if letter == "\n" else state if byte >= 32 and byte != 127 else None
    if state.mode == "number":
        return _number(state, letter)
    return _value(state, letter)


def _line(state: Header, letter: str) -> Header | None:
    free = state.lines < _MOST_LINES
    if letter == "%" and state.seen:
        return replace(state, mode="text") if free else None
    if not state.seen:
        return replace(state, mode="colon", field="X") if letter == "X" else None
    if (letter in FREE and free) or (letter in _SPELT and letter not in state.seen and (letter != "K" or state.full)):
        return replace(state, mode="colon", field=letter)
    return None


def _colon(state: Header) -> Header:
    mode = "number" if state.field == "X" else "value" if state.field in _SPELT else "text"
    return replace(state, mode=mode)


def _number(state: Header, letter: str) -> Header | None:
    if letter == "\n" and state.value.strip():
        return _ended(state)
    if letter == " " and not state.value:
        return replace(state, value=" ")
    if "0" <= letter <= "9" and len(state.value.strip()) < _MOST_DIGITS and (state.value.strip() or letter != "0"):
        return replace(state, value=state.value + letter)
    return None


def _value(state: Header, letter: str) -> Header | None:
    words = _SPELT[state.field]
    if letter == " " and not state.value:
        return replace(state, value=" ")
    written = state.value.strip()
    if letter == "\n":
        return _ended(state) if written in words else None
    return replace(state, value=state.value + letter) if written + letter in beginnings(words) else None


def _ended(state: Header) -> Header:
    """Behind the line."""
    written, field = state.value.strip(), state.field
    full = METERS[written] if field == "M" and state.mode == "value" else state.full
    unit = UNITS[written] if field == "L" and state.mode == "value" else state.unit
    once = "".join(sorted({*state.seen, field})) if state.mode in ("value", "number") else state.seen
    done = field == "K" and state.mode == "value"
    if done and not unit:
        unit = usual_unit(full)
    return Header(seen="" if done else once, full=full, unit=unit, lines=state.lines + 1, done=done)


def usual_unit(full: int) -> int:
    """Ticks of the unit of length where a tune says none: a sixteenth in meters below 3/4, else an eighth."""
    return WHOLE // 16 if full * 4 < 3 * WHOLE else WHOLE // 8
