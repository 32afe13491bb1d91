"""Tunes to MIDI and back; hostile bytes in a process of their own, so that a native abort would be seen."""

from __future__ import annotations

import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.media.music.midi import MOST_BYTES, midi_of_tune, tune_of_midi
from burnish.media.music.tune import Bar, Key, Note, Part, Tune

NOTTINGHAM = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "nottingham_abc" / "midi"
F = Fraction
NOTE = [0, 0x90, 60, 64, 96, 0x80, 60, 0]
END = [0, 0xFF, 0x2F, 0]


def midi(events: list[int], division: int = 96) -> bytes:
    body = bytes(events)
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, division) + b"MTrk" + struct.pack(">I", len(body)) + body


def test_a_tune_comes_back_as_it_was() -> None:
    tune = Tune(
        notes=(
            Note(F(0), F(1), 60, 0, 90),
            Note(F(0), F(1, 3), 35, 1, 100),
            Note(F(1), F(5, 7), 62, 0, 1),
            Note(F(1), F(1, 4), 62, 2, 127),
            Note(F(4), F(3), 64, 0),
        ),
        bars=(Bar(F(0), F(1), (3, 4)), Bar(F(1), F(3), (3, 4)), Bar(F(4), F(3), (6, 8))),
        parts=(Part("Flöte", 73), Part("drums", 0, True), Part("", 40)),
        key=Key(0, "minor"),
        meter=(3, 4),
        tempos=((F(0), 96.5), (F(1), 120.0)),
    )
    assert tune_of_midi(midi_of_tune(tune)) == tune


@pytest.mark.parametrize("tonic", range(12))
def test_every_key_comes_back(tonic: int) -> None:
    for mode in ("major", "minor"):
        tune = Tune((Note(F(0), F(1), 60),), key=Key(tonic, mode))
        assert tune_of_midi(midi_of_tune(tune)).key == Key(tonic, mode)


def test_a_mode_is_written_as_the_major_key_of_its_signature() -> None:
    tune = Tune((Note(F(0), F(1), 62),), key=Key(2, "dorian"))
    assert tune_of_midi(midi_of_tune(tune)).key == Key(0, "major")


def test_more_parts_than_channels() -> None:
    parts = tuple(Part(f"voice {number}", number, number == 19) for number in range(19))
    tune = Tune(tuple(Note(F(number), F(1), 60, number) for number in range(19)), parts=parts)
    assert tune_of_midi(midi_of_tune(tune)).parts == parts


def test_times_that_no_ticks_hold_are_rounded_and_nothing_vanishes() -> None:
    notes = tuple(Note(F(1, prime), F(1, 100_000), 60, 0) for prime in (7, 11, 13, 17, 19, 23))
    read = tune_of_midi(midi_of_tune(Tune(notes))).notes
    assert len(read) == 6
    assert all(
        abs(a.start - b.start) < F(1, 30_000) for a, b in zip(read, sorted(notes, key=lambda n: n.start), strict=True)
    )
    assert all(note.length > 0 for note in read)


