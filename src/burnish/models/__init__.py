"""Models: where a pretrained network comes from. One file a library."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from burnish.core.component import Component
from burnish.core.family import Family
from burnish.inputs import Input
from burnish.models._label_names import stored_label_names
from burnish.targets import Target

if TYPE_CHECKING:
    from burnish.core.network import Network


class Head(BaseModel):
    """What stands in the place of the one linear layer that gives the logits."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    layers: int = Field(2, ge=1, le=8, description="Linear layers; 1 alone is the library's own head.")
    width: int | None = Field(None, ge=1, description="Numbers between them; null: as many as the head reads.")
    activation: Literal["gelu", "relu", "silu", "tanh"] = Field("gelu", description="Behind each layer but the last.")
    norm: Literal["layer", "batch", "group", "weight"] | None = Field(
        None, description="Behind each layer but the last; weight: of the weights of all layers; null: none."
    )
    dropout: float = Field(0.0, ge=0, lt=1, description="Rate in front of each layer.")
    pooling: Literal["first", "last", "mean", "max", "attention"] | None = Field(
        None, description="How the states of an example become what the head reads; null: the library's own way."
    )

    @model_validator(mode="after")
    def _between(self) -> Self:
        if self.layers == 1 and (self.width is not None or self.norm in ("layer", "batch", "group")):
            raise ValueError("width, and norm but for weight, stand between layers, and there is one: say layers: 2")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether it is the library's own head: one layer, and nothing else."""
        return self.layers == 1 and self.norm is None and not self.dropout and self.pooling is None

    def saved(self) -> Head:
        """As it is built for weights that were saved: those of weight norms are plain then."""
        return self.model_copy(update={"norm": None}) if self.norm == "weight" else self

    def words(self, inputs: int, outputs: int) -> str:
        """A note that says what it is."""
        sizes = [inputs, *[self.width or inputs] * (self.layers - 1), outputs]
        parts = [f"head of {self.layers} linear layer{'s' * (self.layers > 1)}: {' to '.join(map(str, sizes))}"]
        parts += [self.activation] if self.layers > 1 else []
        parts += [f"{self.norm} norm"] if self.norm else []
        parts += [f"dropout {self.dropout:g}"] if self.dropout else []
        parts += [f"{self.pooling} pooling"] if self.pooling else []
        return ", ".join(parts)


class Model(Component):
    """A pretrained checkpoint and how it is loaded."""

    axis: ClassVar[str] = "burnish.models"
    shorthand: ClassVar[str] = "name"
    shapes_head: ClassVar[bool] = False
    """Whether `build` and `load` know `head`."""
    name: str = Field(
        "starter", description="Local folder, hub name, 'starter', or 'auto': chosen among those of BURNISH_MODELS."
    )
    revision: str | None = Field(None, description="Branch, tag or commit of a hub name.")
    head: Head | None = Field(
        None, description="A deeper head: layers, width, activation, norm, dropout, pooling; null: one linear layer."
    )

    @property
    def deeper(self) -> Head | None:
        """The head, where it is another than the library's own."""
        return None if self.head is None or self.head.is_plain else self.head

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

    def label_names(self) -> tuple[str, ...]:
        """What the checkpoint's own head answers, in the order of its logits; empty where its configuration names nothing.

        Raises:
            InputError: as `folder`.
        """
        return stored_label_names(self.folder())

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
