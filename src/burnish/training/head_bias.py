"""Where fresh heads begin: at how common each label is."""

from __future__ import annotations

import torch

from burnish.core.batch import Array
from burnish.core.network import Network


def begun(network: Network, prior: Array | None) -> list[str]:
    """Let a fresh head begin where a target says; a note where it does.

    Args:
        network: before training.
        prior: [C] logits, or None for all 0.
    """
    if prior is None or not begin_at(network, prior):
        return []
    return ["the head begins at how common each label is among the training examples"]


def begin_at(network: Network, logits: Array) -> bool:
    """Set the bias of a head's last layer, so that an untrained network gives these logits on average.

    Of several labels a row each is rare, and a head that begins at a half for all of them spends its first steps, and the
    features below it, on learning that. Beginning at the prior (Lin et al. 2017, arXiv 1708.02002, section 4.1) saves them.

    Args:
        network: before training; one whose head came with the checkpoint stays as it is.
        logits: [C], such as the log-odds of each label among the training examples.

    Returns:
        Whether there is such a bias, and a fresh one.
    """
    biases = [
        parameter
        for name, parameter in network.named_parameters()
        if name.endswith("bias")
        and network.depth(name) == network.layers + 1
        and tuple(parameter.shape) == logits.shape
    ]
    if not biases or not network.fresh_head:
        return False
    with torch.no_grad():
        biases[-1].copy_(torch.from_numpy(logits))
    return True
