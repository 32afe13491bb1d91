"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import click

FILE = click.Path(path_type=Path)


def _settings(context: click.Context, option: click.Parameter, told: str | None) -> str | dict[str, Any] | None:
    """A name, or settings in braces as recipes have them."""
    if told is None or not told.lstrip().startswith("{"):
        return told
    from burnish.recipe.text import loads

    return cast("dict[str, Any]", loads(told, place="--runtime"))


runtime_option = click.option(
    "--runtime",
    metavar="NAME",
    callback=_settings,
    help="What computes the predictions: torch, onnx, litert, an artifact's name, or settings such as "
    "'{kind: onnx, providers: [CUDAExecutionProvider]}'. Default: the float32 artifact, else torch.",
)


input_columns_option = click.option(
    "--input",
    "input_columns",
    multiple=True,
    metavar="COLUMN",
    help="What the column that the model reads is called here, if not as in training; repeat it for pairs.",
)
