"""Columns and heads that are zero while a network learns, and are taken out at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models.transformers.shrunken import (
    HEADS,
    MIDDLE,
    attention_parts,
    cannot,
    column_strengths,
    counting,
    feed_forward,
    keep_columns,
    keep_heads,
    norms,
)
from burnish.training.pruning import Steps
from burnish.training.step_part import StepPart

MULTIPLE = 8  # of columns: kernels compute so many at once


@dataclass(frozen=True)
class Wanted:
    """How many columns and heads of each block stay; None: all of them.

    Attributes:
        columns, heads: that stay.
        have_columns, have_heads: that there are.
    """

    columns: int | None
    heads: int | None
    have_columns: int
    have_heads: int


@dataclass(frozen=True)
class Unit:
    """Parts of a block that go together: for each, the strength and what is set to zero.

    Attributes:
        strengths: [units].
        rows: parameters whose rows, `size` for each unit, are zero.
        columns: weights whose columns are.
        size: rows or columns of one.
    """

    strengths: Tensor
    rows: list[Tensor]
    columns: list[Tensor]
    size: int


def wanted(network: Network, columns: float, heads: float) -> Wanted:
    """What stays when these shares go.

    Raises:
        InputError: the architecture has no such blocks, or cannot say how many heads there are.
    """
    model: Any = network.backbone()
    if len(network.stacks()) != 1:
        found = f"{type(model).__name__} has {len(network.stacks())} stacks of equal blocks"
        raise InputError(found, expected="one", fix="leave `prune` out", place="prune")
    config, name = counting(model.config, MIDDLE)
    have = int(getattr(config, name))
    config, name = counting(model.config, HEADS)
    have_heads = int(getattr(config, name))
    each = have_heads // int(getattr(config, "num_key_value_heads", None) or have_heads)
    if heads and getattr(config, "head_dim", None) is None:
        raise cannot(
            f"fewer heads in {type(model).__name__}, whose config.json has no head_dim", "feed_forward", "heads"
        )
    left = max(MULTIPLE, round(have * (1 - columns) / MULTIPLE) * MULTIPLE) if columns else None
    left_heads = max(each, round(have_heads * (1 - heads) / each) * each) if heads else None
    return Wanted(left, left_heads, have, have_heads)


class Pruning(StepPart):
    """Sets the weakest columns and heads to zero after each step; it remembers nothing: what is zero is the weakest.

    Args:
        network: whose blocks are known.
        wanted: what stays in the end.
        steps: by when.
    """

    def __init__(self, network: Network, wanted: Wanted, steps: Steps) -> None:
        self.network, self.wanted, self.steps, self.share = network, wanted, steps, 0.0
        self._units(1.0)  # that all blocks are known

    def comes_to(self, step: int, total: int) -> None:
        """How much is to be gone."""
        self.share = self.steps.share(step, total)

    @torch.no_grad()
    def on_weights(self) -> None:
        """Zeros."""
        if self.share == 0:
            return
        for unit, gone in self._units(self.share):
            if gone <= 0:
                continue
            weakest = torch.topk(unit.strengths, gone, largest=False).indices
            places = (weakest[:, None] * unit.size + torch.arange(unit.size, device=weakest.device)).flatten()
            for parameter in unit.rows:
                parameter[places] = 0
            for parameter in unit.columns:
                parameter[:, places] = 0

    def _units(self, share: float) -> list[tuple[Unit, int]]:
        """Of each block, its columns and heads, and how many of them are to be zero now."""
        found = []
        for block in (block for stack in self.network.stacks() for block in stack):
            if self.wanted.columns is not None:
                gone = round(share * (self.wanted.have_columns - self.wanted.columns))
                found.append((columns_of(block), gone))
            if self.wanted.heads is not None:
                unit = heads_of(block, self.wanted.have_heads)
                each = self.wanted.have_heads // len(unit.strengths)
                found.append((unit, round(share * (self.wanted.have_heads - self.wanted.heads) / each)))
        return found


def columns_of(block: nn.Module) -> Unit:
    """The columns in the middle of a block's feed-forward part."""
    enters, leaves = feed_forward(block)
    return Unit(column_strengths(enters, leaves), list(_parameters(enters)), [leaves.weight], 1)


def heads_of(block: nn.Module, heads: int) -> Unit:
    """The heads of a block; those that share keys and values are one."""
    parts = attention_parts(block)
    size = parts["query"].out_features // heads
    groups = parts["key"].out_features // size
    wide = size * heads // groups
    strength = norms(parts["value"].weight, size) * norms(parts["result"].weight.T, wide)
    return Unit(strength, [], [parts["result"].weight], wide)


def _parameters(layers: list[nn.Linear]) -> Iterator[Tensor]:
    for layer in layers:
        yield layer.weight
        if layer.bias is not None:
            yield layer.bias


def take_out(network: Network, wanted: Wanted) -> None:
    """Take the weakest columns and heads out, which are zero once pruning was complete."""
    model: Any = network.backbone()
    for stack in network.stacks():
        if wanted.columns is not None:
            keep_columns(model, stack, wanted.columns)
        if wanted.heads is not None:
            keep_heads(model, stack, wanted.heads)
