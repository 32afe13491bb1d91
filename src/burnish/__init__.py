"""burnish: supervised fine-tuning with proof.

    run = burnish.train(data="reviews.csv", target="label", out="runs/reviews")
    predictor = burnish.load("runs/reviews")
    answer = predictor("The parcel never came.")

Names are loaded when they are first used: importing burnish imports neither torch nor transformers.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.answering.explaining import Explanation
    from burnish.answering.predictor import Predictor, load
    from burnish.bundle.bundle import Bundle
    from burnish.core.answer import Answer
    from burnish.core.errors import BurnishError, InputError, Interrupted, NonFinite, RunFailed
    from burnish.recipe.recipe import Recipe
    from burnish.stages.api import evaluate, train
    from burnish.stages.train.finish import Run

__version__ = "0.16.0"

_PLACES = {
    "Answer": "burnish.core.answer",
    "Bundle": "burnish.bundle.bundle",
    "BurnishError": "burnish.core.errors",
    "Explanation": "burnish.answering.explaining",
    "InputError": "burnish.core.errors",
    "Interrupted": "burnish.core.errors",
    "NonFinite": "burnish.core.errors",
    "Predictor": "burnish.answering.predictor",
    "Recipe": "burnish.recipe.recipe",
    "Run": "burnish.stages.train.finish",
    "RunFailed": "burnish.core.errors",
    "evaluate": "burnish.stages.api",
    "load": "burnish.answering.predictor",
    "train": "burnish.stages.api",
}

__all__ = [
    "Answer",
    "Bundle",
    "BurnishError",
    "Explanation",
    "InputError",
    "Interrupted",
    "NonFinite",
    "Predictor",
    "Recipe",
    "Run",
    "RunFailed",
    "evaluate",
    "load",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'burnish' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PLACES])
