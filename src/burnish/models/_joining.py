"""How what a network says of the windows of a row becomes what it says of the row. Windows of all rows of a batch lie in a line."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from burnish.long import Long

ATTENTION = 128  # width of the layer that scores windows


def of_each(membership: Tensor, values: Tensor, otherwise: float) -> Tensor:
    """[B, V, ...]: the values [V, ...] of the windows of each row, and something else at those of others.

    Chosen and not multiplied: what is not finite in one row stays there.
    """
    mask = membership.bool().reshape(*membership.shape, *[1] * (values.ndim - 1))
    return torch.where(mask, in_full(values).unsqueeze(0), otherwise)


def in_full(values: Tensor) -> Tensor:
    """In float32 at least, whatever the precision of the run."""
    return values if values.dtype == torch.float64 else values.float()


class Joining(nn.Module):
    """Logits of windows to logits of rows. A row of one window comes out bit for bit."""

    reads_states = False
    """Whether it needs what the body sees of each window."""

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C].

        Args:
            membership: [B, V], 1 where a window is of a row.
            logits: [V, C].
            states: [V, D], where `reads_states`.
        """
        raise NotImplementedError


class Mean(Joining):
    """The mean of the logits, so that confident windows count for more."""

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C]."""
        return mean(membership, logits)


def mean(membership: Tensor, values: Tensor) -> Tensor:
    """[B, ...] of [V, ...]."""
    counts = membership.sum(1).reshape(-1, *[1] * (values.ndim - 1))
    return of_each(membership, values, 0.0).sum(1) / counts


class Greatest(Joining):
    """The greatest of each logit."""

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C]."""
        return of_each(membership, logits, -math.inf).amax(1)


class NoisyOr(Joining):
    """The logit of the probability that at least one window has a label, were they independent (`core.joining.noisy_or`)."""

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C]."""
        none = of_each(membership, functional.softplus(in_full(logits)), 0.0).sum(
            1
        )  # minus the log that no window has it
        none = none.clamp(min=torch.finfo(torch.float32).tiny)
        joined = none + torch.log(-torch.expm1(-none))
        alone = membership.sum(1, keepdim=True) == 1
        return torch.where(alone, mean(membership, logits), joined)


class Attention(Joining):
    """A mean of the logits whose weights a small layer learns of what the body sees; it begins as the plain mean."""

    reads_states = True

    def __init__(self, width: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(width, ATTENTION)
        self.score = nn.Linear(ATTENTION, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C]."""
        assert states is not None
        scores = self.score(torch.tanh(self.hidden(states))).squeeze(-1)
        shares = of_each(membership, scores, -math.inf).softmax(1).unsqueeze(-1)
        return (shares * of_each(membership, logits, 0.0)).sum(1)


class Block(nn.Module):
    """A block of a transformer over windows: norms first, attention within each row."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.inward, self.outward = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, states: Tensor, together: Tensor) -> Tensor:
        """[V, D] of [V, D]; `together` [V, V] is true of windows of one row."""
        windows, width = states.shape
        parts = self.inward(self.before(states)).reshape(windows, 3, self.heads, width // self.heads)
        query, key, value = (part.transpose(0, 1).unsqueeze(0) for part in parts.unbind(1))
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=together)
        states = states + self._dropped(self.outward(seen.squeeze(0).transpose(0, 1).reshape(windows, width)))
        return states + self._dropped(self.narrow(functional.gelu(self.wide(self.between(states)))))

    def _dropped(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.dropout, self.training)


class OverWindows(Joining):
    """The mean of the logits, and what a transformer over the windows of a row adds to it, which begins as 0."""

    reads_states = True

    def __init__(self, width: int, outputs: int, *, layers: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.last = nn.LayerNorm(width)
        self.added = nn.Linear(width, outputs, bias=False)
        nn.init.zeros_(self.added.weight)

    def forward(self, membership: Tensor, logits: Tensor, states: Tensor | None) -> Tensor:
        """[B, C]."""
        assert states is not None
        places = (membership.cumsum(1) * membership).sum(0) - 1
        hidden = self.first(states) + positions(places, states.shape[1])
        together = torch.matmul(membership.T, membership) > 0
        for block in self.blocks:
            hidden = block(hidden, together)
        added: Tensor = self.added(mean(membership, self.last(hidden)))
        return mean(membership, logits) + added


def positions(places: Tensor, width: int) -> Tensor:
    """[V, D]: sines and cosines of where a window stands in its row (Vaswani et al. 2017, arXiv 1706.03762, section 3.5)."""
    rates = torch.exp(torch.arange(0, width, 2, device=places.device) * (-math.log(10000.0) / width))
    angles = places.float().unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]


def joining_of(long: Long, width: int, outputs: int) -> Joining:
    """What joins windows as a way says; its layers are drawn from the current generator.

    Args:
        long: with `joined_by`.
        width: of what the body sees of a window; 0 where nothing reads it.
        outputs: logits of a row.
    """
    kind = long.joined_by
    if kind == "attention":
        return Attention(width)
    if kind == "transformer":
        heads = cast(int, getattr(long, "heads", 1))
        fitting = next(n for n in range(min(heads, width), 0, -1) if width % n == 0)
        dropout, layers = float(getattr(long, "dropout", 0.0)), int(getattr(long, "layers", 1))
        return OverWindows(width, outputs, layers=layers, heads=fitting, dropout=dropout)
    return {"mean": Mean, "max": Greatest, "noisy_or": NoisyOr}[str(kind)]()
