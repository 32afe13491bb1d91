"""Documents of many lengths, tiny checkpoints that read them, and runs over them before their first step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from burnish.recipe.recipe import Recipe
from burnish.stages.prepare.prepare import prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.training.accelerator import Accelerator
from tests.checkpoints import DEFAULT_TEXTS, tiny_checkpoint
from tests.integration.tiny_runs import QUICK

TASKS = {"llama": "language-modeling", "gpt2": "language-modeling", "bert": "masked-language-modeling"}
LIMIT = 24
"""Tokens of the longest window: most documents have several."""


def documents(count: int = 40, seed: int = 0) -> list[dict[str, str]]:
    """Rows with a text of 4 to 60 words each."""
    words = sorted({word for text in DEFAULT_TEXTS for word in text.split()})
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(words, random.integers(4, 60))) for _ in range(count)]
    return [{"text": f"{text}, naïve café {number}.", "id": f"d{number}"} for number, text in enumerate(texts)]


def checkpoint(folder: Path, architecture: str) -> Path:
    """A tiny checkpoint that knows the words; made once."""
    place = folder / architecture
    return place if (place / "config.json").is_file() else tiny_checkpoint(place, architecture)


def settings(architecture: str, model: Path, data: Any, **more: Any) -> dict[str, Any]:
    """The recipe of a tiny run over documents."""
    return {
        "data": data,
        "task": TASKS[architecture],
        "model": str(model),
        "input": {"max_length": LIMIT},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
        **QUICK,
        **more,
    }


def assembled(architecture: str, folder: Path, **more: Any) -> Assembled:
    """A run before its first step, in float64 and without dropout, over the shipped way of reading."""
    model = checkpoint(folder, architecture)
    data = {"train": documents(), "cache": str(folder / "cache")}
    recipe = settings(architecture, model, data, optimizer="sgd", **{"learning_rate": 0.1, **more})
    recipe["model"] = {"kind": "transformers", "name": str(model), "dropout": None}
    accelerator = Accelerator("cpu", "float32")
    made = assemble(prepare(Recipe.load(recipe), lambda event: None, accelerator), accelerator, lambda text: None)
    made.training.network.double()
    return made
