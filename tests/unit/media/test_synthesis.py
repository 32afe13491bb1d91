"""Tunes as sound: the right pitches at the right times, the same bytes each time, never longer than is allowed."""

from __future__ import annotations

import io
import math
from fractions import Fraction

import numpy as np
import pytest
import soundfile

from burnish.media.music.chord_symbols import bass_and_chord
from burnish.media.music.synthesis import LONGEST, RATE, Clock, accompaniment, samples, wav
from burnish.media.music.tune import Bar, Chord, Note, Part, Tune


def frequency(sound: np.ndarray) -> float:
    """The strongest, in hertz."""
    power = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.fft.rfftfreq(len(sound), 1 / RATE)[power.argmax()])


@pytest.mark.parametrize("pitch", [45, 60, 69, 88])
def test_a_note_has_its_frequency(pitch: int) -> None:
    sound = samples(Tune((Note(Fraction(0), Fraction(2), pitch),)))
    assert frequency(sound[: RATE // 2]) == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.01)


def test_notes_begin_when_the_tempo_says() -> None:
    tune = Tune(
        (Note(Fraction(0), Fraction(1), 60), Note(Fraction(4), Fraction(1), 72)),
        tempos=((Fraction(0), 60.0), (Fraction(2), 120.0)),
    )
    sound = samples(tune)
    assert len(sound) / RATE == pytest.approx(3.5, abs=0.15)
    quiet = np.abs(sound[round(1.2 * RATE) : round(2.9 * RATE)]).max()
    assert quiet == 0
    assert frequency(sound[3 * RATE :]) == pytest.approx(523.25, rel=0.02)


def test_the_clock_begins_with_the_usual_tempo() -> None:
    clock = Clock(Tune((), tempos=((Fraction(4), 60.0), (Fraction(8), 240.0))))
    assert [clock.seconds(Fraction(place)) for place in (0, 2, 4, 6, 8, 12)] == [0, 1, 2, 4, 6, 7]


def test_the_same_tune_is_the_same_file() -> None:
    tune = Tune(
        (Note(Fraction(0), Fraction(1), 60), Note(Fraction(1, 3), Fraction(1, 2), 64)),
        chords=(Chord(Fraction(0), "C"),),
    )
    data = wav(tune)
    assert data == wav(tune)
    info = soundfile.info(io.BytesIO(data))
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")


def test_it_is_loud_and_never_clips() -> None:
    many = tuple(Note(Fraction(0), Fraction(1), pitch) for pitch in range(40, 90))
    assert np.abs(samples(Tune(many))).max() == pytest.approx(0.8, abs=1e-3)


def test_a_tune_that_claims_to_be_endless_is_cut() -> None:
    tune = Tune(
        (Note(Fraction(0), Fraction(10**9), 60), Note(Fraction(10**9), Fraction(1), 60)),
        tempos=((Fraction(0), math.nan),),
    )
    assert len(samples(tune)) / RATE == pytest.approx(LONGEST, abs=0.2)


def test_an_endless_chord_is_cut_as_well() -> None:
    bars = tuple(Bar(Fraction(4 * n), Fraction(4), (4, 4)) for n in range(30_000))
    tune = Tune((Note(Fraction(0), Fraction(120_000), 60),), bars, chords=(Chord(Fraction(0), "C"),))
    assert len(samples(tune)) / RATE < LONGEST + 1


def test_no_notes_are_a_moment_of_silence() -> None:
    sound = samples(Tune(()))
    assert len(sound)
    assert not sound.any()


def test_chords_are_struck_anew_in_each_bar() -> None:
    bars = (Bar(Fraction(0), Fraction(4), (4, 4)), Bar(Fraction(4), Fraction(4), (4, 4)))
    tune = Tune(
        (Note(Fraction(0), Fraction(8), 72),),
        bars,
        chords=(Chord(Fraction(0), "Am"), Chord(Fraction(6), "G"), Chord(Fraction(7), "slowly")),
    )
    struck = [(note.start, note.length, note.pitch % 12) for note in accompaniment(tune)]
    am = [9, 9, 0, 4]
    assert struck == [(Fraction(0), Fraction(4), p) for p in am] + [(Fraction(4), Fraction(2), p) for p in am] + [
        (Fraction(6), Fraction(1), p) for p in (7, 7, 11, 2)
    ]
    assert not np.array_equal(samples(tune), samples(tune, chords=False))


def test_drums_are_no_strings() -> None:
    drums = Tune((Note(Fraction(0), Fraction(1), 36),), parts=(Part(drums=True),))
    assert len(samples(drums)) / RATE == pytest.approx(0.6, abs=0.1)
    assert not np.array_equal(samples(drums), samples(Tune((Note(Fraction(0), Fraction(1), 36),))))


@pytest.mark.parametrize(
    ("symbol", "bass", "classes"),
    [
        ("G", 7, (7, 11, 2)),
        ("Am7", 9, (9, 0, 4, 7)),
        ("F#m", 6, (6, 9, 1)),
        ("Bb", 10, (10, 2, 5)),
        ("D/f+", 6, (2, 6, 9)),
        ("D7/F#", 6, (2, 6, 9, 0)),
        ("C#d", 1, (1, 4, 7)),
        ("(E7)", 4, (4, 8, 11, 2)),
        ("Cmaj9", 0, (0, 4, 7)),
        ("G13", 7, (7, 11, 2)),
    ],
)
def test_chord_symbols(symbol: str, bass: int, classes: tuple[int, ...]) -> None:
    assert bass_and_chord(symbol) == (bass, classes)


@pytest.mark.parametrize("symbol", ["", "slowly", "N.C.", "^above", "Hm"])
def test_what_is_no_chord(symbol: str) -> None:
    assert bass_and_chord(symbol) is None
