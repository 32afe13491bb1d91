"""A network that rounds: put on, frozen, taken off, and put on again for an export."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import MethodType
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from burnish.core.network import Network
from burnish.training.rounding.places import Places
from burnish.training.rounding.scales import Range, dequantized, rounded_weights, whole_weights
from burnish.training.step_part import StepPart

RANGES = "rounding.json"
"""In `bundle/model`: the places and ranges of a network that was trained for int8."""
HELD = "ranges"


class Ranges(nn.ModuleDict):
    """The ranges of a network by the path of their place, and what was put onto it."""

    def __init__(self, places: Places) -> None:
        super().__init__()
        self.places = places
        self.handles: list[Any] = []
        self.exporting = False

    def of(self, path: str) -> Range:
        """The range of a place."""
        return cast(Range, self[_key(path)])


def quantised(network: Network, places: Places, *, momentum: float = 0.05) -> Ranges:
    """Let a network round at these places; `network.ranges` holds the ranges, which are saved in checkpoints.

    Args:
        network: its batch norms are folded.
        places: in it.
        momentum: of the ranges.
    """
    ranges = Ranges(places)
    device = next(network.parameters()).device
    for path in dict.fromkeys([*places.inputs.values(), *(f"{p}:out" for p in places.outputs)]):
        ranges[_key(path)] = Range(momentum).to(device)
    for norm, convolution in places.norms.items():
        _fold(network.get_submodule(convolution), network.get_submodule(norm))
    network.add_module(HELD, ranges)
    _put_on(network, ranges)
    return ranges


def in_float(network: Network) -> dict[str, Any]:
    """Take the rounding off; the places and ranges as plain values."""
    ranges = cast(Ranges, network.get_submodule(HELD))
    for handle in ranges.handles:
        handle.remove()
    for path in [*ranges.places.weights, *ranges.places.norms]:
        vars(network.get_submodule(path)).pop("forward", None)
    told = {
        "format": 1,
        "places": asdict(ranges.places),
        "ranges": {key: [float(r.low), float(r.high)] for key, r in ranges.items() if isinstance(r, Range)},
    }
    delattr(network, HELD)
    return told


def restored(network: Network, folder: Path) -> Ranges | None:
    """The rounding that a bundle was trained with, put onto its network; None where it was trained in float.

    Args:
        network: as it was read from the folder, in eval mode.
        folder: `bundle/model`.
    """
    file = folder / RANGES
    if not file.is_file():
        return None
    told = json.loads(file.read_text(encoding="utf-8"))
    places = Places(**told["places"])
    ranges = Ranges(places)
    for key, (low, high) in told["ranges"].items():
        one = Range()
        one.low.fill_(low)
        one.high.fill_(high)
        ranges[key] = one
    network.add_module(HELD, ranges)
    _put_on(network, ranges)
    return ranges.eval()


@contextmanager
def as_onnx(ranges: Ranges, network: Network) -> Iterator[None]:
    """While it lasts, the network computes with whole weights and operators of ONNX, to be traced."""
    wholes: list[nn.Module] = []
    for path in ranges.places.weights:
        module = network.get_submodule(path)
        turned = isinstance(module, nn.Linear)
        weight = cast(Tensor, module.weight)
        whole, scale = whole_weights(weight, None if isinstance(module, nn.Embedding) else 0)
        module.register_buffer("whole", whole.T.contiguous() if turned else whole, persistent=False)
        module.register_buffer("whole_scale", scale, persistent=False)
        wholes.append(module)
    _exporting(ranges, on=True)
    try:
        yield
    finally:
        _exporting(ranges, on=False)
        for module in wholes:
            del module.whole, module.whole_scale


def _exporting(ranges: Ranges, *, on: bool) -> None:
    ranges.exporting = on
    for one in ranges.values():
        cast(Range, one).exporting = on


class Freezing(StepPart):
    """Leaves the ranges as they are from some point of the run on.

    Args:
        network: with ranges.
        share: of the run.
    """

    def __init__(self, network: Network, share: float) -> None:
        self.network, self.share = network, share

    def comes_to(self, step: int, total: int) -> None:
        """Observe, or not any more."""
        for one in cast(Ranges, self.network.get_submodule(HELD)).values():
            cast(Range, one).observing = step < self.share * total


def _put_on(network: Network, ranges: Ranges) -> None:
    places = ranges.places
    for path in places.weights:
        module = network.get_submodule(path)
        forward = next(f for kind, f in _FORWARD.items() if isinstance(module, kind))
        module.forward = MethodType(forward(ranges), module)
    for path in places.norms:
        norm = network.get_submodule(path)
        norm.forward = MethodType(_shifted, norm)
    for path, name in places.inputs.items():
        ranges.handles.append(network.get_submodule(path).register_forward_pre_hook(_before(ranges.of(name))))
    for path in places.outputs:
        one = ranges.of(f"{path}:out")
        ranges.handles.append(network.get_submodule(path).register_forward_hook(_behind(one)))


def _before(one: Range) -> Callable[..., Any]:
    def hook(module: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
        return (one(given[0]), *given[1:])

    return hook


def _behind(one: Range) -> Callable[..., Any]:
    def hook(module: nn.Module, given: tuple[Any, ...], output: Tensor) -> Any:
        return one(output)

    return hook


def _linear(ranges: Ranges) -> Callable[..., Tensor]:
    def forward(layer: Any, states: Tensor) -> Tensor:
        if ranges.exporting:
            product = torch.matmul(states, dequantized(layer.whole, layer.whole_scale, 1))
            return product if layer.bias is None else product + layer.bias
        return F.linear(states, rounded_weights(layer.weight).to(layer.weight.dtype), layer.bias)

    return forward


def _convolution(ranges: Ranges) -> Callable[..., Tensor]:
    def forward(layer: Any, states: Tensor) -> Tensor:
        if ranges.exporting:
            weight = dequantized(layer.whole, layer.whole_scale, 0)
        else:
            weight = rounded_weights(layer.weight).to(layer.weight.dtype)
        convolved: Tensor = layer._conv_forward(states, weight, layer.bias)
        return convolved

    return forward


def _embedding(ranges: Ranges) -> Callable[..., Tensor]:
    def forward(layer: Any, ids: Tensor) -> Tensor:
        if ranges.exporting:
            return dequantized(layer.whole[ids], layer.whole_scale, None)
        weight = rounded_weights(layer.weight, None).to(layer.weight.dtype)
        return F.embedding(ids, weight, layer.padding_idx)

    return forward


_FORWARD: dict[type, Any] = {nn.Linear: _linear, nn.Conv2d: _convolution, nn.Embedding: _embedding}


def _shifted(norm: Any, states: Tensor) -> Tensor:
    """What is left of a batch norm that was folded."""
    shift: Tensor = norm.bias
    return states + shift[:, None, None]


@torch.no_grad()
def _fold(convolution: Any, norm: Any) -> None:
    """Put a batch norm into the convolution before it, as far as the configuration of the network can say it.

    The norm stays in its place and adds what is left: with mean 0 and as much variance as its root with epsilon is 1.
    """
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    convolution.weight *= factor.view(-1, *[1] * (convolution.weight.ndim - 1))
    shift = norm.bias - norm.running_mean * factor
    if convolution.bias is not None:
        shift = shift + convolution.bias * factor
        convolution.bias.zero_()
        convolution.bias.requires_grad_(False)
    norm.bias.copy_(shift)
    norm.weight.fill_(1.0)
    norm.weight.requires_grad_(False)
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)


def _key(path: str) -> str:
    return path.replace(".", "/")
