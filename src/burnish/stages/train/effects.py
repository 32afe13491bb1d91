"""What the words, or the moments, of the worst mistakes did for their predictions, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.answering.explaining import unexplained
from burnish.answering.predictor import Predictor, load
from burnish.core.errors import InputError
from burnish.data.table import Table
from burnish.inputs import Audible
from burnish.recipe.recipe import Recipe
from burnish.report.page.contents import Effects

if TYPE_CHECKING:
    from burnish.stages.train.run_folder import RunFolder

PARTS = 49
"""Parts of a text or sound at most."""


def row_effects(folder: RunFolder, recipe: Recipe, table: Table) -> Effects | None:
    """A function of a row number to (start, end, effect) of its parts, for the first rows that are asked for.

    Words are left out, or slices of a sound silenced, one after the other. The report asks for the worst mistakes first;
    `explained_mistakes` says how many are answered.

    Args:
        folder: of the run, whose bundle lies on disk.
        recipe: settled.
        table: of the split that was scored.

    Returns:
        None where no mistakes are to be explained, or such predictions are not.
    """
    columns = list(recipe.input.required_columns) if recipe.input is not None else []
    if not recipe.explained_mistakes or recipe.input is None or recipe.target is None or len(columns) != 1:
        return None
    told_by_place = recipe.input.kind() == "text" or isinstance(recipe.input, Audible)  # of pictures there are maps
    if not told_by_place or unexplained(recipe.input, recipe.target):
        return None
    opened: list[Predictor] = []
    known: dict[int, list[tuple[float, float, float]] | None] = {}

    def effects(row: int) -> list[tuple[float, float, float]] | None:
        if row not in known:  # report.md and the page ask for the same
            known[row] = None if len(known) >= recipe.explained_mistakes else explained(row)
        return known[row]

    def explained(row: int) -> list[tuple[float, float, float]] | None:
        if not opened:
            opened.append(load(folder.path, trust_code=recipe.trust_code))
        example = table.arrow.slice(row, 1).select(columns).to_pylist()[0]
        try:
            found = opened[0].explain(example, parts=PARTS)
        except InputError:  # nothing in it that could be left out
            return None
        first = next(iter(found.effects.values()))
        return [(p["start"], p["end"], e) for p, e in zip(found.parts, first, strict=True)]

    return effects
