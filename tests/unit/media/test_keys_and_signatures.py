"""Keys, their signatures, and the key that is heard."""

from __future__ import annotations

import pytest
from tests.musical_cases import REEL, REEL_IN_G, WALTZ

from burnish.media.music.abc import read
from burnish.media.music.key_finding import heard_key
from burnish.media.music.signatures import fifths, key_of, raised, sharps
from burnish.media.music.tune import STEPS_UP, Key, Tune


@pytest.mark.parametrize("mode", STEPS_UP)
def test_a_signature_says_its_key(mode: str) -> None:
    for number in range(-5, 7):
        assert sharps(key_of(number, mode)) == number
    assert sharps(key_of(7, mode)) == -5


def test_letters_are_altered_in_fifths() -> None:
    assert raised(2) == (1, 0, 0, 1, 0, 0, 0)
    assert raised(-3) == (0, 0, -1, 0, 0, -1, -1)
    assert raised(8) == (1, 1, 1, 2, 1, 1, 1)
    assert raised(0) == (0,) * 7
    assert [fifths(steps) for steps in (5, 0, 7, 2, 9, 4, 11)] == [-1, 0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("text", "key"), [(REEL, Key(2)), (REEL_IN_G, Key(7)), (WALTZ, Key(9, "minor"))])
def test_the_key_is_heard_and_not_read(text: str, key: Key) -> None:
    assert heard_key(read(text)) == key


def test_without_notes_no_key_is_heard() -> None:
    assert heard_key(Tune(())) is None
