"""The verbs as Python functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from burnish.recipe.recipe import Recipe
from burnish.stages.evaluate import evaluate as evaluate_run
from burnish.stages.train.finish import Run
from burnish.stages.train.run import run
from burnish.stages.train.run_folder import RunFolder


def train(
    recipe: Recipe | Mapping[str, Any] | str | Path | None = None,
    *,
    out: str | Path,
    resume: bool = False,
    **settings: Any,
) -> Run:
    """Train, test and bundle a model.

    Args:
        recipe: a Recipe, a mapping, or the path of a recipe file; None when `settings` say everything, or with `resume`.
        out: the run folder; never overwritten.
        resume: continue the run in `out`, by its own recipe where none is given. `epochs=20` makes it longer.
        **settings: recipe fields, over those of `recipe`: `data=frame`, `target="intent"`, `learning_rate=3e-5` ...

    Raises:
        InputError: bad recipe, data or checkpoint; nothing has been written.
        RunFailed: the run began and could not go on.
    """
    # Whoever gives rows or a recipe in Python says where the rows are; what they hold is compared.
    changes = frozenset({*settings, "data"} if resume else ())
    if isinstance(recipe, Recipe) and not settings:
        return run(recipe, out=Path(out), resume=resume, changes=changes)
    values: dict[str, Any] = {}
    if isinstance(recipe, Recipe):
        values = {name: getattr(recipe, name) for name in recipe.model_fields_set} | recipe.unsettled
    elif isinstance(recipe, Mapping):
        values = dict(recipe)
    elif recipe is not None:
        from burnish.recipe.text import load_file

        values = load_file(Path(recipe))
    elif resume:
        values = RunFolder(Path(out)).settings()
    return run(Recipe.load({**values, **settings}), out=Path(out), resume=resume, changes=changes)


def evaluate(
    run: str | Path,
    data: Any = None,
    *,
    out: str | Path | None = None,
    trust_code: bool = False,
    input: str | Sequence[str] = (),
    target: str | None = None,
) -> dict[str, Any]:
    """Scores of a run or bundle: those of its sealed test, or on other labelled data.

    Args:
        run: a run or bundle.
        data: labelled rows (path, list of rows, DataFrame ...); None reads the scores of the sealed test.
        out: folder for predictions.parquet and scores.json on that data.
        trust_code: whether components from outside burnish may be imported.
        input: the column, or columns, that the model reads, where `data` calls them otherwise than in training.
        target: the column of labels, where `data` calls it otherwise.
    """
    return evaluate_run(
        Path(run),
        data=data,
        out=None if out is None else Path(out),
        trust_code=trust_code,
        input_columns=[input] if isinstance(input, str) else input,
        target_column=target,
    )
