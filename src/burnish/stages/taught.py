"""Losses that are not to be had of answers, by a network in this process alone."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.data.feeding.loader import Loader
from burnish.evaluation.predict import TaughtLosses, needs_truth
from burnish.losses import Loss
from burnish.training.objectives import Objective
from burnish.training.placed import losses_alone

if TYPE_CHECKING:
    from burnish.core.network import Network


def taught_losses(network: Network, loss: Loss, objective: Objective, loader: Loader) -> TaughtLosses | None:
    """Of a batch as training reads it, the losses of its rows; None where they are had of answers.

    Args:
        network, loss: what computes.
        objective: how they meet in training: in chunks, say, where logits of all places would fill the memory.
        loader: of the rows that will be asked for.
    """
    if not needs_truth(loader.target, loss):
        return None
    return losses_alone(network, loss, partial(objective.module, probe=lambda: _two_rows(network, loader)))


def _two_rows(network: Network, loader: Loader) -> dict[str, Any]:
    import torch

    device = next(network.parameters()).device
    inputs = loader.batch(np.arange(min(2, len(loader.rows)))).inputs
    return {name: torch.from_numpy(value).to(device) for name, value in inputs.items()}
