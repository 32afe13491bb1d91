"""What the words of the worst mistakes did for their predictions, for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from burnish.answering.explaining import unexplained
from burnish.answering.predictor import Predictor, load
from burnish.core.errors import InputError
from burnish.data.table import Table
from burnish.recipe.recipe import Recipe
from burnish.report.page.contents import Effects

if TYPE_CHECKING:
    from burnish.stages.train.run_folder import RunFolder

PARTS = 49
"""Parts of a text at most."""


def row_effects(folder: RunFolder, recipe: Recipe, table: Table) -> Effects | None:
    """A function of a row number to (start, end, effect) of its words, for the first rows that are asked for.

    Words are left out one after the other. The report asks for the worst mistakes first; `explained_mistakes` says how many
    are answered.

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
    if recipe.input.kind() != "text" or unexplained(recipe.input, recipe.target):
        return None
    opened: list[Predictor] = []
    asked: set[int] = set()

    def effects(row: int) -> list[tuple[int, int, float]] | None:
        if row not in asked and len(asked) >= recipe.explained_mistakes:
            return None
        asked.add(row)
        if not opened:
            opened.append(load(folder.path, trust_code=recipe.trust_code))
        example = table.arrow.slice(row, 1).select(columns).to_pylist()[0]
        try:
            found = opened[0].explain(example, parts=PARTS)
        except InputError:  # nothing in it that could be left out
            return None
        first = next(iter(found.effects.values()))
        return [(int(p["start"]), int(p["end"]), e) for p, e in zip(found.parts, first, strict=True)]

    return effects
