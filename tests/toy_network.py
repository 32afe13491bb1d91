"""The network of `tests.toy_sequences`: one block of attention, from letters to letters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from burnish.core.network import Generating, Network, Tensors
from tests.toy_sequences import BEGIN

WIDTH, POSITIONS = 32, 64
CAP, SCALE = 20.0, 0.7
"""A soft cap and a scale of the logits, as some libraries' heads have."""


class Attention(nn.Module):
    """One head, over whatever a mask lets through; then two linear layers."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.asks, self.keys, self.values = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.wide, self.narrow = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, others: Tensor, seen: Tensor) -> Tensor:
        """[B, T, D] of states [B, T, D] and others [B, L, D], seen [B, T, L]."""
        scores = self.asks(states) @ self.keys(others).transpose(1, 2) / WIDTH**0.5
        # Rows that see nothing are padding: a row of zeros in place of a softmax over nothing.
        shares = torch.where(seen, scores, -1e9).softmax(-1) * seen
        states = states + self.dropout(shares @ self.values(others))
        return states + self.dropout(self.narrow(self.wide(states).relu()))


class Reverser(Network, Generating):
    """Letters in, letters out.

    Args:
        way: `causal`, `decoder` or `frames`.
        reads, writes: how many numbers there are on each side.
        dropout: rate.
    """

    def __init__(self, way: str, reads: int, writes: int, dropout: float) -> None:
        super().__init__()
        self.way = way
        self.letters, self.places = nn.Embedding(reads, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.block = Attention(dropout)
        self.answers, self.second = nn.Embedding(writes, WIDTH), Attention(dropout)
        self.frames, self.last = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(WIDTH, writes)

    def forward(self, **inputs: Tensor) -> Tensor:
        """[B, T, letters] at each place of the answer."""
        return self.place_logits(self.place_states(**inputs))

    def place_states(self, **inputs: Tensor) -> Tensor:
        """[B, T, D] at each place of the answer."""
        ids, mask, positions = (inputs[name] for name in ("input_ids", "attention_mask", "position_ids"))
        states = self.letters(ids) + self.places(positions)
        seen = (mask[:, None, :] != 0).expand(-1, ids.shape[1], -1)
        if self.way == "causal":
            seen = seen & _of_the_same_row(mask, positions) & _earlier(ids)
        states = self.block(states, states, seen)
        if self.way == "causal":
            return self.second(states, states, seen)
        if self.way == "frames":
            twice = self.frames(states).reshape(len(ids), -1, WIDTH)
            both = seen.repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
            return self.second(twice, twice, both)
        shown = inputs["decoder_input_ids"]
        own = self.answers(shown) + self.places(torch.arange(shown.shape[1], device=shown.device))
        own = self.block(own, own, _earlier(shown).expand(len(shown), -1, -1))
        return self.second(own, states, (mask[:, None, :] != 0).expand(-1, shown.shape[1], -1))

    def place_logits(self, hidden: Tensor) -> Tensor:
        """Scaled and capped."""
        return CAP * torch.tanh(SCALE * self.last(hidden) / CAP)

    def answer_lengths(self, **inputs: Tensor) -> Tensor | None:
        """Two frames a letter."""
        return 2 * inputs["attention_mask"].sum(-1) if self.way == "frames" else None

    def step(self, inputs: Tensors, ids: Tensor | None, cache: Any) -> tuple[Tensor, Any]:
        """What both layers attend to is remembered: of a decoder the second attends to the question."""
        if ids is None:
            return self._begun(inputs)
        first, others, seen, place = cache
        new = (self.answers if self.way == "decoder" else self.letters)(ids) + self.places(place)
        first, new = torch.cat([first, new[:, None]], dim=1), new[:, None]
        if self.way == "decoder":
            states = self.block(new, first, torch.ones_like(first[:, None, :, 0], dtype=torch.bool))
        else:
            seen = torch.cat([seen, torch.ones_like(seen[:, :1])], dim=1)
            states = self.block(new, first, seen[:, None])
            others = torch.cat([others, states], dim=1)
        return self.place_logits(self.second(states, others, seen[:, None]))[:, 0], (first, others, seen, place + 1)

    def _begun(self, inputs: Tensors) -> tuple[Tensor, Any]:
        ids, seen = inputs["input_ids"], inputs["attention_mask"] != 0
        states = self.letters(ids) + self.places(inputs["position_ids"])
        earlier = _earlier(ids) if self.way == "causal" else True
        others = self.block(states, states, (seen[:, None] & earlier).expand(-1, ids.shape[1], -1))
        if self.way == "decoder":
            start = torch.full_like(ids[:, 0], BEGIN)
            return self.step(inputs, start, (states[:, :0], others, seen, torch.zeros_like(start)))
        length = seen.sum(-1)
        last = self.second(others, others, seen[:, None] & earlier)[torch.arange(len(ids)), length - 1]
        return self.place_logits(last), (states, others, seen, length)

    def picked(self, cache: Any, rows: Tensor) -> Any:
        """Of every tensor."""
        return tuple(part[rows] for part in cache)

    def features(self, **inputs: Tensor) -> Tensor:
        """The letters' own embeddings."""
        found: Tensor = self.letters(inputs["input_ids"])
        return found

    def depth(self, parameter: str) -> int:
        """Embeddings, one block, head."""
        return {"letters": 0, "places": 0, "answers": 0, "last": 2}.get(parameter.partition(".")[0], 1)

    @property
    def layers(self) -> int:
        """One."""
        return 1

    def save(self, folder: Path) -> None:
        """`model.safetensors`."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({n: v.contiguous() for n, v in self.state_dict().items()}, folder / "model.safetensors")

    def backbone(self) -> nn.Module:
        """Itself."""
        return self


def _of_the_same_row(mask: Tensor, positions: Tensor) -> Tensor:
    """[B, L, L]: rows of a packed line do not see each other; positions begin anew in each."""
    begins = ((positions == 0) & (mask != 0)).cumsum(-1)
    return begins[:, :, None] == begins[:, None, :]


def _earlier(ids: Tensor) -> Tensor:
    """[1, T, T] whether a place comes before another or is it."""
    places = torch.arange(ids.shape[1], device=ids.device)
    return (places[:, None] >= places[None, :])[None]
