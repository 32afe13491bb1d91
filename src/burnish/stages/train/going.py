"""A run on its way, as those see it who look at it or turn it back."""

from __future__ import annotations

from typing import Any, Protocol

from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.assemble import Assembled
from burnish.stages.train.run_folder import RunFolder
from burnish.training import checkpoint
from burnish.training.spikes import SpikeWatch


class Going(Protocol):
    """What a session tells of itself, and what may be asked of it."""

    folder: RunFolder
    prepared: Prepared
    assembled: Assembled
    spikes: SpikeWatch | None
    step: int

    @property
    def recipe(self) -> Settled:
        """The settled recipe."""

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Put everything back as it was when a checkpoint was saved."""

    def rewind(self, saved: checkpoint.Checkpoint | None) -> None:
        """Make the folder say what was true then."""

    def say(self, name: Any, **values: Any) -> None:
        """Tell the trackers, from the main process."""

    def warn(self, text: str) -> None:
        """Say what may be wrong."""
