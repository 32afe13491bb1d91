"""A temperature becomes part of the weights, so that whoever computes the network gets calibrated logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch

from burnish.core.batch import Array
from burnish.core.network import Network

TOLERANCE = 1e-4  # of the largest logit: what float32 rounds in one layer


def folded(network: Network, temperature: float, outputs: int, logits: Callable[[], Array]) -> bool:
    """Divide a network's logits by a temperature, in weight and bias of its last layer.

    That is exact where the last layer is linear, and whether it is, some rows say: a layer is left as it was where the
    logits do not become those divided by the temperature.

    Args:
        network: with the weights that will be saved.
        temperature: what the logits are divided by.
        outputs: how many logits there are.
        logits: of some rows, computed by the network as it is now.

    Returns:
        Whether there was such a layer; if not, nothing has changed.
    """
    wanted = logits() / temperature
    for layer in _last_layers(network, outputs):
        before = [parameter.detach().clone() for parameter in layer]
        with torch.no_grad():
            for parameter in layer:
                parameter.div_(temperature)
        now = logits()
        if now.shape == wanted.shape and np.allclose(
            now, wanted, rtol=0, atol=TOLERANCE * (1e-6 + np.abs(wanted).max())
        ):
            return True
        with torch.no_grad():
            for parameter, value in zip(layer, before, strict=True):
                parameter.copy_(value)
    return False


def _last_layers(network: Network, outputs: int) -> Iterator[list[torch.nn.Parameter]]:
    """Weight and bias of each layer of the head with as many outputs, the last one first."""
    parameters = dict(network.named_parameters())
    for name, weight in reversed(list(parameters.items())):
        if not name.endswith("weight") or weight.ndim < 2 or weight.shape[0] != outputs:
            continue
        if network.depth(name) == network.layers + 1 and weight.is_floating_point():
            bias = parameters.get(name.removesuffix("weight") + "bias")
            yield [weight] if bias is None else [weight, bias]
