"""What the layers of a network give in a forward pass: sums of a sample, and units that give nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.network import Network

SAMPLE = 65536
"""Numbers of each output that statistics are taken from, evenly over it."""
ROWS = 8
"""Rows of each output in which units are looked at."""
CUT_OFF = ("ReLU", "ReLU6", "Hardswish", "Hardsigmoid", "ReLUActivation", "SquaredReLU")
"""Classes of activations that are 0 over a half line: a unit that is there for every row has no gradient, and is dead."""


class Activations:
    """Hooks that take note of outputs, until they are removed.

    Args:
        network: whose layers are found by `depth`.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._blocks = dict(blocks(network))
        self._cut = [(path, module) for path, module in network.named_modules() if type(module).__name__ in CUT_OFF]
        self._depths = {path: _depth_around(network, path) for path, _ in self._cut}
        self._hooks: list[Any] = []
        self._forget()

    def watch(self) -> None:
        """Look at every forward pass from now on."""
        self.stop()
        self._forget()
        self._hooks = [self._network.register_forward_pre_hook(self._begin)]
        self._hooks += [m.register_forward_hook(self._block(depth)) for depth, m in self._blocks.items()]
        self._hooks += [module.register_forward_hook(self._units(path)) for path, module in self._cut]

    def stop(self) -> None:
        """Look no more."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def sums(self) -> dict[int, list[Tensor]]:
        """By depth: numbers seen, their sum, the sum of their squares, and the largest without its sign; float32 scalars."""
        return self._sums

    def units(self) -> dict[int, tuple[int, Tensor, int]]:
        """By depth: units that may be dead, how many gave nothing, and the fewest values that were seen of one."""
        found: dict[int, tuple[int, Tensor, int]] = {}
        for (path, _, _), (alive, seen) in self._alive.items():
            units, dead, least = found.get(self._depths[path], (0, torch.zeros((), device=alive.device), seen))
            found[self._depths[path]] = (units + alive.numel(), dead + (~alive).sum(), min(least, seen))
        return found

    def _forget(self) -> None:
        self._sums: dict[int, list[Tensor]] = {}
        self._alive: dict[tuple[str, int, int], tuple[Tensor, int]] = {}
        self._calls: dict[str, int] = {}

    def _begin(self, module: nn.Module, inputs: Any) -> None:
        self._calls = {}

    def _block(self, depth: int) -> Any:
        @torch.no_grad()
        def see(module: nn.Module, inputs: Any, output: Any) -> None:
            found = next(_tensors(output), None)
            if found is None or not found.numel():
                return
            values = sampled(found.detach(), SAMPLE).float()
            new = [values.new_tensor(float(values.numel())), values.sum(), values.square().sum(), values.abs().max()]
            old = self._sums.get(depth)
            self._sums[depth] = (
                new
                if old is None
                else [*(a + b for a, b in zip(old[:3], new, strict=False)), torch.maximum(old[3], new[3])]
            )

        return see

    def _units(self, path: str) -> Any:
        @torch.no_grad()
        def see(module: nn.Module, inputs: Any, output: Any) -> None:
            if not isinstance(output, Tensor) or output.ndim < 2:
                return
            call = self._calls[path] = self._calls.get(path, 0) + 1
            axis = 1 if output.ndim == 4 else output.ndim - 1  # channels of a picture, else features
            others = [i for i in range(output.ndim) if i != axis]
            some = output.detach()[:ROWS]
            alive = (some != 0).any(dim=others) if others else some != 0
            key, seen = (path, call, alive.numel()), some.numel() // alive.numel()
            old = self._alive.get(key)
            self._alive[key] = (alive, seen) if old is None else (old[0] | alive, old[1] + seen)

        return see


def blocks(network: Network) -> Iterator[tuple[int, nn.Module]]:
    """Of each depth the outermost module that holds parameters of this depth alone, the one with the most of them."""
    depths = {name: network.depth(name) for name, _ in network.named_parameters()}
    best: dict[int, tuple[int, nn.Module]] = {}
    for path, module in network.named_modules():
        own = [(n, p) for n, p in network.named_parameters() if n.startswith(f"{path}.")] if path else []
        held = {depths[n] for n, _ in own}
        if len(held) == 1 and not isinstance(module, nn.ModuleList | nn.ModuleDict):
            depth, size = held.pop(), sum(p.numel() for _, p in own)
            if depth not in best or size > best[depth][0]:
                best[depth] = (size, module)
    yield from sorted((depth, module) for depth, (_, module) in best.items())


def sampled(tensor: Tensor, most: int) -> Tensor:
    """At most so many numbers, evenly over the memory of a tensor, as a flat one; all of it where it has no more."""
    for order in (None, (0, 2, 3, 1)):
        laid = tensor if order is None else tensor.permute(order) if tensor.ndim == 4 else tensor
        if laid.is_contiguous():
            flat = laid.view(-1)
            break
    else:
        flat = tensor.reshape(-1)
    # Odd, so that it does not fall on the same places of rows whose length is a power of 2.
    return flat if flat.numel() <= most else flat[:: (flat.numel() // most) | 1]


def _tensors(output: Any) -> Iterator[Tensor]:
    """Tensors of real numbers in an output, the first one first."""
    if isinstance(output, Tensor):
        if output.is_floating_point():
            yield output
    elif isinstance(output, tuple | list):
        for item in output:
            yield from _tensors(item)
    elif isinstance(output, dict):
        yield from _tensors(list(output.values()))


def _depth_around(network: Network, path: str) -> int:
    """The depth of the nearest module around a path that has parameters: of the first of them."""
    names = [name for name, _ in network.named_parameters()]
    while path:
        inside = next((name for name in names if name.startswith(f"{path}.")), None)
        if inside is not None:
            return network.depth(inside)
        path = path.rpartition(".")[0]
    return network.depth(names[0])
