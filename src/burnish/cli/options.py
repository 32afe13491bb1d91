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

    return cast("dict[str, Any]", loads(told, place=option.opts[0]))


def each_settings(
    context: click.Context, option: click.Parameter, told: tuple[str, ...]
) -> tuple[str | dict[str, Any] | None, ...]:
    """Of an option that may be given several times."""
    return tuple(_settings(context, option, one) for one in told)


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


data_option = click.option(
    "--data",
    multiple=True,
    metavar="FILE",
    help="The same as FILE; each of several is a data set with scores of its own.",
)
target_option = click.option(
    "--target", "target_column", metavar="COLUMN", help="What the label column is called here, if not as in training."
)


def data_sets(files: tuple[str, ...], data: tuple[str, ...]) -> list[Any] | None:
    """What the rows are read from: the files as one table, or each `--data` as a data set and the files as one more."""
    if len(data) + bool(files) < 2:
        return [*files, *data] or None
    from burnish.data.data_set import usual_name

    places: list[Any] = [*([list(files)] if files else []), *data]
    names = [usual_name(place) for place in places]
    return [
        {"place": place, "name": name if names.count(name) == 1 else str(place)}
        for place, name in zip(places, names, strict=True)
    ]


def _workers(context: click.Context, option: click.Parameter, told: str | None) -> Any:
    """Workers, from their short form or settings in braces."""
    if told is None:
        return None
    from burnish.workers import workers_of

    return workers_of(cast("dict[str, Any]", _settings(context, option, told)))


workers_option = click.option(
    "--workers",
    metavar="WHERE",
    callback=_workers,
    help="Where trainings run: local:2 (two processes side by side), ray, ray:4, ray://HOST:10001, or settings such as "
    "'{kind: ray, count: 4, gpus: 1}'.",
)
