"""How a sound becomes the numbers a checkpoint was trained on."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.processor import Processor
from burnish.media.sound import spectrograms
from burnish.media.sound.resampling import Waveform

KINDS = ("waveform", "log_mel", "kaldi", "whisper")
NAMES = {"waveform": "input_values", "log_mel": "pixel_values", "kaldi": "input_values", "whisper": "input_features"}
SHORTEST = 0.025  # seconds of which the convolutions of wav2vec 2.0 make one vector: they can read nothing shorter
FRAME = 0.02  # seconds that one element of a waveform's length stands for: what wav2vec 2.0 makes one vector of


@dataclass(frozen=True)
class SoundProcessor(Processor):
    """What the network is given of a sound.

    Attributes:
        features: `waveform` (wav2vec 2.0, HuBERT, WavLM), `log_mel` (image networks), `kaldi` (AST) or `whisper`.
        sampling_rate: of the waveform, in Hz.
        seconds: the longest view; longer sounds are cut into several.
        overlap: of neighbouring views, as a share of `seconds`.
        normalise: whether a waveform gets mean 0 and variance 1.
        mask: whether waveforms are padded to the longest of a batch and masked; else each is padded to `seconds`.
        mels: bands of a spectrogram.
        window, hop, transform: samples of a frame, between frames, and of the Fourier transform.
        lowest, highest: of the bands, in Hz.
        power: 1 for magnitudes, 2 for powers.
        offset: added before the logarithm.
        normalisation: of a spectrogram: `row` (mean 0, standard deviation 1 of each view), `fixed`, or `none`.
        mean, std: subtracted and divided by with `fixed`.
        frames: of a `kaldi` spectrogram, padded or cut to.
        padded_seconds: what a `whisper` view is padded to with silence, whatever its own length.
        natural: seconds: a `whisper` view is padded to a multiple of them instead, so that short sounds take less time; 0:
            to `padded_seconds`. Rows of a batch are then padded to the longest and masked.
    """

    features: str
    sampling_rate: int
    seconds: float
    overlap: float = 0.5
    normalise: bool = True
    mask: bool = False
    mels: int = 64
    window: int = 400
    hop: int = 160
    transform: int = 512
    lowest: float = 20.0
    highest: float = 8000.0
    power: float = 2.0
    offset: float = 1e-6
    normalisation: str = "row"
    mean: float = 0.0
    std: float = 1.0
    frames: int = 1024
    padded_seconds: float = 0.0
    natural: float = 0.0

    def fingerprint(self) -> str:
        """A hash of all of it."""
        return hashlib.sha256(json.dumps(self.settings(), sort_keys=True).encode()).hexdigest()

    def settings(self) -> dict[str, Any]:
        """Plain values for the bundle."""
        return asdict(self)

    @property
    def heard(self) -> tuple[int, float]:
        """Sampling rate, and seconds of the longest view."""
        return self.sampling_rate, self.seconds

    @property
    def samples(self) -> int:
        """Of the longest view."""
        return max(1, round(self.seconds * self.sampling_rate))

    @property
    def view_hop(self) -> int:
        """Samples from the beginning of a view to that of the next."""
        return max(1, round(self.samples * (1 - self.overlap)))

    @property
    def least(self) -> int:
        """Samples that a waveform is padded to: by itself, and not to the longest row of a batch, on which the answer must
        not depend."""
        return min(self.samples, math.ceil(SHORTEST * self.sampling_rate)) if self.mask else self.samples

    @property
    def padded_samples(self) -> int:
        """Of a view as a `log_mel` or `whisper` spectrogram is made of it."""
        return max(self.samples, round(self.padded_seconds * self.sampling_rate))

    @property
    def name(self) -> str:
        """What the network calls it."""
        return NAMES[self.features]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, bands and frames of a `log_mel` picture."""
        return 1, self.mels, 1 + max(0, self.samples - self.window) // self.hop

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """`shape`, of a `log_mel` picture; None for other features."""
        return self.shape if self.name == "pixel_values" else None

    @property
    def gives(self) -> str:
        """`features`."""
        return self.features

    @property
    def masked(self) -> bool:
        """Whether rows differ in length, so that a batch is padded to the longest and masked."""
        return bool(self.natural) if self.features == "whisper" else self.features == "waveform" and self.mask

    def length(self, samples: float) -> int:
        """Elements that a view of a sound of so many samples has: frames of 20 ms where rows differ in length, else 1."""
        if not self.masked:
            return 1
        heard = min(samples, self.samples)
        if self.features == "whisper":
            heard = self._natural_samples(heard)
        return max(1, int(np.ceil(heard / (FRAME * self.sampling_rate))))

    def real(self, samples: int) -> int:
        """Along time, how much of what `numbers` gives of a view of so many samples is sound and not padding; at least 1."""
        if self.features == "waveform":
            return max(1, min(samples, self.samples))
        frames = samples // self.hop if self.features == "whisper" else 1 + (samples - self.window) // self.hop
        return max(1, min(frames, self.frames) if self.features == "kaldi" else frames)

    def starts(self, samples: int) -> Iterator[int]:
        """Where the views of a sound begin: a hop apart, the last one moved so that it ends where the sound ends."""
        if samples <= self.samples:
            yield 0
            return
        last = samples - self.samples
        yield from range(0, last, self.view_hop)
        yield last

    def numbers(self, view: Waveform) -> Array:
        """What the network reads of one view: float32 [samples], [1, mels, frames], [frames, mels] or [mels, frames].

        Args:
            view: float32, at most `samples` of them; shorter ones are padded with silence at the end.
        """
        if self.features == "waveform":
            return self._waveform(view)
        if self.features == "whisper":
            return spectrograms.whisper_log_mel(
                self.padded(view), rate=self.sampling_rate, mels=self.mels, window=self.window, hop=self.hop
            )
        if self.features == "kaldi":
            # Not padded with silence: what is missing is 0 before normalisation, as the checkpoint learned it.
            bands = spectrograms.kaldi_log_mel(view, rate=self.sampling_rate, mels=self.mels, frames=self.frames)
            return np.asarray((bands - np.float32(self.mean)) / np.float32(self.std * 2) if self.normalise else bands)
        return self._normal(
            spectrograms.log_mel(
                self.padded(view),
                rate=self.sampling_rate,
                window=self.window,
                hop=self.hop,
                transform=self.transform,
                mels=self.mels,
                lowest=self.lowest,
                highest=self.highest,
                power=self.power,
                offset=self.offset,
            )
        )[None]

    def padded(self, view: Waveform) -> Waveform:
        """A view with the silence at its end that a `log_mel` or `whisper` spectrogram is made with."""
        natural = self.natural and self.features == "whisper"
        return _padded(view, self._natural_samples(len(view)) if natural else self.padded_samples)

    def _natural_samples(self, samples: float) -> int:
        """So many samples, rounded up to a whole number of `natural` seconds."""
        step = max(1, round(self.natural * self.sampling_rate))
        return min(max(1, math.ceil(samples / step)) * step, self.padded_samples)

    def batch(self, rows: Sequence[Array]) -> dict[str, Array]:
        """Rows of one shape stacked; those that differ in length padded with 0, `attention_mask` [B, samples or frames]."""
        if not self.masked:
            return {self.name: np.stack(rows)}
        longest = max(row.shape[-1] for row in rows)
        padded = np.zeros((len(rows), *rows[0].shape[:-1], longest), np.float32)
        mask = np.zeros((len(rows), longest), np.int64)
        for i, row in enumerate(rows):
            padded[i, ..., : row.shape[-1]] = row
            mask[i, : row.shape[-1]] = 1
        return {self.name: padded, "attention_mask": mask}

    def changed(self, values: Array, change: Callable[[Array, int], Array], samples: int, seed: int) -> Array:
        """What `numbers` gave of a view of so many samples, its real part changed as [bands, time]; padding is left alone."""
        if self.features == "waveform":
            bands = values[None]
        else:
            bands = {"kaldi": values.T, "log_mel": values[0] if values.ndim == 3 else values, "whisper": values}[
                self.features
            ]
        real = self.real(samples)
        out = np.concatenate([change(np.ascontiguousarray(bands[:, :real]), seed), bands[:, real:]], axis=1)
        whole: Array = out[0] if self.features == "waveform" else out.T if self.features == "kaldi" else out
        return np.ascontiguousarray(whole.reshape(values.shape))

    def _waveform(self, view: Waveform) -> Waveform:
        if self.normalise:
            view = ((view - view.mean()) / np.sqrt(view.var() + 1e-7)).astype(np.float32)
        return _padded(view, max(self.least, len(view)))

    def _normal(self, values: Array) -> Array:
        if self.normalisation == "row":
            return np.asarray((values - values.mean()) / (values.std() + 1e-5), np.float32)
        if self.normalisation == "fixed":
            return np.asarray((values - np.float32(self.mean)) / np.float32(self.std), np.float32)
        return values

    def picture(self, values: Array) -> Array:
        """float32 [bands, frames], lowest band first, for people: of a waveform its spectrogram."""
        if self.features == "waveform":
            rate = self.sampling_rate
            padded = np.pad(values, (0, max(0, 512 - len(values)))) / max(1e-6, float(np.abs(values).max()))
            return spectrograms.log_mel(
                padded.astype(np.float32), rate=rate, window=512, hop=max(64, len(padded) // 256), transform=512,
                mels=64, lowest=20.0, highest=rate / 2, power=2.0, offset=1e-3,
            )  # fmt: skip
        flat = values[0] if self.features == "log_mel" else values
        return flat.T if self.features == "kaldi" else flat

    def axes(self, values: Array) -> tuple[float, str, float, float]:
        """Of `picture`: the seconds it lasts, the scale of its bands, and its lowest and highest frequency in Hz."""
        rate, columns = self.sampling_rate, self.picture(values).shape[1]
        if self.features == "waveform":
            return max(512, len(values)) / rate, "kaldi", 20.0, rate / 2
        if self.features == "kaldi":
            kaldi = spectrograms.KALDI
            return columns * kaldi.hop / rate, "kaldi", kaldi.lowest, rate / 2
        if self.features == "whisper":
            return columns * self.hop / rate, "slaney", 0.0, 8000.0
        return columns * self.hop / rate, "kaldi", self.lowest, self.highest


class WaveformProcessor(SoundProcessor):
    """For a graph that makes the spectrogram itself: `waveform`, float32 [B, samples], padded with silence."""

    @property
    def name(self) -> str:
        """What the graph calls it."""
        return "waveform"

    def numbers(self, view: Waveform) -> Array:
        """float32 [samples]: the view, padded as it is before a spectrogram is made of it."""
        return self.padded(view)


def _padded(view: Waveform, samples: int) -> Waveform:
    """So many samples, silence behind the view's own: what `np.pad` gives, in a tenth of the time."""
    out = np.zeros(samples, np.float32)
    out[: len(view)] = view
    return out
