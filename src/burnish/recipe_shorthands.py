"""What a recipe may leave out or write shorter: tasks, columns in place of targets, kinds that their fields tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.core.component import Component, component_class, kinds
from burnish.core.errors import InputError, unknown


def spell_out(values: dict[str, Any], tasks: Mapping[str, tuple[str, str]]) -> None:
    """Write the shorthands of a recipe's plain values out, in place.

    Args:
        values: what a YAML file or keyword arguments say, one level copied.
        tasks: task names to kinds of (input, target).

    Raises:
        InputError: an unknown task, or a shorthand at odds with what stands beside it.
    """
    target = values.get("target")
    if isinstance(target, str) and target not in kinds("burnish.targets") and ":" not in target:
        target = values["target"] = {"column": target}  # a name that is no kind is a column
    if isinstance(target, dict) and "kind" not in target and values.get("task") is None:
        if set(target) != {"column"}:
            raise InputError(
                "`kind` is missing",
                expected="a kind of target beside its settings, or the column alone",
                place="target",
            )
        values["target_column"] = target["column"]
        values["target"] = None
    for name in ("metrics", "trackers"):
        if isinstance(values.get(name), str | dict | Component):
            values[name] = [values[name]]  # one of a list may stand alone
    _apply_task(values, tasks)
    _apply_target_column(values)
    _name_input(values)
    _apply_group(values)


def _apply_task(values: dict[str, Any], tasks: Mapping[str, tuple[str, str]]) -> None:
    """Turn `task: NAME` into the kinds of input and target, and refuse contradictions."""
    task = values.get("task")
    if task is None:
        return
    if not isinstance(task, str) or task not in tasks:
        raise unknown("task", str(task), list(tasks), place="task")
    for field, kind in zip(("input", "target"), tasks[task], strict=True):
        own = values.get(field)
        if own is None:
            values[field] = {"kind": kind}
        elif isinstance(own, dict):
            if own.setdefault("kind", kind) != kind:
                _contradiction(task, field, kind, own["kind"])
        else:
            found = own.kind() if isinstance(own, Component) else own
            if found != kind:
                _contradiction(task, field, kind, found)


def _apply_target_column(values: dict[str, Any]) -> None:
    """Give a target whose kind is known the column that stands beside it, and refuse another one."""
    column, target = values.get("target_column"), values.get("target")
    if column is None or target is None:
        return
    if isinstance(target, str):
        target = values["target"] = {"kind": target}
    own = target.setdefault("column", column) if isinstance(target, dict) else getattr(target, "column", column)
    if own != column:
        raise InputError(
            f"target_column is {column!r}, but the target reads column {own!r}",
            fix="leave out target_column",
            place="target_column",
        )


def _apply_group(values: dict[str, Any]) -> None:
    """`split: grouped` beside `group: COLUMN` splits by that column."""
    split = {"kind": values["split"]} if isinstance(values.get("split"), str) else values.get("split")
    if isinstance(split, dict) and split.get("kind") == "grouped" and values.get("group") is not None:
        values["split"] = {"group": values["group"], **split}


def _name_input(values: dict[str, Any]) -> None:
    """An input without `kind` is the only kind that has all its fields, where there is only one."""
    own = values.get("input")
    if not isinstance(own, dict) or "kind" in own:
        return
    fitting = [k for k in kinds("burnish.inputs") if set(own) <= set(component_class("burnish.inputs", k).model_fields)]
    if len(fitting) == 1:
        values["input"] = {"kind": fitting[0], **own}


def _contradiction(task: str, field: str, expected: str, found: Any) -> None:
    raise InputError(
        f"task {task!r} has {field} {expected!r}, but the recipe says {found!r}",
        fix=f"leave out `task`, or set {field} to {expected!r}",
        place=field,
    )
