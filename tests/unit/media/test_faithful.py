"""What a codec loses, by figures that are known."""

from __future__ import annotations

import numpy as np
import pytest
from tests import music_cases as cases

from burnish.media.codec.faithful import faithfulness


def test_a_tenth_of_noise_is_twenty_decibels() -> None:
    wave = cases.tune(1, 2.0)[None]
    noise = np.random.default_rng(0).standard_normal(wave.shape).astype(np.float32)
    noise *= 0.1 * np.sqrt(np.square(wave).mean() / np.square(noise).mean())
    found = faithfulness(wave, np.concatenate([wave + noise, np.ones((1, 30), np.float32)], axis=1))
    assert found.ratio == pytest.approx(20.0, abs=0.01)
    assert found.loudness == pytest.approx(10 * np.log10(np.square(wave.astype(float)).mean()), abs=1e-6)
    assert faithfulness(wave, wave).distance == 0
    assert faithfulness(wave, wave).ratio > 100
    assert found.distance > 0


def test_half_as_loud_is_six_decibels_apart() -> None:
    """In every band that is above the floor."""
    wave = np.random.default_rng(1).standard_normal((1, 9000)).astype(np.float32)
    found = faithfulness(wave, wave / 2)
    assert found.distance == pytest.approx(20 * np.log10(2), abs=0.02)
    assert found.ratio == pytest.approx(20 * np.log10(2), abs=1e-4)


def test_silence_and_full_scale() -> None:
    silent = np.zeros((2, 500), np.float32)
    assert faithfulness(silent, silent).loudness < -100
    loud = np.ones((1, 500), np.float32)
    loud[0, :250] = 0.2
    assert faithfulness(loud, loud).clipped == 0.5
