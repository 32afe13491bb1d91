"""The verb `audit`: everything that is the matter with labelled rows, before anything is trained on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.events import Event
from burnish.core.files import folder_aside, require_writable, write_json, write_text
from burnish.data.looking.audit import OVERRIDES, Audit, examine
from burnish.data.table import Part
from burnish.data.truths import truths_of
from burnish.recipe.recipe import Recipe, Settled
from burnish.report.audit_page.contents import AuditContents, ReviewRow
from burnish.report.audit_page.page import audit_page
from burnish.stages.audit.looks import looks
from burnish.stages.audit.media import pictured_or_heard
from burnish.stages.audit.review import COLUMNS, Line, lines, written
from burnish.stages.prepare.prepare import Phases, looked_at
from burnish.stages.prepare.splits import split_hashes

REVIEW, PAGE, JSON = "review.csv", "audit.html", "audit.json"

Say = Callable[[str], None]


@dataclass(frozen=True)
class Audited:
    """What an audit found, and where it was written."""

    audit: Audit
    review: tuple[Line, ...]
    folder: Path


def audit(
    recipe: Recipe, out: Path, *, tell: Callable[[Event], None], command: str = "", rows: int | None = None
) -> Audited:
    """Look at the rows of a recipe and write `audit.json`, `audit.html` and `review.csv` into a new folder.

    Nothing is refused: what would stop a training is a finding.

    Args:
        recipe: its `audit` says what is looked for.
        out: a new folder; it appears whole or not at all.
        tell: told notes and how far it is.
        command: as it was typed, for the page.
        rows: of the data on the page at most; 0: none, and no texts in the review; None: as the recipe says.

    Raises:
        InputError: bad input, or the folder is there already.
    """
    if out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    most = recipe.page_rows if rows is None else rows
    named_model = "model" in recipe.model_fields_set
    settled, made = looked_at(recipe.model_copy(update={"allow": list(OVERRIDES)}), tell)
    truths = {name: truths_of(part, settled.target) for name, part in made.parts.items()}
    found = looks(settled, Phases(tell), named_model=named_model)
    examined = made.said_in(
        examine(
            made.parts,
            settled.input,
            settled.target,
            notify=Phases(tell),
            known=made.findings,
            truths=truths,
            closer=found.closer,
        )
    )
    review = tuple(lines(examined.suspects, made.parts, settled.input, settled.target, texts=most > 0))
    facts = {
        "seconds": {what: round(spent, 2) for what, spent in found.clock.spent.items()},
        "settings": settled.audit.model_dump(),
        "data": {name: split_hashes(part) for name, part in made.parts.items()},
        "review": {"rows": len(review), "file": REVIEW},
        "command": command,
    }
    _write(out, examined, review, settled, made.parts, facts, most)
    return Audited(examined, review, out)


def _write(
    out: Path,
    examined: Audit,
    review: tuple[Line, ...],
    settled: Settled,
    parts: dict[str, Part],
    facts: dict[str, Any],
    most: int,
) -> None:
    contents = AuditContents(
        name=out.name,
        audit=examined.to_dict(),
        facts=facts,
        column=settled.target.column,
        thing=settled.input.thing,
        labels=_labels(settled),
        review=tuple(_row(line, settled) for line in review[:most]),
        total=len(review),
        columns=COLUMNS,
        media=pictured_or_heard(settled.input),
    )
    with folder_aside(out, manifest=False) as folder:
        write_json(folder / JSON, {**examined.to_dict(), **facts})
        write_text(folder / REVIEW, written(review, settled.target.column))
        write_text(folder / PAGE, audit_page(contents))


def _labels(settled: Settled) -> tuple[str, ...]:
    from burnish.targets import names_of

    return names_of(settled.target)


def _row(line: Line, settled: Settled) -> ReviewRow:
    cells = {name: str(value) for name, value in line.cells(settled.target.column).items()}
    return ReviewRow(cells, line.table, line.number, line.twin)
