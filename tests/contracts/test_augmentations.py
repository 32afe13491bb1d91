"""What every augmentation must do."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.data.augmentations import Augmentation
from burnish.media.music.asked_tunes import AskedTune
from tests.image_cases import picture
from tests.tune_cases import JIG, TUNES

AXIS = "burnish.data.augmentations"
KINDS = kinds(AXIS)
OF_IMAGES = [k for k in KINDS if component_class(AXIS, k).read_as in ((), ("picture",))]  # type: ignore[attr-defined]
OF_SOUNDS = [k for k in KINDS if component_class(AXIS, k).read_as in ((), ("waveform",))]  # type: ignore[attr-defined]
OF_TUNES = [k for k in KINDS if component_class(AXIS, k).read_as == ("tune",)]  # type: ignore[attr-defined]
OF_TEXTS = [k for k in KINDS if "text" in component_class(AXIS, k).read_as]  # type: ignore[attr-defined]
TEXTS = [
    "The parcel never arrived, and nobody answers.",
    "word",
    " two  words\n",
    "",
    "   ",
    "这部电影很好看",
    "Ça m'a plu, non ?",
]
WITH_SIDES = [k for k in OF_IMAGES if "horizontal_flip" in component_class(AXIS, k).model_fields]
QUIET = {"horizontal_flip": False, "rotation": 0.0, "colour_jitter": 0.0, "scale": (1.0, 1.0), "erasing": 0.0}


def made(kind: str, **settings: Any) -> Augmentation:
    """The augmentation with these settings."""
    found = build(AXIS, {"kind": kind, **settings})
    assert isinstance(found, Augmentation)
    return found


def values(kind: str) -> list[Any]:
    """Some things it can change: pictures of several sizes, or sounds."""
    if kind in OF_TEXTS:
        return list(TEXTS)
    if kind in OF_IMAGES:
        return [picture(1), picture(2, 300, 40), picture(3, 7, 90), Pillow.new("RGB", (1, 1)), picture(4, 2, 2)]
    if kind in OF_TUNES:
        return [AskedTune("a jig in D", JIG), AskedTune("two voices in Gm", TUNES["voices"])]
    return [np.random.default_rng(i).normal(0, 0.1, 8000 // (i + 1)).astype(np.float32) for i in range(3)]


def numbers(value: Any) -> np.ndarray[Any, Any]:
    """The values of a picture, sound or text; of a tune the letters."""
    if isinstance(value, AskedTune):
        return np.frombuffer(f"{value.caption}\n{value.abc}".encode(), np.uint8)
    return np.frombuffer(value.encode(), np.uint8) if isinstance(value, str) else np.asarray(value)


def seen(change: Augmentation, value: Any, seed: int) -> np.ndarray[Any, Any]:
    """What is left of a picture; of a sound, what is left of it and of a spectrogram."""
    if isinstance(value, Pillow.Image | AskedTune | str):
        return numbers(change(value, seed))
    bands = np.random.default_rng(1).normal(size=(24, 60)).astype(np.float32)
    return np.concatenate([change(value, seed), change.features(bands, seed).ravel()])


@pytest.mark.parametrize("kind", KINDS)
def test_is_a_function_of_value_and_seed(kind: str) -> None:
    """The same seed gives the same, whatever happened to the global generators; the value itself is left alone."""
    change = made(kind)
    for value in values(kind):
        before = numbers(value).copy()
        first = seen(change, value, 5)
        random.seed(1)
        np.random.seed(1)
        assert np.array_equal(first, seen(change, value, 5))
        assert np.array_equal(before, numbers(value))


@pytest.mark.parametrize("kind", KINDS)
def test_leaves_the_global_generators_alone(kind: str) -> None:
    """What others draw does not depend on whether an augmentation ran."""
    import torch

    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # type: ignore[index,union-attr]
    for seed in range(10):
        seen(made(kind), values(kind)[0], seed)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index,union-attr]
    assert torch.equal(torch.get_rng_state(), states[2])


@pytest.mark.parametrize("kind", KINDS)
def test_threads_do_not_disturb_each_other(kind: str) -> None:
    """Many seeds at once give what they give one after another."""
    change, value = made(kind), values(kind)[0]
    alone = [seen(change, value, seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda seed: seen(change, value, seed), range(40)))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


@pytest.mark.parametrize("kind", [k for k in KINDS if component_class(AXIS, k).changes])  # type: ignore[attr-defined]
def test_seeds_differ(kind: str) -> None:
    """Many seeds give many different results; not one result for all. A tune has twelve keys."""
    several = [TEXTS[0]] * 6 if kind in OF_TEXTS else values(kind)[:1]  # a text has few words that could be changed
    results = {
        b"".join(seen(made(kind), value, seed + 100 * i).tobytes() for i, value in enumerate(several))
        for seed in range(60 if kind in OF_TUNES else 20)
    }
    assert len(results) > 10


@pytest.mark.parametrize("kind", OF_IMAGES)
def test_pictures_stay_pictures(kind: str) -> None:
    """RGB comes out, at least one pixel each way, for pictures of any size and 30 seeds."""
    for value in values(kind):
        for seed in range(30):
            out = made(kind)(value, seed)
            assert out.mode == "RGB"
            assert min(out.size) >= 1


@pytest.mark.parametrize("kind", OF_SOUNDS)
def test_sounds_stay_sounds(kind: str) -> None:
    """float32 [samples], finite, comes out."""
    for value in [np.zeros(4000, np.float32), np.sin(np.arange(4000, dtype=np.float32)), np.ones(1, np.float32)]:
        for seed in range(10):
            out = made(kind)(value, seed)
            assert out.dtype == np.float32
            assert out.ndim == 1
            assert len(out)
            assert np.isfinite(out).all()


@pytest.mark.parametrize("kind", OF_SOUNDS)
@pytest.mark.parametrize("shape", [(64, 98), (64, 3), (1, 4000), (8, 1), (1, 1)])
def test_masks_fit_sounds_of_any_length(kind: str, shape: tuple[int, int]) -> None:
    """The same shape comes out, finite; most of it is not masked; nothing but masks is new."""
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    before = values.copy()
    for seed in range(20):
        out = made(kind).features(values, seed)
        assert out.shape == shape
        assert out.dtype == np.float32
        changed = out != before
        np.testing.assert_allclose(out[changed], before.mean(), rtol=1e-4, atol=1e-6)
        assert changed.mean() < 0.8
    assert np.array_equal(values, before)


def _halves(out: Pillow.Image) -> tuple[float, float]:
    values = np.asarray(out.convert("L"), np.float64)
    return float(values[:, : values.shape[1] // 2].mean()), float(values[:, (values.shape[1] + 1) // 2 :].mean())


@pytest.mark.parametrize("kind", WITH_SIDES)
def test_mirroring_can_be_switched_off(kind: str) -> None:
    """A picture that is dark on the left stays so without mirroring, and is mirrored about half the time with it."""
    half = np.zeros((40, 40, 3), np.uint8)
    half[:, 20:] = 255
    value = Pillow.fromarray(half)
    quiet = dict(QUIET)
    if "intensity" in component_class(AXIS, kind).model_fields:
        quiet |= {"intensity": False}
    sides = [_halves(made(kind, **quiet)(value, seed)) for seed in range(60)]
    assert sum(left < right for left, right in sides) >= 50  # the widest turns and shears may exchange the sides
    mirrored = [_halves(made(kind, **{**quiet, "horizontal_flip": True})(value, seed)) for seed in range(60)]
    assert 15 < sum(left > right for left, right in mirrored) < 45


@pytest.mark.parametrize("kind", WITH_SIDES)
def test_intensity_can_be_kept(kind: str) -> None:
    """With colours switched off, no value appears that lies outside the picture's own range."""
    values = np.random.default_rng(0).integers(100, 140, (32, 32, 3), np.uint8)
    settings: dict[str, Any] = {"colour_jitter": 0.0}
    if "intensity" in component_class(AXIS, kind).model_fields:
        settings["intensity"] = False
    for seed in range(40):
        out = np.asarray(made(kind, **settings)(Pillow.fromarray(values), seed))
        assert 98 <= out.min() <= out.max() <= 141


