"""GGUF: one file for llama.cpp and what is built on it, with tokenizer, chat template and stop tokens inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from burnish.core.errors import InputError
from burnish.exporters import Exportable, Exporter, Tell

if TYPE_CHECKING:
    from pathlib import Path

FILE = "model.gguf"


class Gguf(Exporter):
    """One GGUF file for llama.cpp, Ollama or LM Studio: Llama, Mistral, Qwen2 and Qwen3 kinds with byte-level tokenizers."""

    runtime: ClassVar[str] = "gguf"
    extra: ClassVar[str] = "gguf"
    writes: ClassVar[bool] = True
    safer: ClassVar[dict[str, tuple[str, ...]]] = {"q8_0": ("float16", "float32"), "float16": ("float32",)}
    """Of each precision the more careful ones, in the order in which they are tried where it does not pass the gate."""
    precision: Literal["float32", "float16", "q8_0"] = Field(
        "float16",
        description="Number type of the matrices; q8_0: 8 bits, a scale for each 32 numbers. Vectors are float32.",
    )

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Write weights, tokenizer, chat template, stop tokens and settings into `model.gguf`.

        Raises:
            InputError: the package gguf is missing, or an architecture or tokenizer that is not written here.
        """
        try:
            import gguf  # noqa: F401
        except ImportError as error:
            raise InputError("this export needs the package gguf", fix="pip install 'burnish[gguf]'") from error
        from burnish.exporters.gguf.writing import write

        write(source, folder / FILE, self.precision)
        return {"file": FILE, "inputs": {}}
