"""A tune as a piano roll: time across, pitch up."""

from __future__ import annotations

from burnish.media.music.drawn._svg import COLOURS, MOST_NOTES, PALE, Row, box, line, picture, rows, said, text
from burnish.media.music.tune import PITCH_NAMES, Note, Tune

_LEFT, _TOP, _GAP = 34, 22, 26
_BLACK = frozenset({1, 3, 6, 8, 10})


def piano_roll(tune: Tune) -> str:
    """An SVG of a tune, each voice in a colour, bar lines between; rows of about 32 quarter notes."""
    lines, left_out = rows(tune, 32)
    notes = tune.notes[:MOST_NOTES]
    if not notes:
        return picture([text(10, 24, "no notes", colour=PALE)], 40, "no notes")
    low, high = min(note.pitch for note in notes) - 1, max(note.pitch for note in notes) + 1
    step = max(2.5, min(7.0, 180 / (high - low + 1)))
    tall = (high - low + 1) * step
    parts, top = [text(_LEFT, 14, said(tune, left_out), colour=PALE)], float(_TOP)
    number = 0
    for row in lines:
        parts += [*_ground(row, top, (low, high), step, number), *_notes(notes, row, top, high, step)]
        number += len(row.bars)
        top += tall + _GAP
    return picture(parts, top, f"Piano roll of {tune.title or 'a tune'}")


def _ground(row: Row, top: float, pitches: tuple[int, int], step: float, number: int) -> list[str]:
    """Keys of the piano, bar lines with numbers, names of octaves."""
    low, high = pitches
    bottom, right = top + (high - low + 1) * step, row.across(row.end, _LEFT)
    parts = [box(_LEFT, top, right - _LEFT, bottom - top, "#FAFAFA")]
    for pitch in range(low, high + 1):
        y = top + (high - pitch) * step
        if pitch % 12 in _BLACK:
            parts.append(box(_LEFT, y, right - _LEFT, step, "#EDEDED"))
        if pitch % 12 == 0:
            parts.append(text(_LEFT - 4, y + step, f"{PITCH_NAMES[0]}{pitch // 12 - 1}", size=9, anchor="end"))
    for place, start in enumerate(row.bars):
        x = row.across(start, _LEFT)
        parts += [line(x, top, x, bottom), text(x + 2, bottom + 10, str(number + place + 1), size=8, colour=PALE)]
    return [*parts, line(right, top, right, bottom)]


def _notes(notes: tuple[Note, ...], row: Row, top: float, high: int, step: float) -> list[str]:
    parts = []
    for note in notes:
        start, end = max(note.start, row.start), min(note.start + note.length, row.end)
        if start < end:
            x, to_x = row.across(start, _LEFT), row.across(end, _LEFT)
            colour = COLOURS[note.voice % len(COLOURS)]
            y = top + (high - note.pitch) * step
            parts.append(box(x + 0.5, y, max(1.5, to_x - x - 1), step, colour, 0.5 + 0.5 * note.velocity / 127))
    return parts
