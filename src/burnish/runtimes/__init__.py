"""Runtimes: arrays in, logits or sequences out, whatever computes them. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.generated import Ends, Generated, Progress
from burnish.decoders import Decoder
from burnish.inputs import Input
from burnish.targets import Target


class Runner(Protocol):
    """A model that answers: the seam between torch, onnxruntime and the rest."""

    def __call__(self, **arrays: Array) -> Array:
        """Logits, float32: [B, C] or [B, L, C]."""


class Generate(Protocol):
    """A model that writes: the seam beside `Runner`, for answers that are sequences."""

    def __call__(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> list[Generated]:
        """Token ids of each of B rows, with their score and why they ended; see `Decoder.written`."""

    def writing(
        self, arrays: Mapping[str, Array], decoder: Decoder, ends: Ends, seeds: Sequence[int] = ()
    ) -> Iterator[Progress]:
        """The same, told while it is written; see `Decoder.writing`."""


class Runtime(Component):
    """What computes a bundle's answers."""

    axis: ClassVar[str] = "burnish.runtimes"
    reads: ClassVar[str] = ""
    """The format of artifact it opens; empty: the bundle's own `model/`."""

    @abstractmethod
    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """The model in a bundle's folder, ready to answer.

        Args:
            folder: `model/` of the bundle, or the folder of an artifact in the format it reads.
            model: the recipe's model settings, with `kind`.
            input, target: as the bundle keeps them.

        Raises:
            InputError: the library is not installed, or the files do not fit.
        """

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The model in a bundle's folder, ready to write; arguments and errors as of `open`.

        Raises:
            InputError: also where this runtime, or the network, answers in one pass only.
        """
        raise InputError(f"runtime {self.kind()!r} answers in one pass, and does not write", fix="runtime: torch")
