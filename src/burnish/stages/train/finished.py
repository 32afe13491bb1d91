"""A run that has ended: its test was read once, so resuming it trains and tests nothing."""

from __future__ import annotations

from burnish.bundle.files import SETTINGS
from burnish.core.events import Event
from burnish.core.files import damage, read_json
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.finish import Run
from burnish.stages.train.going_on import GoingOn
from burnish.stages.train.run_folder import RunFolder
from burnish.trackers import Tracking


def finished_before(folder: RunFolder, prepared: Prepared, going: GoingOn, tracking: Tracking) -> Run | None:
    """The run as it ended, with a note where its results are; None where something is left to do.

    What is left may be training, a change that is agreed (a longer run, other baselines), or an ending that a kill cut
    off: the bundle is whole only when its scores are in it, and the report is written before that.
    """
    if not going.resume or going.changes or not ended(folder):
        return None
    text = (
        f"this run is finished; nothing was trained or tested again. Scores: {folder.scores}, report: {folder.report}, "
        f"model: {folder.bundle}. To train it longer: {folder.resumed_by} epochs=N"
    )
    tracking(Event("note", {"text": text}))
    return Run(folder.path, prepared.recipe, read_json(folder.scores))


def ended(folder: RunFolder) -> bool:
    """Whether all that a run ends with is there and whole."""
    written = all(path.is_file() for path in (folder.scores, folder.predictions, folder.report))
    return (
        written and folder.finished() and not damage(folder.bundle) and "scores" in read_json(folder.bundle / SETTINGS)
    )
