"""The adapter alone, in peft's layout: a few megabytes beside the checkpoint it belongs to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, ClassVar

from burnish.core.errors import InputError
from burnish.exporters import Exportable, Exporter, Tell

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS = "adapter_model.safetensors"


class Peft(Exporter):
    """The LoRA adapter alone, for `PeftModel.from_pretrained(BASE, FOLDER)`, with tokenizer, template and stop tokens beside."""

    runtime: ClassVar[str] = "peft"
    writes: ClassVar[bool] = True

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Copy the adapter, and what a prompt is made with.

        Raises:
            InputError: the bundle has no adapter: all weights were trained, or the adapter was merged.
        """
        adapter = source.model / "adapter"
        if not (adapter / WEIGHTS).is_file():
            raise InputError(
                "the bundle has no adapter: all of its weights were trained, or the adapter was merged before saving",
                expected="a run with `adapter: lora`",
                fix="export it to safetensors",
                place=str(source.model),
            )
        beside = [
            p for p in source.model.iterdir() if p.is_file() and p.suffix != ".safetensors" and p.name != "config.json"
        ]
        for path in (*adapter.iterdir(), *beside):
            if not (folder / path.name).exists():
                shutil.copy2(path, folder / path.name)
        return {"file": WEIGHTS, "inputs": {}}
