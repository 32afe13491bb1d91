"""What an audit says: findings with their rows named, and the figures behind them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from burnish.core.errors import InputError, unknown

if TYPE_CHECKING:
    from rich.text import Text

Severity = Literal["note", "warning", "refusal"]
SHOWN_ROWS = 20
_SHARED = ("test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation")
OVERRIDES = (
    *("empty_split", "no_labels", "no_texts", "one_class"),
    *_SHARED,
    *(name.replace("_rows_", "_groups_") for name in _SHARED),
)
"""What `allow` can accept: refusals, and rows of several splits that else are left out of one; a missing column cannot
be accepted."""
WARNED = tuple(f"{how}_{name}" for how in ("near", "reworded") for name in _SHARED)
"""Warnings that recipes accept by name beside these; they stop no run either way."""


@dataclass(frozen=True)
class RowAt:
    """A row that a finding is about.

    Attributes:
        part: its split.
        row: its position in the table of its split, counted from 0.
        place: file and row (counted from 1) in words.
        detail: what is the matter with it, such as the row it equals.
        text: the beginning of its content.
    """

    part: str
    row: int
    place: str
    detail: str = ""
    text: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing that is the matter.

    Attributes:
        code: its name; a refusal is accepted by naming it in `allow`.
        severity: `note`, `warning`, or `refusal`: it makes the run meaningless.
        message: in one sentence.
        rows: the first rows it is about, at most `SHOWN_ROWS`.
        count: how many rows it is about in all.
    """

    code: str
    severity: Severity
    message: str
    rows: tuple[RowAt, ...] = ()
    count: int = 0

    @property
    def override(self) -> str:
        """The name that accepts a refusal; empty where there is nothing to accept or no way to go on."""
        return self.code if self.severity == "refusal" and self.code in OVERRIDES else ""


Proposal = Literal["look", "relabel", "remove"]


@dataclass(frozen=True)
class Suspect:
    """A row that a person should look at; all of them make the review.

    Attributes:
        issue: why, by the name of the finding.
        part: its split.
        position: its place in the split.
        score: from 0 to 1, how sure it is; rows of an issue are ranked by it.
        proposal: what could be done about it.
        suggested: another truth as the target writes it, where one is proposed.
        detail: what it rests on, in words.
        twin: split and place of the row that it is like.
    """

    issue: str
    part: str
    position: int
    score: float
    proposal: Proposal = "look"
    suggested: Any = None
    detail: str = ""
    twin: tuple[str, int] | None = None


def _plain(finding: Finding) -> dict[str, Any]:
    rows = [{**asdict(row), "row": row.row + 1} for row in finding.rows]
    return {**asdict(finding), "rows": rows, "override": finding.override}


@dataclass(frozen=True)
class Audit:
    """All findings, the worst first, and the figures: rows and classes per split, lengths, tokens lost.

    `suspects` are the rows of findings that name each of them, for whoever makes a review; audit.json holds none.
    """

    findings: tuple[Finding, ...]
    figures: dict[str, Any] = field(default_factory=dict)
    suspects: tuple[Suspect, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; rows are counted from 1 in it, as everywhere that people read."""
        return {"findings": [_plain(finding) for finding in self.findings], "figures": self.figures}

    def to_json(self) -> str:
        """The whole audit as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def find(self, code: str) -> list[Finding]:
        """The findings of one code."""
        return [f for f in self.findings if f.code == code]

    def refused(self, allow: Collection[str]) -> list[Finding]:
        """The refusals that `allow` does not accept."""
        return [f for f in self.findings if f.severity == "refusal" and not (f.override and f.override in allow)]

    def lines(self) -> list[tuple[Severity, str]]:
        """The findings as lines of text: in words, up to three of their rows, and the code last."""
        lines: list[tuple[Severity, str]] = []
        for finding in self.findings:
            where = [f"{r.place}{f': {r.detail}' if r.detail else ''}" for r in finding.rows[:3]]
            more = finding.count - len(where)
            tail = f" ({'; '.join(where)}{f'; and {more} more' if more > 0 else ''})" if where else ""
            lines.append((finding.severity, f"{finding.message}{tail} [{finding.code}]"))
        return lines

    def text(self) -> str:
        """The audit as plain text."""
        rows = ", ".join(f"{part} {n:,}" for part, n in self.figures.get("rows", {}).items())
        return "\n".join([f"rows: {rows}", *(f"{severity}: {line}" for severity, line in self.lines())])

    def __rich__(self) -> Text:
        from rich.text import Text

        styles = {"note": "dim", "warning": "yellow", "refusal": "bold red"}
        rows = ", ".join(f"{part} {n:,}" for part, n in self.figures.get("rows", {}).items())
        shown = Text(f"rows: {rows}")
        for severity, line in self.lines():
            shown.append(f"\n{severity}: ", style=styles[severity])
            shown.append(line)
        return shown


class DataRefused(InputError):
    """The data makes the run meaningless; `audit` has all that was found."""

    audit: Audit | None = None


def require_known(allow: Collection[str]) -> None:
    """Check that what is accepted by name is something that can be accepted.

    Raises:
        InputError: naming the nearest.
    """
    for name in allow:
        if name not in (*OVERRIDES, *WARNED):
            raise unknown("finding", name, OVERRIDES, place="allow")


def _fix(codes: Sequence[str], accepted: str, mend: str) -> str:
    """What to do about refusals of these codes; `accepted`: those that can be accepted by name; `mend`: what mends them."""
    if set(codes) == {"broken_files"}:
        return (
            "repair, convert or remove these files, or correct their paths (input.root: the folder they are relative to); "
            "`input.broken: skip` goes on without their rows"
        )
    return f"{mend}, or accept it knowingly with `allow: [{accepted}]`" if accepted else mend


def refusal(audit: Audit, allow: Collection[str], mend: str = "mend the data") -> DataRefused | None:
    """The error for an audit with refusals that are not allowed, and how to mend it; None where there are none."""
    refused = audit.refused(allow)
    if not refused:
        return None
    lines = [line for f in refused for _, line in Audit((f,)).lines()]
    codes = ", ".join(dict.fromkeys(f.override for f in refused if f.override))
    error = DataRefused(
        "the data makes this run meaningless: " + "\n".join(lines),
        expected="data that a test can say something about",
        fix=_fix([f.code for f in refused], codes, mend),
    )
    error.audit = audit
    return error
