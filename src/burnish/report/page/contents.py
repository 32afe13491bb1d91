"""What the page is made from: the same as `report.md`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from burnish.core.predictions import Predictions
from burnish.counting.resampling import with_truth
from burnish.report.explained import Explain
from burnish.report.neighbours import Neighbours
from burnish.report.page.privacy import relative
from burnish.report.summary import deciding
from burnish.targets import Target, is_exclusive, target_of

FEW = 10
"""Examples below which nothing can be said of a class."""
ROWS = 500
"""Rows on the page where nothing else is asked."""


Effects = Callable[[int], Sequence[tuple[float, float, float]] | None]
"""Row number to (start, end, effect on the prediction) of parts of its text (characters) or sound (seconds); None: not known."""


@dataclass(frozen=True)
class Contents:
    """Facts, scores, baselines, audit, events and predictions as `report.write.write` is given them.

    Attributes:
        shown: row number to the input as text.
        pictured, heard: row number to a picture, uint8 [height, width, 3], or a WAV file; or None.
        explain: rows to pictures with maps of where their answers come from; None: there are none.
        effects: what parts of a text or sound did for its prediction; None: not known.
        nearest: the nearest training examples of mistakes, by row number.
        base: what the checkpoint as it was says of the same rows; None: not known.
        further: sections of report.md that the page shows as they are (English).
        rows: most rows of data on the page; 0: none, not even those of the audit.
        recipe: text of the recipe; empty: not known.
    """

    facts: Mapping[str, Any]
    scores: Mapping[str, Any]
    baselines: Mapping[str, Any]
    audit: Mapping[str, Any] | None
    events: Sequence[Mapping[str, Any]]
    predictions: Predictions
    shown: Callable[[int], str]
    pictured: Callable[[int], Any] | None = None
    heard: Callable[[int], bytes | None] | None = None
    explain: Explain | None = None
    effects: Effects | None = None
    nearest: Neighbours = field(default_factory=dict)
    base: Predictions | None = None
    further: Sequence[Sequence[str]] = field(default_factory=list)
    rows: int = ROWS
    recipe: str = ""

    @cached_property
    def known(self) -> Predictions:
        """The rows with truth."""
        return with_truth(self.predictions)

    @cached_property
    def target(self) -> Target:
        """What was predicted."""
        return target_of(self.predictions)

    @property
    def exclusive(self) -> bool:
        """Whether a prediction is exactly one of the names."""
        return is_exclusive(self.target)

    @cached_property
    def audible(self) -> bool:
        """Whether examples can be listened to."""
        return self.heard is not None and len(self.known) > 0 and self.heard(self._first) is not None

    @cached_property
    def visible(self) -> bool:
        """Whether examples are pictures: what is heard may be drawn as well, and is a sound."""
        if self.pictured is None or self.audible or not len(self.known):
            return False
        return self.pictured(self._first) is not None

    @property
    def _first(self) -> int:
        return int(self.known.table["row"][0].as_py())

    @property
    def counted(self) -> int:
        """Examples with a label."""
        return int(self.scores["rows"] - self.scores["rows_without_truth"])

    @property
    def split(self) -> str:
        """The split that was scored: `test`, or the name of a file."""
        return relative(str(self.facts.get("split", "test")))

    @cached_property
    def deciding(self) -> str:
        """The metric that the page leads with."""
        named = self.facts.get("validation_metric")
        return deciding(self.scores, str(named) if named else None)

    @property
    def level(self) -> str:
        """Of the intervals, in per cent."""
        return f"{100 * self.scores['bootstrap']['level']:g}"

    def figure(self, metric: str) -> Mapping[str, Any]:
        """Value and interval of a metric; empty where it was not scored."""
        found: Mapping[str, Any] = self.scores["metrics"].get(metric) or {}
        return found

    def place(self, row: int) -> str:
        """Where a row stands, file and row without folders; a row number where that is not known."""
        place = self.facts.get("place")
        return relative(str(place(row))).rpartition("/")[2] if place else f"row {row + 1}"
