"""A complete recipe as text: every field with its default and one line of documentation."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from enum import Enum
from pathlib import PurePath
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from burnish.core.component import Choice, Component, kinds
from burnish.recipe.text import Line, dumps


def new_recipe(task: str, data: str = "train.csv") -> str:
    """A recipe for a task, ready to edit: every field, its default, what it means, and what else could stand there.

    Raises:
        InputError: no such task; with all tasks and the nearest.
    """
    from burnish.recipe.recipe import Recipe

    recipe = Recipe.load({"task": task, "data": {"train": data}})
    head = (
        f"# A complete recipe for {task}: every field with its default. Lines left out mean the same as the default.\n"
        "# `burnish list AXIS --fields` shows the settings of the other kinds.\n"
    )
    return head + commented(recipe)


def commented(model: BaseModel) -> str:
    """A settings object as commented YAML; reading it back gives an equal object."""
    return dumps(_lines(model))


def shorthands(cls: type[BaseModel]) -> dict[str, str]:
    """For each field on an axis, the setting a bare string stands for (`kind`, or `name` for models)."""
    return {name: _shorthand(axis) for name, info in cls.model_fields.items() if (axis := axis_of(info))}


def _shorthand(axis: str) -> str:
    """What a bare string stands for on an axis, from the one base class its package defines."""
    classes = [
        c for c in vars(importlib.import_module(axis)).values() if inspect.isclass(c) and issubclass(c, Component)
    ]
    return next(c.shorthand for c in classes if c.__dict__.get("axis") == axis)


def axis_of(info: FieldInfo) -> str | None:
    """The package a field's component is chosen from; None where the field is no choice."""
    return next((m.axis for m in info.metadata if isinstance(m, Choice)), None)


def written_value(value: Any) -> Any:
    """A value as YAML can say it: paths and enumerations as text, tuples and sets as lists, components as mappings."""
    if isinstance(value, BaseModel):
        return written_value(value.model_dump())
    if isinstance(value, Enum):
        return written_value(value.value)
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): written_value(v) for name, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [written_value(v) for v in (sorted(value) if isinstance(value, (set, frozenset)) else value)]
    return value


def _lines(model: BaseModel) -> tuple[Line, ...]:
    plain = model.model_dump(mode="json")
    return tuple(
        _line(name, getattr(model, name), plain[name], info) for name, info in type(model).model_fields.items()
    )


def _line(name: str, value: Any, plain: Any, info: FieldInfo) -> Line:
    axis = axis_of(info)
    comment = " ".join(part for part in (info.description or "", _choices(info, axis, value)) if part)
    if isinstance(value, BaseModel):
        return Line(name, {}, comment, inside=_inside(value, axis))
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, BaseModel) for v in value):
        return Line(name, comment=comment, items=tuple(_inside(v, axis) for v in value))
    return Line(name, written_value(plain), comment)


def _inside(value: BaseModel, axis: str | None) -> tuple[Line, ...]:
    if axis is None or not isinstance(value, Component):
        return _lines(value)
    return (Line("kind", value.kind(), type(value).sentence()), *_lines(value))


def _choices(info: FieldInfo, axis: str | None, value: Any) -> str:
    """What else could stand here: the other kinds, the fields of an absent group of settings, the legal words."""
    if axis is not None:
        held = [v.kind() for v in (value if isinstance(value, (list, tuple)) else [value]) if isinstance(v, Component)]
        others = [kind for kind in kinds(axis) if kind not in held]
        label = "Other kinds" if held else "Kinds"
        return f"{label}: {', '.join(others)}." if others else ""
    parts = _parts(info.annotation)
    groups = [p for p in parts if inspect.isclass(p) and issubclass(p, BaseModel)]
    if groups and value is None:
        return f"Settings: {', '.join(groups[0].model_fields)}."
    words = [str(word) for p in parts if get_origin(p) is Literal for word in get_args(p)]
    unsaid = [word for word in words if word not in (info.description or "")]
    return f"One of: {', '.join(words)}." if unsaid else ""


def _parts(annotation: Any) -> list[Any]:
    """The members of a union, or the type itself."""
    is_union = get_origin(annotation) is not None and get_origin(annotation) is not Literal
    return list(get_args(annotation)) if is_union else [annotation]
