"""A tune in numbers."""

from fractions import Fraction

from burnish.media.music.tune import Bar, Chord, Key, Note, Part, Tune

QUARTER = Fraction(1)


def test_a_tune_moves_with_its_key_and_leaves_its_drums() -> None:
    """Pitches and key go up together; a drum is no pitch."""
    notes = (Note(Fraction(0), QUARTER, 60), Note(Fraction(0), QUARTER, 38, voice=1))
    tune = Tune(notes, parts=(Part(), Part(drums=True)), key=Key(11, "minor"), chords=(Chord(Fraction(0), "Bm"),))
    moved = tune.moved(2)
    assert [note.pitch for note in moved.notes] == [62, 38]
    assert str(tune.key) == "B minor"
    assert str(moved.key) == "C# minor"
    assert moved.chords == ()
    assert moved.notes[1] == notes[1]


def test_a_bar_knows_how_long_its_meter_wants_it() -> None:
    """Six eighths are three quarters; free bars want nothing."""
    assert Bar(Fraction(0), Fraction(3), (6, 8)).full == 3
    assert Bar(Fraction(0), Fraction(3), None).full is None


def test_the_length_is_the_last_end() -> None:
    """Of a note that rings over the last bar, or of a bar of rest."""
    bar = Bar(Fraction(0), Fraction(4), (4, 4))
    assert Tune((Note(Fraction(3), Fraction(2), 60),), (bar,)).length == 5
    assert Tune((), (bar,)).length == 4
    assert Tune(()).length == 0
