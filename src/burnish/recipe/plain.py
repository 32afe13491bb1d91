"""A recipe as plain values that another process can load."""

from __future__ import annotations

from typing import Any

from burnish.core.errors import InputError
from burnish.data.data_set import IN_MEMORY
from burnish.recipe.recipe import Recipe


def plain_values(recipe: Recipe) -> dict[str, Any]:
    """What `Recipe.load` makes the same recipe of.

    Raises:
        InputError: its rows are in the memory of this process.
    """
    values = recipe.model_dump(mode="json")
    inside = next((place for place in _texts(values["data"]) if place.endswith(IN_MEMORY)), None)
    if inside is not None:
        raise InputError(
            "the rows are in the memory of this process, and other processes are to train on them",
            expected="files",
            fix="write the rows to a file and name that",
            place="data",
        )
    return {name: values[name] for name in recipe.model_fields_set} | recipe.unsettled


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []
