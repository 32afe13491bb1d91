"""What a recipe leaves open is inferred and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from burnish.core.batch import Example
from burnish.core.component import build, kinds
from burnish.core.errors import InputError, nearest
from burnish.data.parts import require_columns
from burnish.data.reading.one_type import columns_without_a_type
from burnish.data.reading.placing import folder_of
from burnish.data.table import Table
from burnish.data.truths import missing
from burnish.decoders import Decoder
from burnish.evaluation.scores import defined, metrics_for
from burnish.inputs import Input, Located
from burnish.losses import Loss
from burnish.metrics import Metric
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.column_writing import as_written, flags_hint, recognised
from burnish.stages.prepare.fitting import candidates_of, fit_together, fitting_input, of_input, said_input
from burnish.stages.prepare.grouping import groups
from burnish.stages.prepare.no_target import no_target, rows_with_values
from burnish.stages.prepare.sensible import require_sensible
from burnish.stages.prepare.swapped import label_beside, require_not_swapped, swapped
from burnish.stages.prepare.usual_settings import rates
from burnish.targets import BeyondFloat16, ByCheckpoint, Generative, OverVocabulary, Target, fits

SAMPLE = 2000  # rows looked at to infer what columns hold
USUAL_TARGETS = ("label", "labels", "score", "tags", "ner_tags", "target", "class", "category", "intent", "sentiment")

Say = Callable[[str], None]


def settle(recipe: Recipe, table: Table, say: Say, others: Mapping[str, Table] | None = None) -> Settled:
    """The recipe with input, target, loss, sampler, metrics and learning rate filled in.

    Args:
        recipe: as written.
        table: the training rows.
        say: told every choice that was made for the user, in a sentence.
        others: the tables that were given for validation and test.

    Raises:
        InputError: a named column is not there (nearest offered), or nothing in the data fits.
    """
    sample = _sample(table)
    recipe, of_this = of_input(recipe, table, sample, say)
    target = of_this or _target(recipe, table, sample, say)
    target = _of_checkpoint(recipe, target, say)
    _require_precision(recipe, target)
    input_ = _input(recipe, table, sample, target, say).beside(target.shape)
    for column in input_.required_columns:
        require_columns(table, [column], place="input")
    fit_together(input_, target)
    require_not_swapped(input_, target, sample)
    update: dict[str, Any] = {"input": input_, "target": target, "target_column": None, "task": None}
    update |= groups(recipe, input_, {**(others or {}), "train": table}, say)
    update |= _defaults(recipe, input_, target)
    ways = {"over_vocabulary": isinstance(target, OverVocabulary), "hears_and_writes": target.shape == "decoded"}
    update |= rates(recipe, input_, say, **ways)
    settled = Settled.model_construct(**{**dict(recipe), **update})
    require_sensible(settled)
    return settled


def _sample(table: Table) -> list[Example]:
    """The first rows, those of each of several data sets; what has no type is blank there, so an input by name only."""
    blank = dict.fromkeys(columns_without_a_type(table.arrow.schema), "")
    first = np.flatnonzero(np.diff(table.data_set_numbers, prepend=-1))
    pieces = [table.arrow.slice(int(row), SAMPLE // max(1, len(first))) for row in first]
    return [{**row, **blank} for piece in pieces for row in piece.to_pylist()]


def _target(recipe: Recipe, table: Table, sample: Sequence[Example], say: Say) -> Target:
    if recipe.target is not None:
        require_columns(table, [recipe.target.column], place="target")
        if recipe.input is not None:
            fit_together(recipe.input, recipe.target)
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
        list[Target], candidates_of("burnish.targets", {**recipe.unsettled.get("target", {}), "column": column})
    )
    candidates = [one for one in candidates if _is_heard(recipe, table, sample, one)]
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


def _is_heard(recipe: Recipe, table: Table, sample: Sequence[Example], target: Target) -> bool:
    """Whether there are recordings beside a column of texts, without which it is nothing that was said."""
    if target.shape not in ("decoded", "frames"):
        return True
    known = cast(list[Input], candidates_of("burnish.inputs", recipe.unsettled.get("input", {})))
    inputs = [recipe.input] if recipe.input is not None else known
    fitting = [one for one in inputs if target.shape in one.shapes]
    return any(one.inferred(table.columns, sample, target.column) is not None for one in fitting)


def _of_checkpoint(recipe: Recipe, target: Target, say: Say) -> Target:
    """The target as the checkpoint writes it, where that makes a difference."""
    if not isinstance(target, ByCheckpoint):
        return target
    settled, said = target.of_checkpoint(recipe.model.folder())
    for line in said:
        say(line)
    return cast(Target, settled)


def _require_precision(recipe: Recipe, target: Target) -> None:
    """Refuse float16 where a network does not bear it.

    Raises:
        InputError: it was asked for, and the target says why not.
    """
    asked = {"precision": recipe.precision, "model.dtype": getattr(recipe.model, "dtype", None)}
    wrong = next((place for place, value in asked.items() if value == "float16"), None)
    if wrong and isinstance(target, BeyondFloat16):
        raise InputError(
            f"{wrong} is float16: {target.not_in_float16}",
            expected="float32 or bfloat16",
            fix=f"{wrong}: bfloat16",
            place=wrong,
        )


def _input(recipe: Recipe, table: Table, sample: Sequence[Example], target: Target, say: Say) -> Input:
    inferred = fitting_input(recipe, table, sample, target)
    if isinstance(inferred, Located):
        inferred = inferred.located(folder_of(table.origins[0].path) if table.origins else Path())
    if target.column in inferred.required_columns and not isinstance(target, OverVocabulary):
        raise InputError(
            f"column {target.column!r} is input and target at once", fix="name another input", place="input"
        )
    said_input(recipe, inferred, table, sample, target.column, say)
    return inferred


def _loss(recipe: Recipe, target: Target) -> Loss:
    """The named one, or the target's own with the settings that are named."""
    settings = recipe.unsettled.get("loss", {})
    usual = target.usual_loss() if isinstance(target, ByCheckpoint) else {"kind": target.default_loss}
    if recipe.loss is not None and recipe.loss.kind() == usual["kind"]:
        given = {name: value for name, value in usual.items() if name not in {"kind", *recipe.loss.model_fields_set}}
        return recipe.loss.model_copy(update=given) if given else recipe.loss
    if recipe.loss is not None or not settings:
        return recipe.loss or cast(Loss, build("burnish.losses", usual, trust_code=recipe.trust_code))
    candidates = cast(list[Loss], candidates_of("burnish.losses", settings))
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
    return {
        "loss": loss,
        "sampler": _sampler(recipe, "length_bucketed" if input_.lengths_matter else "shuffled"),
        "metrics": metrics,
        "deciding_metric": _deciding(recipe.deciding_metric or target.decides, metrics, target),
        "decoder": _decoder(recipe, target),
        **_objective(recipe, target),
    }


