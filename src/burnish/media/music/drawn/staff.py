"""A tune as notes on staves: heads at the right heights, stems, flags, dots, ties, rests, accidentals, chord symbols."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

from burnish.media.music.drawn._spelling import SIGNS, fifths, signature, spelled
from burnish.media.music.drawn._svg import (
    INK,
    MOST_NOTES,
    PALE,
    Row,
    line,
    picture,
    rows,
    said,
    text,
    voices,
)
from burnish.media.music.tune import Note, Tune

_LEFT, _SPACE = 16, 8.0
_TALL, _GAP = 92, 14  # of a staff with what stands above and below it; between rows
_STAVES = 4
_TREBLE, _BASS = 37, 25  # the lowest lines, as places of `spelled`: E of the middle octave, G two below
_BASES = tuple(Fraction(4, 2**n) for n in range(7))


def staff(tune: Tune) -> str:
    """An SVG of a tune, about sixteen quarter notes a row, a staff for each of the first voices."""
    lines, left_out = rows(tune, 16)
    notes = [note for note in tune.notes[:MOST_NOTES] if not tune.parts[note.voice].drums]
    shown = [voice for voice in voices(tune, 2 * _STAVES) if any(note.voice == voice for note in notes)][:_STAVES]
    if not shown:
        return picture([text(10, 24, "no notes", colour=PALE)], 40, "no notes")
    parts, top = [text(_LEFT, 14, said(tune, left_out), colour=PALE)], 18.0
    for row in lines:
        for place, voice in enumerate(shown):
            some = [note for note in notes if note.voice == voice]
            parts += _Staff(tune, row, top, some, with_chords=not place).parts()
            top += _TALL
        top += _GAP
    return picture(parts, top, f"Notes of {tune.title or 'a tune'}")


class _Staff:
    """One voice in one row.

    Args:
        tune, row: what is drawn of it.
        top: upper edge.
        notes: of the voice.
        with_chords: whether chord symbols stand above.
    """

    def __init__(self, tune: Tune, row: Row, top: float, notes: list[Note], *, with_chords: bool) -> None:
        self.tune, self.row, self.notes, self.with_chords = tune, row, notes, with_chords
        pitches = sorted(note.pitch for note in notes)
        self.lowest = _BASS if pitches[len(pitches) // 2] < 57 else _TREBLE
        self.bottom = top + 64  # the lowest line
        self.left = _LEFT + 22 + 8 * abs(fifths(tune.key))

    def y(self, place: int) -> float:
        """Height of a place on the staff."""
        return self.bottom - (place - self.lowest) * _SPACE / 2

    def parts(self) -> list[str]:
        """All that is drawn."""
        right = self.row.across(self.row.end, self.left)
        out = [
            line(_LEFT, self.y(self.lowest + 2 * n), right, self.y(self.lowest + 2 * n), "#999999") for n in range(5)
        ]
        out += [*self._signature(), *self._bar_lines(right)]
        if self.with_chords:
            inside = (chord for chord in self.tune.chords if self.row.start <= chord.start < self.row.end)
            out += [text(self._x(chord.start) - 4, self.bottom - 52, chord.name[:12], size=10) for chord in inside]
        edges = [*self.row.bars, self.row.end]
        for start, end in pairwise(edges):
            out += self._bar(start, end)
        return out

    def _x(self, place: Fraction) -> float:
        return self.row.across(place, self.left) + 9

    def _signature(self) -> list[str]:
        out = [text(_LEFT + 1, self.bottom - 36, "bass", size=7, colour=PALE)] if self.lowest == _BASS else []
        for number, (letter, alteration) in enumerate(signature(self.tune.key).items()):
            place = next(p for p in range(self.lowest + 2, self.lowest + 9) if p % 7 == letter)
            out.append(text(_LEFT + 14 + 8 * number, self.y(place) + 4, SIGNS[alteration], size=13))
        return out

    def _bar_lines(self, right: float) -> list[str]:
        places = [self.row.across(start, self.left) for start in self.row.bars[1:]] + [right]
        upper = self.y(self.lowest + 8)
        out = [line(x, upper, x, self.bottom, INK) for x in places]
        if self.tune.bars and self.row.end >= self.tune.bars[-1].start + self.tune.bars[-1].length:
            out.append(line(right - 3, upper, right - 3, self.bottom, INK))
        return out

    def _bar(self, start: Fraction, end: Fraction) -> list[str]:
        """Notes and rests between two bar lines; notes that are longer go on as ties."""
        at: dict[Fraction, list[tuple[Note, Fraction]]] = defaultdict(list)
        for note in self.notes:
            if note.start < end and note.start + note.length > start:
                for piece, stop in _pieces(max(note.start, start), min(note.start + note.length, end)):
                    at[piece].append((note, stop))
        altered, out, reached = dict(signature(self.tune.key)), [], start
        in_bar: dict[int, int] = {}
        for place in sorted(at):
            if place > reached:
                out += self._rest(reached, place)
            stop = max(stop for _, stop in at[place])
            together = sorted((note for note, _ in at[place]), key=lambda note: note.pitch)
            out += self._together(together, place, stop, altered, in_bar)
            reached = max(reached, stop)
        return out + (self._rest(reached, end) if reached < end and self.notes else [])

    def _together(
        self, notes: list[Note], start: Fraction, stop: Fraction, altered: dict[int, int], in_bar: dict[int, int]
    ) -> list[str]:
        x, out = self._x(start), []
        base, dotted = _written(stop - start)
        places = []
        for note in notes:
            place, alteration = spelled(note.pitch, self.tune.key)
            places.append(place)
            y = self.y(place)
            if in_bar.get(place, altered.get(place % 7, 0)) != alteration and note.start == start:
                out.append(text(x - 14, y + 4, SIGNS[alteration], size=12))
                in_bar[place] = alteration
            out += [*self._ledgers(x, place), _head(x, y, base)]
            if dotted:
                out.append(f'<circle cx="{x + 9:.1f}" cy="{y - (2 if place % 2 else 0):.1f}" r="1.5" fill="{INK}"/>')
            if note.start + note.length > stop:
                out.append(_tie(x, self._x(stop), y))
        return out + self._stem(x, places, base)

    def _ledgers(self, x: float, place: int) -> list[str]:
        above = range(self.lowest + 10, place + 1, 2)
        below = range(self.lowest - 2, place - 1, -2)
        return [line(x - 8, self.y(p), x + 8, self.y(p), "#777777") for p in (*above, *below)]

    def _stem(self, x: float, places: list[int], base: Fraction) -> list[str]:
        if base >= 4:
            return []
        up = sum(places) / len(places) < self.lowest + 4
        edge, far = (x + 4.5, self.y(max(places)) - 27) if up else (x - 4.5, self.y(min(places)) + 27)
        near = self.y(min(places)) if up else self.y(max(places))
        out, way = [line(edge, near, edge, far, INK, 1.2)], 1 if up else -1
        for flag in range(sum(base < one for one in (1, Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)))):
            y = far + way * 5 * flag
            curve = f"M{edge:.1f} {y:.1f} q1 {way * 6} 6 {way * 8} q1 {way * 3} -1 {way * 6}"
            out.append(f'<path d="{curve}" fill="none" stroke="{INK}" stroke-width="1.6"/>')
        return out

    def _rest(self, start: Fraction, stop: Fraction) -> list[str]:
        """A rest, where what it lasts can be written as one; else one for its beginning."""
        x, (base, dotted) = self._x(start), _written(stop - start)
        middle = self.y(self.lowest + 4)
        dot = [f'<circle cx="{x + 8:.1f}" cy="{middle - 4:.1f}" r="1.5" fill="{INK}"/>'] if dotted else []
        if base >= 2:
            y = middle - 4 if base < 4 else middle - _SPACE
            return [*dot, f'<rect x="{x - 5:.1f}" y="{y:.1f}" width="10" height="4" fill="{INK}"/>']
        if base == 1:
            zigzag = f"M{x - 2:.1f} {middle - 11:.1f} l5 6 l-4 5 l5 6 q-6 -2 -3 5"
            return [*dot, f'<path d="{zigzag}" fill="none" stroke="{INK}" stroke-width="1.8"/>']
        hooks = sum(base < one for one in (1, Fraction(1, 2), Fraction(1, 4), Fraction(1, 8)))
        out = [line(x + 3, middle - 7, x - 1, middle + 3 + 4 * hooks, INK, 1.3)]
        return [
            *dot,
            *out,
            *(f'<circle cx="{x - 2:.1f}" cy="{middle - 5 + 5 * n:.1f}" r="2" fill="{INK}"/>' for n in range(hooks)),
        ]


def _pieces(start: Fraction, stop: Fraction) -> list[tuple[Fraction, Fraction]]:
    """A note as one that can be written, or as several with ties: beginning and end of each, at most four."""
    found: list[tuple[Fraction, Fraction]] = []
    while start < stop and len(found) < 4:
        base, dotted = _written(stop - start)
        size = base * Fraction(3, 2) if dotted else min(base, stop - start)
        if len(found) == 3 or base == _BASES[-1]:
            size = stop - start
        found.append((start, start + size))
        start += size
    return found


def _written(length: Fraction) -> tuple[Fraction, bool]:
    """The plain length that is drawn, and whether with a dot; of tuplets that of the notes as they are written."""
    for base in _BASES:
        if length >= base * Fraction(3, 2):
            return base, length == base * Fraction(3, 2)
        if length >= base or length == base * Fraction(2, 3):
            return base, False
    return _BASES[-1], False


def _head(x: float, y: float, base: Fraction) -> str:
    fill = f'fill="{INK}"' if base < 2 else f'fill="white" stroke="{INK}" stroke-width="1.5"'
    return f'<ellipse cx="{x:.1f}" cy="{y:.1f}" rx="5" ry="3.6" transform="rotate(-18 {x:.1f} {y:.1f})" {fill}/>'


def _tie(x: float, to_x: float, y: float) -> str:
    middle = (x + to_x) / 2
    curve = f"M{x + 5:.1f} {y + 5:.1f} Q{middle:.1f} {y + 13:.1f} {to_x - 5:.1f} {y + 5:.1f}"
    return f'<path d="{curve}" fill="none" stroke="{INK}" stroke-width="1.2"/>'