@pytest.mark.parametrize("kind", WITH_SIDES)
@pytest.mark.parametrize(
    "settings", [{"scale": [0.9, 0.5]}, {"scale": [0.0, 1.0]}, {"ratio": [2.0, 1.0]}, {"erasing": 2}]
)
def test_ranges_are_checked(kind: str, settings: dict[str, Any]) -> None:
    """An empty or impossible range is an error."""
    with pytest.raises(InputError):
        build(AXIS, {"kind": kind, **settings})


@pytest.mark.parametrize("kind", OF_TEXTS)
def test_texts_stay_texts(kind: str) -> None:
    """A text that has a word keeps one; one without stays as it is."""
    for text in TEXTS:
        for seed in range(50):
            out = made(kind)(text, seed)
            assert isinstance(out, str)
            assert bool(out.split()) == bool(text.split())
            if not text.split():
                assert out == text


@pytest.mark.parametrize("kind", OF_TEXTS)
def test_off_it_leaves_every_text_alone(kind: str) -> None:
    (setting,) = {"share", "probability"} & set(component_class(AXIS, kind).model_fields)
    for text in TEXTS:
        assert all(made(kind, **{setting: 0})(text, seed) == text for seed in range(20))


@pytest.mark.parametrize("kind", ["word_dropout", "typos"])
def test_the_share_is_that_of_words(kind: str) -> None:
    text = " ".join(f"word{chr(97 + i % 26)}" for i in range(200))
    counts = []
    for seed in range(40):
        out = made(kind, share=0.2)(text, seed).split()
        counts.append(
            200 - len(out) if kind == "word_dropout" else sum(a != b for a, b in zip(out, text.split(), strict=True))
        )
    assert 34 < float(np.mean(counts)) < 46
