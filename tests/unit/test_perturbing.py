"""Changes of tested rows: what each does, by hand, and what the report says of what they cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageFilter

from burnish.data.perturbing import blurred, brightened, louder, noisy, perturbations
from burnish.report.page.sections.robustness import robustness as in_page
from burnish.report.robustness import robustness
from tests.page_cases import contents
from tests.prediction_cases import label_table

TEXT = "Please cancel my order number twelve because the parcel never arrived at home"


def test_texts() -> None:
    """Typos hit about the share that is said, and stay the same; both cases are whole."""
    by = {(one.kind, one.strength): one.change for one in perturbations("text")}
    assert by["lower case", "all letters"](TEXT, 0) == TEXT.lower()
    assert by["upper case", "all letters"](TEXT, 0) == TEXT.upper()
    long = " ".join([TEXT] * 100)
    for share in (0.05, 0.2):
        typos = by["typos", f"{share:.0%} of the words"]
        words = zip(long.split(), typos(long, 3).split(), strict=True)
        assert np.mean([a != b for a, b in words]) == pytest.approx(share, abs=0.04)
        assert typos(long, 3) == typos(long, 3) != typos(long, 4)


def test_pictures() -> None:
    """Against Pillow and numpy; the size stays."""
    values = np.random.default_rng(0).integers(0, 256, (50, 100, 3), np.uint8)
    picture = Image.fromarray(values)
    expected = np.asarray(picture.filter(ImageFilter.GaussianBlur(1.5)))
    assert np.array_equal(np.asarray(blurred(picture, 0, share=0.03)), expected)
    grey = Image.fromarray(np.full((200, 200, 3), 128, np.uint8))
    noise = np.asarray(noisy(grey, 5, deviation=0.1)).astype(float) - 128
    assert noise.std() == pytest.approx(25.5, rel=0.02)
    assert abs(noise.mean()) < 0.3
    assert np.array_equal(np.asarray(noisy(grey, 5, deviation=0.1)), 128 + noise)
    assert np.asarray(brightened(grey, 0, factor=0.5)).mean() == 64
    assert {one.kind for one in perturbations("picture")} == {"blur", "noise", "brightness"}
    for one in perturbations("picture"):
        assert one.change(picture, 1).size == picture.size


def test_sounds() -> None:
    """The ratio of noise in dB, the gain, and full scale."""
    waveform = (0.25 * np.sin(np.arange(16000) / 10)).astype(np.float32)
    by = {(one.kind, one.strength): one.change for one in perturbations("waveform")}
    for decibels in (20, 10):
        noise = by["noise", f"{decibels} dB below the sound"](waveform, 1) - waveform
        ratio = 10 * np.log10(np.mean(waveform**2) / np.mean(noise**2))
        assert ratio == pytest.approx(decibels, abs=0.3)
    np.testing.assert_allclose(by["gain", "-12 dB"](waveform, 0), waveform * 10 ** (-0.6), rtol=1e-5)
    loud = louder(waveform, 0, decibels=20)
    assert loud.max() == 1.0
    assert loud.min() == -1.0
    assert perturbations("tune") == []


def test_reports() -> None:
    """The deciding metric, changed minus unchanged; nothing where nothing was asked for; a reason where nothing can be."""
    paired = {"value": -0.2, "low": -0.3, "high": -0.1}
    change: dict[str, Any] = {"change": "typos", "strength": "5% of the words", "changed_predictions": 7}
    told = {
        "rows": 50,
        "of": 100,
        "metrics": {"accuracy": 0.9, "macro_f1": 0.8},
        "changes": [{**change, "metrics": {"accuracy": 0.7, "macro_f1": 0.6}, "differences": {"macro_f1": paired}}],
    }
    text = "\n".join(robustness({"robustness": told}, "macro_f1"))
    assert "macro_f1 of 50 of 100 examples, evenly spaced, as they are: 0.800" in text
    assert "| typos  | 5% of the words |    0.600 | -0.200 | [-0.300, -0.100] |                 7 |" in text
    assert robustness({}, "macro_f1") == []
    assert "Not tested: there are no" in "\n".join(robustness({"robustness": {"not_tested": "there are no"}}, "x"))
    given = contents(label_table(60, 3))
    section = in_page(contents(label_table(60, 3), scores={**given.scores, "robustness": told}))
    assert section is not None
    assert "typos" in section.html()
    assert in_page(given) is None
