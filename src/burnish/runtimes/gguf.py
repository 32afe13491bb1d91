"""Texts written by a GGUF file's weights in torch: the proof of what is in the file, not the fast way to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Generate, Runner, Runtime
from burnish.targets import Target


class Gguf(Runtime):
    """The weights of a GGUF file, read back to float32 and computed by torch; llama.cpp runs the file itself."""

    reads: ClassVar[str] = "gguf"
    artifact: str | None = Field(None, description="Which artifact of the bundle; null: the fastest of its format.")

    def open(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Runner:
        """None: it writes, and gives no logits.

        Raises:
            InputError: always.
        """
        raise InputError("runtime 'gguf' writes texts, and gives no logits", fix="runtime: torch")

    def generates(self, folder: Path, model: dict[str, Any], input: Input, target: Target) -> Generate:
        """The model in an artifact's folder.

        Raises:
            InputError: torch or gguf is missing, or the file cannot be read.
        """
        try:
            import gguf  # noqa: F401
            import torch  # noqa: F401
        except ImportError as error:
            raise InputError("this runtime needs torch and gguf", fix="pip install 'burnish[train,gguf]'") from error
        from burnish.models.transformers.gguf import from_gguf
        from burnish.runtimes._in_memory import generating

        return generating(from_gguf(folder / "model.gguf"))
