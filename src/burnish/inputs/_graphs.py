"""Preprocessing as a part of the network, for exports that do it themselves. The only file of this room that needs torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

from burnish.inputs._spectrograms import hann, mel_filters

if TYPE_CHECKING:
    from burnish.inputs._sound_processor import SoundProcessor

Tensors = dict[str, torch.Tensor]


class Pixels(nn.Module):
    """`pixels` uint8 [B, height, width, 3] to `pixel_values` float32 [B, 3, height, width]: scaled and normalised.

    Args:
        mean, std: of each channel in [0, 1].
    """

    factor: torch.Tensor
    shift: torch.Tensor

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        scale = np.array(std, np.float64)
        for name, values in (("factor", 1 / (255 * scale)), ("shift", np.array(mean) / scale)):
            self.register_buffer(name, torch.from_numpy(values.astype(np.float32)).view(1, 3, 1, 1))

    def forward(self, pixels: torch.Tensor) -> Tensors:
        """As `_pictures.normalised` of each picture."""
        return {"pixel_values": pixels.permute(0, 3, 1, 2).float() * self.factor - self.shift}


class Spectrogram(nn.Module):
    """`waveform` float32 [B, samples] to the spectrogram a network reads, as `_spectrograms` makes it in numpy.

    The Fourier transform is a convolution with sines and cosines that fade in and out as the window does: an operator
    that every runtime has.

    Args:
        processor: of features `log_mel` or `whisper`.
    """

    transform: torch.Tensor
    filters: torch.Tensor

    def __init__(self, processor: SoundProcessor) -> None:
        super().__init__()
        self.own = own = processor
        self.whisper = own.features == "whisper"
        size = own.window if self.whisper else own.transform
        if self.whisper:
            filters = mel_filters("slaney", own.mels, size, own.sampling_rate, 0.0, 8000.0)
        else:
            filters = mel_filters("kaldi", own.mels, size, own.sampling_rate, own.lowest, own.highest)
        bins = np.arange(size // 2 + 1)[:, None] * np.arange(own.window)[None] * (2 * np.pi / size)
        waves = np.concatenate([np.cos(bins), np.sin(bins)]) * hann(own.window)
        self.register_buffer("transform", torch.from_numpy(waves.astype(np.float32))[:, None])
        self.register_buffer("filters", torch.from_numpy(filters.astype(np.float32)))

    def forward(self, waveform: torch.Tensor) -> Tensors:
        """`pixel_values` [B, 1, mels, frames], or `input_features` [B, mels, frames]."""
        heard = waveform[:, None]
        if self.whisper:
            heard = nn.functional.pad(heard, (self.own.window // 2, self.own.window // 2), mode="reflect")
        waves = nn.functional.conv1d(heard, self.transform, stride=self.own.hop)
        real, imaginary = waves.chunk(2, dim=1)
        sizes = real * real + imaginary * imaginary
        if not self.whisper and self.own.power != 2:
            sizes = sizes.sqrt() if self.own.power == 1 else sizes ** (self.own.power / 2)
        bands = self.filters @ sizes
        return self._whispered(bands) if self.whisper else {self.own.name: self._normal(bands)[:, None]}

    def _whispered(self, bands: torch.Tensor) -> Tensors:
        logs = bands.clamp(min=1e-10).log10()[:, :, :-1]
        return {"input_features": (torch.maximum(logs, logs.amax(dim=(1, 2), keepdim=True) - 8.0) + 4.0) / 4.0}

    def _normal(self, bands: torch.Tensor) -> torch.Tensor:
        values = (bands + self.own.offset).log()
        if self.own.normalisation == "row":
            centred = values - values.mean(dim=(1, 2), keepdim=True)
            return centred / ((centred * centred).mean(dim=(1, 2), keepdim=True).sqrt() + 1e-5)
        return (values - self.own.mean) / self.own.std if self.own.normalisation == "fixed" else values
