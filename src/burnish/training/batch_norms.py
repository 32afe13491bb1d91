"""Statistics of batch norms, estimated anew for weights that no step has ended with."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from burnish.adapters import hold_still
from burnish.core.batch import Batch
from burnish.core.network import Network, modes_kept
from burnish.training.accelerator import Accelerator


def learning_norms(network: nn.Module) -> list[_BatchNorm]:
    """The batch norms whose running statistics training changes; the network is left as it was."""
    with modes_kept(network):
        network.train()
        hold_still(network)
        return [m for m in network.modules() if isinstance(m, _BatchNorm) and m.training and m.track_running_stats]


@torch.no_grad()
def estimated_anew(network: Network, batches: Iterable[Batch], accelerator: Accelerator, seed: int) -> None:
    """Give the batch norms the mean statistics of these batches, as `torch.optim.swa_utils.update_bn` does.

    Everything else in the network is as it was, and all of it where it has none; it ends in eval mode.

    Args:
        network: with the weights that the statistics are for.
        batches: training rows, the same in every process.
        accelerator: device and precision.
        seed: of dropout, which is on as it is in training.
    """
    norms = learning_norms(network)
    if not norms:
        network.eval()
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean over all batches
    network.train()
    hold_still(network)
    devices = [accelerator.device] if accelerator.device.type == "cuda" else []
    try:
        with torch.random.fork_rng(devices=devices), accelerator.autocast():
            torch.manual_seed(seed)
            for batch in batches:
                network(**accelerator.tensors(batch.inputs))
    finally:
        network.eval()
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
