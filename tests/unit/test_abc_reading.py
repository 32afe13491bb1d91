"""ABC read into numbers, and everything that is wrong with a text said with its place."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from burnish.core.errors import InputError
from burnish.media.music.abc import problems, read, tunes_in, write
from burnish.media.music.tune import Chord, Key, Tune
from tests.tune_cases import JIG, TUNES

F = Fraction


def body(music: str, *, key: str = "C", meter: str = "4/4", unit: str = "1/4") -> Tune:
    return read(f"X:1\nM:{meter}\nL:{unit}\nK:{key}\n{music}\n")


def pitches(music: str, **settings: str) -> list[int]:
    return [note.pitch for note in body(music, **settings).notes]


def times(music: str, **settings: str) -> list[tuple[Fraction, Fraction]]:
    return [(note.start, note.length) for note in body(music, **settings).notes]


def test_header_bars_and_chords() -> None:
    tune = read(JIG)
    assert (tune.title, tune.key, tune.meter) == ("The Test Bench", Key(2), (6, 8))
    assert tune.tempos == ((F(0), 165.0),)  # 110 dotted quarters
    assert tune.chords[:2] == (Chord(F(1, 2), "D"), Chord(F(7, 2), "G"))
    assert [bar.length for bar in tune.bars] == [F(1, 2), 3, 3, 3, F(5, 2), F(1, 2), 3, 3, 3, 2, 3, F(5, 2)]
    assert tune.bars[1].full == 3
    assert problems(JIG) == ["line 9, character 54: bar 10 lasts 2 quarters, its meter 3 quarters"]


@pytest.mark.parametrize(
    ("music", "expected"),
    [
        ("C, C c c' c''", [48, 60, 72, 84, 96]),
        ("^F F | F", [66, 66, 65]),
        ("^F f", [66, 78]),  # an accidental is for all octaves of its bar
        ("^F =F F", [66, 65, 65]),
        ("__B ^^c _E", [69, 74, 63]),
        ("^F-|F F", [66, 65]),  # a tie carries the accidental over the bar line, to its own note alone
    ],
)
def test_pitches(music: str, expected: list[int]) -> None:
    assert pitches(music) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("G", [66, 71]),
        ("Gm", [65, 70]),
        ("A mix", [66, 71]),
        ("Ddor", [65, 71]),
        ("F# phrygian", [66, 71]),
        ("Eb", [65, 70]),
        ("Hp", [66, 71]),
        ("C ^f _b", [66, 70]),
        ("D exp _b", [65, 70]),
        ("none", [65, 71]),
        ("", [65, 71]),
    ],
)
def test_keys(key: str, expected: list[int]) -> None:
    assert pitches("F B", key=key) == expected


def test_how_far_an_accidental_reaches_can_be_said() -> None:
    text = "X:1\n%%propagate-accidentals {}\nM:4/4\nL:1/4\nK:C\n^F F f F,|]"
    assert [[n.pitch for n in read(text.format(how)).notes] for how in ("not", "octave", "pitch")] == [
        [66, 65, 77, 53],
        [66, 66, 77, 53],
        [66, 66, 78, 54],
    ]


@pytest.mark.parametrize(
    ("music", "lengths"),
    [
        ("C2 C/ C// C3/2 C/4 C", [2, F(1, 2), F(1, 4), F(3, 2), F(1, 4), 1]),
        ("C>D E<F", [F(3, 2), F(1, 2), F(1, 2), F(3, 2)]),
        ("C>>D", [F(7, 4), F(1, 4)]),
        ("(3CDE F", [F(2, 3)] * 3 + [F(1)]),
        ("(5:4:5CDEFG", [F(4, 5)] * 5),
        ("(3C2D2E2", [F(4, 3)] * 3),
        ("{CD}E F", [1, 1]),
        ("C2-C C", [3, 1]),
        ("C-|C", [2]),
        ("C-D", [1, 1]),  # no tie, whatever it says: another pitch
        ("(3C>DE", [1, F(1, 3), F(2, 3)]),
    ],
)
def test_lengths(music: str, lengths: list[Fraction]) -> None:
    assert [length for _, length in times(music)] == lengths


def test_compound_meters_change_what_a_tuplet_is() -> None:
    assert times("(2CD", meter="6/8", unit="1/8") == [(0, F(3, 4)), (F(3, 4), F(3, 4))]
    assert [length for _, length in times("(5CDEFG", meter="6/8", unit="1/8")] == [F(3, 10)] * 5


def test_chords_rests_and_overlays() -> None:
    assert [note.pitch for note in body("[CCE]|]").notes] == [60, 64]
    tune = body("[CEG]2 z [C2E]|Z2|c4 & E2 F2|]")
    assert [(n.start, n.length, n.pitch) for n in tune.notes[:3]] == [(0, 2, 60), (0, 2, 64), (0, 2, 67)]
    assert [(n.start, n.length) for n in tune.notes[3:5]] == [(3, 2), (3, 1)]
    assert [(n.start, n.pitch) for n in tune.notes[5:]] == [(13, 64), (13, 72), (15, 65)]
    assert [bar.length for bar in tune.bars] == [5, 4, 4, 4]


def test_usual_length_of_a_note_goes_by_the_meter() -> None:
    lengths = [read(f"X:1\nM:{meter}\nK:C\nC|]").notes[0].length for meter in ("2/4", "3/4", "6/8", "C|", "none")]
    assert lengths == [F(1, 4), F(1, 2), F(1, 2), F(1, 2), F(1, 2)]


def test_voices_have_their_own_time_octave_and_name() -> None:
    tune = read(TUNES["voices"])
    assert [(part.name, part.program) for part in tune.parts] == [("High", 0), ("Low", 42)]
    assert [(n.start, n.pitch) for n in tune.notes if n.voice == 1] == [(0, 55), (3, 43)]
    assert len(tune.bars) == 2
    inline = read("X:1\nM:3/4\nL:1/4\nK:C\n[V:a]C3|]\n[V:b clef=treble-8]C3|]\n[V:a]\n")
    assert [(n.voice, n.pitch) for n in inline.notes] == [(0, 60), (1, 48)]


def test_what_does_not_sound_is_passed_over() -> None:
    text = 'X:1\nM:2/4\nL:1/4\nK:C\n% a comment\nw: la la\n!trill!~C .D "^slow"|\\\nuE (FG)`|A>B !\n$c2|]% end\n'
    tune = read(text)
    assert [note.pitch for note in tune.notes] == [60, 62, 64, 65, 67, 69, 71, 72]
    assert not tune.chords


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("X:1\nM:4/4\nL:1/4\nK:C\nCDE#F|]", "line 5, character 4", "'#'"),
        ("X:1\nM:4/4\nL:1/4\nK:H\nC|]", "line 4, character 1", "'H' is no key"),
        ("X:1\nM:5/7\nK:C\nC|]", "line 2, character 1", "no meter"),
        ("X:1\nL:1/0\nK:C\nC|]", "line 2, character 1", "no length"),
        ("X:1\nQ:quick\nK:C\nC|]", "line 2, character 1", "no tempo"),
        ("X:1\nT:none", "line 2, character 1", "no K: field"),
        ("X:1\nCDE\nK:C\nC|]", "line 2, character 1", "in the header"),
        ("X:1\nK:C\nC0|]", "line 3, character 1", "no length"),
        ("X:1\nK:C\n[CE|]", "line 3, character 4", "inside a chord"),
        ("X:1\nK:C\nC|[]", "line 3, character 4", "without notes"),
        ("X:1\nK:C\n{C|D}|]", "line 3, character 3", "among grace notes"),
        ("X:1\nK:C\n>C|]", "line 3, character 1", "follows no note"),
        ("X:1\nK:C\n-C|]", "line 3, character 1", "follows no note"),
        ("X:1\nK:C\n(1C|]", "line 3, character 1", "no tuplet"),
        ("X:1\nM:none\nK:C\nZ|]", "line 4, character 1", "without a meter"),
        ("X:1\nK:C\nC|\n\nD|]", "line 5, character 1", "blank line"),
        ("X:1\nK:C\nc'''''|]", "line 3, character 1", "no pitch of MIDI"),
        ("X:1\nm:~n=n\nK:C\nC|]", "line 2, character 1", "macro"),
        ("X:1\nK:C\nC[E", "line 3", "does not end"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as raised:
        read(text)
    assert raised.value.place.startswith(place)
    assert problems(text)[0].startswith(place)


@pytest.mark.parametrize(
    ("music", "words"),
    [
        ("CDEF|CDEF|]", []),
        ("F|CDEF|CDE|]", []),  # what the beginning takes, the end leaves out
        ("F|CDEF|CDE:|F|CDEF|CDE||", []),
        ("CDEF|CD:|EF|CDEF|]", []),  # a repeat in the middle of a bar
        ("CDEF|CDE|CDEF|]", ["bar 2 lasts 3 quarters"]),
        ("F|CDEF|CD|]", ["bar 3 lasts 2 quarters"]),
        ("CDEF|CDEFG|]", ["bar 2 lasts 5 quarters"]),
        ("CDEF|CDEF|", ["final bar line"]),
        ("CDEF|CDEF", ["final bar line"]),
        ("z4|]", ["no notes"]),
    ],
)
def test_bars_add_up_to_the_meter(music: str, words: list[str]) -> None:
    found = problems(f"X:1\nM:4/4\nL:1/4\nK:C\n{music}")
    assert len(found) == len(words)
    assert all(word in problem for word, problem in zip(words, found, strict=True))


def test_voices_of_two_lengths_are_a_problem() -> None:
    assert "not of one length" in problems("X:1\nM:2/4\nL:1/4\nK:C\n[V:1]CD|]\n[V:2]CD|EF|]")[0]


def test_tunes_of_a_file() -> None:
    text = f"free text\n\n{JIG}\nwords between\n\nX:2\nM:2/4\nK:C\nC8|]\n"
    found = tunes_in(text)
    assert [text[at : at + 4] for at, _ in found] == ["X:1\n", "X:2\n"]
    assert [tune for _, tune in found] == [JIG.strip(), "X:2\nM:2/4\nK:C\nC8|]"]
    shared = tunes_in("M:3/4\nL:1/4\n\nX:1\nK:C\nCDE|]\n\nX:2\nK:D\nDEF|]")
    assert [read(tune).meter for _, tune in shared] == [(3, 4), (3, 4)]
    (_, torn), *_ = tunes_in("X:1\nK:C\nC|\n\nD|]\n")
    with pytest.raises(InputError, match="blank line"):
        read(torn)
    assert tunes_in("  \n") == []


@pytest.mark.parametrize("name", TUNES)
def test_written_and_read_again(name: str) -> None:
    tune = read(TUNES[name])
    written = write(tune)
    assert read(written) == tune
    assert write(read(written)) == written
    if name != "jig":
        assert not [problem for problem in problems(written) if "cannot" in problem]


def test_a_tune_without_bars_gets_them_from_its_meter() -> None:
    plain = read(JIG)
    without = Tune(plain.notes, (), plain.parts, plain.key, (3, 4))
    again = read(write(without))
    assert again.notes == plain.notes
    assert {bar.length for bar in again.bars[:-1]} == {F(3)}
    assert problems(write(without)) == []


def test_a_pitch_struck_again_ends() -> None:
    from burnish.media.music.tune import Note

    tune = Tune((Note(F(0), F(2), 60), Note(F(1), F(2), 60), Note(F(1), F(1, 2), 64)), meter=(4, 4))
    assert [(n.start, n.length, n.pitch) for n in read(write(tune)).notes] == [
        (0, 1, 60),
        (1, 2, 60),
        (1, F(1, 2), 64),
    ]


@pytest.mark.parametrize("text", ["cdef gabc|" * 400, "c" * 4000, "".join(f"[V:{n}]c|" for n in range(800))])
def test_a_long_tune_is_written_in_time(text: str) -> None:
    """Many bars, one bar of many notes, many voices: four times as much takes no more than some six times as long."""
    head = "X:1\nM:none\nL:1/8\nK:D\n"

    def seconds(part: str) -> float:
        tune, begun = read(head + part), time.process_time()
        assert read(write(tune)).notes == tune.notes
        return time.process_time() - begun

    quarter = text[: len(text) // 4] if "V" not in text else "".join(f"[V:{n}]c|" for n in range(200))
    assert seconds(text) < 12 * seconds(quarter) + 0.5


def test_what_is_wrong_is_said_briefly() -> None:
    for text in ("c" + "'" * 9000, "c" + "/" * 9000):
        assert len(problems(f"X:1\nK:C\n{text}|]")[0]) < 300
