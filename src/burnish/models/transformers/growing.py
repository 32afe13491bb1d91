"""Keys and values that grow in room that was set aside: a token is written behind the others, which are not copied."""

from __future__ import annotations

from typing import Any, cast

import torch
from transformers.cache_utils import DynamicLayer

_ROOM = 64  # places that are set aside at least; a quarter of the length where that is more


class Growing(DynamicLayer):  # type: ignore[misc]  # transformers has no types here
    """The library's layer of keys and values of every place [B, heads, L, D], which copies all of them at each token.

    `keys` and `values` are views of the room. Whoever sets them to other tensors (rows that leave or join) is heeded: room
    is set aside anew.
    """

    keys: torch.Tensor
    values: torch.Tensor
    _room: tuple[torch.Tensor, torch.Tensor] | None = None
    _shown: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """All keys and values, these at the end."""
        if self.get_seq_length() == 0:
            return cast("tuple[torch.Tensor, torch.Tensor]", super().update(key_states, value_states, *args, **kwargs))
        begin = self.keys.shape[-2]
        end = begin + key_states.shape[-2]
        if self._room is None or self.keys is not self._shown or end > self._room[0].shape[-2]:
            self._room = _roomy(self.keys, end), _roomy(self.values, end)
        keys, values = self._room
        keys[..., begin:end, :] = key_states
        values[..., begin:end, :] = value_states
        self.keys, self.values = keys[..., :end, :], values[..., :end, :]
        self._shown = self.keys
        return self.keys, self.values


def growing(past: Any) -> Any:
    """What a model remembers, its plain layers of keys and values replaced by layers with room; others are left."""
    layers = getattr(past, "layers", None) or []
    for place, layer in enumerate(layers):
        if type(layer) is DynamicLayer:
            roomy = Growing.__new__(Growing)
            roomy.__dict__.update(layer.__dict__)
            layers[place] = roomy
    return past


def plain(past: Any) -> bool:
    """Whether it is keys and values of every place, and nothing else."""
    layers = getattr(past, "layers", None) or []
    return bool(layers) and all(type(layer) in (DynamicLayer, Growing) for layer in layers)


def _roomy(values: torch.Tensor, length: int) -> torch.Tensor:
    shape = list(values.shape)
    shape[-2] = length + max(_ROOM, length // 4)
    room = values.new_empty(shape)
    room[..., : values.shape[-2], :] = values
    return room
