"""Frozen linear layers, with and without low-rank matrices beside them, that compute no more than training them needs.

The library's own layer of a low-rank update makes the update, a scaled copy of it and the sum one after the other, and twice
the gradient of what it read. Here all of it is added where it belongs while matrices are multiplied. Under mixed precision a
weight that learns is made smaller once a step; a frozen one is made smaller whenever it is used: here once.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import Tensor, nn
from torch.nn import functional as F

ADAPTER = "default"
_Small = tuple[tuple[Any, ...], Tensor]
_SMALL: WeakKeyDictionary[nn.Module, _Small] = WeakKeyDictionary()
"""Of each frozen layer its weight in the number type of mixed precision, and of which weight that was made."""


class FrozenLinear(nn.Linear):
    """A linear layer; while it is frozen its weight is made smaller once for mixed precision."""

    def forward(self, input: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        dtype = _mixed(input)
        if dtype is None or self.weight.requires_grad:
            return super().forward(input)
        return F.linear(input, _in(self, self.weight, dtype), self.bias)


class LowRankLinear(LoraLinear):  # type: ignore[misc, unused-ignore]
    """peft's layer with one low-rank update beside a frozen weight, computed in one piece."""

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """[..., in] to [..., out]: the frozen layer, plus scale times B times A."""
        base = self.get_base_layer()
        learns = base.weight.requires_grad or (base.bias is not None and base.bias.requires_grad)
        if args or kwargs or learns or self.disable_adapters or self.merged or not torch.is_grad_enabled():
            plain: Tensor = super().forward(x, *args, **kwargs)
            return plain
        low, high = self.lora_A[ADAPTER].weight, self.lora_B[ADAPTER].weight
        dtype = _mixed(x) or base.weight.dtype
        weight = _in(base, base.weight, dtype)
        bias = None if base.bias is None else base.bias.to(dtype)
        with torch.autocast(x.device.type, enabled=False):
            out: Tensor = _LowRank.apply(
                x.to(dtype).reshape(-1, x.shape[-1]),
                weight if isinstance(base, nn.Linear) else weight.T,
                bias,
                low.to(dtype),
                high.to(dtype),
                self.scaling[ADAPTER],
            )
        return out.view(
            *x.shape[:-1], -1
        )  # here, and not inside: some networks write into what a layer gives (wav2vec 2.0)


def hasten(model: nn.Module, vocabulary: nn.Module | None) -> None:
    """Let the layers of an adapted model compute as here, where what they compute is the same.

    Args:
        model: with peft's layers inside, and what is frozen frozen.
        vocabulary: the layer of the logits, which has no update.
    """
    for module in model.modules():
        if type(module) is LoraLinear and _plain(module):
            module.__class__ = LowRankLinear
    if type(vocabulary) is nn.Linear:
        vocabulary.__class__ = FrozenLinear


def _plain(layer: Any) -> bool:
    """Whether a layer has one update, without dropout, bias or another formula than LoRA's."""
    base = layer.get_base_layer()
    known = type(base) is nn.Linear or type(base).__name__ == "Conv1D"  # transformers' own, transposed
    same = known and layer.lora_A.keys() == {ADAPTER} and len({p.dtype for p in layer.parameters()}) == 1
    identity = same and isinstance(layer.lora_dropout[ADAPTER], nn.Identity)
    return bool(identity and not layer.lora_variant and not layer.lora_bias[ADAPTER])


def _mixed(values: Tensor) -> torch.dtype | None:
    """The number type of mixed precision, where that is on."""
    device = values.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None


def _in(layer: nn.Module, weight: Tensor, dtype: torch.dtype) -> Tensor:
    """A frozen weight in a number type, made once."""
    if weight.dtype == dtype:
        return weight.detach()
    made_of = (dtype, weight.device, weight.data_ptr(), weight._version)
    kept = _SMALL.get(layer)
    if kept is None or kept[0] != made_of:
        with torch.inference_mode(False), torch.no_grad():  # else training could not read what validation made
            kept = _SMALL[layer] = (made_of, weight.detach().to(dtype))
    return kept[1]


class _LowRank(torch.autograd.Function):
    """x W' + b + s (x A') B' of x [N, in], and its gradients of x, A and B."""

    @staticmethod
    def forward(
        ctx: Any, flat: Tensor, weight: Tensor, bias: Tensor | None, low: Tensor, high: Tensor, scale: float
    ) -> Tensor:
        out = flat @ weight.T if bias is None else torch.addmm(bias, flat, weight.T)
        inner = flat @ low.T
        ctx.save_for_backward(flat, inner, weight, low, high)
        ctx.scale = scale
        return out.addmm_(inner, high.T, alpha=scale)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        flat, inner, weight, low, high = ctx.saved_tensors
        outer = gradients[0]
        of_inner = outer @ high
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (outer @ weight).addmm_(of_inner, low, alpha=ctx.scale)
        of_low = (of_inner.T @ flat).mul_(ctx.scale)
        return of_x, None, None, of_low, (outer.T @ inner).mul_(ctx.scale), None
