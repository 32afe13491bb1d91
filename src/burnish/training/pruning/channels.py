"""Channels of convolutional networks that are zero while a network learns, and are taken out at the end."""

from __future__ import annotations

from typing import Any

import torch

from burnish.core.channels import Channels, Narrowable
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.training.pruning import Steps
from burnish.training.step_part import StepPart


def going(network: Network, share: float) -> tuple[list[Channels], dict[str, Any]]:
    """The channels of which some go, and the arguments of the library that say so.

    Raises:
        InputError: no convolutional network whose library can be told of other widths.
    """
    if not isinstance(network, Narrowable):
        raise InputError(
            f"{type(network.backbone()).__name__} is no network of torchvision or timm",
            fix="leave prune.channels out",
            place="prune.channels",
        )
    return network.narrower(share)


class ChannelPruning(StepPart):
    """Sets the weakest channels to zero after each step; it remembers nothing: what is zero is the weakest.

    Args:
        network: of torchvision or timm.
        share: of the channels inside each block that go.
        steps: by when.
    """

    def __init__(self, network: Network, share: float, steps: Steps) -> None:
        self.model, self.steps, self.share = network.backbone(), steps, 0.0
        self.groups, arguments = going(network, share)
        assert isinstance(network, Narrowable)
        network.require_sayable(arguments, self.groups)

    def comes_to(self, step: int, total: int) -> None:
        """How much is to be gone."""
        self.share = self.steps.share(step, total)

    @torch.no_grad()
    def on_weights(self) -> None:
        """Zeros."""
        for group in self.groups:
            gone = round(self.share * (group.have - group.keep))
            if gone:
                group.zero(self.model, torch.topk(group.strengths(self.model), gone, largest=False).indices)


def take_out_channels(network: Network, share: float) -> None:
    """Take the weakest channels out, which are zero once pruning was complete, and say the new widths in the configuration."""
    groups, arguments = going(network, share)
    assert isinstance(network, Narrowable)
    model = network.backbone()
    for group in groups:
        group.take(model, torch.topk(group.strengths(model), group.keep).indices.sort().values)
    network.narrowed(arguments)
