"""A run up to its first step: everything is read, checked and assembled, and its folder is begun."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from burnish.core.events import Event
from burnish.recipe.recipe import Recipe
from burnish.stages.choose.automatic import with_checkpoint
from burnish.stages.imbalance.automatic import chosen
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


@dataclass(frozen=True)
class Started:
    """A run that is about to train: its folder, its data, what the loop moves, how it goes on, and who is told."""

    folder: RunFolder
    prepared: Prepared
    assembled: Assembled
    going: GoingOn
    tracking: Tracking


@contextmanager
def started(
    recipe: Recipe, *, out: Path, resume: bool = False, command: Sequence[str] = (), changes: Collection[str] = ()
) -> Iterator[Started]:
    """Begin a run or take it up again; arguments and errors as of `train.run.run`."""
    folder = RunFolder(out)
    recipe, accelerator = joined(recipe, folder, resume=resume)
    folder.open(resume=resume, main=accelerator.main)
    if resume:
        require_unedited(folder)
    else:
        require_apart(out, read_from(recipe.data))
    tracked = folder.tracking(recipe, resume=resume, main=accelerator.main)
    with tracked as tracking, interruptible(lambda: folder.resumed_by):
        note = partial(_note, tracking)
        model = with_checkpoint(with_student(recipe, note), folder, accelerator.processes, note)
        way = chosen(model.recipe, folder, accelerator.processes, note)
        recipe = way.recipe
        prepared = prepare(recipe, tracking, accelerator, keep=folder.keeps_shared_rows())
        changed = require_same(folder, prepared, changes) if resume else {}
        assembled = assemble(prepared, accelerator, lambda t: tracking(Event("warning", {"text": t})), Phases(tracking))
        prepared = settled(prepared, accelerator, resume=resume)
        going = going_on(folder, prepared, assembled, changed, resume=resume)
        going = begin(folder, prepared, assembled, going, command, tracking)
        if accelerator.main:
            way.keep(folder)
            model.keep(folder)
        accelerator.wait()  # until the folder is there
        yield Started(folder, prepared, assembled, going, tracking)


def _note(tracking: Tracking, text: str) -> None:
    tracking(Event("note", {"text": text}))
