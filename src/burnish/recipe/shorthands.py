"""What a recipe may leave out or write shorter: tasks, columns in place of targets, kinds that their fields tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.core.component import Component, component_class, having_fields, kinds
from burnish.core.errors import InputError, unknown
from burnish.recipe.imbalance import apply_imbalance
from burnish.recipe.long import apply_long

AXES = {
    "input": ("burnish.inputs", None),
    "target": ("burnish.targets", None),
    "loss": ("burnish.losses", None),
    "objective": ("burnish.training.objectives", None),
    "sampler": ("burnish.data.samplers", None),
    "split": ("burnish.data.splits", "stratified"),
    "adapter": ("burnish.adapters", "full"),
    "optimizer": ("burnish.optimizers", "adamw"),
    "schedule": ("burnish.schedules", "linear"),
    "averaging": ("burnish.training.averages", "ema"),
    "gradient_clip": ("burnish.training.clips", "agc"),
    "distil": ("burnish.training.shrinking", "distil"),
    "prune": ("burnish.training.shrinking", "prune"),
    "quantise": ("burnish.training.shrinking", "quantise"),
    "class_weights": ("burnish.class_weights", None),
    "resampler": ("burnish.training.resamplers", None),
    "augmentation": ("burnish.data.augmentations", None),
    "mixing": ("burnish.data.mixing", None),
}
"""Fields whose settings may stand without a kind, each with its axis and the kind that is usual whatever the data are."""
INFERRED = ("input", "target", "loss", "sampler")
"""Of these, the ones whose kind the data tell."""


def spell_out(values: dict[str, Any], tasks: Mapping[str, tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """Write the shorthands of a recipe's plain values out, in place.

    Args:
        values: what a YAML file or keyword arguments say, one level copied.
        tasks: task names to kinds of (input, target).

    Returns:
        By field, settings that stand without a kind and fit several: the data will tell which.

    Raises:
        InputError: an unknown task, or a shorthand at odds with what stands beside it.
    """
    target = values.get("target")
    if isinstance(target, str) and target not in kinds("burnish.targets") and ":" not in target:
        target = values["target"] = {"column": target}  # a name that is no kind is a column
    if isinstance(target, dict) and "kind" not in target and values.get("task") is None:
        values["target_column"] = target.get("column", values.get("target_column"))
        if set(target) == {"column"}:
            values["target"] = None
    for name in ("metrics", "trackers", "penalty", "perturbation"):
        if isinstance(values.get(name), str | dict | Component):
            values[name] = [values[name]]  # one of a list may stand alone
    _apply_optimizer(values)
    _apply_head(values)
    _apply_task(values, tasks)
    apply_long(values)
    apply_imbalance(values, {name: axis for name, (axis, _) in AXES.items()})
    unsettled = {name: settings for name in AXES if (settings := _name_kind(values, name)) is not None}
    _apply_target_column(values)
    _apply_group(values)
    return unsettled


def _apply_head(values: dict[str, Any]) -> None:
    """`head: {...}` is a setting of the model, and stands there afterwards."""
    head, model = values.get("head"), values.get("model")
    if head is None:
        return
    if isinstance(model, Component) or (isinstance(model, Mapping) and model.get("head") is not None):
        raise InputError(
            "`head` stands beside a model that has settings of its own for it",
            fix="say it once, as model.head",
            place="head",
        )
    settings = {} if model is None else {"name": model} if isinstance(model, str) else dict(model)
    values["model"], values["head"] = {**settings, "head": head}, None


def _apply_optimizer(values: dict[str, Any]) -> None:
    """An optimizer that averages its weights has no schedule but a warm-up, where none is named."""
    given = values.get("optimizer")
    kind = given.get("kind") if isinstance(given, Mapping) else given.kind() if isinstance(given, Component) else given
    known = isinstance(kind, str) and kind in kinds("burnish.optimizers")
    averages = known and getattr(component_class("burnish.optimizers", str(kind)), "averages", False)
    if averages and values.get("schedule") is None:
        values["schedule"] = {"kind": "constant"}


def _apply_task(values: dict[str, Any], tasks: Mapping[str, tuple[str, str]]) -> None:
    """Turn `task: NAME` into the kinds of input and target, and refuse contradictions."""
    task = values.get("task")
    if task is None:
        return
    if not isinstance(task, str) or task not in tasks:
        raise unknown("task", str(task), list(tasks), place="task")
    for field, kind in zip(("input", "target"), tasks[task], strict=True):
        given = values.get(field)
        if given is None:
            values[field] = {"kind": kind}
        elif isinstance(given, dict):
            if given.setdefault("kind", kind) != kind:
                _contradiction(task, field, kind, given["kind"])
        else:
            named = given.kind() if isinstance(given, Component) else given
            if named != kind:
                _contradiction(task, field, kind, named)


def _apply_target_column(values: dict[str, Any]) -> None:
    """Give a target whose kind is known the column that stands beside it, and refuse another one."""
    column, target = values.get("target_column"), values.get("target")
    if column is None or target is None:
        return
    if isinstance(target, str):
        target = values["target"] = {"kind": target}
    named = target.setdefault("column", column) if isinstance(target, dict) else getattr(target, "column", column)
    if named != column:
        raise InputError(
            f"target_column is {column!r}, but the target reads column {named!r}",
            fix="leave out target_column",
            place="target_column",
        )


def _apply_group(values: dict[str, Any]) -> None:
    """`split: grouped` beside `group: COLUMN` splits by that column."""
    split = {"kind": values["split"]} if isinstance(values.get("split"), str) else values.get("split")
    if isinstance(split, dict) and split.get("kind") == "grouped" and values.get("group") is not None:
        values["split"] = {"group": values["group"], **split}


def _name_kind(values: dict[str, Any], name: str) -> dict[str, Any] | None:
    """Give settings without a `kind` the usual one, or the only one that has them all; else None, or what is unsettled."""
    settings = values.get(name)
    if not isinstance(settings, dict) or "kind" in settings:
        return None
    axis, usual = AXES[name]
    if name == "split" and values.get("group") is not None:
        usual = "grouped"  # as it is where the split is left out
    fields = {kind: set(component_class(axis, kind).model_fields) for kind in kinds(axis)}
    having = having_fields(axis, settings)
    if usual in having or (usual is None and len(having) == 1):
        values[name] = {"kind": usual or having[0], **settings}
        return None
    if name in INFERRED and len(having) > 1:
        values[name] = None
        return dict(settings)
    if having:
        raise InputError(
            f"`kind` is missing beside {', '.join(settings)}",
            expected=f"one of {', '.join(having)}"
            + (f"; {usual}, which is usual, has no such setting" if usual else ""),
            fix=f"say which: {name}.kind={having[0]}",
            place=name,
        )
    word = next((w for w in settings if not any(w in known for known in fields.values())), next(iter(settings)))
    known = fields[usual] if usual else set().union(*fields.values())
    raise unknown("field", word, sorted(known), place=f"{name}.{word}")


def _contradiction(task: str, field: str, expected: str, actual: Any) -> None:
    raise InputError(
        f"task {task!r} has {field} {expected!r}, but the recipe says {actual!r}",
        fix=f"leave out `task`, or set {field} to {expected!r}",
        place=field,
    )
