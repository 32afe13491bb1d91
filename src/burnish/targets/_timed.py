"""Targets whose answers take time."""

from __future__ import annotations

from typing import Any

from burnish.core.batch import Array, Encoded
from burnish.core.processor import Processor


class Timed:
    """Its answers are spoken: they take time, and a network has only so many frames or places for them.

    The audit asks before training, of every row, with the processor of the run (its `for_target` is that of the texts). A
    target answers what limits it: frames for CTC, places for a decoder, characters where it spells. Where a value is no
    truth (`Target.problem_with`) nothing is asked.
    """

    def needed_frames(self, value: Any, processor: Any) -> int:
        """Frames without which a truth has no path: of CTC its labels and one for each repeated neighbour; 0 where any do."""
        return 0

    def frames_of(self, seconds: float, processor: Any) -> int:
        """Frames that the network gives for a sound of so many seconds; asked only where some are needed."""
        return 0

    def length_of(self, value: Any, processor: Any) -> int:
        """Places that a decoder needs for a truth, with those of prompt and end; 0 where there is no decoder."""
        return 0

    def longest(self, processor: Any) -> int | None:
        """Most places that a decoder has; None where there is no bound."""
        return None

    def has_room(self, truth: tuple[Array, Array], encoded: Encoded, processor: Processor) -> bool:
        """Whether a row that an augmentation changed can still be learned from; else it stays as it is.

        Args:
            truth: what `Target.encode` gave of the row.
            encoded: the changed row.
            processor: what the run encodes with.
        """
        return True

    def unwritable(self, value: Any, processor: Any) -> str:
        """Characters of a truth that no answer can hold, each as often as it stands there; none by default."""
        return ""
