"""The splits of a run: divided, without what cannot be read, and without rows that a later split holds as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from burnish.data.apart import Shared, apart
from burnish.data.looking.audit import Audit, Finding
from burnish.data.looking.audit.proportions import proportions
from burnish.data.looking.audit.shared import figures, left_out
from burnish.data.looking.inspection import without_problems
from burnish.data.parts import divide
from burnish.data.table import Part, Table
from burnish.inputs import Input
from burnish.recipe.recipe import Recipe
from burnish.targets import Target

Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Divided:
    """The splits of a run.

    Attributes:
        parts: 'train', and 'validation' and 'test' where they have rows.
        findings: what there is to say about them.
        figures: of `audit.json`: every row that was left out.
        left_out: split to the number of its rows that a later one holds.
    """

    parts: dict[str, Part]
    findings: tuple[Finding, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)

    def said_in(self, audit: Audit) -> Audit:
        """An audit with these figures as well."""
        return replace(audit, figures={**audit.figures, **self.figures})


def divided(
    tables: Mapping[str, Table],
    recipe: Recipe,
    input: Input,
    target: Target,
    *,
    keep: bool = False,
    notify: Notify | None = None,
) -> Divided:
    """The splits that a recipe makes of its tables.

    Args:
        tables: as `divide` takes them.
        recipe: its split, group, seed and what it allows.
        input, target: as they were settled; nothing needs to be learned yet.
        keep: divide as burnish 0.7.0 did, and leave shared rows where they are: for runs and bundles that it made.
        notify: told how many rows are done.

    Raises:
        InputError: see `divide`, `without_problems` and `left_out`.
    """
    split = recipe.split.as_before() if keep else recipe.split
    parts = divide(tables, split, input, target, seed=recipe.dividing_seed, allow=recipe.allow, notify=notify)
    uneven = [] if keep else list(proportions(parts, split, input))
    if getattr(input, "broken", "refuse") == "skip":
        parts = without_problems(parts)
    parts = {name: part for name, part in parts.items() if len(part)}
    if keep:
        return Divided(parts)
    kept, shared = apart(parts, input, group=recipe.group, allow=recipe.allow, notify=notify)
    findings = left_out(shared, parts, input, target, recipe.allow)
    gone = {name: len(part) - len(kept[name]) for name, part in parts.items()}
    return Divided(kept, (*findings, *uneven), _told(shared, parts), gone)


def _told(shared: list[Shared], parts: dict[str, Part]) -> dict[str, Any]:
    return {"left_out": figures(shared, parts)} if shared else {}
