"""The network of `toy_answers`: it needs torch, the components beside it do not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from burnish.core.network import Generating, Network, Tensors
from tests.toy_answers import LETTERS

WIDTH = 16


class ToyNetwork(Network, Generating):
    """One layer of causal attention; positions are counted from the first token that is no padding."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.letters, self.places = nn.Embedding(len(LETTERS), WIDTH), nn.Embedding(64, WIDTH)
            self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
            self.out = nn.Linear(WIDTH, len(LETTERS))
            nn.init.normal_(self.out.weight, std=1.0)

    def _read(self, ids: torch.Tensor, places: torch.Tensor, cache: Any, allowed: torch.Tensor) -> Any:
        """Logits [B, L, V], and keys and values with those of these tokens behind the ones before."""
        x = self.letters(ids) + self.places(places.clamp(min=0))
        keys, values = self.key(x), self.value(x)
        if cache is not None:
            keys, values = torch.cat([cache[0], keys], 1), torch.cat([cache[1], values], 1)
        weights = (self.query(x) @ keys.transpose(1, 2)) / WIDTH**0.5
        weights = weights.masked_fill(~allowed, torch.finfo(weights.dtype).min).softmax(-1)
        return self.out(torch.tanh(x + weights @ values)), (keys, values)

    def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        """[B, L, V]: of each place the logits of what follows."""
        ids, mask = inputs["input_ids"], inputs["attention_mask"].bool()
        causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
        return self._read(ids, mask.cumsum(1) - 1, None, causal & mask[:, None, :])[0]

    def step(self, inputs: Tensors, ids: torch.Tensor | None, cache: Any) -> tuple[torch.Tensor, Any]:
        if ids is None:
            ids, mask = inputs["input_ids"], inputs["attention_mask"].bool()
            causal = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool).tril()
            logits, own = self._read(ids, mask.cumsum(1) - 1, None, causal & mask[:, None, :])
            return logits[:, -1], (*own, mask)
        mask = torch.cat([cache[2], torch.ones(len(ids), 1, dtype=torch.bool)], 1)
        logits, own = self._read(ids[:, None], mask.sum(1, keepdim=True) - 1, cache[:2], mask[:, None, :])
        return logits[:, -1], (*own, mask)

    def picked(self, cache: Any, rows: torch.Tensor) -> Any:
        return tuple(own[rows] for own in cache)

    def features(self, **inputs: torch.Tensor) -> torch.Tensor:
        return self.letters(inputs["input_ids"]).mean(1)

    def depth(self, parameter: str) -> int:
        return 2 if parameter.startswith("out") else 1

    @property
    def layers(self) -> int:
        return 1

    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        save_file(self.state_dict(), folder / "model.safetensors")
        (folder / "config.json").write_text(json.dumps({"seed": self.seed}))

    def backbone(self) -> nn.Module:
        return self
