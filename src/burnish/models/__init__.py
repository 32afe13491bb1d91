"""Models: where a pretrained network comes from. One file a library."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from burnish.core.component import Component
from burnish.core.family import Family
from burnish.inputs import Input
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network


class Model(Component):
    """A pretrained checkpoint and how it is loaded."""

    axis: ClassVar[str] = "burnish.models"
    shorthand: ClassVar[str] = "name"
    name: str = Field(
        "starter", description="Local folder, hub name, 'starter', or 'auto': chosen among those of BURNISH_MODELS."
    )
    revision: str | None = Field(None, description="Branch, tag or commit of a hub name.")

    @abstractmethod
    def folder(self) -> Path:
        """The local folder with configuration, weights and processor; hub names are downloaded through huggingface_hub.

        Raises:
            InputError: neither a folder nor reachable on the hub.
        """

    def family(self, input: Input) -> Family:
        """What the network is built of, found without building it: the usual settings of a training depend on it.

        Never an error: where nothing can be told, the family is 'other', and `build` says what is wrong.
        """
        return Family()

    @abstractmethod
    def build(self, input: Input, target: Target, *, seed: int) -> Network:
        """The pretrained network with a fresh head of `target.outputs` logits, initialised from `seed`.

        Raises:
            InputError: no weights, weights that do not fit the architecture (tensors named), corrupt files, or no head
                for this input and target.
        """

    @abstractmethod
    def load(self, folder: Path, input: Input, target: Target) -> Network:
        """A trained network as `Network.save` wrote it.

        Raises:
            InputError: a tensor is missing, left over or misshapen.
        """
