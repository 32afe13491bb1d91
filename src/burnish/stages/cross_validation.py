"""The verb `cross-validate`: each row predicted by a model that has not seen it, and all models together on the test."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError, RunFailed
from burnish.core.files import require_writable, write_json, write_text
from burnish.core.network import Network
from burnish.core.predictions import Predictions
from burnish.data.dealing.columns import group_keys
from burnish.data.dealing.folds import folds, together
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.settings import cache_folder
from burnish.data.table import Part
from burnish.data.truths import truths_of
from burnish.evaluation.predict import needs_truth, predict
from burnish.evaluation.scores import scores
from burnish.jobs.job import Job
from burnish.jobs.pool import outcomes
from burnish.recipe.plain import plain_values
from burnish.recipe.recipe import Recipe
from burnish.report.folds import page
from burnish.runtimes.torch import running
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.signals import interruptible
from burnish.stages.study import opened, this_command
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.going_on import GoingOn
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.stages.train.shipped import restore_best
from burnish.stages.train.validate import deciding
from burnish.trackers import Tracking
from burnish.training.accelerator import Accelerator
from burnish.workers import Workers


@dataclass(frozen=True)
class Fold:
    """A trained fold: its network, what it says of its own validation rows, their scores, and which weights it has."""

    network: Network
    predictions: Predictions
    scored: dict[str, Any]
    chosen_by: str


def cross_validate(
    recipe: Recipe, out: Path, *, count: int, say: Callable[[str], None], workers: Workers | None = None
) -> dict[str, Any]:
    """Train `count` times, each time without another fold of the rows that are for training and validation.

    Into `out` go `cross_validation.json` and `.md`, `out_of_fold.parquet` (a prediction for each row by the model that has
    not seen it) and, where there is a test split, `predictions.parquet` of all models together: the mean of their logits.
    The test is read once, by all of them together.

    Args:
        recipe: of the run.
        out: a new folder.
        count: folds, 2 or more.
        say: told each fold's score as it is there.
        workers: where folds are trained side by side, to the same result; the same call then goes on where it was stopped.
            None: one after the other, here.

    Raises:
        InputError: validation rows come from another table than training rows, predictions are written, or the folder is
            there already.
    """
    if workers is not None:
        opened(out, {"recipe": plain_values(recipe), "folds": count}, "cross-validate")
    elif out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    silent = Tracking([])
    accelerator = Accelerator(recipe.device, recipe.precision)
    prepared = all_rows(prepare(recipe.model_copy(update={"baselines": False}), silent, accelerator))
    fold_of = dealt(prepared, count)
    states = {} if workers is None else _elsewhere(recipe, out, count, workers)
    trained = []
    for number in range(count):
        fold = trained_fold(prepared, fold_of == number, out / f"fold-{number}", states.get(number))
        value = fold.scored["metrics"][fold_metric(prepared)]["value"]
        say(f"fold {number + 1} of {count}: {len(fold.predictions):,} rows, {fold_metric(prepared)} {value:.4f}")
        trained.append(fold)
    result = _result(prepared, trained, out, fold_of)
    write_json(out / "cross_validation.json", result)
    write_text(out / "cross_validation.md", page(result))
    return result


def all_rows(prepared: Prepared) -> Prepared:
    """With the rows for training and validation as one part, `train`, from which names are learned."""
    recipe = prepared.recipe
    if recipe.decoder.reads != "logits" or needs_truth(recipe.target, recipe.loss):
        raise InputError(
            f"predictions of target {recipe.target.kind()!r} are no logits that could be joined over folds",
            expected="a target such as label, labels, score or tags",
            place="target",
        )
    parts = together(prepared.parts)
    target = recipe.target.learned(parts["train"].cells(recipe.target.column))
    return replace(prepared, recipe=recipe.model_copy(update={"target": target}), parts=parts)


def dealt(prepared: Prepared, count: int) -> NDArray[np.int64]:
    """The fold of each row; groups, and rows of the same input, stay together."""
    recipe, part = prepared.recipe, prepared.parts["train"]
    column = getattr(recipe.split, "group", None) or recipe.group
    contents = np.array([_content(row) for row in _inputs(recipe.input.required_columns, part)], np.uint64)
    if column is not None:
        named = group_keys(part.table, column)[part.rows]
        contents = np.where(named != 0, named, contents)
    return folds(contents, truths_of(part, recipe.target).strata, count, recipe.seed)


def _inputs(columns: Sequence[str], part: Part) -> list[dict[str, Any]]:
    return list(part.table.take(part.rows, list(columns)).to_pylist())


def _content(row: dict[str, Any]) -> int:
    digest = hashlib.blake2b(repr(sorted(row.items())).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") or 1


def _elsewhere(recipe: Recipe, out: Path, count: int, workers: Workers) -> dict[int, dict[str, Any]]:
    """Train the folds on workers; the state in which each ended.

    Raises:
        RunFailed: a fold failed.
    """
    call, settings = "burnish.stages.cross_validation:one", plain_values(recipe)
    jobs = {
        f"fold {number}": Job(
            f"fold {number}", out / f"fold-{number}", call, {"settings": settings, "count": count, "number": number}
        )
        for number in range(count)
    }
    states: dict[int, dict[str, Any]] = {}
    with interruptible(this_command), workers.open() as pool:
        for job, outcome in outcomes(pool, list(jobs.values())):
            if outcome.result is None:
                raise RunFailed(f"{job.name} failed: {outcome.failed}", place=str(job.folder))
            states[int(job.arguments["number"])] = outcome.result
    return states


def one(folder: Path, settings: dict[str, Any], count: int, number: int) -> dict[str, Any]:
    """The job of one fold: trained, its checkpoints left in `folder`; the state in which it ended.

    Args:
        folder: of the job.
        settings: of the recipe.
        count, number: how many folds there are, and which this is.
    """
    recipe, silent = Recipe.load(settings), Tracking([])
    accelerator = Accelerator(recipe.device, recipe.precision)
    whole = all_rows(prepare(recipe.model_copy(update={"baselines": False}), silent, accelerator))
    prepared, assembled = _assembled(whole, dealt(whole, count) == number)
    place = RunFolder(folder)
    session = Session(place, prepared, assembled, silent, GoingOn(place.checkpoints.is_dir()))
    session.run()
    return session.state()


def _assembled(whole: Prepared, held_out: NDArray[np.bool_]) -> tuple[Prepared, Assembled]:
    """The rows of a fold as validation, the others as training rows, and what the loop moves."""
    part = whole.parts["train"]
    parts = {"train": Part(part.table, part.rows[~held_out]), "validation": Part(part.table, part.rows[held_out])}
    recipe, cache = whole.recipe, cache_folder(whole.recipe.data.cache)
    encoded = {n: encode_part(p, recipe.input, recipe.target, whole.processor, cache=cache) for n, p in parts.items()}
    truths = {name: truths_of(one, recipe.target) for name, one in parts.items()}
    prepared = replace(whole, parts=parts, truths=truths, encoded=encoded)
    return prepared, assemble(prepared, Accelerator(recipe.device, recipe.precision), lambda text: None)


def trained_fold(
    whole: Prepared, held_out: NDArray[np.bool_], place: Path, state: dict[str, Any] | None = None
) -> Fold:
    """One fold: trained on the others, its best checkpoint chosen on itself.

    Args:
        whole: all rows.
        held_out: [N] those of the fold.
        place: a folder for its run, which is removed.
        state: in which it ended where it was trained elsewhere; None: it is trained here.
    """
    prepared, assembled = _assembled(whole, held_out)
    folder = RunFolder(place)
    place.mkdir(parents=True, exist_ok=state is not None)
    try:
        if state is None:
            session = Session(folder, prepared, assembled, Tracking([]))
            session.run()
            state = session.state()
        chosen = restore_best(folder, prepared, assembled, state)
    finally:
        shutil.rmtree(place, ignore_errors=True)
    network = assembled.training.network
    whole.recipe.adapter.finish(network)
    predictions = _predicted(prepared, [network], assembled.loaders["validation"], prepared.parts["validation"])
    return Fold(network, predictions, fold_scores(whole, predictions), str(chosen["chosen_by"]))


def _predicted(prepared: Prepared, networks: Sequence[Network], loader: Loader, part: Part) -> Predictions:
    """What the mean of the networks' logits says of the rows of a part."""
    recipe, runs = prepared.recipe, [running(network) for network in networks]

    def together(**arrays: Any) -> Any:
        return np.mean([run(**arrays) for run in runs], axis=0)

    predictions, _ = predict(
        together,
        replace(loader, decoded=None),
        part,
        loss=recipe.loss,
        group=recipe.group,
        batch_size=recipe.evaluation_batch_size,
        decoder=recipe.decoder,
    )
    return predictions


