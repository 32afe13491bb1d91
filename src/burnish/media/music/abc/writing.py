"""Writes a tune as ABC."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

from burnish.media.music.abc._accidentals import Accidentals, pitch_of
from burnish.media.music.abc._keys import (
    WRITTEN,
    Signature,
    key_field,
    letter_text,
    letters_of,
    read_key,
)
from burnish.media.music.signatures import NATURAL
from burnish.media.music.tune import Bar, Note, Part, Tune

UNIT = Fraction(1, 2)
"""Of the lengths that are written, in quarter notes: an eighth."""

_BARS_A_LINE = 4


def write(tune: Tune) -> str:
    """ABC text of a tune, from `X:1` to its final bar line.

    `read` of it gives the notes, bars, parts, key, meter, tempos and chord symbols back. How loud notes are is not
    written. A pitch that is struck again while it sounds ends there.
    """
    key = "none" if tune.key is None else key_field(tune.key)
    signature = read_key(key)
    assert isinstance(signature, Signature)
    title = " ".join(tune.title.split())
    lines = ["X:1", *([f"T:{title}"] if title else []), f"M:{_meter(tune.meter)}", "L:1/8"]
    lines += [f"Q:{_tempo(tempo)}" for start, tempo in tune.tempos if start == 0]
    several = len(tune.parts) > 1 or bool(tune.parts[0].name if tune.parts else "")
    lines += [f"V:{number + 1}{_name(part)}" for number, part in enumerate(tune.parts) if several]
    lines.append(f"K:{key}")
    bars, of_voice = bars_of(tune), dict[int, list[Note]]()
    for note in tune.notes:
        of_voice.setdefault(note.voice, []).append(note)
    for number, part in enumerate(tune.parts):
        if several:
            lines.append(f"V:{number + 1}")
        if part.program:
            lines.append(f"%%MIDI program {part.program}")
        if part.drums:
            lines.append("%%MIDI channel 10")
        lines += _VoiceText(tune, bars, of_voice.get(number, []), signature, first=number == 0).lines()
    return "\n".join(lines) + "\n"


def _name(part: Part) -> str:
    name = " ".join(part.name.replace('"', "'").split())
    return f' name="{name}"' if name else ""


def _meter(meter: tuple[int, int] | None) -> str:
    return "none" if meter is None else f"{meter[0]}/{meter[1]}"


def _tempo(tempo: float) -> str:
    return f"1/4={tempo:.6f}".rstrip("0").rstrip(".")


def bars_of(tune: Tune) -> tuple[Bar, ...]:
    """The bars of a tune, and full ones from its meter up to its end where it has none; one for all without a meter."""
    bars, end = list(tune.bars), tune.length
    reached = bars[-1].start + bars[-1].length if bars else Fraction(0)
    meter = bars[-1].meter if bars else tune.meter
    while reached < end:
        full = end - reached if meter is None else Fraction(4 * meter[0], meter[1])
        bars.append(Bar(reached, full, meter))
        reached += full
    return tuple(bars)


class _VoiceText:
    """The music of one voice.

    Args:
        tune: what is written.
        bars: of it.
        notes: of the voice.
        signature: of its key.
        first: whether chord symbols and tempos stand in it.
    """

    def __init__(
        self, tune: Tune, bars: Sequence[Bar], notes: Sequence[Note], signature: Signature, *, first: bool
    ) -> None:
        self._bars, self._notes = bars, _ended(notes)
        self._chords: dict[Fraction, str] = {}
        for chord in tune.chords if first else ():
            name = chord.name.replace('"', "'")
            self._chords[chord.start] = f'{self._chords.get(chord.start, "")}"{name}"'
        self._tempos = {start: tempo for start, tempo in tune.tempos if start} if first else {}
        self._marks = sorted({*self._chords, *self._tempos})
        self._meter = tune.meter
        self._accidentals = Accidentals(signature)
        self._letters = letters_of(signature)

    def lines(self) -> list[str]:
        """Some bars a line."""
        spans = [(bar.start, bar.start + bar.length) for bar in self._bars]
        sounding = zip(self._bars, _in_each(self._notes, spans), strict=True)
        texts = [self._bar(bar, own) for bar, own in sounding] or [""]
        texts = [text + (" |" if number < len(texts) - 1 else " |]") for number, text in enumerate(texts)]
        return [" ".join(texts[at : at + _BARS_A_LINE]) for at in range(0, len(texts), _BARS_A_LINE)]

    def _bar(self, bar: Bar, sounding: Sequence[Note]) -> str:
        end = bar.start + bar.length
        edges = {bar.start, end}
        for note in sounding:
            edges |= {edge for edge in (note.start, note.start + note.length) if bar.start < edge < end}
        first, last = bisect_right(self._marks, bar.start), bisect_left(self._marks, end)
        edges.update(self._marks[first:last])
        self._accidentals.bar()
        changed = f"[M:{_meter(bar.meter)}] " if bar.meter != self._meter else ""
        self._meter = bar.meter
        slices = list(pairwise(sorted(edges)))
        parts = _in_each(sounding, slices)
        return changed + " ".join(self._slice(*span, own) for span, own in zip(slices, parts, strict=True))

    def _slice(self, start: Fraction, stop: Fraction, sounding: Sequence[Note]) -> str:
        before = f"[Q:{_tempo(self._tempos[start])}]" if start in self._tempos else ""
        before += self._chords.get(start, "")
        length = _length((stop - start) / UNIT)
        if not sounding:
            self._accidentals.tie({})
            return f"{before}z{length}"
        tied, parts = {}, []
        for note in sounding:
            position, alteration = self._spelled(note.pitch)
            goes_on = note.start + note.length > stop
            parts.append(self._written(position, alteration) + length + ("-" if goes_on else ""))
            if goes_on:
                tied[position] = alteration
        self._accidentals.tie(tied)
        return before + (parts[0] if len(parts) == 1 else f"[{''.join(parts)}]")

    def _spelled(self, pitch: int) -> tuple[int, int]:
        letter, alteration = self._letters[pitch % 12]
        octave = (pitch - alteration - NATURAL[letter] - 60) // 12
        assert pitch_of(7 * octave + letter, alteration) == pitch
        return 7 * octave + letter, alteration

    def _written(self, position: int, alteration: int) -> str:
        mark = ""
        if self._accidentals.without_accidental(position) != alteration:
            mark = WRITTEN[alteration]
            self._accidentals.of(position, alteration)
        return mark + letter_text(position)


def _in_each(notes: Sequence[Note], spans: Sequence[tuple[Fraction, Fraction]]) -> Iterator[list[Note]]:
    """The notes that sound in each of some spans, which lie one after the other: long tunes are gone through once."""
    coming, sounding = deque(notes), list[Note]()
    for start, end in spans:
        sounding = [note for note in sounding if note.start + note.length > start]
        while coming and coming[0].start < end:
            note = coming.popleft()
            sounding += [note] if note.start + note.length > start else []
        yield sounding


def _ended(notes: Sequence[Note]) -> list[Note]:
    """A pitch struck again ends; of two at one time the longer stays."""
    kept: dict[int, list[Note]] = {}
    for note in sorted(notes, key=lambda note: (note.start, -note.length)):
        before = kept.setdefault(note.pitch, [])
        if before and before[-1].start == note.start:
            continue
        if before and before[-1].start + before[-1].length > note.start:
            last = before[-1]
            before[-1] = Note(last.start, note.start - last.start, last.pitch, last.voice, last.velocity)
        before.append(note)
    return sorted((note for kinds in kept.values() for note in kinds), key=lambda note: (note.start, note.pitch))


def _length(units: Fraction) -> str:
    if units.denominator == 1:
        return "" if units == 1 else str(units.numerator)
    above = "" if units.numerator == 1 else str(units.numerator)
    return f"{above}/" if units.denominator == 2 else f"{above}/{units.denominator}"
