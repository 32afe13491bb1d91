"""Tiny language models over conversations, before their first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training.accelerator import Accelerator
from tests.chat_rows import chat_rows, chat_texts
from tests.checkpoints import chat_checkpoint
from tests.integration.tiny_runs import QUICK


def chat_run(folder: Path, architecture: str = "llama", *, precision: str = "float32", **more: Any) -> Assembled:
    """A run over conversations of one exchange, as `burnish train` puts it together; nothing is written beside `folder`.

    Args:
        folder: holds the checkpoint, made once, and the cache.
        architecture: of `checkpoints.DECODERS`.
        precision: computed in.
        more: fields of the recipe; `model` holds settings beside its name.
    """
    place = folder / architecture
    if not (place / "config.json").is_file():
        chat_checkpoint(place, architecture, texts=chat_texts())
    settings = {
        **QUICK,
        "data": {"train": chat_rows(), "cache": str(folder / "cache")},
        "task": "instruction-tuning",
        "adapter": {"kind": "lora", "rank": 2},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
        "precision": precision,
        **more,
    }
    settings["model"] = {"kind": "transformers", "name": str(place), **more.get("model", {})}
    accelerator = Accelerator("cpu", precision)  # type: ignore[arg-type]
    return assemble(prepare(Recipe.load(settings), lambda event: None, accelerator), accelerator, lambda text: None)
