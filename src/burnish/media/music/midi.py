"""Tunes from MIDI files and to them, through symusic."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from typing import Any

from burnish.core.errors import InputError
from burnish.media.music.signatures import key_of, sharps
from burnish.media.music.tune import Bar, Key, Note, Part, Tune

ENDINGS = (".mid", ".midi")
MOST_BYTES = 8_000_000
"""Of a file: an hour of a full orchestra takes less than 1 MB."""
MOST_BARS = 50_000
"""Of a file: a hostile one says a length of years in a few bytes."""
_USUAL_TICKS = 480
_MOST_TICKS = 32_767  # 15 bits
_MOST_TIME = 2**28 - 1  # ticks of a file's longest pause


def tune_of_midi(data: bytes, place: str = "") -> Tune:
    """The tune of a standard MIDI file, format 0 or 1.

    A track with notes is a voice, a second program in it another one. Notes that never end and other events than notes,
    programs, tempo, meter and key are left out. No title is read.

    Args:
        data: the file.
        place: its path, for messages.

    Raises:
        InputError: no MIDI file, a broken or very large one, or symusic is not installed.
    """
    if len(data) > MOST_BYTES:
        raise InputError(f"{len(data):,} bytes", expected=f"a MIDI file of at most {MOST_BYTES:,} bytes", place=place)
    try:
        score = _library().Score.from_midi(data)
    except (RuntimeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error).removeprefix("MiniMidi: ").removesuffix(": iostream error")
        raise InputError(
            f"not a MIDI file, or a broken one: {reason}", expected="a standard MIDI file", place=place
        ) from error
    if score.ticks_per_quarter < 1:
        raise InputError("a quarter note has 0 ticks", expected="a standard MIDI file", place=place)
    return _tune(score, place)


def midi_of_tune(tune: Tune) -> bytes:
    """A MIDI file of format 1, a track for each voice.

    Starts and lengths are exact unless a quarter note would need more than 32,767 ticks; then they are rounded. Modes other than
    major and minor are written as the major key of the same signature; chord symbols are not written.

    Raises:
        InputError: a pitch outside 0 to 127, a note that begins before the tune, a time or a meter that no file can hold, or
            symusic is not installed.
    """
    symusic = _library()
    ticks = _ticks(tune)
    _require_held(tune, ticks)
    score = symusic.Score(ticks)
    for start, quarters in tune.tempos:
        score.tempos.append(symusic.Tempo(_at(start, ticks), quarters))
    for start, (beats, unit) in _meters(tune):
        score.time_signatures.append(symusic.TimeSignature(_at(start, ticks), beats, unit))
    if tune.key is not None:
        score.key_signatures.append(symusic.KeySignature(0, *_signature(tune.key)))
    for number, part in enumerate(tune.parts):
        track = symusic.Track(name=part.name, program=part.program, is_drum=part.drums)
        for note in tune.notes:
            if note.voice == number:
                track.notes.append(_written(note, ticks, symusic))
        score.tracks.append(track)
    return bytes(score.dumps_midi())


def _require_held(tune: Tune, ticks: int) -> None:
    """Whether numbers of a file can hold its times and meters."""
    meters = [bar.meter for bar in tune.bars if bar.meter] + ([tune.meter] if tune.meter else [])
    wrong = next((meter for meter in meters if not (0 < meter[0] <= 255 and 0 < meter[1] <= 128)), None)
    if wrong is not None:
        raise InputError(f"the meter {wrong[0]}/{wrong[1]} cannot be written as MIDI", expected="a meter such as 3/4")
    ends = [bar.start + bar.length for bar in tune.bars[-1:]] + [start for start, _ in tune.tempos]
    latest = max([note.start + note.length for note in tune.notes] + ends, default=Fraction(0))
    if latest * ticks > _MOST_TIME:
        raise InputError(
            f"a tune of {float(latest):.4g} quarter notes cannot be written as MIDI",
            expected=f"at most {_MOST_TIME // ticks:,}",
        )


def _written(note: Note, ticks: int, symusic: Any) -> Any:
    if not 0 <= note.pitch <= 127 or note.start < 0:
        raise InputError(
            f"a note of pitch {note.pitch} at {note.start} quarter notes cannot be written as MIDI",
            expected="pitches from 0 to 127, from the beginning of the tune on",
        )
    start, end = _at(note.start, ticks), _at(note.start + note.length, ticks)
    return symusic.Note(start, max(end - start, int(note.length > 0)), note.pitch, min(max(note.velocity, 1), 127))


def _at(time: Fraction, ticks: int) -> int:
    return math.floor(time * ticks + Fraction(1, 2))


def _ticks(tune: Tune) -> int:
    """Of a quarter note, so that all times are whole numbers where that is possible."""
    times = [time for note in tune.notes for time in (note.start, note.length)]
    times += [bar.start for bar in tune.bars] + [start for start, _ in tune.tempos]
    exact = _USUAL_TICKS
    for time in times:
        exact = math.lcm(exact, time.denominator)
        if exact > _MOST_TICKS:
            return _MOST_TICKS // _USUAL_TICKS * _USUAL_TICKS
    return exact


def _meters(tune: Tune) -> Iterator[tuple[Fraction, tuple[int, int]]]:
    """Where a meter is written: at its first bar, and behind a bar that it would not have ended."""
    if not tune.bars and tune.meter is not None:
        yield Fraction(0), tune.meter
    before: Bar | None = None
    for bar in tune.bars:
        goes_on = before is not None and before.meter == bar.meter and before.length == before.full
        if bar.meter is not None and not goes_on:
            yield bar.start, bar.meter
        before = bar


def _signature(key: Key) -> tuple[int, int]:
    """Sharps (flats below 0), and 1 for minor."""
    return sharps(key), int(key.mode == "minor")


def _tune(score: Any, place: str) -> Tune:
    ticks = score.ticks_per_quarter
    tracks = [track for track in score.tracks if len(track.notes)]
    notes = [
        Note(Fraction(n.time, ticks), Fraction(n.duration, ticks), n.pitch, voice, n.velocity)
        for voice, track in enumerate(tracks)
        for n in track.notes
    ]
    if any(note.start < 0 or note.length < 0 for note in notes):
        raise InputError("times beyond what a file can hold", expected="a standard MIDI file", place=place)
    parts = tuple(Part(_text(t.name), 0 if t.is_drum else t.program, t.is_drum) for t in tracks)
    meters = {Fraction(s.time, ticks): (s.numerator, s.denominator) for s in score.time_signatures}
    if wrong := next((m for m in meters.values() if not (m[0] > 0 and 1 <= m[1] <= 128)), None):
        raise InputError(f"the meter {wrong[0]}/{wrong[1]}", expected="a meter such as 3/4", place=place)
    end = max((note.start + note.length for note in notes), default=Fraction(0))
    return Tune(
        tuple(sorted(notes, key=lambda n: (n.start, n.voice, n.pitch, n.length))),
        tuple(_bars(sorted(meters.items()), end, place)),
        parts or (Part(),),
        _key(score),
        meters[min(meters)] if meters else None,
        _tempos(score, ticks),
    )


def _bars(meters: list[tuple[Fraction, tuple[int, int]]], end: Fraction, place: str) -> list[Bar]:
    """To the end of the last note; a new meter begins a bar."""
    bars: list[Bar] = []
    starts = [start for start, _ in meters]
    for (start, until), (_, meter) in zip(pairwise([*starts, end]), meters, strict=True):
        full, begin = Fraction(4 * meter[0], meter[1]), start
        if (min(until, end) - start) / full > MOST_BARS - len(bars):
            raise InputError(
                f"more than {MOST_BARS:,} bars", expected="a piece of music that somebody plays", place=place
            )
        while begin < min(until, end):
            last = until == end and begin + full >= end
            bars.append(Bar(begin, full if last else min(full, until - begin), meter))
            begin += full
    return bars


def _key(score: Any) -> Key | None:
    first = min(score.key_signatures, key=lambda k: k.time, default=None)
    if first is None or not -7 <= first.key <= 7 or first.tonality not in (0, 1):
        return None
    return key_of(first.key, ("major", "minor")[first.tonality])


def _tempos(score: Any, ticks: int) -> tuple[tuple[Fraction, float], ...]:
    """By start; MIDI's 120 in front of a first one that is later. Microseconds a quarter note hold no more digits."""
    by_start = {Fraction(t.time, ticks): round(60e6 / t.mspq, 3) for t in score.tempos if t.mspq > 0}
    if by_start and min(by_start) > 0:
        by_start[Fraction(0)] = 120.0
    return tuple(sorted(by_start.items()))


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8").strip("\x00 ")


def _library() -> Any:
    try:
        import symusic
    except ImportError as error:
        raise InputError("MIDI files need the package symusic", fix="pip install 'burnish[music]'") from error
    return symusic
