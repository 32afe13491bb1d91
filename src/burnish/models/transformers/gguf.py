"""A GGUF file as a network: its numbers are read back to float32."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

from burnish.core.collecting import importing
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.models.transformers.configuration import quiet


def from_gguf(path: Path) -> Network:
    """The language model in a GGUF file.

    Raises:
        InputError: the file cannot be read, or its architecture is unknown to transformers.
    """
    with importing():
        from transformers import AutoModelForCausalLM

    from burnish.models.transformers.language import LanguageModel

    try:
        with quiet(), redirect_stderr(StringIO()):  # a bar of its own for each file
            model = AutoModelForCausalLM.from_pretrained(
                str(path.parent), gguf_file=path.name, local_files_only=True, dtype="float32"
            )
    except (ValueError, OSError, KeyError, ImportError, NotImplementedError) as error:
        raise InputError(
            f"the GGUF file cannot be opened: {str(error).strip().splitlines()[0]}", place=str(path)
        ) from error
    model.is_quantized = False  # it was read back to float32
    return LanguageModel(model.float().eval())
