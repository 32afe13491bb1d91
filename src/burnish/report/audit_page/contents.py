"""What the page of an audit is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.data.table import Table

Media = Callable[[Table, int], "tuple[str, Any] | None"]
"""Table and row to `picture` with uint8 [H, W, 3], or `sound` with samples of its beginning, rate and whole seconds."""


@dataclass(frozen=True)
class TwinRow:
    """The row that another is like: where it is, what it says, and its label as it is written."""

    table: Table
    number: int
    text: str
    label: str


@dataclass(frozen=True)
class ReviewRow:
    """A row of the review.

    Attributes:
        cells: as in review.csv.
        table, number: where it is.
        twin: the row that it is like; None: it is like none.
    """

    cells: Mapping[str, str]
    table: Table
    number: int
    twin: TwinRow | None = None


@dataclass(frozen=True)
class AuditContents:
    """Everything on the page.

    Attributes:
        name: of the audit.
        audit: `Audit.to_dict()`.
        facts: settings, seconds of each part, data hashes, command.
        column: of the labels.
        thing: what a row is called.
        labels: names that a label may have; empty where they are none.
        review: rows to look at, the most telling first.
        total: how many there are in review.csv.
        columns: of review.csv.
        media: shows the file of a row; None: rows are texts.
    """

    name: str
    audit: Mapping[str, Any]
    facts: Mapping[str, Any]
    column: str
    thing: str
    labels: Sequence[str]
    review: Sequence[ReviewRow]
    total: int
    columns: Sequence[str]
    media: Media | None = None

    @property
    def figures(self) -> Mapping[str, Any]:
        """Of the audit."""
        found: Mapping[str, Any] = self.audit.get("figures") or {}
        return found

    @property
    def findings(self) -> Sequence[Mapping[str, Any]]:
        """Of the audit, the worst first."""
        found: Sequence[Mapping[str, Any]] = self.audit.get("findings") or []
        return found
