"""Convolutions padded as TensorFlow pads them, for weights that were trained there."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import nn
from torch.nn import functional


class SamePaddingConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: at stride 2 on an even size, one more right and below than left and above."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """[B, C, H, W] to [B, D, ceil(H / stride), ceil(W / stride)]."""
        pads: list[int] = []
        for axis in (1, 0):  # functional.pad begins with the last axis
            size, stride = input.shape[2 + axis], self.stride[axis]
            reach = self.dilation[axis] * (self.kernel_size[axis] - 1) + 1
            total = max((math.ceil(size / stride) - 1) * stride + reach - size, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(functional.pad(input, pads))


def pad_as_tensorflow(model: nn.Module) -> int:
    """Give every strided convolution that is padded TensorFlow's padding, weights and names unchanged; says how many."""
    strided = [
        (path, module)
        for path, module in model.named_modules()
        if isinstance(module, nn.Conv2d) and max(module.stride) > 1 and max(module.kernel_size) > 1
    ]
    for path, module in strided:
        with torch.device("meta"):
            padded = SamePaddingConv2d(
                module.in_channels,
                module.out_channels,
                cast("tuple[int, int]", module.kernel_size),
                cast("tuple[int, int]", module.stride),
                0,
                cast("tuple[int, int]", module.dilation),
                module.groups,
                module.bias is not None,
            )
        padded.weight, padded.bias = module.weight, module.bias
        parent, _, name = path.rpartition(".")
        setattr(model.get_submodule(parent), name, padded)
    return len(strided)
