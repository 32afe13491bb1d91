"""What the last layer of an image network reads, and that layer with its dropout, apart from the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from burnish.core.network import HeadSplit, Inseparable, modes_kept

RunModule = Callable[[nn.Module], Any]


def head_split(
    model: nn.Module, head: Sequence[str], run: Callable[[nn.Module, dict[str, Any]], Any], inputs: Any
) -> HeadSplit:
    """Body and head of an image network.

    The head is the layer that gives the logits, with the dropout right in front of it.

    Args:
        model: the library's module.
        head: paths of the layers that give the logits.
        run: calls a module on named inputs.
        inputs: a few rows.

    Raises:
        Inseparable: several such layers, or one that reads more than a row of numbers.
    """
    if len(head) != 1:
        raise Inseparable(f"{type(model).__name__} has {len(head)} layers that give logits")
    path = head[0]
    layer = model.get_submodule(path)
    rate = _dropout_before(model, path, lambda module: run(module, inputs))

    def reading(module: nn.Module) -> Callable[..., torch.Tensor]:
        return lambda **tensors: _read_by(module, path, lambda network: run(network, tensors))

    def quickened() -> Callable[..., torch.Tensor]:
        from burnish.models._folding import folded

        one = {name: value[:1] for name, value in inputs.items()}
        return reading(folded(model, lambda module: run(module, one)))

    def logits(features: torch.Tensor) -> torch.Tensor:
        outputs: torch.Tensor = layer(functional.dropout(features, rate, layer.training))
        return outputs

    return HeadSplit(reading(model), logits, quickened)


def _read_by(model: nn.Module, path: str, run: RunModule) -> torch.Tensor:
    """The input of a layer when the model runs."""
    seen: list[torch.Tensor] = []
    layer = model.get_submodule(path)
    handle = layer.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[0]))
    try:
        run(model)
    finally:
        handle.remove()
    if len(seen) != 1 or seen[0].ndim != 2:
        shape = list(seen[0].shape[1:]) if seen else []
        raise Inseparable(f"the last layer of {type(model).__name__} is called {len(seen)} times, on {shape} of a row")
    return seen[0]


@torch.no_grad()
def _dropout_before(model: nn.Module, path: str, run: RunModule) -> float:
    """The rate of the dropout whose output the layer reads in train mode; 0 where there is none.

    Seen by running the model once, because some architectures call a function and some have a module for it. Batch norms
    are held in eval mode, and the random stream is put back.
    """
    devices = {p.device for p in model.parameters() if p.device.type == "cuda"}
    with modes_kept(model):
        model.train()
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        with torch.random.fork_rng(devices=list(devices)), _Dropouts() as dropouts:
            read = _read_by(model, path, run)
    rate: float = dropouts.rates.get(read.data_ptr(), 0.0)
    return rate


class _Dropouts(TorchFunctionMode):
    """Notes the rate of every dropout by the place of its output in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: dict[int, float] = {}
        self._kept: list[torch.Tensor] = []  # so that no place in memory is used twice

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        output = func(*args, **kwargs)
        if func is functional.dropout:
            given = dict(zip(("input", "p", "training"), args, strict=False)) | kwargs
            if given.get("training", True) and isinstance(output, torch.Tensor):
                self.rates[output.data_ptr()] = float(given.get("p", 0.5))
                self._kept.append(output)
        return output
