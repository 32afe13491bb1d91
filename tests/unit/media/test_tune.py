"""A tune in numbers."""

from fractions import Fraction

from burnish.media.music.tune import Bar, Note, Part, Tune

QUARTER = Fraction(1)


def test_the_melody_is_the_highest_notes_of_the_first_voice() -> None:
    """A lower note of a chord and another voice are none of it; its notes come in time, however they lie."""
    notes = (
        Note(QUARTER, QUARTER, 64),
        Note(Fraction(0), QUARTER, 60),
        Note(Fraction(0), QUARTER, 67),
        Note(Fraction(0), QUARTER, 90, voice=1),
    )
    assert Tune(notes, parts=(Part(), Part())).melody() == [(0, 67), (1, 64)]


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
