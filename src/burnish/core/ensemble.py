"""Several networks as one: the mean of their logits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from burnish.core.errors import InputError
from burnish.core.network import Network

FILE = "ensemble.json"
"""Beside the folders of the networks: how many there are."""


class Ensemble(Network):
    """Networks of one architecture, each trained without another part of the rows.

    Args:
        networks: two or more.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)
        self.notes, self.seed = list(networks[0].notes), networks[0].seed

    @property
    def first(self) -> Network:
        """The first of them."""
        network = self.networks[0]
        assert isinstance(network, Network)
        return network

    def forward(self, **inputs: Tensor) -> Tensor:
        """The mean of their logits, in float32 at least."""
        logits = [network(**inputs) for network in self.networks]
        return torch.stack([one if one.dtype == torch.float64 else one.float() for one in logits]).mean(0)

    def features(self, **inputs: Tensor) -> Tensor:
        """The mean of what their bodies see."""
        return torch.stack([network.features(**inputs) for network in self.networks]).mean(0)  # type: ignore[operator]

    def depth(self, parameter: str) -> int:
        """As of each network."""
        return self.first.depth(parameter.split(".", 2)[2])

    @property
    def layers(self) -> int:
        """Of each network."""
        return self.first.layers

    def backbone(self) -> nn.Module:
        """That of the first network."""
        return self.first.backbone()

    def save(self, folder: Path) -> None:
        """A folder for each network, as its library saves it: none of them is the model alone."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, network in enumerate(self.networks):
            assert isinstance(network, Network)
            network.save(folder / place(number))
        (folder / FILE).write_text(json.dumps({"networks": len(self.networks)}) + "\n", encoding="utf-8")


def place(number: int) -> str:
    """The folder of a network, counted from 0."""
    return f"fold-{number}"


def read(folder: Path, load: Callable[[Path], Network]) -> Network:
    """What `load` gives of a folder, or of each network in it.

    Raises:
        InputError: as `load`; or the file that counts them is not what was written.
    """
    if not (folder / FILE).is_file():
        return load(folder)
    told = json.loads((folder / FILE).read_text(encoding="utf-8"))
    count = told.get("networks") if isinstance(told, dict) else None
    if not isinstance(count, int) or not 2 <= count <= 100:
        raise InputError(f"{FILE} names no number of networks", fix="copy the whole bundle again", place=str(folder))
    return Ensemble([load(folder / place(number)) for number in range(count)])
