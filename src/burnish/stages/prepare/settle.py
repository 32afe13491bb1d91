"""What a recipe leaves open is inferred and logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

from burnish.core.batch import Example
from burnish.core.component import Component, build, component_class, kinds
from burnish.core.errors import InputError, nearest
from burnish.data.parts import require_columns
from burnish.data.reading.one_type import columns_without_a_type
from burnish.data.reading.placing import folder_of
from burnish.data.table import Table
from burnish.data.truths import missing
from burnish.decoders import Decoder
from burnish.evaluation.scores import defined, metrics_for
from burnish.inputs import FromFiles, Input
from burnish.losses import Loss
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.column_writing import as_written, flags_hint, recognised
from burnish.stages.prepare.no_target import no_target, rows_with_values
from burnish.stages.prepare.swapped import label_beside, require_not_swapped, swapped
from burnish.stages.prepare.usual_settings import rates
from burnish.targets import Generative, Target, fits

SAMPLE = 2000  # rows looked at to infer what columns hold
USUAL_TARGETS = ("label", "labels", "score", "tags", "ner_tags", "target", "class", "category", "intent", "sentiment")

Say = Callable[[str], None]


def settle(recipe: Recipe, table: Table, say: Say) -> Settled:
    """The recipe with input, target, loss, sampler, metrics and learning rate filled in.

    Args:
        recipe: as written.
        table: the training rows.
        say: told every choice that was made for the user, in a sentence.

    Raises:
        InputError: a named column is not there (nearest offered), or nothing in the data fits.
    """
    sample = _sample(table)
    recipe, of_input = _of_input(recipe, table, sample, say)
    target = of_input or _target(recipe, table, sample, say)
    input_ = _input(recipe, table, sample, target, say).beside(target.shape)
    for column in input_.required_columns:
        require_columns(table, [column], place="input")
    _fit_together(input_, target)
    require_not_swapped(input_, target, sample)
    update: dict[str, Any] = {"input": input_, "target": target, "target_column": None, "task": None}
    update |= _groups(recipe, table, say)
    update |= _defaults(recipe, input_, target)
    update |= rates(recipe, input_, say, over_vocabulary=target.over_vocabulary)
    return Settled.model_construct(**{**dict(recipe), **update})


def _sample(table: Table) -> list[Example]:
    """The first rows; what has no type is blank there, so that it is taken for an input by its name only."""
    blank = dict.fromkeys(columns_without_a_type(table.arrow.schema), "")
    return [{**row, **blank} for row in table.arrow.slice(0, SAMPLE).to_pylist()]


def _groups(recipe: Recipe, table: Table, say: Say) -> dict[str, Any]:
    """One column says which rows belong together: for the split, unless another is chosen, and for the intervals."""
    group = recipe.group or getattr(recipe.split, "group", None)
    if group is None:
        return {}
    require_columns(table, [group], place="group")
    if "split" in recipe.model_fields_set or recipe.data.test is not None:
        return {"group": group}
    say(f"split: grouped, so that no {group!r} is in two splits")
    settings = {"kind": "grouped", "group": group, "validation": recipe.split.validation, "test": recipe.split.test}
    return {"group": group, "split": build("burnish.data.splits", settings)}


def _of_input(recipe: Recipe, table: Table, sample: Sequence[Example], say: Say) -> tuple[Recipe, Target | None]:
    """Input and target, where the truth stands in what the input reads: then the target has no column of its own.

    Raises:
        InputError: the target names another column than the input.
    """
    target = recipe.target
    if target is None or not target.of_input:
        return recipe, None
    named = target.column or recipe.target_column or ""
    input_ = recipe.input
    if input_ is not None and named and "column" in type(input_).model_fields and not getattr(input_, "column", ""):
        input_ = input_.model_copy(update={"column": named})
        require_columns(table, [named], place="target")
    fitted = _fitting(recipe.model_copy(update={"input": input_}), table, sample, target)
    (column,) = fitted.required_columns[:1]
    if named and column != named:
        raise InputError(
            f"target {target.kind()!r} learns what the input reads, which is column {column!r} and not {named!r}",
            fix="leave the column of the target out",
            place="target",
        )
    _said_input(recipe, fitted, table, sample, "", say)
    return recipe.model_copy(update={"input": fitted}), target.model_copy(update={"column": column})


def _target(recipe: Recipe, table: Table, sample: Sequence[Example], say: Say) -> Target:
    if recipe.target is not None:
        require_columns(table, [recipe.target.column], place="target")
        if recipe.input is not None:
            _fit_together(recipe.input, recipe.target)
        return as_written(recipe.target, table, say, inferred=False)
    column = recipe.target_column
    if column is None:
        column = next((c for c in USUAL_TARGETS if c in table.columns), None)
        if column is None:
            raise InputError(
                "no target column is named, and none has a usual name",
                expected="one of the columns " + ", ".join(table.columns),
                fix="name it: --target COLUMN" + flags_hint(sample, table.columns),
                place="target",
            )
    require_columns(table, [column], place="target")
    values = [row.get(column) for row in sample]
    if all(missing(value) for value in values):  # a file may begin with rows that nobody labelled
        values = rows_with_values(table, column, SAMPLE)
    candidates = cast(
        list[Target], _candidates("burnish.targets", {**recipe.unsettled.get("target", {}), "column": column})
    )
    nested = any(isinstance(item, dict | list) for v in values if isinstance(v, list) for item in v)
    if not nested and (guess := recognised(candidates, table.columns, sample, values)) is not None:
        target, why = guess
        say(f"target: column {column!r} as {target.kind()} ({type(target).sentence().rstrip('.')}){why}")
        return as_written(target, table, say, inferred=True)
    named = recipe.input.required_columns if recipe.input is not None else ()
    beside = [name for name in table.columns if name != column]
    label = label_beside(column, sample, named or [c for c in USUAL_TARGETS if c in beside] or beside)
    if label and named:
        raise swapped(column, label)
    raise no_target(column, [value for value in values if not missing(value)], len(table), label)


def _input(recipe: Recipe, table: Table, sample: Sequence[Example], target: Target, say: Say) -> Input:
    inferred = _fitting(recipe, table, sample, target)
    if isinstance(inferred, FromFiles):
        inferred = inferred.located(folder_of(table.origins[0].path) if table.origins else Path())
    if target.column in inferred.required_columns and not target.of_input:
        raise InputError(
            f"column {target.column!r} is input and target at once", fix="name another input", place="input"
        )
    _said_input(recipe, inferred, table, sample, target.column, say)
    return inferred


def _said_input(
    recipe: Recipe, inferred: Input, table: Table, sample: Sequence[Example], target: str, say: Say
) -> None:
    if inferred != recipe.input:
        why = inferred.because(table.columns, sample, target)
        columns = " and ".join(map(repr, inferred.required_columns))
        say(f"input: {inferred.kind()} from column {columns}" + (f" ({why})" if why else ""))


def _fit_together(input_: Input, target: Target) -> None:
    if target.shape in input_.shapes:
        return
    known = [cast(Input, build("burnish.inputs", kind)) for kind in kinds("burnish.inputs")]
    raise InputError(
        f"target {target.kind()!r} does not go with input {input_.kind()!r}",
        expected=f"input {' or '.join(i.kind() for i in known if target.shape in i.shapes)}",
        fix="name such an input, or another target",
        place="input",
    )


def _fitting(recipe: Recipe, table: Table, sample: Sequence[Example], target: Target) -> Input:
    """The named input with its columns, or the first kind that finds columns it can read."""
    known = cast(list[Input], _candidates("burnish.inputs", recipe.unsettled.get("input", {})))
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


def _candidates(axis: str, settings: dict[str, Any]) -> list[Component]:
    """Every kind of an axis that has these settings, with them."""
    having = [kind for kind in kinds(axis) if set(settings) <= set(component_class(axis, kind).model_fields)]
    return [build(axis, {"kind": kind, **settings}, place=axis.rpartition(".")[2]) for kind in having]


def _loss(recipe: Recipe, target: Target) -> Loss:
    """The named one, or the target's own with the settings that are named."""
    settings = recipe.unsettled.get("loss", {})
    if recipe.loss is not None or not settings:
        return recipe.loss or cast(Loss, build("burnish.losses", target.default_loss, trust_code=recipe.trust_code))
    candidates = cast(list[Loss], _candidates("burnish.losses", settings))
    fitting = [loss for loss in candidates if _right(loss, target)]
    chosen = [loss for loss in fitting if loss.kind() == target.default_loss] or fitting
    if len(chosen) != 1:
        raise InputError(
            f"`kind` is missing beside {', '.join(settings)}",
            expected="one of " + ", ".join(loss.kind() for loss in fitting or candidates),
            place="loss",
        )
    return chosen[0]


