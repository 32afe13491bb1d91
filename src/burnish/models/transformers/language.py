"""A causal language model of transformers: logits of the next token at each place, and writing on with a cache."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from burnish.core.network import Generating, Network, Remembering, Tensors
from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.network import TransformersNetwork

_MEMORIES = ("cache", "past_key_values", "cache_params")
"""What releases and architectures of transformers call that which is remembered of the places so far."""
_PIECE = 256  # places whose logits are held at once: 50 MB with 50,000 tokens


@dataclass(frozen=True)
class _Cache:
    """What is remembered of B sequences.

    Attributes:
        past: the library's keys and values, or states.
        mask: int64 [B, L], what of the places so far is no padding.
        positions: int64 [B], of the last token of each sequence.
    """

    past: Any
    mask: torch.Tensor
    positions: torch.Tensor


class LanguageModel(TransformersNetwork, Generating):
    """A model with the checkpoint's own head: a logit for each token of the vocabulary, at each place.

    Lines are padded at their end, and a place never sees a later one, so the mask of padding is left out: attention is
    then computed the fast way, and rows that share a line (`position_ids` begin anew in each) do not see each other.
    """

    def __init__(
        self, model: nn.Module, *, notes: Sequence[str] = (), seed: int = 0, origin: str | None = None
    ) -> None:
        super().__init__(model, element=True, notes=notes, seed=seed, origin=origin)
        self.fresh_head = False

    @property
    def vocabulary(self) -> nn.Module | None:
        """The layer of the logits, which is often one matrix with the embeddings."""
        return cast("nn.Module | None", self.model.get_output_embeddings())

    def untouched(self) -> Network | None:
        """None: it is read again."""
        return None

    def depth(self, parameter: str) -> int:
        """0 for embeddings, 1..layers for blocks; the head came with the checkpoint and is as old as the last block."""
        return min(super().depth(parameter), self.layers)

    def head_modules(self) -> list[str]:
        """None: no module is fresh."""
        return []

    def step(self, inputs: Tensors, ids: torch.Tensor | None, cache: Any) -> tuple[torch.Tensor, Any]:
        """Logits [B, V] of the next token, and the cache; at the beginning rows are moved to the end of their line."""
        if ids is None:
            ids, mask = _at_the_end(inputs["input_ids"], inputs.get("attention_mask"))
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            logits, cache = self._next(ids, mask, positions, None)
            return logits[:, -1], cache
        mask = torch.cat([cache.mask, torch.ones_like(cache.mask[:, :1])], dim=1)
        logits, cache = self._next(ids[:, None], mask, cache.positions[:, None] + 1, cache.past)
        return logits[:, -1], cache

    def reading(self, inputs: Tensors) -> Iterator[tuple[torch.Tensor, Any]]:
        """The rows, in pieces where keys and values are all that is remembered."""
        from burnish.models.transformers.growing import plain

        ids, mask = _at_the_end(inputs["input_ids"], inputs.get("attention_mask"))
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        length, past = ids.shape[1], None
        end = 0
        while end < length:
            begin, end = end, min(end + _PIECE, length)
            logits, cache = self._next(ids[:, begin:end], mask[:, :end], positions[:, begin:end], past, kept=0)
            if end < length and not plain(cache.past):
                end = length
                logits, cache = self._next(ids, mask, positions, None, kept=0)
            past = cache.past
            yield logits, cache

    def _read(self, inputs: Tensors) -> Tensors:
        """Inputs without the mask of padding, which the noise on embeddings takes note of."""
        inputs = super()._read(inputs)
        return {name: value for name, value in inputs.items() if name != "attention_mask"}

    def _next(
        self, ids: torch.Tensor, mask: torch.Tensor, positions: torch.Tensor, past: Any, *, kept: int = 1
    ) -> tuple[torch.Tensor, _Cache]:
        """Logits [B, l, V], of the last place alone unless `kept` is 0, and the cache."""
        given = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
        named = accepted(given, self._accepts, self.model.dtype)
        memory = next(name for name in _MEMORIES if name in self._accepts)
        named |= {"use_cache": True, memory: past}
        if "logits_to_keep" in self._accepts:
            named["logits_to_keep"] = kept  # those of the prompt are many, and mostly nobody reads them
        out = self.model(**named)
        from burnish.models.transformers.growing import growing

        remembered = getattr(out, memory)
        return out.logits, _Cache(growing(remembered) if past is None else remembered, mask, positions[:, -1])

    def remembering(self) -> Remembering:
        """Keys and values as inputs and outputs."""
        from burnish.models.transformers.memory import OpenMemory

        return OpenMemory(self.model, self._accepts, next(name for name in _MEMORIES if name in self._accepts))

    def picked(self, cache: Any, rows: torch.Tensor) -> Any:
        """The cache of these rows."""
        cache.past.reorder_cache(rows)
        return _Cache(cache.past, cache.mask[rows], cache.positions[rows])

    def joined(self, first: Any, second: Any) -> Any:
        """Both as one, the shorter one padded at its beginning; None where more is remembered than keys and values."""
        from burnish.models.transformers.growing import plain

        if not (plain(first.past) and plain(second.past)):
            return None
        first, second = _trimmed(first), _trimmed(second)
        width = max(first.mask.shape[1], second.mask.shape[1])
        for one, other in zip(first.past.layers, second.past.layers, strict=True):
            one.keys = torch.cat([_widened(one.keys, width, 2), _widened(other.keys, width, 2)])
            one.values = torch.cat([_widened(one.values, width, 2), _widened(other.values, width, 2)])
        mask = torch.cat([_widened(first.mask, width, 1), _widened(second.mask, width, 1)])
        return _Cache(first.past, mask, torch.cat([first.positions, second.positions]))


def _trimmed(cache: _Cache) -> _Cache:
    """Without the first places, where they are padding in every row: else it would grow as long as others join."""
    start = int(cache.mask.argmax(1).min())
    if start:
        for layer in cache.past.layers:
            layer.keys, layer.values = layer.keys[:, :, start:], layer.values[:, :, start:]
    return _Cache(cache.past, cache.mask[:, start:], cache.positions)


def _widened(values: torch.Tensor, width: int, axis: int) -> torch.Tensor:
    """With zeros before it, so that this axis is so wide."""
    shape = list(values.shape)
    shape[axis] = width - shape[axis]
    return torch.cat([values.new_zeros(shape), values], dim=axis) if shape[axis] else values


def writes(model: nn.Module) -> bool:
    """Whether a model of transformers was made to write on."""
    from transformers.models.auto import modeling_auto

    return type(model).__name__ in modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()


def _at_the_end(ids: torch.Tensor, mask: torch.Tensor | None) -> tuple[torch.Tensor, torch.Tensor]:
    """Rows [B, L] that are padded at their end, padded at their beginning, with their mask."""
    if mask is None:
        return ids, torch.ones_like(ids)
    places = (torch.arange(ids.shape[1], device=ids.device)[None] + mask.sum(1, keepdim=True)) % ids.shape[1]
    return ids.gather(1, places), mask.gather(1, places)
