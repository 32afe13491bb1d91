"""Noise on the embeddings of a language model while it learns, by which it copies less of its few answers."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


class EmbeddingNoise:
    """NEFTune (Jain et al., 2023, arXiv 2310.05914): uniform noise within alpha / sqrt(tokens x width) on what is embedded.

    Added in training alone, from torch's own stream, which the loop seeds for each step: a resumed run draws the same. The
    tokens are those of each row, without padding, also where rows share a line.

    Args:
        model: of the library; a hook is put on its embeddings.
        alpha: strength; the paper has 5 to 15.
    """

    def __init__(self, model: Any, alpha: float) -> None:
        self.alpha = alpha
        self.tokens: torch.Tensor | None = None
        model.get_input_embeddings().register_forward_hook(self)

    def reads(self, inputs: dict[str, torch.Tensor]) -> None:
        """Take note of how long the rows of the next forward pass are."""
        self.tokens = tokens_of_rows(inputs)

    def __call__(self, module: nn.Module, given: tuple[Any, ...], embedded: torch.Tensor) -> torch.Tensor | None:
        """The embeddings [B, L, D] with noise; None, which leaves them as they are, where nothing is learned."""
        if not module.training or self.tokens is None:
            return None
        bound = self.alpha / (self.tokens * embedded.shape[-1]).to(embedded.dtype).sqrt()
        noise = torch.empty_like(embedded).uniform_(-1, 1)
        return embedded + noise * bound[..., None]


def tokens_of_rows(inputs: dict[str, torch.Tensor]) -> torch.Tensor:
    """How many tokens the row of each place has: [B, 1], or [B, L] where rows share lines (their places begin anew at 0)."""
    positions, mask, ids = inputs.get("position_ids"), inputs.get("attention_mask"), inputs["input_ids"]
    if positions is None:
        whole = torch.full((len(ids), 1), ids.shape[1], device=ids.device)
        return whole if mask is None else mask.sum(1, keepdim=True).clamp(min=1)
    row = (positions == 0).cumsum(1)  # from 1; each place of padding is a row of its own
    counts = torch.zeros(len(ids), ids.shape[1] + 1, dtype=torch.long, device=ids.device)
    counts.scatter_add_(1, row, torch.ones_like(row))
    return counts.gather(1, row)
