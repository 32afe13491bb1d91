"""Attention that is computed in float32 where a processor is slow in mixed precision."""

from __future__ import annotations

from typing import Any

import torch

MARK = "burnish_attends_in_float32"


def in_float32(model: Any) -> None:
    """Let a model whose attention is the library's `sdpa` compute it in float32 on a CPU under mixed precision.

    The backward pass of short texts is several times as fast there, and attention is a small part of the work
    (`benchmarks/README.md`). The library's function is replaced by one that is the same for all other models: under another
    name, architectures that ask for `sdpa` by its name would take another way.
    """
    from transformers import AttentionInterface

    AttentionInterface.register("sdpa", _attention)
    for module in model.modules():
        setattr(module, MARK, True)


def _attention(
    module: Any, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, **more: Any
) -> Any:
    """As the library's function, which it calls."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward

    if query.device.type != "cpu" or not torch.is_autocast_enabled("cpu") or not getattr(module, MARK, False):
        return sdpa_attention_forward(module, query, key, value, mask, **more)
    with torch.autocast("cpu", enabled=False):
        return sdpa_attention_forward(module, query.float(), key.float(), value.float(), mask, **more)
