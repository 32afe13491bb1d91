"""docs/reference.md, written from the code: commands, recipe fields, and every kind of every axis with its settings.

python -m burnish.cli.reference docs/reference.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from pydantic import BaseModel

from burnish.cli.commands import commands
from burnish.core.component import component_class, kinds
from burnish.core.files import write_text
from burnish.recipe.axes import AXES
from burnish.recipe.tasks import TASKS

HEAD = """# Reference

This page is generated from the code (`make reference`); a test compares the two. The same on the command line:
`burnish --help`, `burnish list AXIS --fields`, `burnish new`, `burnish schema`.

Contents: [commands](#commands), [exit codes](#exit-codes), [tasks](#tasks), [recipe fields](#recipe-fields), [axes](#axes).
"""
CODES = """## Exit codes

| code | meaning |
|---|---|
| 0 | done |
| 1 | the run began and failed, or an export was rejected; the message says where things stand |
| 2 | bad usage or bad input; nothing was written |
| 3 | `predict`: the file is complete, but some rows have an error instead of a prediction |
| 130 | interrupted; saved, and can be resumed |
"""
GROUPS = ("data", "early_stopping", "conformal")
"""Fields of a recipe that are groups of settings without a kind."""


def page() -> str:
    """The page as Markdown."""
    sections = [HEAD, *_commands(), CODES, *_tasks(), *_recipe(), *_axes()]
    return "\n".join(section.rstrip("\n") + "\n" for section in sections)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(_cell, row)) + " |" for row in rows)])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _commands() -> Iterator[str]:
    yield "## Commands"
    for name, command in commands.commands.items():
        context = click.Context(command, info_name=f"burnish {name}")
        usage = " ".join(command.collect_usage_pieces(context)).strip()
        yield f"### burnish {name}\n\n{command.get_short_help_str(200)}\n\n`burnish {name} {usage}`"
        rows = [_option(option) for option in command.params if isinstance(option, click.Option)]
        if rows:
            yield _table(["option", "default", "meaning"], rows)


def _option(option: click.Option) -> tuple[str, str, str]:
    default = option.default if option.show_default else None
    value = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('burnish')))}"
    names = ", ".join(f"`{name}`" for name in option.opts)
    return names + value, "" if default is None else f"`{default}`", option.help or ""


def _tasks() -> Iterator[str]:
    yield "## Tasks"
    yield "`task` is a shorthand for a pair of input and target."
    yield _table(["task", "input", "target"], [(f"`{t}`", f"`{i}`", f"`{o}`") for t, (i, o) in TASKS.items()])


def _recipe() -> Iterator[str]:
    from burnish.data.settings import Data
    from burnish.recipe.recipe import Recipe

    yield "## Recipe fields"
    yield "Only `data` is required. `null` means: inferred from data, checkpoint or target, and logged."
    yield _table(["field", "default", "meaning"], _fields(Recipe))
    groups: dict[str, type[BaseModel]] = {"data": Data}
    for name in GROUPS[1:]:
        members = [m for m in _members(Recipe, name) if isinstance(m, type) and issubclass(m, BaseModel)]
        groups[name] = members[0]
    for name, cls in groups.items():
        yield f"### Settings of {name}"
        yield _table(["field", "default", "meaning"], _fields(cls))


def _members(cls: type[BaseModel], name: str) -> Sequence[object]:
    from typing import get_args

    annotation = cls.model_fields[name].annotation
    return get_args(annotation) or (annotation,)


def _fields(cls: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of each field."""
    from burnish.recipe.text import scalar
    from burnish.recipe.written import written_value

    for name, info in cls.model_fields.items():
        if info.is_required():
            default = "required"
        else:
            value = info.get_default(call_default_factory=True)
            plain = value.kind() if hasattr(value, "kind") else written_value(value)
            if isinstance(plain, list) and value and all(hasattr(v, "kind") for v in value):
                plain = [v.kind() for v in value]
            default = f"`{scalar(plain)}`"
        yield f"`{name}`", default, info.description or ""


def table_of_fields(cls: type[BaseModel]) -> str:
    """The settings of a kind, their defaults and what they mean, as a table."""
    return _table(["setting", "default", "meaning"], _fields(cls))


def _axes() -> Iterator[str]:
    yield "## Axes"
    yield "A choice is written `loss: focal`, or with settings `loss: {kind: focal, gamma: 2}`."
    for axis, package in AXES.items():
        names = kinds(package)
        yield f"### {axis.replace('_', ' ').capitalize()} ({len(names)})"
        yield _table(
            ["kind", "what it is"], [(f"`{kind}`", component_class(package, kind).sentence()) for kind in names]
        )
        rows = [(f"`{kind}`", *field) for kind in names for field in _fields(component_class(package, kind))]
        if rows:
            yield "<details><summary>Settings</summary>\n"
            yield _table(["kind", "setting", "default", "meaning"], rows)
            yield "\n</details>"


if __name__ == "__main__":
    write_text(Path(sys.argv[1]), page())
