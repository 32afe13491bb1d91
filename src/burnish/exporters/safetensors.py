"""Plain weights, in the layout of the library they belong to."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any, ClassVar, cast

from burnish.core.errors import InputError
from burnish.exporters import Exportable, Exporter, Tell

if TYPE_CHECKING:
    from pathlib import Path

    from burnish.core.network import Network

WEIGHTS, ENSEMBLE = "model.safetensors", "ensemble.json"


class Safetensors(Exporter):
    """Plain safetensors that transformers, timm or torchvision load without burnish; LoRA is merged in float32."""

    writes: ClassVar[bool] = True

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Write weights and configuration with the library's own writer, and the tokenizer or image settings beside."""
        if (source.model / ENSEMBLE).is_file():
            raise InputError(
                "this model is several networks, and no other library loads them as one",
                expected="--to onnx, which holds them all in one graph",
                fix="load the folders model/fold-0 and on by themselves, and take the mean of their logits",
                place="--to",
            )
        cast("Network", source.network).save(folder)
        shutil.rmtree(folder / "adapter", ignore_errors=True)  # the merged weights have it in them
        for path in source.model.iterdir():
            if path.is_file() and not (folder / path.name).exists() and path.suffix != ".safetensors":
                shutil.copy2(path, folder / path.name)
        return {"file": WEIGHTS, "inputs": {}}