def _deciding(named: str, metrics: Sequence[Metric], target: Target) -> str:
    """The label of the metric that chooses the best checkpoint, or `loss`.

    Raises:
        InputError: not one of the target, or one that describes answers and judges none.
    """
    known = [m.label for m in metrics if m.greater_is_better is not None]
    if named == "loss" or named in known:
        return named
    wrong = f"is not defined for target {target.kind()!r}"
    if named in [m.label for m in metrics]:
        wrong = "describes predictions, and neither more nor less of it is better"
    guess = nearest(named, known)
    raise InputError(
        f"deciding_metric {named!r} {wrong}",
        expected="one of loss, " + ", ".join(known),
        fix=f"did you mean {guess!r}?" if guess else "",
        place="deciding_metric",
    )


def _objective(recipe: Recipe, target: Target) -> dict[str, Any]:
    """Head and loss in chunks where there is a logit for each token of a vocabulary, unless the recipe names another way."""
    if "objective" in recipe.model_fields_set or not isinstance(target, OverVocabulary):
        return {}
    return {"objective": build("burnish.training.objectives", "chunked")}


def _decoder(recipe: Recipe, target: Target) -> Decoder:
    """The named one, or the target's own.

    Raises:
        InputError: it writes sequences and answers are none, or the reverse; or a file that it names cannot be used.
    """
    usual = target.usual_decoder if isinstance(target, Generative) else "one_pass"
    decoder = recipe.decoder or cast(Decoder, build("burnish.decoders", usual, trust_code=recipe.trust_code))
    if (decoder.reads == "logits") == isinstance(target, Generative):
        raise InputError(
            f"decoder {decoder.kind()!r} does not go with target {target.kind()!r}",
            expected=f"one such as {usual}",
            place="decoder",
        )
    decoder.check()
    return decoder