@pytest.mark.parametrize("note", [Note(F(0), F(1), 128), Note(F(-1), F(1), 60), Note(F(0), F(1), -1)])
def test_what_midi_cannot_hold_is_refused(note: Note) -> None:
    with pytest.raises(InputError, match="cannot be written as MIDI"):
        midi_of_tune(Tune((note,)))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a MIDI file"),
        (b"X:1\nT:no\n", "not a MIDI file"),
        (midi(NOTE + END)[:-6], "not a MIDI file"),
        (midi(NOTE + END, 0), "0 ticks"),
        (midi(NOTE + END, 0x8000 | 0x6728), "not a MIDI file"),
        (midi([0, 0x90, 60, 200, *END]), "not a MIDI file"),
        (midi([0, 0xFF, 0x58, 4, 0, 2, 24, 8, *NOTE, *END]), "meter 0/4"),
        (midi([0, 0xFF, 0x58, 4, 4, 200, 24, 8, *NOTE, *END]), "meter 4/0"),
        (midi([0, 0xFF, 0x58, 4, 1, 7, 24, 8, 0, 0x90, 60, 64, 0xFF, 0xFF, 0xFF, 0x7F, 0x80, 60, 0, *END], 1), "bars"),
        (bytes(MOST_BYTES + 1), "bytes"),
    ],
)
def test_a_broken_file_is_named(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as raised:
        tune_of_midi(data, "folder/tune.mid")
    assert raised.value.place == "folder/tune.mid"


def test_odd_but_legal_events() -> None:
    odd = [0, 0xFF, 0x59, 2, 99, 7, 0, 0xFF, 0x51, 3, 0, 0, 0, 0, 0xFF, 0x03, 3, 0xFF, 0xFE, 0x80]
    tune = tune_of_midi(midi([*odd, *NOTE, *END]))
    assert (tune.key, tune.tempos, tune.meter, tune.bars) == (None, (), None, ())
    assert [(n.start, n.length, n.pitch) for n in tune.notes] == [(0, 1, 60)]
    tune.parts[0].name.encode()


def test_a_later_first_tempo_has_the_usual_one_before_it() -> None:
    tune = tune_of_midi(midi([96, 0xFF, 0x51, 3, 0x0F, 0x42, 0x40, *NOTE, *END]))
    assert tune.tempos == ((F(0), 120.0), (F(1), 60.0))


HOSTILE = """
import random, sys
from pathlib import Path
from burnish.core.errors import InputError
from burnish.media.music.midi import midi_of_tune, tune_of_midi
whole = Path(sys.argv[1]).read_bytes()
read = refused = 0
for seed in range(300):
    random.seed(seed)
    data = bytearray(whole)
    if seed % 3 == 0:
        data = data[: random.randrange(len(data))]
    for _ in range(seed % 7):
        data[random.randrange(len(data))] = random.choice([0, 255, 127, 128, random.randrange(256)]) if data else 0
    try:
        midi_of_tune(tune_of_midi(bytes(data), "x"))
        read += 1
    except InputError:
        refused += 1
print(read, refused)
"""


def test_hostile_bytes_end_no_process(tmp_path: Path) -> None:
    notes = tuple(Note(F(number, 4), F(1, 2), 40 + number, number % 3) for number in range(60))
    parts = (Part("a", 1), Part("b", 2), Part("c", 0, True))
    tune = Tune(notes, (Bar(F(0), F(4), (4, 4)),), parts, Key(7), (4, 4), ((F(0), 100.0),))
    (tmp_path / "tune.mid").write_bytes(midi_of_tune(tune))
    done = subprocess.run(
        [sys.executable, "-c", HOSTILE, str(tmp_path / "tune.mid")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read, refused = map(int, done.stdout.split())
    assert read + refused == 300
    assert read > 30
    assert refused > 100


@pytest.mark.slow
@pytest.mark.skipif(not NOTTINGHAM.is_dir(), reason=f"the data are not here: {NOTTINGHAM}")
def test_real_files_come_back() -> None:
    for path in sorted(NOTTINGHAM.glob("*.mid"))[::10]:
        tune = tune_of_midi(path.read_bytes(), str(path))
        assert tune.notes
        assert tune.key is not None
        assert tune_of_midi(midi_of_tune(tune)) == tune, path.name


@pytest.mark.parametrize(
    "tune",
    [
        Tune((Note(Fraction(0), Fraction(10**12), 60),)),
        Tune((Note(Fraction(10**12), Fraction(1), 60),)),
        Tune((Note(Fraction(0), Fraction(1), 60),), meter=(10**11, 4)),
        Tune((), (Bar(Fraction(0), Fraction(1), (0, 4)),)),
        Tune((), tempos=((Fraction(10**12), 90.0),)),
    ],
)
def test_what_no_file_can_hold_is_said(tune: Tune) -> None:
    """Read from MusicXML or ABC, where any number may stand."""
    with pytest.raises(InputError, match="cannot be written as MIDI"):
        midi_of_tune(tune)
