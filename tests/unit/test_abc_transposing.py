"""ABC moved to another key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from burnish.core.errors import InputError
from burnish.media.music.abc import problems, read, transposed, write
from tests.musical_cases import moved as moved_tune
from tests.tune_cases import JIG, TUNES

NOTTINGHAM = next(
    (p / "shared/data/nottingham_abc" for p in Path(__file__).resolve().parents if (p / "shared/data").is_dir()), None
)


@pytest.mark.parametrize("name", TUNES)
@pytest.mark.parametrize("semitones", [-13, -7, -5, -2, -1, 0, 1, 2, 3, 4, 6, 12])
def test_pitches_move_and_nothing_else_does(name: str, semitones: int) -> None:
    text = TUNES[name]
    moved, before = transposed(text, semitones), read(text)
    after = read(moved)
    if before.key is None and name == "no key":
        assert after.key is None
        assert after.notes == moved_tune(before, semitones).notes
    else:
        assert moved_tune(after, 0) == moved_tune(before, semitones)
    assert [chord.start for chord in after.chords] == [chord.start for chord in before.chords]
    assert len(problems(moved)) == len(problems(text))
    assert transposed(text, 0) == text


def test_the_notation_is_written_anew() -> None:
    moved = transposed(JIG, 3)
    assert "K:F\n" in moved
    assert 'c|"F"f2a c\'af|"Bb"b3 "C7"g2e|"F"fcA "Gm"GAB|"C"c3-c2:|' in moved
    assert "T:The Test Bench\nR:jig\nM:6/8\nL:1/8\nQ:3/8=110" in moved


@pytest.mark.parametrize(
    ("key", "semitones", "expected"),
    [
        ("C", 6, "F#"),
        ("F", 1, "Gb"),
        ("Am", 1, "Bbm"),
        ("Am", -1, "G#m"),
        ("D dorian", 2, "E dorian"),
        ("G mix clef=bass", 5, "C mix clef=bass"),
        ("D exp ^f _b", 2, "E exp ^g =c"),
        ("Cb", 12, "Cb"),
        ("none", 5, "none"),
    ],
)
def test_keys(key: str, semitones: int, expected: str) -> None:
    assert transposed(f"X:1\nK: {key} % the key\nC|]", semitones).splitlines()[1] == f"K: {expected} % the key"


@pytest.mark.parametrize(
    ("symbol", "semitones", "expected"),
    [
        ("Am7", 2, "Bm7"),
        ("F#m", -1, "Fm"),
        ("(D7)", 2, "(E7)"),
        ("D/f+", 2, "E/g+"),
        ("D/f#", 2, "E/g#"),
        ("G/B", 2, "A/C#"),
        ("Bb", 1, "B"),
        ("^slowly", 3, "^slowly"),
        ("N.C.", 3, "N.C."),
    ],
)
def test_chord_symbols(symbol: str, semitones: int, expected: str) -> None:
    assert f'"{expected}"' in transposed(f'X:1\nK:C\n"{symbol}"C|]', semitones)


def test_accidentals_are_written_where_they_are_needed_alone() -> None:
    text = "X:1\nM:4/4\nL:1/4\nK:C\n^FF=FB|_BBFc|]\n"
    assert transposed(text, 2).splitlines()[-1] == "^GG=Gc|=ccGd|]"
    assert transposed(transposed(text, 7), -7) == text


def test_drums_stay() -> None:
    text = "X:1\nM:4/4\nL:1/4\nV:1\nV:2 clef=perc\nK:C\nV:1\nCDEF|]\nV:2\nDDDD|]\n"
    assert transposed(text, 2).splitlines()[-1] == "DDDD|]"
    assert read(transposed(text, 2)) == moved_tune(read(text), 2)


def test_what_cannot_be_read_or_heard_is_not_moved() -> None:
    with pytest.raises(InputError, match="means nothing"):
        transposed("X:1\nK:C\nC#|]", 2)


@pytest.mark.slow
@pytest.mark.skipif(NOTTINGHAM is None, reason="shared/data/nottingham_abc is not here")
def test_all_tunes_of_nottingham_move_and_come_back() -> None:
    assert NOTTINGHAM is not None
    rows = [json.loads(line) for part in ("train", "dev", "test") for line in (NOTTINGHAM / f"{part}.jsonl").open()]
    unread = 0
    for number, row in enumerate(rows):
        try:
            tune = read(row["abc"])
        except InputError:
            unread += 1
            continue
        assert read(write(tune)) == tune, row["id"]
        for semitones in (-5 + number % 6, 1 + number % 6):
            moved = transposed(row["abc"], semitones)
            assert moved_tune(read(moved), 0) == moved_tune(tune, semitones), (row["id"], semitones)
    assert unread == 2  # a chord without its end, and + in chords
