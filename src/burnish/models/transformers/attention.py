"""Attention that is computed in float32 where a processor is slow in mixed precision."""

from __future__ import annotations

from typing import Any

import torch

IN_FLOAT32 = "sdpa_in_float32"
"""The library's `sdpa`, but on a CPU under mixed precision in float32: the backward pass of short texts is several times as fast
there, and attention is a small part of the work (`benchmarks/README.md`)."""


def in_float32(model: Any) -> None:
    """Let a model whose attention is the library's `sdpa` use that of this module; all else is as it was."""
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

    if getattr(model.config, "_attn_implementation", None) != "sdpa":
        return
    AttentionInterface.register(IN_FLOAT32, _attention)
    AttentionMaskInterface.register(IN_FLOAT32, sdpa_mask)
    model.config._attn_implementation = IN_FLOAT32


def _attention(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, **more: Any
) -> Any:
    """As the library's function, which it calls."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if query.device.type != "cpu" or not torch.is_autocast_enabled("cpu"):
        return sdpa_attention_forward(module, query, key, value, mask, **more)
    with torch.autocast("cpu", enabled=False):
        return sdpa_attention_forward(module, query.float(), key.float(), value.float(), mask, **more)
