"""How numbers are rounded to eight bits and back: the scheme of the int8 exports."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

LARGEST = 127
"""Of weights: symmetric, so that -128 is not used."""
STEPS = 255
"""Of states: 0 to 255 with a zero point."""
SMALLEST = 2.0**-24


class Range(nn.Module):
    """States of one tensor, rounded to eight bits between the lowest and highest that were seen.

    Args:
        momentum: how quickly the range follows.

    Attributes:
        observing: whether training moves it.
        exporting: whether it writes operators of ONNX instead of rounding.
    """

    low: Tensor
    high: Tensor

    def __init__(self, momentum: float = 0.05) -> None:
        super().__init__()
        self.momentum, self.observing, self.exporting = momentum, True, False
        self.register_buffer("low", torch.tensor(float("inf")))
        self.register_buffer("high", torch.tensor(float("-inf")))

    def forward(self, states: Tensor) -> Tensor:
        """The states, rounded; as they are until something was seen."""
        if self.exporting:
            return exported(states, *self.scale())
        if self.training and self.observing:
            self._observe(states)
        elif not torch.isfinite(self.low):
            return states
        scale, zero = self.scale()
        rounded = torch.fake_quantize_per_tensor_affine(states.float(), scale, zero, 0, STEPS)
        return rounded.to(states.dtype)

    @torch.no_grad()
    def _observe(self, states: Tensor) -> None:
        low, high = (value.float() for value in torch.aminmax(states.detach()))
        if torch.isfinite(self.low):
            low = self.low + self.momentum * (low - self.low)
            high = self.high + self.momentum * (high - self.high)
        self.low.copy_(low)
        self.high.copy_(high)

    def scale(self) -> tuple[Tensor, Tensor]:
        """float32 [] scale, int32 [] zero point: 0 is exactly a step."""
        low, high = self.low.clamp(max=0), self.high.clamp(min=0)
        scale = ((high - low) / STEPS).clamp(min=SMALLEST)
        return scale, (-low / scale).round().clamp(0, STEPS).to(torch.int32)


def scale_of_weights(weights: Tensor, axis: int | None) -> Tensor:
    """float32 [outputs], or [] with `axis` None: the largest absolute weight over 127."""
    sizes = weights.detach().float().abs()
    largest = sizes.amax() if axis is None else sizes.transpose(0, axis).flatten(1).amax(1)
    return (largest / LARGEST).clamp(min=SMALLEST)


def rounded_weights(weights: Tensor, axis: int | None = 0) -> Tensor:
    """Weights rounded as an export rounds them; the gradient passes."""
    scale, full = scale_of_weights(weights, axis), weights.float()
    if axis is None:
        zero = torch.zeros((), dtype=torch.int32, device=weights.device)
        return torch.fake_quantize_per_tensor_affine(full, scale, zero, -LARGEST, LARGEST)
    zero = torch.zeros(len(scale), dtype=torch.int32, device=weights.device)
    return torch.fake_quantize_per_channel_affine(full, scale, zero, axis, -LARGEST, LARGEST)


def whole_weights(weights: Tensor, axis: int | None = 0) -> tuple[Tensor, Tensor]:
    """int8 weights, and their scale."""
    scale = scale_of_weights(weights, axis)
    shape = [1] * weights.ndim
    if axis is not None:
        shape[axis] = -1
    # As torch rounds in training: times the inverse of the scale.
    whole = (weights.detach().float() * (1.0 / scale.view(shape))).round().clamp(-LARGEST, LARGEST)
    return whole.to(torch.int8), scale


def exported(states: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """QuantizeLinear and DequantizeLinear of ONNX."""
    symbolic: Any = torch.onnx.ops.symbolic
    point = zero.to(torch.uint8)
    whole = symbolic("QuantizeLinear", (states, scale, point), dtype=torch.uint8, shape=states.shape)
    return cast(Tensor, symbolic("DequantizeLinear", (whole, scale, point), dtype=torch.float32, shape=states.shape))


def dequantized(whole: Tensor, scale: Tensor, axis: int | None) -> Tensor:
    """DequantizeLinear of int8 weights."""
    symbolic: Any = torch.onnx.ops.symbolic
    attributes = {} if axis is None else {"axis": axis}
    zero = torch.zeros_like(scale, dtype=torch.int8)
    given = (whole, scale, zero)
    return cast(Tensor, symbolic("DequantizeLinear", given, attrs=attributes, dtype=torch.float32, shape=whole.shape))
