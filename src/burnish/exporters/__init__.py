"""Exporters: a trained network becomes a file that other libraries run. One file a format."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.generated import Ends
from burnish.inputs import Input
from burnish.targets import Target

if TYPE_CHECKING:
    from torch import nn

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Exportable:
    """What is exported.

    Attributes:
        network: the trained network in eval mode and float32, with what is to be in the graph before it.
        model: the bundle's `model/`: weights in the library's own layout, with tokenizer or processor settings.
        input, target: as the bundle keeps them.
        arrays: a batch of two or more real rows, as the network is called: names to arrays with a batch axis.
        max_length: the most tokens of a row; None where rows have no length, or no limit.
        ends: what ends a sequence, and what is never written in it; None of answers that are none.
    """

    network: nn.Module
    model: Path
    input: Input
    target: Target
    arrays: dict[str, Array]
    max_length: int | None
    ends: Ends | None = None


class Exporter(Component):
    """What a bundle is exported to."""

    axis: ClassVar[str] = "burnish.exporters"
    runtime: ClassVar[str] = ""
    """The kind of runtime that reads what it writes; empty: the plain weights, which torch reads."""
    writes: ClassVar[bool] = False
    """Whether what it exports can write texts."""
    extra: ClassVar[str] = ""
    """The optional dependencies it needs, as in `pip install 'burnish[EXTRA]'`."""

    def require(self, target: Target) -> None:
        """Refuse what it cannot write, before anything takes time.

        Raises:
            InputError: answers of this target.
        """

    @abstractmethod
    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Write the model into an empty folder.

        Args:
            source: what is exported.
            folder: is there, and empty.
            tell: takes a sentence about what was done.

        Returns:
            Facts for artifact.json: `file`, and for runtimes `inputs` {name: {type, shape}}, where a word in a shape
            stands for any number; `max_length` where fixed shapes cut rows; `kept_in_float`, names of operators that no
            compression may touch.

        Raises:
            InputError: a library is missing, or the settings do not fit the model.
            RunFailed: the library cannot convert this network; what it says is in the message.
        """


def beside_weights(model: Path) -> list[str]:
    """Names of the files of a bundle's `model/` that go with the weights of a model that writes: tokenizer, template, settings."""
    files = [p.name for p in model.iterdir() if p.is_file() and p.suffix in (".json", ".jinja", ".model")]
    return sorted(name for name in files if name != "model.safetensors.index.json")


def preceded(first: nn.Module, network: nn.Module) -> nn.Module:
    """A network that does something itself with the named tensors it is given; in eval mode.

    Args:
        first: named tensors to those that the network reads.
        network: the trained one.
    """
    import torch

    class Preceded(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.network = first, network

        def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = self.network(**self.first(**inputs))
            return logits

    return Preceded().eval()


def one_window(what: str, fix: str) -> InputError:
    """The error of a format that cannot hold rows of several windows."""
    return InputError(
        f"an example of this model is any number of windows, and {what} hold a fixed number",
        expected="free shapes: ONNX without --static",
        fix=f"{fix}, or train with long: truncate",
        place="--to",
    )


def fixed_length(wanted: int | None, limit: int | None) -> int:
    """The length of fixed shapes: as wanted, else the model's limit.

    Raises:
        ValueError: neither is known.
    """
    length = wanted if wanted is not None else limit
    if length is None:
        raise ValueError("no length")
    return min(length, limit) if limit is not None else length
