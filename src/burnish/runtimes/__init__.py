"""Runtimes: arrays in, logits out, whatever computes them. One file each."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, Protocol

from burnish.core.batch import Array
from burnish.core.component import Component
from burnish.inputs import Input
from burnish.targets import Target


class Run(Protocol):
    """A model that answers: the seam between torch, onnxruntime and the rest."""

    def __call__(self, **arrays: Array) -> Array:
        """Logits, float32: [B, C] or [B, L, C]."""


class Runtime(Component):
    """What computes a bundle's answers."""

    axis: ClassVar[str] = "burnish.runtimes"
    reads: ClassVar[str] = ""
    """The format of artifact it opens; empty: the bundle's own `model/`."""

    @abstractmethod
    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Run:
        """The model in a bundle's folder, ready to answer.

        Args:
            folder: `model/` of the bundle, or the folder of an artifact in the format it reads.
            model: the recipe's model settings, with `kind`.
            input, target: as the bundle keeps them.

        Raises:
            InputError: the library is not installed, or the files do not fit.
        """
