"""How a sound becomes the numbers a checkpoint was trained on."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import InputError
from burnish.inputs import _spectrograms as spectrograms
from burnish.inputs._resampling import Waveform

SETTINGS = "audio_processor.json"
KINDS = ("waveform", "log_mel", "kaldi", "whisper")
NAMES = {"waveform": "input_values", "log_mel": "pixel_values", "kaldi": "input_values", "whisper": "input_features"}
SHORTEST = 0.025  # seconds of which the convolutions of wav2vec 2.0 make one vector: they can read nothing shorter
FRAME = 0.02  # seconds that one element of a waveform's length stands for: what wav2vec 2.0 makes one vector of


@dataclass(frozen=True)
class SoundProcessor:
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
    def name(self) -> str:
        """What the network calls it."""
        return NAMES[self.features]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, bands and frames of a `log_mel` picture."""
        return 1, self.mels, 1 + max(0, self.samples - self.window) // self.hop

    def length(self, samples: float) -> int:
        """Elements that a view of a sound of so many samples has: frames of 20 ms where rows differ in length, else 1."""
        if not (self.features == "waveform" and self.mask):
            return 1
        return max(1, int(np.ceil(min(samples, self.samples) / (FRAME * self.sampling_rate))))

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
        hop = max(1, round(self.samples * (1 - self.overlap)))
        last = samples - self.samples
        yield from range(0, last, hop)
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
            found = spectrograms.kaldi_log_mel(view, rate=self.sampling_rate, mels=self.mels, frames=self.frames)
            return np.asarray((found - np.float32(self.mean)) / np.float32(self.std * 2) if self.normalise else found)
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
        return _padded(view, max(self.samples, round(self.padded_seconds * self.sampling_rate)))

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
        # By itself, and not to the longest row of a batch: the answer must not depend on the rows beside it.
        least = min(self.samples, math.ceil(SHORTEST * self.sampling_rate)) if self.mask else self.samples
        return _padded(view, max(least, len(view)))

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


def checkpoint_settings(folder: Path) -> dict[str, Any]:
    """What a checkpoint states of its input, in our words; what it leaves out is absent.

    `audio_processor.json` of burnish, else transformers' `preprocessor_config.json`.

    Raises:
        InputError: a feature extractor of a kind that is not known here.
    """
    ours = folder / SETTINGS
    if ours.is_file():
        known = {f.name for f in fields(SoundProcessor)}
        return {k: v for k, v in json.loads(ours.read_text(encoding="utf-8")).items() if k in known}
    stated = folder / "preprocessor_config.json"
    return _stated(json.loads(stated.read_text(encoding="utf-8")), folder) if stated.is_file() else {}


def _stated(given: dict[str, Any], folder: Path) -> dict[str, Any]:
    kind = given.get("feature_extractor_type") or given.get("processor_class") or ""
    rate = int(given.get("sampling_rate", 16000))
    if kind == "ASTFeatureExtractor":
        frames = int(given.get("max_length", 1024))
        return {
            "features": "kaldi",
            "sampling_rate": rate,
            "seconds": (400 + 160 * (frames - 1)) / rate,
            "mels": int(given.get("num_mel_bins", 128)),
            "frames": frames,
            "normalise": bool(given.get("do_normalize", True)),
            "mean": float(given.get("mean", -4.2677393)),
            "std": float(given.get("std", 4.5689974)),
        }
    if kind in ("WhisperFeatureExtractor", "WhisperProcessor"):
        return {
            "features": "whisper",
            "sampling_rate": rate,
            "seconds": float(given.get("chunk_length", 30)),
            "padded_seconds": float(given.get("chunk_length", 30)),
            "mels": int(given.get("feature_size", 80)),
            "window": int(given.get("n_fft", 400)),
            "hop": int(given.get("hop_length", 160)),
        }
    if kind in ("Wav2Vec2FeatureExtractor", "Wav2Vec2Processor") or {"do_normalize", "sampling_rate"} <= given.keys():
        mask = bool(given.get("return_attention_mask", False))
        found: dict[str, Any] = {
            "features": "waveform",
            "sampling_rate": rate,
            "normalise": bool(given.get("do_normalize", True)),
            "mask": mask,
        }
        return {**found, "seconds": 30.0} if mask else found
    raise InputError(
        f"the feature extractor {kind or 'of this checkpoint'} is not known",
        expected="Wav2Vec2FeatureExtractor, ASTFeatureExtractor or WhisperFeatureExtractor",
        place=str(folder / "preprocessor_config.json"),
    )


def written(processor: SoundProcessor) -> dict[str, Any] | None:
    """`preprocessor_config.json` from which transformers makes the same numbers; None for image networks."""
    shared = {"sampling_rate": processor.sampling_rate, "padding_value": 0.0, "padding_side": "right"}
    if processor.features == "waveform":
        kind = "Wav2Vec2FeatureExtractor"
        own: dict[str, Any] = {"feature_size": 1, "do_normalize": processor.normalise}
        own["return_attention_mask"] = processor.mask
    elif processor.features == "kaldi":
        kind = "ASTFeatureExtractor"
        own = {"num_mel_bins": processor.mels, "max_length": processor.frames, "do_normalize": processor.normalise}
        own |= {"mean": processor.mean, "std": processor.std, "feature_size": 1, "return_attention_mask": False}
    elif processor.features == "whisper":
        kind = "WhisperFeatureExtractor"
        seconds = processor.padded_seconds
        own = {"feature_size": processor.mels, "n_fft": processor.window, "hop_length": processor.hop}
        own |= {"chunk_length": int(seconds) if seconds == int(seconds) else seconds, "return_attention_mask": False}
    else:
        return None
    return {"feature_extractor_type": kind, **shared, **own}
