"""Sounds to what a network reads, as a part of the network, for exports that do it themselves. Needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from burnish.media.sound.spectrograms import KALDI, hann, kaldi_window, mel_filters

if TYPE_CHECKING:
    from burnish.media.sound.processor import SoundProcessor

Tensors = dict[str, torch.Tensor]


def _waves(window: int, size: int) -> NDArray[np.float64]:
    """[2 x bins, window]: the cosines of a Fourier transform of so many samples, then its sines."""
    bins = np.arange(size // 2 + 1)[:, None] * np.arange(window)[None] * (2 * np.pi / size)
    return np.concatenate([np.cos(bins), np.sin(bins)])


def _powers(heard: torch.Tensor, transform: torch.Tensor, hop: int) -> torch.Tensor:
    """[B, bins, frames] of sounds [B, samples]: a convolution with waves that fade in and out as the window does, an
    operator that every runtime has."""
    real, imaginary = nn.functional.conv1d(heard[:, None], transform, stride=hop).chunk(2, dim=1)
    return real * real + imaginary * imaginary


def _fixed(values: NDArray[np.float64]) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))


class Spectrogram(nn.Module):
    """`waveform` float32 [B, samples] to the spectrogram a network reads, as `spectrograms` makes it in numpy.

    Args:
        processor: of features `log_mel` or `whisper`.
    """

    transform: torch.Tensor
    filters: torch.Tensor

    def __init__(self, processor: SoundProcessor) -> None:
        super().__init__()
        self.processor = processor
        self.whisper = processor.features == "whisper"
        size = processor.window if self.whisper else processor.transform
        if self.whisper:
            filters = mel_filters("slaney", processor.mels, size, processor.sampling_rate, 0.0, 8000.0)
        else:
            filters = mel_filters(
                "kaldi", processor.mels, size, processor.sampling_rate, processor.lowest, processor.highest
            )
        self.register_buffer("transform", _fixed(_waves(processor.window, size) * hann(processor.window))[:, None])
        self.register_buffer("filters", _fixed(filters))

    def forward(self, waveform: torch.Tensor) -> Tensors:
        """`pixel_values` [B, 1, mels, frames], or `input_features` [B, mels, frames]."""
        if self.whisper:
            half = self.processor.window // 2
            waveform = nn.functional.pad(waveform[:, None], (half, half), mode="reflect")[:, 0]
        sizes = _powers(waveform, self.transform, self.processor.hop)
        if not self.whisper and self.processor.power != 2:
            sizes = sizes.sqrt() if self.processor.power == 1 else sizes ** (self.processor.power / 2)
        bands = self.filters @ sizes
        return self._whispered(bands) if self.whisper else {self.processor.name: self._normal(bands)[:, None]}

    def _whispered(self, bands: torch.Tensor) -> Tensors:
        logs = bands.clamp(min=1e-10).log10()[:, :, :-1]
        return {"input_features": (torch.maximum(logs, logs.amax(dim=(1, 2), keepdim=True) - 8.0) + 4.0) / 4.0}

    def _normal(self, bands: torch.Tensor) -> torch.Tensor:
        values = (bands + self.processor.offset).log()
        if self.processor.normalisation == "row":
            centred = values - values.mean(dim=(1, 2), keepdim=True)
            return centred / ((centred * centred).mean(dim=(1, 2), keepdim=True).sqrt() + 1e-5)
        return (
            (values - self.processor.mean) / self.processor.std if self.processor.normalisation == "fixed" else values
        )


class Fbank(nn.Module):
    """Views, float32 [B, samples], to `input_values` [B, frames, mels] as `spectrograms.kaldi_log_mel` makes them.

    What Kaldi does to a frame before its Fourier transform (the mean taken away, pre-emphasis, a window) is linear, and
    so a part of the same convolution.

    Args:
        processor: of features `kaldi`.
    """

    transform: torch.Tensor
    filters: torch.Tensor

    def __init__(self, processor: SoundProcessor) -> None:
        super().__init__()
        self.processor = processor
        window, size = KALDI.window, KALDI.transform
        waves = _waves(window, size) * kaldi_window()
        emphasised = np.eye(window) - KALDI.emphasis * np.eye(window, k=-1)
        emphasised[0, 0] = 1 - KALDI.emphasis
        centred = np.eye(window) - 1 / window
        filters = mel_filters(
            "kaldi", processor.mels, size, processor.sampling_rate, KALDI.lowest, processor.sampling_rate // 2
        )
        self.register_buffer("transform", _fixed(waves @ emphasised @ centred)[:, None])
        self.register_buffer("filters", _fixed(filters))

    def forward(self, views: torch.Tensor) -> Tensors:
        """A view shorter than a frame has none: all of it is padding."""
        processor = self.processor
        # Not below 0 before it is divided: a graph rounds towards 0.
        steps: int = torch.sym_max(views.shape[1] - KALDI.window + KALDI.hop, 0)  # type: ignore[assignment]
        count: int = torch.sym_min(steps // KALDI.hop, processor.frames)  # type: ignore[assignment]
        heard = nn.functional.pad(views, (0, KALDI.window))
        bands = (self.filters @ _powers(heard, self.transform, KALDI.hop)).clamp(min=KALDI.floor).log()[:, :, :count]
        whole = nn.functional.pad(bands, (0, processor.frames - count)).transpose(1, 2)
        return {"input_values": (whole - processor.mean) / (processor.std * 2) if processor.normalise else whole}


class Heard(nn.Module):
    """`waveform` float32 [1, samples] of any length to what the network reads of each of its views.

    Args:
        processor: how views are cut and what is made of them.

    Class attributes:
        name, free: as of `picture.graph.Resized`.
    """

    free: ClassVar[dict[int, str]] = {1: "samples"}
    name: ClassVar[str] = "waveform"
    joins: ClassVar[bool] = True
    """Whether what the network says of its views is joined by their mean."""

    def __init__(self, processor: SoundProcessor) -> None:
        super().__init__()
        self.processor = processor
        makes = {"kaldi": Fbank, "log_mel": Spectrogram, "whisper": Spectrogram}
        self.made = makes[processor.features](processor) if processor.features in makes else None

    def sample(self) -> torch.Tensor:
        """A row to trace with: of several views."""
        return torch.zeros(1, 3 * self.processor.samples)

    def forward(self, waveform: torch.Tensor) -> Tensors:
        """As `numbers` of each view that `starts` begins."""
        processor, views = self.processor, self._views(waveform)
        if self.made is None:
            return self._waveform(views)
        if processor.features != "kaldi":
            views = nn.functional.pad(views, (0, processor.padded_samples - views.shape[1]))
        return self.made(views)  # type: ignore[no-any-return]

    def _views(self, waveform: torch.Tensor) -> torch.Tensor:
        """[views, samples]: a hop apart, the last one moved so that it ends where the sound ends."""
        samples, longest, hop = waveform.shape[1], self.processor.samples, self.processor.view_hop
        real: int = torch.sym_min(samples, longest)  # type: ignore[assignment]
        last = samples - real
        starts = (torch.arange((last + hop - 1) // hop + 1) * hop).clamp(max=last)
        return waveform[0][starts[:, None] + torch.arange(real)[None]]

    def _waveform(self, views: torch.Tensor) -> Tensors:
        if self.processor.normalise:
            centred = views - views.mean(dim=1, keepdim=True)
            views = centred / ((centred * centred).mean(dim=1, keepdim=True) + 1e-7).sqrt()
        missing: int = torch.sym_max(self.processor.least - views.shape[1], 0)  # type: ignore[assignment]
        padded = nn.functional.pad(views, (0, missing))
        mask = {"attention_mask": torch.ones_like(padded, dtype=torch.int64)} if self.processor.mask else {}
        return {"input_values": padded, **mask}


class Window(Heard):
    """`waveform` float32 [1, samples], one window of speech, to what the network reads of it; no views are made or joined."""

    joins: ClassVar[bool] = False

    def sample(self) -> torch.Tensor:
        """A row to trace with, of no whole number of steps."""
        return torch.zeros(1, self.processor.sampling_rate + 321)

    def forward(self, waveform: torch.Tensor) -> Tensors:
        """As `numbers`."""
        if self.made is None:
            return {"input_values": self._waveform(waveform)["input_values"]}
        step = max(1, round(self.processor.natural * self.processor.sampling_rate))
        steps = (waveform.shape[1] + step - 1) // step  # not of a number below 0: a graph rounds towards 0
        missing = steps * step - waveform.shape[1]
        return self.made(nn.functional.pad(waveform, (0, missing)))  # type: ignore[no-any-return]
