"""Where a network is rounded: which weights, and which states before or behind which modules."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from burnish.core.network import Network

ACTIVATIONS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU, nn.Sigmoid, nn.LeakyReLU, nn.PReLU)
LARGE = 1 << 17  # numbers in an embedding from which on it is rounded


@dataclass(frozen=True)
class Places:
    """Paths of modules in a network.

    Attributes:
        weights: linear layers, convolutions and embeddings whose weights are rounded.
        inputs: modules whose first input is rounded, each with the name of its range: modules that read the same states
            share one.
        outputs: modules whose output is rounded.
        norms: batch norms, each with the convolution before it that it is folded into.
    """

    weights: list[str]
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    norms: dict[str, str] = field(default_factory=dict)


@dataclass
class _Call:
    path: str
    module: nn.Module
    reads: int | None
    gives: int | None


def places_of(network: Network, probe: dict[str, Tensor], *, embeddings: bool) -> Places:
    """The places of a network, from one pass over a few real rows.

    Of convolutional networks what each layer gives is rounded behind its norm and activation, so that int8 is passed from
    one to the next; of others what each product reads.

    Args:
        network: left as it was.
        probe: rows as the network reads them.
        embeddings: whether large embeddings are rounded.
    """
    calls, kept = _seen(network, probe)
    leaves = [call for call in calls if not any(True for _ in call.module.children())]
    products = [c for c in leaves if isinstance(c.module, nn.Linear | nn.Conv2d)]
    once = {c.path for c in products if sum(other.path == c.path for other in products) == 1}
    tables = [
        c.path for c in leaves if isinstance(c.module, nn.Embedding) and embeddings and c.module.weight.numel() >= LARGE
    ]
    weights = [c.path for c in products if c.path in once and type(c.module) in (nn.Linear, nn.Conv2d)]
    outputs: list[str] = []
    norms: dict[str, str] = {}
    if any(isinstance(c.module, nn.Conv2d) for c in products):
        norms = _norms(leaves)
        outputs = _outputs(calls, leaves, norms)
    given = {c.gives for c in calls if c.path in outputs}
    inputs, names = dict[str, str](), dict[int, str]()
    for call in products:
        if call.path in weights and call.reads is not None and call.reads not in given:
            inputs[call.path] = names.setdefault(call.reads, call.path)
    del kept
    return Places([*weights, *dict.fromkeys(tables)], inputs, outputs, norms)


@torch.no_grad()
def _seen(network: Network, probe: dict[str, Tensor]) -> tuple[list[_Call], list[Any]]:
    """Every call of a module in the order in which they end; and what they gave, so that no address is used twice."""
    calls: list[_Call] = []
    kept: list[Any] = []
    handles = []

    def watch(path: str) -> Any:
        def hook(module: nn.Module, given: tuple[Any, ...], output: Any) -> None:
            kept.append((given, output))
            reads = id(given[0]) if given and isinstance(given[0], Tensor) else None
            calls.append(_Call(path, module, reads, id(output) if isinstance(output, Tensor) else None))

        return hook

    training = [module for module in network.modules() if module.training]
    network.eval()
    for path, module in network.named_modules():
        if path:
            handles.append(module.register_forward_hook(watch(path)))
    try:
        network(**probe)
    finally:
        for handle in handles:
            handle.remove()
        for module in training:
            module.training = True
    return calls, kept


def _norms(leaves: list[_Call]) -> dict[str, str]:
    """Batch norms that alone read what a convolution gives."""
    readers: dict[int, list[_Call]] = defaultdict(list)
    for call in leaves:
        if call.reads is not None:
            readers[call.reads].append(call)
    found = {}
    for call in leaves:
        if type(call.module) is nn.Conv2d and call.gives is not None:
            after = readers[call.gives]
            if len(after) == 1 and type(after[0].module) is nn.BatchNorm2d and after[0].module.affine:
                found[after[0].path] = call.path
    return found


def _outputs(calls: list[_Call], leaves: list[_Call], norms: dict[str, str]) -> list[str]:
    """Where states end that the next layer reads: behind norms and activations, and behind sums in blocks."""
    followed = {call.reads for call in leaves if isinstance(call.module, ACTIVATIONS)}
    folded, inside = set(norms.values()), set[int | None]()
    outputs: dict[str, None] = {}
    for call in calls:
        leaf = not any(True for _ in call.module.children())
        new = call.gives not in inside and call.gives != call.reads
        inside.add(call.gives)
        if leaf:
            ends = isinstance(call.module, ACTIVATIONS) or (
                isinstance(call.module, nn.Conv2d | nn.BatchNorm2d)
                and call.path not in folded
                and call.gives not in followed
            )
            if ends:
                outputs[call.path] = None
        elif new and call.gives is not None and _is_picture(call):
            outputs[call.path] = None
    return list(outputs)


def _is_picture(call: _Call) -> bool:
    return "." in call.path  # what the whole network gives are logits
