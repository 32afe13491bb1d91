"""Pictures of tunes: well-formed SVG with the notes where they belong, bounded for tunes that claim to be endless."""

from __future__ import annotations

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from tests.tune_cases import TUNES

from burnish.media.music.abc import read
from burnish.media.music.drawn import piano_roll, staff
from burnish.media.music.drawn._spelling import fifths, signature, spelled
from burnish.media.music.tune import Bar, Chord, Key, Note, Part, Tune


def bars(count: int) -> tuple[Bar, ...]:
    return tuple(Bar(Fraction(4 * number), Fraction(4), (4, 4)) for number in range(count))


def elements(picture: str, tag: str) -> list[ElementTree.Element]:
    return ElementTree.fromstring(picture).findall(f"{{http://www.w3.org/2000/svg}}{tag}")


@pytest.mark.parametrize("name", sorted(TUNES))
def test_every_tune_can_be_drawn(name: str) -> None:
    tune = read(TUNES[name])
    assert len(elements(staff(tune), "ellipse")) >= len({(note.voice, note.start, note.pitch) for note in tune.notes})
    assert len(elements(piano_roll(tune), "rect")) > len(tune.notes)
    assert tune.key is None or str(tune.key) in staff(tune)


def test_higher_notes_are_drawn_higher() -> None:
    tune = read("X:1\nM:4/4\nL:1/4\nK:C\nCEGc|]\n")
    heights = [float(head.attrib["cy"]) for head in elements(staff(tune), "ellipse")]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[1] == 8  # from C to E: two places, a space of the staff
    assert heights[0] - heights[3] == 28  # an octave: seven places


def test_accidentals_are_written_once_a_bar() -> None:
    tune = read("X:1\nM:4/4\nL:1/4\nK:G\n^cc=cF|^cAAA|]\n")
    assert "".join(re.findall("[♯♭♮]", staff(tune))) == "♯" + "♯♮" + "♯"  # of the key, then of the bars


def test_a_note_across_a_bar_line_is_two_with_a_tie() -> None:
    tune = read("X:1\nM:2/4\nL:1/4\nK:C\nC2-|C2|]\n")
    assert len(tune.notes) == 1
    assert len(elements(staff(tune), "ellipse")) == 2
    assert len(elements(staff(tune), "path")) == 1


def test_lengths_that_one_note_cannot_have_are_tied() -> None:
    tune = Tune((Note(Fraction(0), Fraction(5, 2), 60),), (Bar(Fraction(0), Fraction(5, 2), (5, 8)),))
    assert len(elements(staff(tune), "ellipse")) == 2


@pytest.mark.parametrize(
    ("key", "sharps"),
    [(Key(7), 1), (Key(5), -1), (Key(9, "minor"), 0), (Key(2, "dorian"), 0), (Key(6), 6), (Key(1), -5), (None, 0)],
)
def test_signatures(key: Key | None, sharps: int) -> None:
    assert fifths(key) == sharps
    assert len(signature(key)) == abs(sharps)


def test_notes_of_a_key_need_no_accidental() -> None:
    for tonic in range(12):
        key = Key(tonic)
        for step in (0, 2, 4, 5, 7, 9, 11):
            place, alteration = spelled(60 + tonic + step, key)
            assert signature(key).get(place % 7, 0) == alteration


def test_names_are_escaped_and_control_characters_left_out() -> None:
    tune = Tune((Note(Fraction(0), Fraction(1), 60),), chords=(Chord(Fraction(0), '<b>"\x00&'),), title="<script>")
    for picture in (staff(tune), piano_roll(tune)):
        ElementTree.fromstring(picture)
        assert "<script>" not in picture


def test_a_tune_that_claims_to_be_endless_is_cut() -> None:
    long = Tune(
        tuple(Note(Fraction(n), Fraction(1), 60) for n in range(30_000)),
        bars(7_500),
    )
    assert len(staff(long)) < 1_000_000
    assert "more bars not shown" in staff(long)
    endless = Tune((Note(Fraction(0), Fraction(10**12), 60),))
    assert len(piano_roll(endless)) < 1_000_000
    assert len(staff(endless)) < 1_000_000


@pytest.mark.parametrize("tune", [Tune(()), Tune((Note(Fraction(0), Fraction(1), 36),), parts=(Part(drums=True),))])
def test_nothing_to_draw_is_said(tune: Tune) -> None:
    assert "no notes" in staff(tune)
