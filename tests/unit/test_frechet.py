"""Fréchet distance by hand, and what is said beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from burnish.evaluation.frechet import Embedded, compared, frechet


def test_of_normal_numbers_by_hand() -> None:
    """One number each: squares of the differences of means and of deviations."""
    random = np.random.default_rng(0)
    first, second = random.normal(0, 1, (400, 1)), random.normal(3, 2, (300, 1))
    means = (first.mean() - second.mean()) ** 2
    deviations = (first.std(ddof=1) - second.std(ddof=1)) ** 2
    assert frechet(first, second) == pytest.approx(means + deviations)
    assert frechet(first, first) == pytest.approx(0, abs=1e-9)


def test_of_several_numbers_by_the_square_root_of_the_product() -> None:
    from scipy.linalg import sqrtm

    random = np.random.default_rng(1)
    first, second = random.normal(size=(50, 4)) @ random.normal(size=(4, 4)), random.normal(size=(60, 4)) + 0.5
    one, other = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    apart = first.mean(0) - second.mean(0)
    expected = apart @ apart + np.trace(one + other - 2 * sqrtm(one @ other).real)
    assert frechet(first, second) == pytest.approx(float(expected), rel=1e-6)
    assert frechet(second, first) == pytest.approx(float(expected), rel=1e-6)
    assert math.isnan(frechet(first[:1], second))


def test_beside_it_stand_recordings_against_recordings_and_how_many_there_are() -> None:
    random = np.random.default_rng(2)
    real = Embedded([random.normal(size=(30, 3)) for _ in range(6)], "a network", 16000)
    far = Embedded([random.normal(4, 1, size=(5, 3)) for _ in range(2)], "a network", 16000)
    told = compared(far, real, seed=0)
    assert (told["embedding"], told["sampling_rate"], told["dimensions"]) == ("a network", 16000, 3)
    assert (told["sounds"], told["embeddings"]) == ([2, 6], [10, 180])
    assert 0 <= told["real_against_real"] < 0.3 < told["value"]
    assert not told["few"]
    assert compared(Embedded(far.values[:1], "a network", 16000), real, seed=0)["few"]
    assert compared(far, Embedded(real.values[:3], "a network", 16000), seed=0)["real_against_real"] is None
