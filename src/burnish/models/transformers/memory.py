"""A language model whose keys and values are inputs and outputs, for formats that remember nothing themselves."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from transformers.cache_utils import DynamicCache, DynamicLayer

from burnish.core.network import Remembering
from burnish.models.transformers.growing import plain


class OpenMemory(nn.Module, Remembering):
    """See `burnish.core.network.Remembering`.

    Args:
        model: a causal language model of transformers.
        accepts: names that its `forward` takes.
        memory: what it calls what it remembers.
    """

    def __init__(self, model: nn.Module, accepts: frozenset[str], memory: str) -> None:
        super().__init__()
        self.model, self._accepts, self._memory = model, accepts, memory
        self._layers: list[tuple[int, int]] | None = None

    @property
    def layers(self) -> list[tuple[int, int]] | None:
        """By what it remembers of one token."""
        if self._layers is None:
            with torch.inference_mode():
                out = self.model(input_ids=torch.zeros((1, 1), dtype=torch.long), use_cache=True)
            past = getattr(out, self._memory)
            if not plain(past) or any(one.keys.shape[-1] != one.values.shape[-1] for one in past.layers):
                return None
            self._layers = [(one.keys.shape[1], one.keys.shape[-1]) for one in past.layers]
        return self._layers

    def forward(
        self,
        input_ids: torch.Tensor,
        allowed: torch.Tensor,
        position_ids: torch.Tensor,
        kept: torch.Tensor,
        *past: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        """Logits of the tokens that are kept, then keys and values of each layer."""
        cache = DynamicCache()
        cache.layers = [_layer(keys, values) for keys, values in zip(past[::2], past[1::2], strict=True)]
        named: dict[str, Any] = {"input_ids": input_ids, "attention_mask": allowed, "use_cache": True}
        named |= {"position_ids": position_ids} if "position_ids" in self._accepts else {}
        named |= {"logits_to_keep": kept} if "logits_to_keep" in self._accepts else {}
        out = self.model(**named, **{self._memory: cache})
        logits = out.logits if "logits_to_keep" in self._accepts else out.logits[:, kept]
        return (logits, *(one for layer in cache.layers for one in (layer.keys, layer.values)))


def _layer(keys: torch.Tensor, values: torch.Tensor) -> DynamicLayer:
    """A layer of the library's cache that has these."""
    layer = DynamicLayer()
    layer.keys, layer.values, layer.is_initialized = keys, values, True
    layer.dtype, layer.device = keys.dtype, keys.device
    return layer