def _right(loss: Loss, target: Target) -> bool:
    """Whether a loss is defined for a target: it says so, or is the target's own choice."""
    return loss.kind() == target.default_loss or fits(loss.targets, target.kind())


def _sampler(recipe: Recipe, usual: str) -> Any:
    settings = recipe.unsettled.get("sampler", {})
    return recipe.sampler or build("burnish.data.samplers", {"kind": usual, **settings}, place="sampler")


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


def _defaults(recipe: Recipe, input_: Input, target: Target) -> dict[str, Any]:
    """Loss, sampler, metrics and deciding metric where the recipe names none."""
    loss = _loss(recipe, target)
    if not _right(loss, target):
        fitting = [k for k in kinds("burnish.losses") if _right(cast(Loss, build("burnish.losses", k)), target)]
        raise InputError(
            f"loss {loss.kind()!r} is not defined for target {target.kind()!r}",
            expected="one of " + ", ".join(fitting),
            place="loss",
        )
    chosen = recipe.metrics or []
    wrong = [m.kind() for m in chosen if not defined(m, target)]
    if wrong:
        fitting = sorted({m.kind() for m in metrics_for(target)})
        raise InputError(
            f"metric {wrong[0]!r} is not defined for target {target.kind()!r}",
            expected="some of " + ", ".join(fitting),
            place="metrics",
        )
    metrics = metrics_for(target, chosen)  # the chosen ones first; the others cost nothing and hide nothing
    deciding = recipe.deciding_metric or target.decides
    known = [m.label for m in metrics if m.greater_is_better is not None]
    if deciding != "loss" and deciding not in known:
        describes = deciding in (m.label for m in metrics)
        guess = nearest(deciding, known)
        raise InputError(
            f"deciding_metric {deciding!r} "
            + (
                "describes answers, and neither more nor less of it is better"
                if describes
                else f"is not defined for target {target.kind()!r}"
            ),
            expected="one of loss, " + ", ".join(known),
            fix=f"did you mean {guess!r}?" if guess else "",
            place="deciding_metric",
        )
    return {
        "loss": loss,
        "sampler": _sampler(recipe, "length_bucketed" if input_.lengths_matter else "shuffled"),
        "metrics": metrics,
        "deciding_metric": deciding,
        "decoder": _decoder(recipe, target),
        **_objective(recipe, target),
    }


def _objective(recipe: Recipe, target: Target) -> dict[str, Any]:
    """Head and loss in chunks where there is a logit for each token of a vocabulary, unless the recipe names another way."""
    if "objective" in recipe.model_fields_set or not target.over_vocabulary:
        return {}
    return {"objective": build("burnish.training.objectives", "chunked")}


def _decoder(recipe: Recipe, target: Target) -> Decoder:
    """The named one, or the target's own.

    Raises:
        InputError: it writes sequences and answers are none, or the reverse.
    """
    usual = target.usual_decoder if isinstance(target, Generative) else "one_pass"
    decoder = recipe.decoder or cast(Decoder, build("burnish.decoders", usual, trust_code=recipe.trust_code))
    if (decoder.reads == "logits") == isinstance(target, Generative):
        raise InputError(
            f"decoder {decoder.kind()!r} does not go with target {target.kind()!r}",
            expected=f"one such as {usual}",
            place="decoder",
        )
    return decoder
