"""A language model as an ONNX graph with a cache (`exporters/onnx/cached.py`), as decoders drive it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from burnish.core.batch import Array
from burnish.core.errors import RunFailed

LOW = np.float32(-3e4)
"""Where a token does not see another: float16 has it as well, and minus infinity would make the rows of padding no numbers."""
PIECE = 256
"""Places whose logits are held at once: 50 MB with 50,000 tokens."""


@dataclass(frozen=True)
class Cache:
    """What is remembered of B sequences.

    Attributes:
        past: keys and values of each layer, onnxruntime's values [B, heads, L, D].
        mask: bool [B, L], what of the places so far is no padding.
        positions: int64 [B], of the last token of each sequence.
    """

    past: Sequence[Any]
    mask: Array
    positions: Array


class CachedGraph:
    """A session of onnxruntime over such a graph.

    Args:
        session: of onnxruntime.
        inputs: of artifact.json: names to `type` and `shape`.
    """

    def __init__(self, session: Any, inputs: Mapping[str, Any]) -> None:
        self._session = session
        self._past = [name for name in inputs if name.startswith("past_")]
        self._shapes = [inputs[name]["shape"] for name in self._past]
        self._outputs = ["logits", *(name.replace("past", "present") for name in self._past)]

    def empty(self, rows: int) -> list[Any]:
        """What is remembered of nothing."""
        return [_value(np.zeros((rows, heads, 0, width), np.float32)) for _, heads, _, width in self._shapes]

    def read(self, ids: Array, mask: Array, positions: Array, past: Sequence[Any], kept: Array) -> tuple[Array, Cache]:
        """Logits [B, k, V] of some of the new tokens, and what is remembered then.

        Args:
            ids: int64 [B, l], the new tokens.
            mask: bool [B, P + l], what is no padding, of those before as well.
            positions: int64 [B, l], of the new tokens in their texts.
            past: of those before.
            kept: int64 [k], which of the l tokens.

        Raises:
            RunFailed: onnxruntime cannot compute it.
        """
        new, length = ids.shape[1], mask.shape[1]
        seen = np.arange(length)[None, :] <= np.arange(length - new, length)[:, None]
        allowed = np.where(mask[:, None, None, :] & seen[None, None], np.float32(0), LOW)
        fed = {"input_ids": ids, "allowed": allowed, "position_ids": positions, "kept": kept}
        values = {name: _value(np.ascontiguousarray(one)) for name, one in fed.items()}
        values |= dict(zip(self._past, past, strict=True))
        known = {one.name for one in self._session.get_inputs()}  # a network without positions has no such input
        try:
            told = self._session.run_with_ort_values(self._outputs, {n: v for n, v in values.items() if n in known})
        except Exception as error:  # onnxruntime has a class for each status, none of them public
            raise RunFailed(f"onnxruntime cannot compute it: {str(error).strip()[-300:]}") from error
        # A copy: what onnxruntime gives is seen in its own memory, which goes with the value.
        return told[0].numpy().copy(), Cache(told[1:], mask, positions[:, -1])


class GraphSteps:
    """See `burnish.decoders.Step`: one batch of prompts, padded at their end.

    Args:
        graph: what computes.
        arrays: `input_ids` and `attention_mask` [B, L].
    """

    def __init__(self, graph: CachedGraph, arrays: Mapping[str, Array]) -> None:
        self._graph = graph
        ids = arrays["input_ids"].astype(np.int64)
        mask = arrays.get("attention_mask", np.ones_like(ids)) != 0
        places = (np.arange(ids.shape[1])[None] + mask.sum(1, keepdims=True)) % ids.shape[1]
        self._ids, self._mask = np.take_along_axis(ids, places, 1), np.take_along_axis(mask, places, 1)

    def __call__(self, ids: Array | None, cache: Any) -> tuple[Array, Any]:
        last = np.zeros(1, np.int64)
        if ids is None:
            last[0] = self._ids.shape[1] - 1
            past = self._graph.empty(len(self._ids))
            logits, cache = self._graph.read(self._ids, self._mask, self._positions(), past, last)
        else:
            mask = np.concatenate([cache.mask, np.ones_like(cache.mask[:, :1])], axis=1)
            new = ids.astype(np.int64)[:, None]
            logits, cache = self._graph.read(new, mask, cache.positions[:, None] + 1, cache.past, last)
        return logits[:, -1], cache

    def reading(self) -> Iterator[tuple[Array, Any]]:
        """As of `core.network.Generating.reading`."""
        length = self._ids.shape[1]
        past: Sequence[Any] = self._graph.empty(len(self._ids))
        for begin in range(0, length, PIECE):
            end = min(begin + PIECE, length)
            kept = np.arange(end - begin, dtype=np.int64)
            piece = self._ids[:, begin:end]
            logits, cache = self._graph.read(piece, self._mask[:, :end], self._positions()[:, begin:end], past, kept)
            past = cache.past
            yield logits, cache

    def picked(self, cache: Cache, rows: Array) -> Cache:
        """The cache of these rows."""
        past = [_value(one.numpy()[rows]) for one in cache.past]
        return Cache(past, cache.mask[rows], cache.positions[rows])

    def joined(self, first: Cache, second: Cache) -> Cache:
        """Both as one, padded at the beginning of the shorter one; beginnings that are padding in every row leave."""
        first, second = _trimmed(first), _trimmed(second)
        width = max(first.mask.shape[1], second.mask.shape[1])
        past = [
            _value(np.concatenate([_widened(one.numpy(), width, 2), _widened(other.numpy(), width, 2)]))
            for one, other in zip(first.past, second.past, strict=True)
        ]
        mask = np.concatenate([_widened(first.mask, width, 1), _widened(second.mask, width, 1)])
        return Cache(past, mask, np.concatenate([first.positions, second.positions]))

    def _positions(self) -> Array:
        return cast(Array, np.maximum(self._mask.cumsum(1) - 1, 0).astype(np.int64))


def _value(array: Array) -> Any:
    import onnxruntime

    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def _trimmed(cache: Cache) -> Cache:
    start = int(cache.mask.argmax(1).min())
    past = [_value(one.numpy()[:, :, start:]) for one in cache.past] if start else cache.past
    return Cache(past, cache.mask[:, start:], cache.positions)


def _widened(values: Array, width: int, axis: int) -> Array:
    """With zeros before it, so that this axis is so wide."""
    before = [(0, 0)] * values.ndim
    before[axis] = (width - values.shape[axis], 0)
    return np.pad(values, before)
