"""Which input reads a table, by what its columns hold and what the target needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from burnish.core.batch import Example
from burnish.core.component import Component, build, having_fields, kinds
from burnish.core.errors import InputError
from burnish.data.parts import require_columns
from burnish.data.table import Table
from burnish.inputs import Input
from burnish.recipe.recipe import Recipe
from burnish.targets import OverVocabulary, Target

Say = Callable[[str], None]


def of_input(recipe: Recipe, table: Table, sample: Sequence[Example], say: Say) -> tuple[Recipe, Target | None]:
    """Input and target, where the truth stands in what the input reads: then the target has no column of its own.

    Raises:
        InputError: the target names another column than the input.
    """
    target = recipe.target
    if target is None or not isinstance(target, OverVocabulary):
        return recipe, None
    named = target.column or recipe.target_column or ""
    input_ = recipe.input
    if input_ is not None and named and "column" in type(input_).model_fields and not getattr(input_, "column", ""):
        input_ = input_.model_copy(update={"column": named})
        require_columns(table, [named], place="target")
    fitted = fitting_input(recipe.model_copy(update={"input": input_}), table, sample, target)
    (column,) = fitted.required_columns[:1]
    if named and column != named:
        raise InputError(
            f"target {target.kind()!r} learns what the input reads, which is column {column!r} and not {named!r}",
            fix="leave the column of the target out",
            place="target",
        )
    said_input(recipe, fitted, table, sample, "", say)
    return recipe.model_copy(update={"input": fitted}), target.model_copy(update={"column": column})


def said_input(recipe: Recipe, inferred: Input, table: Table, sample: Sequence[Example], target: str, say: Say) -> None:
    """Say which column it reads, where that was found out."""
    if inferred != recipe.input:
        why = inferred.because(table.columns, sample, target)
        columns = " and ".join(map(repr, inferred.required_columns))
        say(f"input: {inferred.kind()} from column {columns}" + (f" ({why})" if why else ""))


def fit_together(input_: Input, target: Target) -> None:
    """Check that an input and a target go together.

    Raises:
        InputError: the shape of the target is none that the input goes with.
    """
    if target.shape in input_.shapes:
        return
    known = [cast(Input, build("burnish.inputs", kind)) for kind in kinds("burnish.inputs")]
    targets = cast(list[Target], candidates_of("burnish.targets", {"column": target.column}))
    going = [one.kind() for one in targets if one.shape in input_.shapes]
    raise InputError(
        f"target {target.kind()!r} does not go with input {input_.kind()!r}",
        expected=f"input {' or '.join(i.kind() for i in known if target.shape in i.shapes)}, "
        f"or target {' or '.join(going)}",
        fix=f"name such an input, or such a target: target={{kind: KIND, column: {target.column}}}",
        place="input",
    )


def fitting_input(recipe: Recipe, table: Table, sample: Sequence[Example], target: Target) -> Input:
    """The named input with its columns, or the first kind that finds columns it can read."""
    known = cast(list[Input], candidates_of("burnish.inputs", recipe.unsettled.get("input", {})))
    candidates = sorted((i for i in known if target.shape in i.shapes), key=lambda i: i.recognition_order)
    for candidate in [recipe.input] if recipe.input is not None else candidates:
        fitted = candidate.inferred(table.columns, sample, target.column)
        if fitted is not None:
            if fitted.stored:
                _refuse_paths(fitted, [i for i in candidates if not i.stored], sample)
            return fitted
    what = f"the input {recipe.input.kind()!r}" if recipe.input is not None else "any input"
    why = "; ".join(w for c in candidates if (w := c.because(table.columns, sample, target.column)))
    raise InputError(
        f"no column fits {what}" + (f": {why}" if why else ""),
        expected="one of the columns " + ", ".join(c for c in table.columns if c != target.column),
        fix="name it: --input COLUMN",
        place="input",
    )


def candidates_of(axis: str, settings: dict[str, Any]) -> list[Component]:
    """Every kind of an axis that has these settings and takes their values, with them.

    Raises:
        InputError: none takes them; as the first says.
    """
    made: list[Component] = []
    refused: list[InputError] = []
    for kind in having_fields(axis, settings):
        try:
            made.append(build(axis, {"kind": kind, **settings}, place=axis.rpartition(".")[2]))
        except InputError as error:
            refused.append(error)
    if refused and not made:
        raise refused[0]
    return made


def _refuse_paths(named: Input, files: Sequence[Input], sample: Sequence[Example]) -> None:
    """That no column which is to be read as words holds paths: a network would learn the names of the files."""
    for column in named.required_columns:
        for other in files:
            if other.inferred([column], sample, "") is not None:
                raise InputError(
                    f"column {column!r} holds files of {other.thing}s, and the input {named.kind()!r} would read their names",
                    fix=f"say what they are: input: {{kind: {other.kind()}, column: {column}}}",
                    place="input",
                )
