"""Texts written by a GGUF file's weights in torch: the proof of what is in the file, not the fast way to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from burnish.core.errors import InputError
from burnish.inputs import Input
from burnish.runtimes import Generate
from burnish.runtimes._writing_only import WritingOnly
from burnish.targets import Target


class Gguf(WritingOnly):
    """The weights of a GGUF file, read back to float32 and computed by torch; llama.cpp runs the file itself."""

    reads: ClassVar[str] = "gguf"

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
