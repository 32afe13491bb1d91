"""What is compared: checkpoints that are there, and what a recipe must say to use each."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.core.component import Component
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import loads

AUTO = "auto"
"""As `model.name`: the checkpoint is to be chosen."""
FOLDERS = "BURNISH_MODELS"
"""Environment variable: folders of checkpoints, with the system's sign between paths (`:` on Linux)."""
FIELDS = ("model", "input", "adapter")
"""What a candidate may say of a recipe."""


@dataclass(frozen=True)
class Candidate:
    """One checkpoint, and what of the recipe goes with it.

    Attributes:
        name: by which it is shown.
        model: settings of `model`.
        more: settings of `input` and `adapter` that it needs, such as the normalisation of its pictures.
    """

    name: str
    model: dict[str, Any]
    more: dict[str, dict[str, Any]] = field(default_factory=dict)

    def recipe(self, recipe: Recipe, **changes: Any) -> Recipe:
        """The recipe with this checkpoint, and other fields changed."""
        values = {name: getattr(recipe, name) for name in recipe.model_fields_set} | recipe.unsettled
        for name, settings in self.more.items():
            values[name] = {**_plain(values.get(name)), **settings}
        return Recipe.load({**values, "model": dict(self.model), **changes})


def candidates(named: Sequence[str], file: Path | None = None, listed: Sequence[Candidate] = ()) -> list[Candidate]:
    """Candidates by name, from lists, and from the folders that `BURNISH_MODELS` names where nothing else is.

    Args:
        named: folders of a checkpoint or of several, hub names, or 'starter'.
        file: YAML: a list of names, or of mappings with `model` (settings, or a name), `name`, `input`, `adapter`.
        listed: of the catalogue; those that are named as well are not there twice.

    Raises:
        InputError: fewer than two, or two with one name.
    """
    found = [one for name in named for one in _named(name)]
    if file is not None:
        found += [one for entry in _entries(file) for one in _entry(entry, file)]
    found += [one for one in listed if one.name not in {other.name for other in found}]
    if not named and file is None and not listed:
        places = [place for place in os.environ.get(FOLDERS, "").split(os.pathsep) if place]
        found = [one for place in places for one in _named(place)]
        found += _named("starter")
    unique = {one.name: one for one in found}
    if len(unique) < len(found):
        twice = next(one.name for one in found if [other.name for other in found].count(one.name) > 1)
        raise InputError(f"two candidates are called {twice!r}", fix="give one of them another `name` in a --list file")
    if len(found) < 2:
        raise InputError(
            f"found {len(found)} checkpoint{'s' * (len(found) != 1)} to choose from",
            expected="at least two",
            fix=f"name folders or hub names with --candidate, or folders of checkpoints in {FOLDERS}",
            place="--candidate",
        )
    return found


def _named(name: str) -> list[Candidate]:
    folder = Path(name).expanduser()
    if folder.is_dir() and not _is_checkpoint(folder):
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and _is_checkpoint(path))
        if inside:
            return [_at(path) for path in inside]
    if folder.is_dir():
        return [_at(folder)]
    return [Candidate(name, {"kind": "transformers", "name": name})]


def _at(folder: Path) -> Candidate:
    return Candidate(folder.resolve().name, {"kind": _kind(folder), "name": str(folder)})


def _is_checkpoint(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("config.json", "recipe.yaml", "bundle.json"))


def _kind(folder: Path) -> str:
    """Of which library a folder is, by its configuration."""
    bundle = next((b for b in (folder / "bundle", folder) if (b / "bundle.json").is_file()), None)
    try:
        if bundle is not None:
            return str(json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))["model"]["kind"])
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return "transformers"  # which says what is wrong with it
    return "timm" if isinstance(config, dict) and "architecture" in config else "transformers"


def _entries(file: Path) -> list[Any]:
    try:
        found = loads(file.read_text(encoding="utf-8-sig"), place=str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", expected="a YAML list in UTF-8", place=str(file)) from error
    if not isinstance(found, list):
        raise InputError(f"found {type(found).__name__}", expected="a YAML list of names or settings", place=str(file))
    return found


def _entry(entry: Any, file: Path) -> list[Candidate]:
    if isinstance(entry, str):
        return _named(entry)
    model = entry.get("model") if isinstance(entry, Mapping) else None
    unknown = set(entry) - {"name", *FIELDS} if isinstance(entry, Mapping) else set()
    if not isinstance(model, str | Mapping) or unknown:
        raise InputError(
            f"candidate {entry!r}",
            expected=f"a name, or a mapping with `model` and perhaps name, {', '.join(FIELDS[1:])}",
            place=str(file),
        )
    settings = dict(model) if isinstance(model, Mapping) else dict(_named(model)[0].model)
    settings.setdefault("kind", "transformers")
    more = {name: _plain(entry[name]) for name in FIELDS[1:] if entry.get(name) is not None}
    return [Candidate(str(entry.get("name") or settings.get("name")), settings, more)]


def _plain(value: Any) -> dict[str, Any]:
    """Settings of a component as a mapping; a word is its kind."""
    if isinstance(value, Component):
        return {"kind": value.kind(), **value.model_dump(include=value.model_fields_set)}
    return dict(value) if isinstance(value, Mapping) else {} if value is None else {"kind": value}
