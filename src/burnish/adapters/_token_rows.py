"""Rows of the embeddings that learn beside low-rank matrices, while all others are frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from torch import nn

from burnish.core.errors import InputError

if TYPE_CHECKING:
    from burnish.core.network import Network

PLACE = "adapter.trainable_token_indices"


def token_rows(network: Network, ids: Sequence[int]) -> dict[str, list[int]] | None:
    """From paths in the backbone of what has a row for each token to the rows that learn; None where there are none.

    Those are the embeddings, and the layer of the logits where its matrix is another: of tied ones peft keeps the rows
    one and the same.

    Args:
        network: before anything is inserted.
        ids: the tokens.

    Raises:
        InputError: no embeddings, a token that is not there, or logits with a bias, which peft's layer leaves out.
    """
    if not ids:
        return None
    backbone: Any = network.backbone()
    embeddings = backbone.get_input_embeddings() if hasattr(backbone, "get_input_embeddings") else None
    if not isinstance(embeddings, nn.Embedding):
        raise InputError("the network has no embeddings of tokens", fix="leave it out", place=PLACE)
    if wrong := [number for number in ids if not 0 <= number < embeddings.num_embeddings]:
        raise InputError(
            f"token {wrong[0]} is not there", expected=f"0 to {embeddings.num_embeddings - 1:,}", place=PLACE
        )
    rows = sorted(set(ids))
    paths = {id(module): path for path, module in backbone.named_modules()}
    chosen = {paths[id(embeddings)]: rows}
    logits: Any = network.vocabulary
    if logits is None:
        return chosen
    if logits.weight is not embeddings.weight:
        chosen[paths[id(logits)]] = rows
    if logits.bias is not None:
        raise InputError(
            f"the logits of {type(backbone).__name__} have a bias, beside which single rows cannot learn",
            fix="use adapter: full, or leave it out",
            place=PLACE,
        )
    return chosen


def keep_hooks(network: Network) -> None:
    """Let what was hooked to the embeddings (noise, say) see them still: peft's layer does not call them."""
    backbone: Any = network.backbone()
    around = backbone.get_input_embeddings()
    inside = around.original_module
    around._forward_hooks.update(inside._forward_hooks)
    inside._forward_hooks.clear()
