"""The network of `tests.toy_sequences`: one block of attention, from letters to letters."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from burnish.core.network import Network
from tests.toy_sequences import BEGIN, LONGEST, MARK

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


class Reverser(Network):
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
        """[B, T, letters]: of a decoder that is shown nothing, what it would answer, step by step."""
        if self.way == "decoder" and "decoder_input_ids" not in inputs:
            return self._answered(**inputs)
        return self.place_logits(self.place_states(**inputs))

    def place_states(self, **inputs: Tensor) -> Tensor:
        """[B, T, D] at each place of the answer."""
        ids, mask, positions = (inputs[name] for name in ("input_ids", "attention_mask", "position_ids"))
        states = self.letters(ids) + self.places(positions)
        seen = (mask[:, None, :] != 0).expand(-1, ids.shape[1], -1)
        if self.way == "causal":
            begins = ((positions == 0) & (mask != 0)).cumsum(-1)  # rows of a packed line do not see each other
            seen = seen & (begins[:, :, None] == begins[:, None, :]) & _earlier(ids)
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

    def _answered(self, **inputs: Tensor) -> Tensor:
        shown = torch.full((len(inputs["input_ids"]), 1), BEGIN, device=inputs["input_ids"].device)
        logits = []
        for _ in range(LONGEST):
            logits.append(self.place_logits(self.place_states(**inputs, decoder_input_ids=shown))[:, -1])
            shown = torch.cat([shown, logits[-1].argmax(-1, keepdim=True)], dim=1)
        return torch.stack(logits, dim=1)

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


def replies(network: Reverser, ids: Tensor, longest: int = LONGEST) -> list[list[int]]:
    """Greedy replies of a causal network to one question each, [B] of ids [B, L] without padding."""
    found = torch.cat([ids, torch.full((len(ids), 1), MARK)], dim=1)
    for _ in range(longest):
        positions = torch.arange(found.shape[1]).expand(len(found), -1)
        logits = network(input_ids=found, attention_mask=torch.ones_like(found), position_ids=positions)
        found = torch.cat([found, logits[:, -1:].argmax(-1)], dim=1)
    return found[:, ids.shape[1] + 1 :].tolist()


def _earlier(ids: Tensor) -> Tensor:
    """[1, T, T] whether a place comes before another or is it."""
    places = torch.arange(ids.shape[1], device=ids.device)
    return (places[:, None] >= places[None, :])[None]
