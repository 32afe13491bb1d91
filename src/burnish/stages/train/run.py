"""The verb `train`: a recipe becomes a run folder with a tested bundle."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from burnish.core.events import Event
from burnish.core.libraries import Libraries
from burnish.recipe.recipe import Recipe
from burnish.stages.choosing.automatic import Chosen
from burnish.stages.choosing.long import LONG
from burnish.stages.imbalance.automatic import IMBALANCE
from burnish.stages.outside import read_from, require_apart
from burnish.stages.prepare.prepare import Phases, prepare
from burnish.stages.signals import interruptible
from burnish.stages.train.assemble import assemble
from burnish.stages.train.beginning import begin
from burnish.stages.train.finish import Run, finish
from burnish.stages.train.finished import finished_before
from burnish.stages.train.folds import require_folds, run_folds
from burnish.stages.train.going_on import going_on
from burnish.stages.train.pictures import training_pictures
from burnish.stages.train.precision import joined, settled
from burnish.stages.train.resuming import require_same, require_unedited
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.trackers import Tracking

LATER = (
    "sklearn.metrics",
    "sklearn.linear_model",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.font_manager",
)
"""What the end of a run needs: scores, baselines, pictures."""


def run(
    recipe: Recipe, *, out: Path, resume: bool = False, command: Sequence[str] = (), changes: Collection[str] = ()
) -> Run:
    """Train, test and bundle a model.

    Args:
        recipe: what to do.
        out: the run folder; made here, never overwritten.
        resume: continue the run in `out` from its newest whole checkpoint. A finished one is not tested again.
        command: the command line, for the record.
        changes: names of recipe fields that a continued run is given on purpose; only some may differ.

    Raises:
        InputError: bad recipe, data or checkpoint; nothing has been written.
        RunFailed: the run began and could not go on; its folder says where it stands.
        Interrupted: stopped by Ctrl-C or SIGTERM after saving.
    """
    folder = RunFolder(out)
    recipe, accelerator = joined(recipe, folder, resume=resume)
    folder.open(resume=resume, main=accelerator.main)
    if resume:
        require_unedited(folder)
    else:
        require_apart(out, read_from(recipe.data))
    tracked = folder.tracking(recipe, resume=resume, main=accelerator.main)
    with tracked as tracking, interruptible(lambda: folder.resumed_by):
        ways, recipe = _chosen(recipe, folder, accelerator.processes, tracking)
        if recipe.folds is not None:
            require_folds(recipe, accelerator.processes, resume=resume)
            return run_folds(recipe, folder, tracking, accelerator, command)
        prepared = prepare(recipe, tracking, accelerator, keep=folder.keeps_shared_rows())
        changed = require_same(folder, prepared, changes) if resume else {}
        assembled = assemble(prepared, accelerator, lambda t: tracking(Event("warning", {"text": t})), Phases(tracking))
        prepared = settled(prepared, accelerator, resume=resume)
        going = going_on(folder, prepared, assembled, changed, resume=resume)
        going = begin(folder, prepared, assembled, going, command, tracking)
        if accelerator.main:
            for way in ways:
                way.keep()
        accelerator.wait()  # until the folder is there
        if ended := finished_before(folder, prepared, going, tracking):
            return ended
        training_pictures(folder.path / "pictures", prepared, assembled)
        libraries = Libraries(LATER if accelerator.main else ())
        session = Session(folder, prepared, assembled, tracking, going, libraries)
        session.run()
        libraries.wait()
        accelerator.wait()
        return finish(folder, prepared, assembled, tracking, session.state())


def _chosen(recipe: Recipe, folder: RunFolder, processes: int, tracking: Tracking) -> tuple[list[Chosen], Recipe]:
    """The recipe with a way in place of each `auto`, and what was compared for it."""

    def say(text: str) -> None:
        tracking(Event("note", {"text": text}))

    long = LONG.chosen(recipe, folder.long, processes, say)
    imbalance = IMBALANCE.chosen(long.recipe, folder.imbalance, processes, say)
    return [long, imbalance], imbalance.recipe
