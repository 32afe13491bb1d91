"""A deeper head on a transformers model: in the place of the library's last layer, or over states pooled in another way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.errors import InputError
from burnish.core.network import KEPT_HEAD, HeadSplit, Inseparable
from burnish.models import Head
from burnish.models._anatomy import body_of
from burnish.models._head_layers import drawn, put_head
from burnish.models._vision.weights import put_trained, read_weights
from burnish.models.transformers.accepting import accepted
from burnish.models.transformers.loading import Loaded, last_layer
from burnish.models.transformers.network import FACT, TransformersNetwork
from burnish.models.transformers.split import mask_of_states

PLACE = "pooled_head"
"""Path of a head that pools in the library's model."""


class PooledHead(nn.Module):
    """States of a row to one, and that to logits.

    Args:
        head: the settings, with a way of pooling.
        inputs: size of a state.
        outputs: logits.
        seed: what it is drawn from.
    """

    def __init__(self, head: Head, inputs: int, outputs: int, seed: int) -> None:
        super().__init__()
        self.pooling = str(head.pooling)
        self.query = nn.Linear(inputs, 1, bias=False) if self.pooling == "attention" else None
        if self.query is not None:
            nn.init.zeros_(self.query.weight)  # the mean to begin with
        self.stack = drawn(head, inputs, outputs, seed)

    def pooled(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """[B, D] of states [B, L, D] where the mask, [B, L], is 1."""
        if self.pooling == "first":
            return states[:, 0]
        if self.pooling == "last":
            places = (mask * torch.arange(mask.shape[1], device=mask.device)).argmax(dim=1)
            last: torch.Tensor = states[torch.arange(len(states), device=states.device), places]
            return last
        there = mask.bool().unsqueeze(-1)
        if self.pooling == "max":
            largest: torch.Tensor = states.masked_fill(~there, torch.finfo(states.dtype).min).amax(dim=1)
            return largest
        if self.query is not None:
            weights = self.query(states).masked_fill(~there, torch.finfo(states.dtype).min).softmax(dim=1)
            weighted: torch.Tensor = (states * weights).sum(dim=1)
            return weighted
        share = there.to(states.dtype)
        mean: torch.Tensor = (states * share).sum(dim=1) / share.sum(dim=1).clamp(min=1)
        return mean

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Logits [B, C]."""
        logits: torch.Tensor = self.stack(self.pooled(states, mask))
        return logits


class PooledNetwork(TransformersNetwork):
    """A body whose states are pooled by a head of ours; the library's own head is not there."""

    reads_first = False

    def __init__(
        self,
        model: Any,
        *,
        fresh: Collection[str] = (),
        notes: Sequence[str] = (),
        seed: int = 0,
        origin: str | None = None,
    ) -> None:
        super().__init__(model, element=False, fresh=fresh, notes=notes, seed=seed, origin=origin)
        self._accepts = self._body_accepts  # the library's `forward` is never called

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Logits [B, C]."""
        states, mask = self._states(inputs)
        logits: torch.Tensor = self.model.get_submodule(PLACE)(states, mask)
        return logits

    def head_split(self, **inputs: torch.Tensor) -> HeadSplit:
        """What is pooled, and the layers above it.

        Raises:
            Inseparable: pooling itself learns.
        """
        head: Any = self.model.get_submodule(PLACE)
        if head.query is not None:
            raise Inseparable("how states are pooled is learned with the head")

        def features(**named: torch.Tensor) -> torch.Tensor:
            pooled: torch.Tensor = head.pooled(*self._states(named))
            return pooled

        return HeadSplit(features, head.stack, lambda: features)

    def _states(self, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        body, inputs = body_of(self.model), self._read(inputs)
        states = body(**accepted(inputs, self._body_accepts, self.model.dtype)).last_hidden_state
        states = states.flatten(2).transpose(1, 2) if states.ndim == 4 else states
        mask = mask_of_states(body, states, inputs)
        return states, torch.ones_like(states[:, :, 0]) if mask is None else mask


def deepened(loaded: Loaded, head: Head, outputs: int, seed: int) -> None:
    """Put a deeper head on a loaded model, in place; it is fresh whatever came with the checkpoint.

    Raises:
        InputError: there is no linear layer in whose place it could stand, or states of no known size.
    """
    model, before = loaded.model, {name for name, _ in loaded.model.named_parameters()}
    note = put(model, head, outputs, seed)
    now = {name for name, _ in model.named_parameters()}
    loaded.fresh = (loaded.fresh & now) | (now - before)
    loaded.notes = [said for said in loaded.notes if said != KEPT_HEAD]
    loaded.notes.append(note)
    loaded.kept_head = False
    setattr(model.config, FACT, head.model_dump())


def put(model: Any, head: Head, outputs: int, seed: int) -> str:
    """The head in its place; what it is in words."""
    if head.pooling is None:
        return put_head(model, last_layer(model, outputs), head, outputs, seed)
    body = body_of(model)
    for name, module in list(model.named_children()):
        if module is not body:
            delattr(model, name)
    if isinstance(getattr(body, "pooler", None), nn.Module) and any(True for _ in body.pooler.parameters()):
        body.pooler = None  # it would learn nothing
    size = _size(model.config)
    first = next(body.parameters())
    model.add_module(PLACE, PooledHead(head, size, outputs, seed).to(device=first.device, dtype=first.dtype))
    return head.words(size, outputs)


def _size(config: Any) -> int:
    """Numbers of a state."""
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    sizes = getattr(config, "hidden_sizes", None)
    size = getattr(text, "hidden_size", None) or getattr(text, "d_model", None) or (sizes[-1] if sizes else None)
    if size is None:
        raise InputError(
            f"config.json of {getattr(config, 'model_type', 'the model')!r} does not say how large its states are",
            fix="leave head.pooling out",
            place="head.pooling",
        )
    return int(size)


def saved_head(config: Any) -> Head | None:
    """The deeper head of a model that burnish saved; None where it has the library's own."""
    settings = getattr(config, FACT, None)
    return None if settings is None else Head.model_validate(settings)


def forgotten(config: Any) -> None:
    """Take the head of the checkpoint out of a configuration: another one is built."""
    if hasattr(config, FACT):
        delattr(config, FACT)


def trained(folder: Path, cls: Any, config: Any, settings: dict[str, Any], head: Head, outputs: int) -> Loaded:
    """A model with a deeper head as burnish saved it, every tensor of the right shape and none left over.

    Raises:
        InputError: otherwise, with the tensors named.
    """
    state = read_weights(folder)
    dtype = next(value.dtype for value in state.values() if value.is_floating_point())
    with torch.random.fork_rng(devices=[]):
        model = cls.from_config(config, **{**settings, "dtype": dtype})
    put(model, head.saved(), outputs, 0)
    put_trained(model, state, str(folder))
    return Loaded(model)
