"""Compression: a smaller or faster model that answers alike. One file a method; pruning and distillation have their place here."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from burnish.core.batch import Array
from burnish.core.component import Component

Batches = Sequence[dict[str, Array]]


@dataclass(frozen=True)
class Settled:
    """A compression with everything decided.

    Attributes:
        compression: what is tried first.
        words: why it is not what is usual; empty: it is.
        facts: what an artifact remembers of the decision.
    """

    compression: Compression
    words: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


class Compression(Component):
    """How an exported model is made smaller or faster."""

    axis: ClassVar[str] = "burnish.compression"

    @property
    @abstractmethod
    def precision(self) -> str:
        """What the result is called, as in the artifact's name: int8, float16 ..."""

    @property
    @abstractmethod
    def is_float(self) -> bool:
        """Whether it still computes in floating point, so that no decision may change."""

    @abstractmethod
    def compress(self, model: Path, out: Path, calibration: Batches) -> None:
        """Write a compressed model.

        Args:
            model: the ONNX file.
            out: the file to write.
            calibration: batches of training rows, as the network is called.

        Raises:
            RunFailed: the library cannot compress this model.
        """

    def settled(self) -> Settled:
        """The same with what was left open decided for this processor."""
        return Settled(self)

    @abstractmethod
    def safer(self) -> Sequence[Compression]:
        """The same with ever more caution: what to try in turn where this changes too many decisions."""

    def safest(self) -> Sequence[Compression]:
        """What to try when leaving out the most sensitive operators did not help either: safe, and slow."""
        return ()

    @abstractmethod
    def layers(self, model: Path) -> Sequence[str]:
        """Names of the operators it changes, which `sparing` can leave alone."""

    @abstractmethod
    def sparing(self, names: Sequence[str]) -> Compression:
        """The same, with these operators left as they are."""

    @abstractmethod
    def only(self, names: Sequence[str], model: Path) -> Compression:
        """The same for these operators alone: how sensitive they are, is measured by it."""
