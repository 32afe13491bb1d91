"""Batch norms of a trained network made part of the convolutions before them: the same answers in eval mode, faster."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import torch
from torch import nn


@torch.no_grad()
def folded(model: nn.Module, run: Callable[[nn.Module], Any]) -> nn.Module:
    """A copy in eval mode in which every batch norm that alone reads a convolution's output is folded into it.

    What else reads that output is not seen here: compare the copy's answers with the original's.

    Args:
        model: any module; left as it is, and in eval mode.
        run: calls a module on an example, so that it is seen what follows what.
    """
    copy = deepcopy(model).eval()
    for convolution, norm in _pairs(copy, run):
        layer, after = copy.get_submodule(convolution), copy.get_submodule(norm)
        replacement = _without_norm(after)
        if replacement is None:
            continue
        _fold(layer, after)
        parent, _, name = norm.rpartition(".")
        setattr(copy.get_submodule(parent), name, replacement)
    return copy


def _fold(layer: Any, norm: Any) -> None:
    from torch.nn.utils.fusion import fuse_conv_bn_weights

    layer.weight, layer.bias = fuse_conv_bn_weights(
        layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )


def _without_norm(norm: nn.Module) -> nn.Module | None:
    """What is left of a batch norm once it is folded; None for kinds that are not known."""
    if type(norm) is nn.BatchNorm2d:
        return nn.Identity()
    timm_norm: Any = norm
    # timm's norm with an activation of its own.
    if type(norm).__name__ == "BatchNormAct2d" and isinstance(norm, nn.BatchNorm2d):
        return nn.Sequential(timm_norm.drop, timm_norm.act)
    return None


def _pairs(model: nn.Module, run: Callable[[nn.Module], Any]) -> list[tuple[str, str]]:
    """(path of a convolution, path of the batch norm that reads its output), each called once in a run."""
    made: dict[int, tuple[str, Any]] = {}  # the outputs themselves are kept, so that no address is used twice
    calls: dict[str, int] = {}
    pairs: list[tuple[str, str]] = []
    handles = []

    def after(path: str) -> Callable[..., None]:
        def see(module: nn.Module, inputs: Any, output: Any) -> None:
            made[id(output)] = (path, output)
            calls[path] = calls.get(path, 0) + 1

        return see

    def before(path: str) -> Callable[..., None]:
        def see(module: nn.Module, inputs: Any) -> None:
            calls[path] = calls.get(path, 0) + 1
            if id(inputs[0]) in made:
                pairs.append((made[id(inputs[0])][0], path))

        return see

    for path, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            handles.append(module.register_forward_hook(after(path)))
        elif isinstance(module, nn.BatchNorm2d) and module.track_running_stats and module.affine:
            handles.append(module.register_forward_pre_hook(before(path)))
    try:
        run(model)
    finally:
        for handle in handles:
            handle.remove()
    readers = [convolution for convolution, _ in pairs]
    return [(c, n) for c, n in pairs if calls[c] == calls[n] == 1 and readers.count(c) == 1]
