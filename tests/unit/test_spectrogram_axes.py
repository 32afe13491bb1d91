"""Spectrograms for people have axes that say what the network hears: seconds and hertz."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from burnish.inputs.audio import Audio
from burnish.media.sound import axes
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.spectrograms import mel_filters, place_of
from tests.sound_cases import save


@pytest.mark.parametrize("scale", ["kaldi", "slaney"])
@pytest.mark.parametrize("hertz", [200, 1000, 3000])
def test_a_frequency_lies_where_its_band_is(scale: str, hertz: int) -> None:
    """The band that a tone of this frequency excites most is the one beside the label."""
    filters = mel_filters(scale, 128, 4096, 16000, 20.0, 8000.0)
    if scale == "slaney":
        filters = filters / filters.max(axis=1, keepdims=True)
    band = int(filters[:, round(hertz * 4096 / 16000)].argmax())
    assert place_of(scale, hertz, 20.0, 8000.0) == pytest.approx((band + 1) / 129, abs=0.02)


def test_labels_are_round_rising_and_apart() -> None:
    for scale, low, high in (("kaldi", 20.0, 4000.0), ("kaldi", 125.0, 7500.0), ("slaney", 0.0, 8000.0)):
        places, texts = zip(*axes._frequencies(scale, low, high), strict=True)
        assert len(texts) >= 3
        assert np.diff(places).min() * axes.HIGH >= 20
    assert texts[-1] == "8 kHz"


def test_seconds_are_those_of_the_picture() -> None:
    for features, values, seconds in (
        ("log_mel", np.zeros((1, 64, 100), np.float32), 1.0),
        ("kaldi", np.zeros((200, 128), np.float32), 2.0),
        ("whisper", np.zeros((80, 3000), np.float32), 30.0),
        ("waveform", np.zeros(24000, np.float32), 1.5),
    ):
        processor = SoundProcessor(features, 16000, 30.0, hop=160)
        assert processor.axes(values)[0] == pytest.approx(seconds)


def test_the_picture_of_a_tone_has_its_brightest_line_at_its_frequency(tmp_path: Path) -> None:
    """1 kHz is bright beside the label 1 kHz; beside and below the spectrogram there is paper and ink."""
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)
    path = save(tone, tmp_path / "tone.wav", 16000)
    made = Audio(features="log_mel", sampling_rate=16000, seconds=1.0)
    processor = made.processor(tmp_path)
    shown = made.pictured(made.encode([{"audio": str(path)}], processor)[0], processor).astype(int)
    inside = shown[axes.ABOVE : axes.ABOVE + axes.HIGH, axes.LEFT : axes.LEFT + axes.WIDE].sum(axis=(1, 2))
    places = {text: place for place, text in axes._frequencies("kaldi", 20.0, 8000.0)}
    assert abs(inside.argmax() / axes.HIGH - (1 - places["1 kHz"])) < 0.03
    for margin in (shown[:, : axes.LEFT], shown[axes.ABOVE + axes.HIGH :]):
        assert margin.max() == 255
        assert margin.min() < 100
