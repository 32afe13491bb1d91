"""Where nobody speaks: stretches between pauses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from burnish.media.sound.pauses import spoken
from tests.sound_cases import sound

RATE = 8000


def recording(*parts: float) -> np.ndarray:
    """Sound and quiet in turn, so many seconds each, over the noise of a room."""
    pieces = [sound(i, s, RATE) if i % 2 == 0 else np.zeros(round(s * RATE)) for i, s in enumerate(parts)]
    whole = np.concatenate(pieces)
    return (whole + 0.0005 * np.random.default_rng(0).standard_normal(len(whole))).astype(np.float32)


def test_stretches_of_sound_are_found_and_long_quiet_is_left_out() -> None:
    found = spoken(recording(2, 3, 2, 4, 1), RATE, 30)
    times = [(a / RATE, b / RATE) for a, b in found]
    assert len(times) == 3
    for (start, end), (begins, ends) in zip(times, [(0, 2), (5, 7), (11, 12)], strict=True):
        assert begins - 0.5 <= start <= begins + 0.3
        assert ends - 0.3 <= end <= ends + 0.5


def test_short_pauses_cut_nothing() -> None:
    assert len(spoken(recording(2, 0.5, 2), RATE, 30)) == 1


@pytest.mark.parametrize("longest", [1.0, 2.5, 7.0])
def test_none_is_longer_than_it_may_be_and_none_overlap(longest: float) -> None:
    found = spoken(recording(9, 2, 13, 3, 0.3), RATE, longest)
    assert all(end - start <= longest * RATE + 1 for start, end in found)
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    assert sum(end - start for start, end in found) >= 20 * RATE


def test_a_long_stretch_is_cut_where_it_is_quiet() -> None:
    noise = np.random.default_rng(1).standard_normal(8 * RATE + 3200).astype(np.float32) * 0.1
    noise[4 * RATE : 4 * RATE + 3200] *= 0.01
    (first, second) = spoken(noise, RATE, 5)
    assert 4 <= first[1] / RATE <= 4.4
    assert second[0] == first[1]


@pytest.mark.parametrize("length", [1, 50, RATE])
def test_silence_and_the_shortest_sounds_are_one_stretch(length: int) -> None:
    assert spoken(np.zeros(length, np.float32), RATE, 30) == [(0, length)]
