"""`folds:` of a run: a network for each fold of the rows, all of them together as the model that is tested and shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from burnish.core.ensemble import Ensemble
from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.data.feeding.encode import encode_part
from burnish.data.settings import cache_folder
from burnish.data.truths import truths_of
from burnish.recipe.recipe import Recipe
from burnish.stages.cross_validation import Fold, all_rows, dealt, fold_metric, told_of_folds, trained_fold
from burnish.stages.prepare.decisions import asked
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.train.assemble import assemble
from burnish.stages.train.beginning import begin
from burnish.stages.train.finish import Run, shipped
from burnish.stages.train.going_on import GoingOn
from burnish.stages.train.precision import settled
from burnish.stages.train.started import Opened

FOLDS = "folds"
"""Folder of the run in which folds are trained; empty again when they are."""


def require_folds(recipe: Recipe, processes: int, *, resume: bool) -> None:
    """Refuse what does not go with folds.

    Raises:
        InputError: with the reason.
    """
    if resume:
        raise _refused(
            "a run of folds is not continued: nothing of a fold is kept until all are trained", "start it anew"
        )
    if processes > 1:
        raise _refused(f"folds in {processes} processes", "train in one process, or run burnish cross-validate")
    if wanted := asked(recipe):
        raise _refused(
            f"{wanted[0]} is learned from validation rows, and with folds each row was learned by all networks but one",
            f"leave {wanted[0]} or folds out",
        )
    for name in ("prune", "quantise"):
        if (small := getattr(recipe, name)) is not None and not small.is_off:
            raise _refused(
                f"{name} makes one network small as its run ends, and folds have several",
                f"leave {name} or folds out",
            )


def _refused(why: str, fix: str) -> InputError:
    return InputError(why, fix=fix, place="folds")


def run_folds(run: Opened, command: Sequence[str]) -> Run:
    """Train a network for each fold, test the mean of their logits once, and bundle them together.

    Into the run go `out_of_fold.parquet`, a prediction for each row by the network that has not seen it, and its scores.

    Raises:
        InputError: no test split, validation rows from another table, or predictions that are no logits.
    """
    recipe, folder, tracking, accelerator = run.recipe, run.folder, run.tracking, run.accelerator
    assert recipe.folds is not None
    prepared = _with_all_rows(prepare(recipe, tracking, accelerator))
    fold_of = dealt(prepared, recipe.folds)

    def say(text: str) -> None:
        tracking(Event("note", {"text": text}))

    assembled = assemble(prepared, accelerator, lambda text: tracking(Event("warning", {"text": text})))
    prepared = settled(prepared, accelerator, resume=False)
    begin(folder, prepared, assembled, GoingOn(), command, tracking)
    run.keep_choices()
    trained: list[Fold] = []
    for number in range(recipe.folds):
        place = folder.path / FOLDS / f"fold-{number}"
        fold = trained_fold(prepared, fold_of == number, place)
        metric = fold_metric(prepared)
        value = fold.scored["metrics"][metric]["value"]
        say(f"fold {number + 1} of {recipe.folds}: {len(fold.predictions):,} rows out of fold, {metric} {value:.4f}")
        trained.append(fold)
    (folder.path / FOLDS).rmdir()
    told = told_of_folds(prepared, trained, folder.path, fold_of)
    assembled.training.network = Ensemble([fold.network for fold in trained]).to(accelerator.device)
    restored = {"step": 0, "chosen_by": f"{recipe.folds} networks, each the best of its fold", "weights_sha256": ""}
    return shipped(folder, prepared, assembled, tracking, _state(), restored, {FOLDS: told})


def _with_all_rows(prepared: Prepared) -> Prepared:
    """With the rows for training and validation as one split.

    Raises:
        InputError: no test split, or as `all_rows`.
    """
    if "test" not in prepared.parts:
        raise _refused(
            "all other rows are learned by some of the networks, and there is no test split to test them together on",
            "name data.test, or leave a share for it (split.test)",
        )
    whole = all_rows(prepared)
    recipe, cache = whole.recipe, cache_folder(whole.recipe.data.cache)
    encoded = {
        n: encode_part(p, recipe.input, recipe.target, whole.processor, cache=cache) for n, p in whole.parts.items()
    }
    truths = {name: truths_of(part, recipe.target) for name, part in whole.parts.items()}
    return replace(whole, encoded=encoded, truths=truths)


def _state() -> dict[str, object]:
    totals = {"rows": 0, "useful": 0, "size": 0, "seconds": 0.0, "skipped": 0}
    return {"step": 0, "validations": [], "totals": totals, "stopped": "", "skipped": []}
