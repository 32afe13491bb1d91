"""A run up to its first step: everything is read, checked and assembled, and its folder is begun."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.automatic import with_checkpoint
from burnish.stages.choosing.automatic import Chosen
from burnish.stages.choosing.long import LONG
from burnish.stages.imbalance.automatic import IMBALANCE
from burnish.stages.outside import read_from, require_apart
from burnish.stages.prepare.prepare import Phases, Prepared, prepare
from burnish.stages.signals import interruptible
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.beginning import begin
from burnish.stages.train.going_on import GoingOn, going_on
from burnish.stages.train.precision import joined, settled
from burnish.stages.train.resuming import require_same, require_unedited
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.student import with_student
from burnish.trackers import Tracking
from burnish.training.accelerator import Accelerator


@dataclass(frozen=True)
class Opened:
    """A run whose folder is there to be written, and whose recipe leaves nothing open.

    Attributes:
        folder: of the run.
        recipe: with what was chosen in place of each `auto`.
        resume: whether it goes on.
        choices: what was compared for it.
        accelerator: where it computes.
        tracking: who is told.
    """

    folder: RunFolder
    recipe: Recipe
    resume: bool
    choices: Sequence[Chosen]
    accelerator: Accelerator
    tracking: Tracking

    def keep_choices(self) -> None:
        """Write what was compared into the folder, once it has begun; all processes wait until it is there."""
        if self.accelerator.main:
            for choice in self.choices:
                choice.keep()
        self.accelerator.wait()


@dataclass(frozen=True)
class Started:
    """A run that is about to train: its folder, its data, what the loop moves, how it goes on, and who is told."""

    folder: RunFolder
    prepared: Prepared
    assembled: Assembled
    going: GoingOn
    tracking: Tracking


@contextmanager
def opened(recipe: Recipe, *, out: Path, resume: bool) -> Iterator[Opened]:
    """Open a run; arguments and errors as of `train.run.run`."""
    folder = RunFolder(out)
    recipe, accelerator = joined(recipe, folder, resume=resume)
    folder.open(resume=resume, main=accelerator.main)
    if resume:
        require_unedited(folder)
    else:
        require_apart(out, read_from(recipe.data))
    tracked = folder.tracking(recipe, resume=resume, main=accelerator.main)
    with tracked as tracking, interruptible(lambda: folder.resumed_by):
        note, processes = partial(_note, tracking), accelerator.processes
        model = with_checkpoint(with_student(recipe, note), folder, processes, note)
        long = LONG.chosen(model.recipe, folder.long, processes, note)
        imbalance = IMBALANCE.chosen(long.recipe, folder.imbalance, processes, note)
        yield Opened(folder, imbalance.recipe, resume, [model, long, imbalance], accelerator, tracking)


def begun(run: Opened, command: Sequence[str], changes: Collection[str]) -> Started:
    """Begin a run that was opened, up to its first step."""
    folder, recipe, accelerator, tracking = run.folder, run.recipe, run.accelerator, run.tracking
    prepared = prepare(recipe, tracking, accelerator, keep=folder.keeps_shared_rows())
    changed = require_same(folder, prepared, changes) if run.resume else {}
    assembled = assemble(prepared, accelerator, lambda t: tracking(Event("warning", {"text": t})), Phases(tracking))
    prepared = settled(prepared, accelerator, resume=run.resume)
    going = going_on(folder, prepared, assembled, changed, resume=run.resume)
    going = begin(folder, prepared, assembled, going, command, tracking)
    run.keep_choices()
    return Started(folder, prepared, assembled, going, tracking)


@contextmanager
def started(recipe: Recipe, *, out: Path, resume: bool = False) -> Iterator[Started]:
    """Begin a run of one network, or take it up again; arguments and errors as of `train.run.run`.

    Raises:
        InputError: the recipe asks for folds.
    """
    if recipe.folds is not None:
        raise InputError(
            "a training that only validates is of one network, and this recipe asks for one for each fold",
            fix="leave folds out; put it back for the run that is kept",
            place="folds",
        )
    with opened(recipe, out=out, resume=resume) as run:
        yield begun(run, (), ())


def _note(tracking: Tracking, text: str) -> None:
    tracking(Event("note", {"text": text}))
