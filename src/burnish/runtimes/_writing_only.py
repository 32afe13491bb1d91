"""Runtimes of formats that write texts and have nothing else to answer with."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Runner, Runtime
from burnish.targets import Target


class WritingOnly(Runtime):
    """A runtime that writes, and gives no logits."""

    instead: ClassVar[str] = "torch"
    """The runtimes that give logits, in words."""
    artifact: str | None = Field(None, description="Which artifact of the bundle; null: the fastest of its format.")

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """None: it writes, and gives no logits.

        Raises:
            InputError: always.
        """
        raise InputError(
            f"runtime {self.kind()!r} writes texts, and gives no logits", fix=f"runtime: {type(self).instead}"
        )