def fold_metric(prepared: Prepared) -> str:
    """The metric that folds are told by; the first where the loss decides."""
    return (deciding(prepared.recipe) or prepared.recipe.metrics[0]).label


def fold_scores(prepared: Prepared, predictions: Predictions) -> dict[str, Any]:
    """The scores of predictions, with intervals of those that are told first."""
    recipe = prepared.recipe
    headline = [*recipe.target.headline, fold_metric(prepared)]
    return scores(predictions, recipe.metrics, headline, seed=recipe.seed, resamples=recipe.resamples)


def told_of_folds(prepared: Prepared, trained: Sequence[Fold], out: Path, fold_of: NDArray[np.int64]) -> dict[str, Any]:
    """Scores of each fold and of all rows out of fold, whose predictions are written into `out`, in the order of the rows."""
    joined = pa.concat_tables([fold.predictions.table for fold in trained])
    rows = np.concatenate([np.flatnonzero(fold_of == number) for number in range(len(trained))])
    together = Predictions(joined.take(pa.array(np.argsort(rows))))
    together.save(out / "out_of_fold.parquet")
    return {
        "folds": len(trained),
        "deciding": fold_metric(prepared),
        "each": [
            {"rows": len(fold.predictions), "chosen_by": fold.chosen_by, **_headline(fold.scored)} for fold in trained
        ],
        "out_of_fold": fold_scores(prepared, together),
    }


def _result(prepared: Prepared, trained: Sequence[Fold], out: Path, fold_of: NDArray[np.int64]) -> dict[str, Any]:
    result = told_of_folds(prepared, trained, out, fold_of)
    if (test := prepared.parts.get("test")) is not None:
        recipe = prepared.recipe
        cache = cache_folder(recipe.data.cache)
        encoded = encode_part(test, recipe.input, recipe.target, prepared.processor, cache=cache)
        loader = Loader(encoded, recipe.input, recipe.target, prepared.processor)
        all_of_them = _predicted(prepared, [fold.network for fold in trained], loader, test)
        all_of_them.save(out / "predictions.parquet")
        result["ensemble_on_test"] = fold_scores(prepared, all_of_them)
    return result


def _headline(scored: dict[str, Any]) -> dict[str, Any]:
    return {"metrics": {name: scored["metrics"][name]["value"] for name in scored["headline"]}}
