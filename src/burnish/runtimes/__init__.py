"""Runtimes: arrays in, logits or sequences out, whatever computes them. One file each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.core.generated import Chance, Ends, Generated, Progress
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

    def check(self, decoder: Decoder) -> None:
        """Whether it can write as this decoder asks.

        Raises:
            InputError: a setting that it does not have.
        """

    def together(self) -> Together:
        """Sequences side by side, each with a decoder of its own; none yet."""


@dataclass(eq=False)
class Writing:
    """One sequence that is asked for.

    Attributes:
        arrays: inputs of one row, [1, L].
        decoder: of this sequence.
        ends: what ends it.
        seed: where chance decides; None: any, and nobody wants the same again.
        tell: told of each token, in the thread that writes.
        fail: told why nothing more comes, likewise.
        left: set, from any thread, when nobody wants the rest.
        others: how many of the most probable tokens are told beside each; None: no chances are told.
        tell_prompt: told of the chances of the prompt's tokens from the second on, before the first token, in the thread
            that writes; `others` is given then. None: nobody asks.
    """

    arrays: Mapping[str, Array]
    decoder: Decoder
    ends: Ends
    seed: int | None
    tell: Callable[[Progress], None]
    fail: Callable[[Exception], None]
    left: bool = False
    others: int | None = None
    tell_prompt: Callable[[Sequence[Chance]], None] | None = None


class Together(Protocol):
    """Sequences that are written side by side, in one thread; what each becomes is what it would become alone."""

    @property
    def in_batches(self) -> bool:
        """Whether those that are added while others are written wait until these have ended."""

    @property
    def most_told(self) -> int | None:
        """Most tokens of a sequence whose chances are told, those of its prompt beside them; None: any number."""

    @property
    def room(self) -> int:
        """How many may be added now, of any number that is asked for; 0 while those that are written are not done."""

    @property
    def live(self) -> int:
        """How many are being written."""

    def add(self, writings: Sequence[Writing]) -> None:
        """Begin these."""

    def advance(self) -> None:
        """Write on, a token of each at least, and tell of it. An error of one is told to it alone."""


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

    def require(self, decoder: Decoder, target: Target, ends: Ends) -> None:
        """Whether it can write predictions of a target as a decoder asks; by default all that torch can.

        Raises:
            InputError: a setting that it does not have.
        """

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The model in a bundle's folder, ready to write; arguments and errors as of `open`.

        Raises:
            InputError: also where this runtime, or the network, answers in one pass only.
        """
        raise InputError(f"runtime {self.kind()!r} predicts in one pass, and does not write", fix="runtime: torch")
