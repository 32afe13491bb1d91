"""Changes of tested rows at fixed strengths: what a model should bear. Pure functions of what was read and a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from burnish.core.component import build
from burnish.core.seeds import generator
from burnish.data.augmentations import Augmentation
from burnish.media.sound.resampling import Waveform

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


@dataclass(frozen=True)
class Perturbation:
    """One change.

    Attributes:
        kind: such as `typos`.
        strength: in words.
        change: what was read, and a seed, to the same changed.
    """

    kind: str
    strength: str
    change: Callable[[Any, int], Any]


def perturbations(read_as: str) -> list[Perturbation]:
    """The changes of rows that are read as `text`, `picture` or `waveform`; none for others.

    Texts as in Ribeiro et al. 2020 (arXiv 2005.04118), pictures as in Hendrycks and Dietterich 2019 (arXiv 1903.12261).
    """
    return {"text": _texts, "picture": _pictures, "waveform": _sounds}.get(read_as, list)()


def _texts() -> list[Perturbation]:
    return [
        *(Perturbation("typos", f"{share:.0%} of the words", _typos(share)) for share in (0.05, 0.2)),
        Perturbation("lower case", "all letters", lambda text, seed: text.lower()),
        Perturbation("upper case", "all letters", lambda text, seed: text.upper()),
    ]


def _typos(share: float) -> Augmentation:
    return cast(Augmentation, build("burnish.data.augmentations", {"kind": "typos", "share": share}))


def _pictures() -> list[Perturbation]:
    return [
        *(Perturbation("blur", f"radius {r:.0%} of the shorter side", partial(blurred, share=r)) for r in (0.01, 0.03)),
        *(Perturbation("noise", f"deviation {d:.0%} of white", partial(noisy, deviation=d)) for d in (0.05, 0.15)),
        *(Perturbation("brightness", f"{f:g} times", partial(brightened, factor=f)) for f in (0.6, 1.4)),
    ]


def _sounds() -> list[Perturbation]:
    return [
        *(Perturbation("noise", f"{snr} dB below the sound", _white_noise(snr)) for snr in (20, 10)),
        *(Perturbation("gain", f"{db:+d} dB", partial(louder, decibels=db)) for db in (-12, 12)),
    ]


def _white_noise(decibels: float) -> Augmentation:
    """The augmentation of sounds with nothing but noise, always, at one ratio."""
    off = {"gain": 0.0, "speed": 0.0, "shift": 0.0, "frequency_masks": 0, "time_masks": 0}
    only = {"kind": "audio_standard", **off, "noise": 1.0, "signal_to_noise": [decibels, decibels]}
    return cast(Augmentation, build("burnish.data.augmentations", only))


def blurred(picture: Picture, seed: int, *, share: float) -> Picture:
    """Gaussian blur, its radius a share of the shorter side: large and small pictures lose alike."""
    from PIL import ImageFilter

    return picture.filter(ImageFilter.GaussianBlur(share * min(picture.size)))


def noisy(picture: Picture, seed: int, *, deviation: float) -> Picture:
    """Gaussian noise of each channel of each pixel, its deviation a share of white; cut off at black and white."""
    from PIL import Image

    values = np.asarray(picture, np.float32)
    noise = generator(seed, "picture noise").standard_normal(values.shape, dtype=np.float32)
    return Image.fromarray(np.clip(values + 255 * deviation * noise, 0, 255).round().astype(np.uint8), picture.mode)


def brightened(picture: Picture, seed: int, *, factor: float) -> Picture:
    """Each value times a factor."""
    from PIL import ImageEnhance

    return ImageEnhance.Brightness(picture).enhance(factor)


def louder(waveform: Waveform, seed: int, *, decibels: float) -> Waveform:
    """float32 [samples] louder or softer; what goes beyond full scale is cut off, as a recorder does."""
    changed: Waveform = np.clip(waveform * np.float32(10 ** (decibels / 20)), -1.0, 1.0).astype(np.float32)
    return changed
