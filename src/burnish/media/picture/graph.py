"""Pictures to what a network reads, as a part of the network, for exports that do it themselves. Needs torch."""

from __future__ import annotations

from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import nn

Tensors = dict[str, torch.Tensor]
SMALLEST = 16  # pixels a side of the picture that is traced with


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
        """As `reading.normalised` of each picture."""
        return {"pixel_values": pixels.permute(0, 3, 1, 2).float() * self.factor - self.shift}


class Sizes(Protocol):
    """How a picture is resized, cropped and normalised; see `processor.ImageProcessor`."""

    @property
    def size(self) -> int:
        """Pixels a side of what the network reads."""

    @property
    def shorter(self) -> int:
        """Pixels of the shorter side before the crop."""

    @property
    def mean(self) -> tuple[float, ...]:
        """Of each channel, in [0, 1]."""

    @property
    def std(self) -> tuple[float, ...]:
        """Of each channel, in [0, 1]."""

    @property
    def interpolation(self) -> str:
        """The filter."""

    @property
    def rounding(self) -> str:
        """Whose way of rounding half a pixel."""


class Resized(nn.Module):
    """`picture` uint8 [1, height, width, 3] of any size to `pixel_values`, as `ImageProcessor.numbers` makes them.

    The axes are resized one after the other and rounded between, as Pillow does, so that the pixels are the same.

    Args:
        processor: how it is resized, cropped and normalised.

    Class attributes:
        name, free: what a graph calls its input, and which of its axes may have any size.
    """

    free: ClassVar[dict[int, str]] = {1: "height", 2: "width"}
    name: ClassVar[str] = "picture"

    def __init__(self, processor: Sizes) -> None:
        super().__init__()
        self.processor = processor
        self.pixels = Pixels(processor.mean, processor.std)

    def sample(self) -> torch.Tensor:
        """A row to trace with."""
        return torch.zeros(1, SMALLEST, SMALLEST + 1, 3, dtype=torch.uint8)

    def forward(self, picture: torch.Tensor) -> Tensors:
        """Height and width may be symbols: the sizes are computed inside the graph."""
        size, short = self.processor.size, self.processor.shorter
        height, width = picture.shape[1], picture.shape[2]
        shorter: int = torch.sym_min(height, width)  # type: ignore[assignment]
        tall, wide = short * height // shorter, short * width // shorter
        seen = picture.permute(0, 3, 1, 2).float()
        for shape in ((height, wide), (tall, wide)):
            mode = self.processor.interpolation
            seen = nn.functional.interpolate(seen, size=shape, mode=mode, antialias=True)
            seen = (seen + 0.5).floor().clamp(0, 255)
        top, left = self._middle(tall - size), self._middle(wide - size)
        return self.pixels(seen[:, :, top : top + size, left : left + size].permute(0, 2, 3, 1))  # type: ignore[no-any-return]

    def _middle(self, free: int) -> int:
        """Half of it; timm rounds half a pixel to the even number, and the others down."""
        if self.processor.rounding == "timm":
            return (free + (free // 2) % 2) // 2
        return free // 2
