"""Front ends are those of the libraries they stand for, and resampling keeps what can be heard and nothing else."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.inputs.audio import Audio
from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.resampling import resampled
from burnish.media.sound.settings import checkpoint_settings
from burnish.media.sound.spectrograms import log_mel
from tests.sound_cases import sound


def processor(extractor: Any, folder: Path) -> SoundProcessor:
    """What burnish reads in the files of a feature extractor."""
    extractor.save_pretrained(folder)
    return SoundProcessor(**checkpoint_settings(folder))


def extractors() -> dict[str, Any]:
    """One of each kind, with settings that are not the defaults."""
    import transformers

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an empty mel band, which AST has
        return {
            "waveform": transformers.Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=True),
            "kaldi": transformers.ASTFeatureExtractor(num_mel_bins=64, max_length=120, mean=-3.0, std=2.5),
            "whisper": transformers.WhisperFeatureExtractor(feature_size=40, chunk_length=2),
        }


@pytest.mark.parametrize("kind", ["waveform", "kaldi", "whisper"])
@pytest.mark.parametrize("seconds", [0.03, 0.7, 1.2])
def test_a_front_end_is_that_of_transformers(kind: str, seconds: float, tmp_path: Path) -> None:
    """The same numbers, for sounds shorter and longer than a view; and again from the files that we write."""
    extractor = extractors()[kind]
    ours = processor(extractor, tmp_path)
    waveform = sound(3, seconds, 16000)[: ours.samples]
    theirs = extractor(waveform, sampling_rate=16000, return_tensors="np")[ours.name][0]
    np.testing.assert_allclose(ours.numbers(waveform), theirs, atol=2e-5)
    Audio().save_processor(ours, tmp_path)
    again = type(extractor).from_pretrained(tmp_path)
    np.testing.assert_allclose(
        again(waveform, sampling_rate=16000, return_tensors="np")[ours.name][0], theirs, atol=1e-6
    )
    assert Audio().processor(tmp_path) == ours


@pytest.mark.parametrize(
    ("rate", "wanted"), [(8000, 16000), (44100, 16000), (48000, 16000), (22050, 8000), (1100, 1000)]
)
def test_resampling_keeps_tones_that_fit_and_removes_the_others(rate: int, wanted: int) -> None:
    time = np.arange(2 * rate) / rate
    lower = min(rate, wanted) / 2
    inside = slice(wanted // 4, -wanted // 4)
    for share in (0.02, 0.3, 0.85):
        out = resampled(np.sin(2 * np.pi * share * lower * time).astype(np.float32), rate, wanted)
        assert len(out) == 2 * wanted
        expected = np.sin(2 * np.pi * share * lower * np.arange(len(out)) / wanted)
        np.testing.assert_allclose(out[inside], expected[inside], atol=2e-4)
    if wanted < rate:
        out = resampled(np.sin(2 * np.pi * 1.06 * lower * time).astype(np.float32), rate, wanted)
        assert np.abs(out[inside]).max() < 1e-4, "what does not fit must not fold back"


def test_resampling_small_things() -> None:
    """Constants stay; the same rate is the same sound; one sample and none are no special case."""
    constant = np.full(1000, 0.5, np.float32)
    np.testing.assert_allclose(resampled(constant, 7, 5)[100:-100], 0.5, atol=1e-6)
    assert resampled(constant, 16000, 16000) is constant
    assert len(resampled(np.ones(1, np.float32), 44100, 16000)) == 1
    assert len(resampled(np.zeros(0, np.float32), 44100, 16000)) == 0


def test_a_tone_lies_in_its_band() -> None:
    time = np.arange(8000) / 8000
    settings: dict[str, Any] = {"rate": 8000, "window": 256, "hop": 128, "transform": 256, "mels": 40}
    places = []
    for hertz in (300, 900, 2700):
        tone = np.sin(2 * np.pi * hertz * time).astype(np.float32)
        bands = log_mel(tone, **settings, lowest=0.0, highest=4000.0, power=2.0, offset=1e-6)
        assert bands.shape == (40, 1 + (8000 - 256) // 128)
        places.append(int(bands.mean(axis=1).argmax()))
        mel = 1127 * np.log1p(hertz / 700) / (1127 * np.log1p(4000 / 700)) * 41 - 1
        assert abs(places[-1] - mel) <= 1
    assert places == sorted(places)


def test_views_cover_a_long_sound_and_end_where_it_ends() -> None:
    made = SoundProcessor("log_mel", 1000, 1.0, overlap=0.5)
    for samples in (1, 999, 1000, 1001, 1499, 1500, 1501, 7321):
        starts = list(made.starts(samples))
        assert starts[0] == 0
        assert starts[-1] + 1000 == max(1000, samples)
        assert max(np.diff(starts), default=0) <= 500
        assert len(set(starts)) == len(starts)
        assert Audio().view_count({"seconds": samples / 1000}, made) == len(starts)


@pytest.mark.parametrize("features", ["log_mel", "kaldi", "whisper", "waveform"])
def test_masks_touch_the_sound_and_never_its_padding(features: str) -> None:
    made = SoundProcessor(features, 16000, 1.0, mels=32, frames=98, padded_seconds=1.0, normalisation="none")
    waveform = sound(1, 0.4, 16000)
    values = made.numbers(waveform)

    def marked(bands: Any, seed: int) -> Any:
        assert bands.ndim == 2
        return np.full_like(bands, 99.0)

    out = made.changed(values, marked, len(waveform), 0)
    assert out.shape == values.shape
    time = {"log_mel": 2, "kaldi": 0, "whisper": 1, "waveform": 0}[features]
    reached = (out == 99.0).all(axis=tuple(axis for axis in range(out.ndim) if axis != time))
    assert reached.sum() == made.real(len(waveform))
    assert reached[: made.real(len(waveform))].all()
    assert 0.3 < reached.mean() < 0.5
