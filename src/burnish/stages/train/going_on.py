"""How a run goes on: from which checkpoint, whether it is this run's own, and what another length means for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.core.errors import InputError
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train import earlier
from burnish.stages.train.assemble import Assembled
from burnish.stages.train.begun import FILE
from burnish.stages.train.resuming import Changes
from burnish.stages.train.run_folder import RunFolder
from burnish.training import checkpoint, history

LENGTH = ("epochs", "max_steps", "early_stopping")


@dataclass(frozen=True)
class GoingOn:
    """What a run does when it begins or is continued.

    Attributes:
        resume: whether it is continued.
        identity: of the run, for its checkpoints.
        changes: settings that were changed on purpose.
        step: of the checkpoint that it goes on from, when it has been looked at.
        lines: what the changes mean, in sentences.
    """

    resume: bool = False
    identity: str = ""
    changes: Changes = field(default_factory=dict)
    step: int = 0
    lines: tuple[str, ...] = ()


def still_stopped(stopped: str, done: list[history.Validation], recipe: Settled, step: int, total: int) -> str:
    """Why a run is over after a checkpoint, by its settings as they are now; empty where it goes on."""
    early = recipe.early_stopping
    if stopped.startswith("early") and early and history.exhausted(done, early.patience, early.minimum_change):
        return stopped
    return "all steps done" if stopped and step >= total else ""


def going_on(folder: RunFolder, prepared: Prepared, assembled: Assembled, changes: Changes, *, resume: bool) -> GoingOn:
    """Look at the checkpoint a run would go on from, before anything is written.

    Raises:
        InputError: the checkpoint is of another run, the record of this one is gone, or a change makes no sense for it.
    """
    if not resume:
        return GoingOn()
    began, newest = folder.record, checkpoint.newest(folder.checkpoints, lambda text: None)
    held = newest.state.get("begun") if newest else None
    if held and began is None:
        raise InputError(
            "the record of what the run began with is gone",
            expected=f"{FILE}, as burnish wrote it",
            fix="bring back a copy, or start a new run",
            place=str(folder.path / FILE),
        )
    if began is not None and newest is not None and held not in (None, began.identity):
        raise InputError(
            "the checkpoint is of a run that began with other rows or settings",
            expected="the run's own checkpoints",
            fix="bring them back, or start a new run",
            place=str(newest.path),
        )
    network, optimizer = assembled.training.network, assembled.training.optimizer
    if began is not None and began.frozen != checkpoint.frozen(network, optimizer):
        raise InputError(
            "the weights that do not learn are not those the run began with",
            expected="the pretrained checkpoint the run began with",
            fix="bring back its files, or start a new run",
            place=str(prepared.recipe.model.name),
        )
    if not changes:
        return GoingOn(True)
    if newest is None:
        raise InputError(
            f"no whole checkpoint is left to go on from with {', '.join(changes)}",
            fix=f"start a new run: burnish train {folder.path} {_asked(changes)} --out ANOTHER",
            place=str(folder.checkpoints),
        )
    _makes_sense(prepared, assembled, changes, newest, folder)
    return GoingOn(
        True, changes=changes, step=newest.step, lines=tuple(_lines(prepared, assembled, changes, newest, folder))
    )


def _asked(changes: Mapping[str, Any]) -> str:
    return " ".join(f"{place}={'null' if now is None else now}" for place, (_, now) in changes.items())


def _makes_sense(
    prepared: Prepared, assembled: Assembled, changes: Changes, newest: checkpoint.Checkpoint, folder: RunFolder
) -> None:
    recipe, total = prepared.recipe, assembled.batches.total_steps
    if total < newest.step:
        raise InputError(
            f"{_asked(changes)} would be {total:,} steps, and the run has done {newest.step:,}",
            expected="a longer run, or the same length",
            fix=f"start a new run for a shorter one: burnish train {folder.path} {_asked(changes)} --out ANOTHER",
            place="epochs",
        )
    if "epochs" in changes and recipe.max_steps is not None and "max_steps" not in changes:
        raise InputError(
            f"max_steps is {recipe.max_steps:,} and wins over epochs: nothing would change",
            fix="give max_steps another value, or say max_steps=null beside it",
            place="epochs",
        )
    early, stopped = recipe.early_stopping, str(newest.state["stopped"])
    done = history.from_json(newest.state["validations"])
    again = early is not None and history.exhausted(done, early.patience, early.minimum_change)
    if early and again and stopped.startswith("early") and any(place.split(".")[0] in LENGTH for place in changes):
        raise InputError(
            f"the run stopped {stopped}; with {_asked(changes)} it would stop again at once",
            fix=f"more patience as well, such as early_stopping.patience={2 * early.patience}, or early_stopping=null",
            place="early_stopping",
        )


def _lines(
    prepared: Prepared, assembled: Assembled, changes: Changes, newest: checkpoint.Checkpoint, folder: RunFolder
) -> list[str]:
    recipe, batches = prepared.recipe, assembled.batches
    lines = [f"{place} was {_value(before)} and is {_value(now)}" for place, (before, now) in changes.items()]
    before = _total(changes, recipe, batches.steps_per_epoch)
    if before != batches.total_steps:
        lines.append(
            f"total steps were {before:,} and are {batches.total_steps:,}; {newest.step:,} are done, "
            f"{batches.total_steps - newest.step:,} are left"
        )
    if before != batches.total_steps and newest.step < batches.total_steps:
        lines.append(_rate(assembled, recipe, newest, before))
    rows = ", ".join(f"{name} {len(part):,}" for name, part in prepared.parts.items())
    lines.append(f"the splits stay as they were: the same rows, by seed {recipe.dividing_seed} ({rows})")
    if folder.finished():
        lines.append(
            f"the earlier result is kept in {earlier.place(folder.path, newest.step)}; its test has been read, "
            "so a later test score that chose this length would be too good"
        )
    return lines


def _value(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _total(changes: Changes, recipe: Settled, steps_per_epoch: int) -> int:
    """How many steps the run would have had."""
    epochs = changes["epochs"][0] if "epochs" in changes else recipe.epochs
    steps = changes["max_steps"][0] if "max_steps" in changes else recipe.max_steps
    return int(steps or max(1, math.ceil(epochs * steps_per_epoch)))


def _rate(assembled: Assembled, recipe: Settled, newest: checkpoint.Checkpoint, before: int) -> str:
    """What the schedule, a function of the share of the run that is done, makes of another length."""
    training, total, step = assembled.training, assembled.batches.total_steps, newest.step
    done = history.at_length(history.from_json(newest.state["validations"]), total)
    old, new = recipe.schedule.resolved(before), training.schedule
    last = recipe.learning_rate * old(max(0.0, step - 0.5) / before, history.as_scores(done))
    following = recipe.learning_rate * new((step + 0.5) / total, history.as_scores(done))
    way = "goes back up" if following > last * 1.001 else "goes down" if following < last * 0.999 else "stays"
    return (
        f"the schedule ({recipe.schedule.kind()}) is spread over the new length: the learning rate {way}, "
        f"from {last:.3g} after step {step:,} to {following:.3g}"
    )
