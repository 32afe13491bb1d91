"""Rows of embeddings and logits for tokens that a checkpoint's vocabulary did not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def extend(model: Any, ids: Sequence[int]) -> None:
    """Give each of these tokens a row: the mean of the rows of all tokens before them, in float32.

    So a new token is at first as likely as tokens are on average (Hewitt, 2021, nlp.stanford.edu/~johnhew/vocab-expansion).
    Tied matrices stay one; rows that a padded vocabulary has already are used.

    Args:
        model: of the library, with its own head.
        ids: ascending, the first behind all tokens of the checkpoint.
    """
    known, needed = min(ids), max(ids) + 1
    means = [_mean(layer.weight, known) for layer in _tables(model)]
    if needed > model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(needed, mean_resizing=False)
    rows = torch.tensor(list(ids))
    with torch.no_grad():
        for layer, mean in zip(_tables(model), means, strict=True):
            layer.weight[rows] = mean.to(layer.weight.dtype)
            if getattr(layer, "bias", None) is not None:
                layer.bias[rows] = layer.bias[:known].float().mean().to(layer.bias.dtype)


def _tables(model: Any) -> list[Any]:
    """The embeddings, and the layer of the logits where it has a matrix of its own."""
    embeddings, logits = model.get_input_embeddings(), model.get_output_embeddings()
    own = logits is not None and logits.weight is not embeddings.weight
    return [embeddings, logits] if own else [embeddings]


def _mean(weight: torch.Tensor, known: int) -> torch.Tensor:
    return weight[:known].detach().float().mean(0)
