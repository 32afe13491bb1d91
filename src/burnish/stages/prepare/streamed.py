"""What goes with a stream of training rows, and what needs all rows at once."""

from __future__ import annotations

from burnish.core.errors import InputError
from burnish.data.streaming.shards import Shards, opened
from burnish.inputs import Assembled, FromFiles
from burnish.recipe.recipe import Settled


def streamed(recipe: Settled) -> Shards:
    """The shards of a recipe that streams.

    Raises:
        InputError: something else in the recipe needs all rows at once.
    """
    refused = {
        "sampler": recipe.sampler.counts_classes and f"{recipe.sampler.kind()!r}, which counts all rows of a class",
        "resampler": recipe.resampler is not None and "a resampler, which needs the features of all rows",
        "mixing": recipe.mixing is not None and recipe.mixing.changes and "mixing",
        "imbalance": recipe.imbalance is not None and "a comparison of ways with rare classes",
        "folds": recipe.folds is not None and "folds, into which all rows are dealt",
        "input": isinstance(recipe.input, Assembled | FromFiles)
        and f"input {recipe.input.kind()!r}, whose rows are looked at before a run",
    }
    for place, why in refused.items():
        if why:
            raise InputError(f"a stream with {why}", expected="rows that are used as they come", place=place)
    return opened(recipe.data)
