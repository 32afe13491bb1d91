"""From what is typed after `burnish train` to a Recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.component import component_class
from burnish.core.errors import InputError
from burnish.data.reading.endings import kind_of
from burnish.recipe.recipe import Recipe
from burnish.recipe.tasks import TASKS
from burnish.recipe.text import Overridden, load_file, overridden
from burnish.recipe.written import shorthands

SHORT = {
    "early_stopping": "patience",
    "averaging": "decay",
    "conformal": "coverage",
    "imbalance": "kind",
    "long": "kind",
}
"""Of fields that are on no axis, the setting that a plain value stands for."""


@dataclass(frozen=True)
class Asked:
    """What is to be run.

    Attributes:
        recipe: as asked for.
        out: the folder the run goes to.
        notes: in words what an override changed beside its own place.
        changes: names of the fields that a run which is continued is given on purpose.
    """

    recipe: Recipe
    out: Path
    notes: list[str]
    changes: frozenset[str] = frozenset()


def asked(
    arguments: Sequence[str],
    *,
    task: str | None = None,
    data: Sequence[str] = (),
    target: str | None = None,
    input_columns: Sequence[str] = (),
    model: str | None = None,
    device: str | None = None,
    out: Path | None = None,
    resume: bool = False,
) -> Asked:
    """The recipe that a command line asks for.

    Options are applied to the recipe file first, then the `place=value` overrides. Files and folders that are no recipe
    are data. A run folder may stand for its own recipe; `resume` without a recipe reads the one in `out`.

    Raises:
        InputError: no recipe and no data, two recipes, unreadable YAML, unknown fields, kinds or columns.
    """
    file, overrides, given = _recipe_file(arguments)
    data = [*given, *data]
    if file is None and resume and out is not None:
        file = out
        if not (out / "recipe.yaml").is_file():
            raise InputError(
                "there is no run here to resume",
                expected="the folder of a run that began; one that was stopped before it began wrote nothing",
                fix="start it again without --resume",
                place=str(out),
            )
    if file is not None and file.is_dir():
        out = out or (file if resume else None)
        file = file / "recipe.yaml"
    if resume and out is None:
        raise InputError("--resume without a run folder", fix="add --out RUN, or give the run folder as the recipe")
    resumed = out if resume and out and file and file.resolve() == (out / "recipe.yaml").resolve() else None
    settings = {} if file is None else load_file(file) if resumed is None else _begun(resumed)
    if not settings and not data and not any(o.startswith("data") for o in overrides):
        raise InputError(
            "neither a recipe nor data was given",
            fix="burnish train recipe.yaml, or burnish train --data FILE --target COLUMN",
        )
    if task is not None:
        settings["task"] = task
    _apply_options(settings, data, target, input_columns, model, device)
    _list_trackers(settings, overrides)
    result = overridden(settings, overrides, {**shorthands(Recipe), **SHORT})
    options = {"task": task, "data": data, "target": target, "input": input_columns, "model": model, "device": device}
    named = {o.partition("=")[0].split(".")[0].strip() for o in overrides}
    changes = frozenset({*named, *(name for name, value in options.items() if value)} if resume else ())
    if resumed is not None:
        from burnish.stages.train.resuming import agreed_early  # loads torch

        agreed_early(resumed, result.settings, changes)
    recipe = Recipe.load(result.settings)
    return Asked(recipe, out or _free_folder(file, data), result.notes, changes)


def asked_open(arguments: Sequence[str]) -> Overridden:
    """The settings that a command line asks for, with what they leave open, and what an override took with it.

    Raises:
        InputError: as of `asked`.
    """
    file, overrides, given = _recipe_file(arguments)
    if file is not None and file.is_dir():
        file = file / "recipe.yaml"
    settings = {} if file is None else load_file(file)
    _apply_options(settings, given, None, (), None, None)
    return overridden(settings, overrides, {**shorthands(Recipe), **SHORT})


def _begun(run: Path) -> dict[str, Any]:
    """The recipe of a run that is to be continued; nobody has edited it."""
    from burnish.stages.train.resuming import require_unedited  # loads torch
    from burnish.stages.train.run_folder import RunFolder

    folder = RunFolder(run)
    require_unedited(folder)
    return folder.settings()


def _recipe_file(arguments: Sequence[str]) -> tuple[Path | None, list[str], list[str]]:
    """The recipe, the overrides, and what is data: whatever is there and is neither YAML nor the folder of a run."""
    named = [a for a in arguments if "=" not in a or Path(a).exists()]
    data = [a for a in named if _is_data(Path(a))]
    files = [a for a in named if a not in data]
    if len(files) > 1:
        raise InputError(
            f"found {len(files)} recipes: {', '.join(files)}", expected="one recipe, then overrides such as epochs=5"
        )
    return (Path(files[0]) if files else None), [a for a in arguments if a not in named], data


def _is_data(place: Path) -> bool:
    """Whether something holds rows: a file that a source reads, or a folder that is no run; a recipe may end in .json."""
    if place.is_dir():
        return not (place / "recipe.yaml").is_file()
    if not place.is_file() or kind_of(place) is None:
        return False
    return place.suffix.lower() != ".json" or not _holds_recipe(place)


def _holds_recipe(place: Path) -> bool:
    try:
        settings = load_file(place)
    except InputError:
        return False
    return set(settings) <= set(Recipe.model_fields)


def _apply_options(
    settings: dict[str, Any],
    data: Sequence[str],
    target: str | None,
    input_columns: Sequence[str],
    model: str | None,
    device: str | None,
) -> None:
    if isinstance(settings.get("data"), (str, list)):
        settings["data"] = {"train": settings["data"]}
    if data:
        settings["data"] = {**(settings.get("data") or {}), "train": data[0] if len(data) == 1 else list(data)}
    if target is not None:
        settings["target"] = {**_mapping(settings.get("target"), "kind"), "column": target}
    if input_columns:
        _apply_input_columns(settings, list(input_columns))
    if model is not None:
        settings["model"] = {**_mapping(settings.get("model"), "name"), "name": model}
    if device is not None:
        settings["device"] = device


def _list_trackers(settings: dict[str, Any], overrides: Sequence[str]) -> None:
    """`trackers.0.style=plain` means the console where the recipe names no tracker."""
    if any(override.startswith("trackers.") for override in overrides):
        named = settings.get("trackers", [{"kind": "console"}])
        settings["trackers"] = named if isinstance(named, list) else [named]


def _mapping(value: Any, shorthand: str) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {} if value is None else {shorthand: value}


def _apply_input_columns(settings: dict[str, Any], columns: list[str]) -> None:
    given = _mapping(settings.get("input"), "kind")
    kind = given.get("kind") or TASKS.get(str(settings.get("task")), ("text", ""))[0]
    fields = component_class("burnish.inputs", str(kind), place="input").model_fields
    if "columns" in fields:
        settings["input"] = {**given, "kind": kind, "columns": columns}
    elif len(columns) == 1:
        settings["input"] = {**given, "kind": kind, "column": columns[0]}
    else:
        raise InputError(f"found {len(columns)} --input columns", expected=f"one: input {kind!r} reads one column")


def _free_folder(file: Path | None, data: Sequence[str]) -> Path:
    """`runs/NAME` after the recipe or the data, with a number where that is taken."""
    name = (file.parent.name if file.name == "recipe.yaml" and file.parent.name else file.stem) if file else ""
    name = name or (Path(data[0].rstrip("/")).stem if data else "") or "run"
    for number in range(1, 1_000_000):
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return folder
    raise InputError("runs/ is full", fix="give --out FOLDER")
