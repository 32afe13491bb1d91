"""Which training examples the tested network sees as most like its worst mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.evaluation.mistakes import mistakes
from burnish.evaluation.nearest import nearest
from burnish.evaluation.predict import Notify, features
from burnish.inputs import Audible, FromFiles, Visible
from burnish.report.neighbours import Neighbour, Neighbours
from burnish.report.rows import row_picture, row_text
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import linear_of

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

MISTAKES = 100
"""Mistakes that are looked up, the worst."""
PICTURED = 32
"""Mistakes whose nearest examples are shown as pictures."""
LEARNED = 4_000
"""Training examples that are read at most, drawn at random."""


def nearest_training(
    prepared: Prepared, assembled: Assembled, split: str, predictions: Predictions, notify: Notify
) -> Neighbours:
    """By row number of a mistake its nearest training examples; none where the recipe wants none or the page shows no rows.

    Features are those of the network as it was trained, of examples that are read whole (`Network.features`), compared by
    their cosine.

    Args:
        prepared: data and recipe.
        assembled: the network, and loaders.
        split: that was tested.
        predictions: of it.
        notify: told how far it is.
    """
    recipe = prepared.recipe
    worst = mistakes(predictions, min(MISTAKES, recipe.page_rows))[0]
    if not recipe.nearest_examples or not worst or linear_of(recipe.target) is None or recipe.target.shape != "row":
        return {}
    network, loaders = assembled.training.network, assembled.loaders
    number = {int(row): place for place, row in enumerate(prepared.parts[split].rows.tolist())}
    asked = np.array([number[one.row] for one in worst], np.int64)
    seen: list[Any] = [None] * len(asked)
    for place, value in features(network, loaders[split], asked):
        seen[place] = value
    learned = np.flatnonzero(prepared.encoded["train"].weights > 0)
    if len(learned) > LEARNED:
        learned = np.sort(generator(recipe.seed, "nearest").choice(learned, LEARNED, replace=False))

    def told(text: str, done: int, total: int) -> None:
        notify("nearest training examples", done, total)

    read = features(network, loaders["train"], learned, notify=told)
    found = nearest(((int(learned[place]), value) for place, value in read), np.stack(seen), recipe.nearest_examples)
    return _described(prepared, [one.row for one in worst], *found)


def _described(prepared: Prepared, rows: list[int], places: Any, cosines: Any) -> dict[int, list[Neighbour]]:
    recipe, part = prepared.recipe, prepared.parts["train"]
    text, cells = row_text(recipe.input, part.table), part.table.cells(recipe.target.column)
    picture = row_picture(recipe.input, prepared.processor.for_input, part.table)
    seen = isinstance(recipe.input, Visible) and not isinstance(recipe.input, Audible)
    made: dict[int, list[Neighbour]] = {}
    for row, near, similar in zip(rows, places.tolist(), cosines.tolist(), strict=True):
        made[row] = []
        for place, cosine in zip(near, similar, strict=True):
            number = int(part.rows[place])
            truth = recipe.target.truth(cells.at(np.array([number]))[0])
            said = Path(text(number)).name if isinstance(recipe.input, FromFiles) else text(number)
            shown = picture(number) if seen and len(made) <= PICTURED else None
            made[row].append(Neighbour(part.table.place(number), _words(truth), said, cosine, shown))
    return made


def _words(truth: Any) -> str:
    if isinstance(truth, float):
        return f"{truth:.4g}"
    return truth if isinstance(truth, str) else ", ".join(truth) or "(none)"
