"""CTranslate2: language models and Whisper on a CPU or GPU without torch, also in 8 bits."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from burnish.core.errors import InputError, RunFailed
from burnish.core.files import read_json, write_json
from burnish.core.generated import Ends
from burnish.exporters import Exportable, Exporter, Tell, beside_weights

if TYPE_CHECKING:
    from pathlib import Path

PRECISIONS = {"float32": "float32", "float16": "float16", "bfloat16": "bfloat16", "int8": "int8_float32"}


class Ctranslate2(Exporter):
    """A language model or Whisper for CTranslate2, which writes without torch; in 8 bits activations are quantised as they come.

    Of Whisper, faster-whisper opens the same folder.
    """

    runtime: ClassVar[str] = "ctranslate2"
    writes: ClassVar[bool] = True
    extra: ClassVar[str] = "ctranslate2"
    safer: ClassVar[dict[str, tuple[str, ...]]] = {
        "int8": ("float16", "float32"),
        "bfloat16": ("float32",),
        "float16": ("float32",),
    }
    """Of each precision the more careful ones, in the order in which they are tried where it does not pass the gate."""
    precision: Literal["float32", "float16", "bfloat16", "int8"] = Field(
        "float32", description="Number type of the weights; int8: one scale for each row of a matrix."
    )

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Convert the bundle's weights, which are merged; the tokenizer's files and the template are copied beside."""
        _require_writer(source)
        try:
            from ctranslate2.converters import TransformersConverter
        except ImportError as error:
            raise InputError("this export needs ctranslate2", fix="pip install 'burnish[ctranslate2]'") from error
        beside = [name for name in beside_weights(source.model) if name != "config.json"]  # it has one of its own
        tell("converting")
        said = io.StringIO()
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                warnings.simplefilter("ignore")
                converter = TransformersConverter(str(source.model), copy_files=beside, low_cpu_mem_usage=True)
                converter.convert(str(folder), quantization=PRECISIONS[self.precision], force=True)
        except (ValueError, RuntimeError, KeyError, AttributeError, TypeError, NotImplementedError) as error:
            first = str(error).strip().partition("\n")[0]
            raise RunFailed(
                f"CTranslate2 has no converter for this network: {first}",
                expected="an architecture that ctranslate2 knows, such as Llama, Qwen, Gemma, GPT-2, Phi, Whisper",
                fix="export it to onnx, safetensors or gguf",
                place=str(source.model),
            ) from error
        _name_tokens(folder / "config.json")
        if source.target.shape == "decoded" and source.ends is not None:
            _forbid(folder / "config.json", source.ends)
        return {"file": "model.bin", "inputs": {}}


def _require_writer(source: Exportable) -> None:
    """Refuse networks that write nothing the library could write, before anything takes time."""
    shape = source.target.shape
    if shape == "frames":
        raise InputError(
            "CTranslate2 writes token by token, and this network answers for each frame of a sound (CTC)",
            fix="burnish export RUN --to onnx",
            place="--to",
        )
    if shape != "decoded":
        return
    config = read_json(source.model / "config.json")
    if config.get("model_type") != "whisper":
        raise InputError(
            f"CTranslate2 has no converter for {config.get('model_type')!r}, which hears and writes",
            expected="whisper",
            fix="serve it with torch, or fine-tune Whisper",
            place=str(source.model),
        )
    if source.ends is not None and source.ends.stop != {config.get("eos_token_id")}:
        raise InputError(
            f"transcripts end with the tokens {sorted(source.ends.stop)}, and CTranslate2 ends them with eos_token_id alone",
            expected=f"{config.get('eos_token_id')}",
            place=str(source.model),
        )


def _forbid(path: Path, ends: Ends) -> None:
    """What is never written, and never first, as the bundle has it: faster-whisper and the runtime read it there."""
    write_json(
        path, {**read_json(path), "suppress_ids": sorted(ends.never), "suppress_ids_begin": sorted(ends.never_first)}
    )


def _name_tokens(path: Path) -> None:
    """Tokens that the checkpoint lacks get the name of one it has: the library wants a text, and prompts bring their own."""
    config = read_json(path)
    known = next((config[name] for name in ("eos_token", "bos_token", "unk_token") if config.get(name)), "")
    named = {name: known for name in ("bos_token", "eos_token", "unk_token") if name in config and not config[name]}
    write_json(path, {**config, **named})
