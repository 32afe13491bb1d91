"""Only what is read: where the head looks at the first token alone, the last block computes its dense part for no other.

In BERT and its relatives a classification head reads the first token of the last block. Attention in that block needs
every token; what comes after it (the output of attention and the feed-forward part, three quarters of a block's
weights) works token by token, and for all tokens but the first its result is thrown away. Leaving it out changes
neither answers nor gradients, only the rounding of another shape of matrix.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from burnish.models._anatomy import last_block

_TAKES = ("hidden_states", "input_tensor")
_PROBE = (2, 6)


class FirstToken:
    """A hook before the dense part of the last block that passes the first token on, while `active`."""

    def __init__(self) -> None:
        self.active = True

    def __call__(self, module: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """[B, L, D] each to [B, 1, D] each."""
        return tuple(tensor[:, :1] for tensor in given) if self.active else given


def read_first_token_only(model: Any) -> FirstToken | None:
    """Hook a model whose head reads the first token alone; None, and nothing changed, where that is not so.

    It is tried out, not assumed: with the hook, the body must give one token and the head the same logits.
    """
    part = _dense_part(model.base_model)
    if part is None:
        return None
    hook = FirstToken()
    handle = part.register_forward_pre_hook(hook)
    training = model.training
    model.eval()
    try:
        fits = _same_answers(model, hook)
    finally:
        model.train(training)
    if not fits:
        handle.remove()
        return None
    return hook


def _dense_part(body: nn.Module) -> nn.Module | None:
    """`attention.output` of the last block, where it is of BERT's kind: attention's answer and the block's input go in."""
    dense = getattr(getattr(last_block(body), "attention", None), "output", None)
    if not isinstance(dense, nn.Module) or tuple(inspect.signature(dense.forward).parameters) != _TAKES:
        return None
    return dense


def _same_answers(model: Any, hook: FirstToken) -> bool:
    ids = torch.arange(1, 1 + _PROBE[0] * _PROBE[1], device=model.device).reshape(_PROBE)
    ids = ids.remainder(model.config.vocab_size)
    given = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    with torch.inference_mode():
        one = model(**given).logits
        short = model.base_model(**given).last_hidden_state.shape[1] == 1
        hook.active = False
        every = model(**given).logits
        hook.active = True
    tolerance = 1e-4 if model.dtype == torch.float32 else 2e-2
    return short and one.shape == every.shape and torch.allclose(one, every, atol=tolerance, rtol=tolerance)
