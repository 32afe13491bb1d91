"""A tune as sound: sums of sine waves that die away, like plucked strings. Plain, the same everywhere, without sound fonts."""

from __future__ import annotations

import io
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray

from burnish.media.music.chord_symbols import bass_and_chord
from burnish.media.music.tune import Note, Tune

RATE = 22_050
"""Samples a second."""
LONGEST = 180.0
"""Seconds of a tune that are played; a tune may claim to be hours long."""
TEMPO = 120.0
"""Quarter notes a minute of a tune that says none."""
MOST_NOTES = 20_000
"""Notes that are played, the first ones."""
_PARTIALS = ((1, 1.0), (2, 0.5), (3, 0.28), (4, 0.16), (5, 0.09), (6, 0.05))
_ATTACK, _RELEASE = 0.006, 0.08  # seconds
_RINGS = 8.0  # seconds, after which no string is heard
_PEAK = 0.8
_ACCOMPANIMENT = 34  # velocity
_BASS, _CHORD = 36, 48  # the lowest pitches of both


def wav(tune: Tune, *, chords: bool = True) -> bytes:
    """A WAV file, 16 bits, one channel, at `RATE`; silence of a tenth of a second where there are no notes.

    Args:
        tune: what is played, at most `LONGEST` seconds of it.
        chords: whether its chord symbols are played below it, softly.
    """
    from burnish.media.sound.reading import as_wav

    return as_wav(samples(tune, chords=chords), RATE)


def mp3(tune: Tune, seconds: float = 30.0) -> bytes:
    """An MP3 file of the beginning, an eighth of the size of a WAV file: for pages that hold many tunes."""
    import soundfile

    start = samples(tune)[: round(seconds * RATE)]
    stream = io.BytesIO()
    soundfile.write(stream, start, RATE, format="MP3", subtype="MPEG_LAYER_III")
    return stream.getvalue()


def samples(tune: Tune, *, chords: bool = True) -> NDArray[np.float32]:
    """The same as float32 [S], between -1 and 1."""
    clock = Clock(tune)
    spans = [
        (clock.seconds(note.start), clock.seconds(note.start + note.length), note)
        for note in [*tune.notes[:MOST_NOTES], *(islice(accompaniment(tune), MOST_NOTES) if chords else ())]
    ]
    spans = [(start, min(end, LONGEST), note) for start, end, note in spans if start < LONGEST]
    ends = [end for _, end, _ in spans]
    out = np.zeros(math.ceil((max(ends, default=0.0) + _RELEASE + 0.02) * RATE), np.float32)
    for start, end, note in spans:
        drum = note.voice < len(tune.parts) and tune.parts[note.voice].drums
        shape = _struck(note.pitch) if drum else _plucked(note.pitch, round((end - start) * RATE))
        first = round(start * RATE)
        room = min(len(shape), len(out) - first)
        out[first : first + room] += shape[:room] * np.float32((note.velocity / 127) ** 1.5)
    loudest = float(np.abs(out).max(initial=0.0))
    return out * np.float32(_PEAK / loudest) if loudest else out


class Clock:
    """When, in seconds, a place of a tune is reached.

    Args:
        tune: with its tempos.
    """

    def __init__(self, tune: Tune) -> None:
        tempos = [(start, tempo) for start, tempo in tune.tempos if math.isfinite(tempo) and tempo > 0]
        if not tempos or tempos[0][0] > 0:
            tempos.insert(0, (Fraction(0), TEMPO))
        self._parts: list[tuple[Fraction, float, float]] = []  # start in quarters and in seconds, seconds a quarter
        seconds = 0.0
        for number, (start, tempo) in enumerate(tempos):
            if number:
                seconds += float(start - tempos[number - 1][0]) * 60 / tempos[number - 1][1]
            self._parts.append((start, seconds, 60 / tempo))
        self._starts = [start for start, _, _ in self._parts]

    def seconds(self, place: Fraction) -> float:
        """Of a place in quarter notes."""
        at = bisect_right(self._starts, place) - 1
        start, seconds, quarter = self._parts[max(at, 0)]
        return seconds + float(place - start) * quarter


def accompaniment(tune: Tune) -> Iterator[Note]:
    """The chord symbols as notes: a bass and the chord above it, held until the next symbol, struck anew in each bar."""
    end = max((note.start + note.length for note in tune.notes), default=Fraction(0))
    bars = [bar.start for bar in tune.bars]
    for number, chord in enumerate(tune.chords[:MOST_NOTES]):
        until = tune.chords[number + 1].start if number + 1 < len(tune.chords) else end
        sounding = bass_and_chord(chord.name)
        if sounding is None or until <= chord.start:
            continue
        bass, classes = sounding
        pitches = [_BASS + (bass - _BASS) % 12, *(_CHORD + (one - _CHORD) % 12 for one in classes)]
        strikes = [chord.start, *bars[bisect_right(bars, chord.start) : bisect_left(bars, until)], until]
        for start, stop in pairwise(strikes):
            yield from (Note(start, stop - start, pitch, len(tune.parts), _ACCOMPANIMENT) for pitch in pitches)


@lru_cache(maxsize=256)
def _plucked(pitch: int, length: int) -> NDArray[np.float32]:
    """A note, held for so many samples and then let go; high partials die first."""
    length = min(max(length, 1), round(_RINGS * RATE))
    time = np.arange(length + round(_RELEASE * RATE), dtype=np.float32) / np.float32(RATE)
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    out = np.zeros(len(time), np.float32)
    decay = 1.1 * (frequency / 440) ** 0.35  # a second: low strings ring longer
    for number, strength in _PARTIALS:
        if number * frequency < RATE / 2.2:
            wave = np.sin(np.float32(2 * math.pi * number * frequency) * time)
            out += np.float32(strength) * wave * np.exp(np.float32(-decay * (0.6 + 0.4 * number)) * time)
    out *= np.minimum(time / np.float32(_ATTACK), 1)
    held = np.float32(length / RATE)
    out *= np.where(time < held, np.float32(1), np.maximum(0, 1 - (time - held) / np.float32(_RELEASE)) ** 2)
    return _kept(out)


@lru_cache(maxsize=64)
def _struck(drum: int) -> NDArray[np.float32]:
    """A drum: noise that dies fast, lower numbers (kick, toms) with a low tone in it."""
    time = np.arange(round(0.18 * RATE), dtype=np.float32) / np.float32(RATE)
    noise = np.random.default_rng(drum).normal(size=len(time)).astype(np.float32)
    low = drum in (35, 36, 41, 43, 45, 47)
    tone = np.sin(np.float32(2 * math.pi * 70) * time) * np.exp(np.float32(-18) * time)
    out = (0.15 if low else 0.5) * noise * np.exp(np.float32(-38) * time) + (1.6 if low else 0.0) * tone
    return _kept(out.astype(np.float32))


def _kept(shape: NDArray[np.float32]) -> NDArray[np.float32]:
    """One array for all who ask: nobody may change it."""
    shape.setflags(write=False)
    return shape
