"""Inputs that read files beside the table."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TypeVar

L = TypeVar("L", bound="Located")


class Located(ABC):
    """It reads files that rows name by their paths."""

    @abstractmethod
    def located(self: L, folder: Path) -> L:
        """This input with paths in the data taken relative to `folder`, where no other folder is given."""
