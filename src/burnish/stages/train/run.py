"""The verb `train`: a recipe becomes a run folder with a tested bundle."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from burnish.core.libraries import Libraries
from burnish.recipe.recipe import Recipe
from burnish.stages.train.finish import Run, finish
from burnish.stages.train.finished import finished_before
from burnish.stages.train.folds import require_folds, run_folds
from burnish.stages.train.pictures import training_pictures
from burnish.stages.train.session import Session
from burnish.stages.train.started import begun, opened

LATER = (
    "sklearn.metrics",
    "sklearn.linear_model",
    "sklearn.feature_extraction.text",
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
    with opened(recipe, out=out, resume=resume) as opening:
        if opening.recipe.folds is not None:
            require_folds(opening.recipe, opening.accelerator.processes, resume=resume)
            return run_folds(opening, command)
        begin = begun(opening, command, changes)
        folder, prepared, assembled, tracking = begin.folder, begin.prepared, begin.assembled, begin.tracking
        if ended := finished_before(folder, prepared, begin.going, tracking):
            return ended
        training_pictures(folder.path / "pictures", prepared, assembled)
        libraries = Libraries(LATER if assembled.training.accelerator.main else ())
        session = Session(folder, prepared, assembled, tracking, begin.going, libraries)
        session.run()
        libraries.wait()
        assembled.training.accelerator.wait()
        return finish(folder, prepared, assembled, tracking, session.state())
