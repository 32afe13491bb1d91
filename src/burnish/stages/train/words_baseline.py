"""A linear model on TF-IDF of the words of the training texts, as a baseline on the tested examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.data.table import Part
from burnish.evaluation.baselines import Baseline, least_of
from burnish.evaluation.predict import Notify
from burnish.evaluation.tf_idf import CHOOSE_ON, LIMIT, Texts, tf_idf
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import linear_of

AT_ONCE = 4096
"""Rows whose cells are read together."""


def words_baseline(prepared: Prepared, split: str, predictions: Predictions, notify: Notify) -> Baseline | str | None:
    """The baseline on the tested split; why there is none; or None where examples are no texts.

    Args:
        prepared: data and recipe.
        split: that was tested.
        predictions: of the tested examples.
        notify: told how far it is.
    """
    recipe = prepared.recipe
    if recipe.input.thing != "text" or not recipe.input.stored:
        return None
    if linear_of(recipe.target) is None:
        return f"it has no answers of target {recipe.target.kind()!r}"
    if recipe.target.shape != "row":
        return "it reads whole texts, and predictions are made of each word"
    learned = np.flatnonzero(prepared.encoded["train"].weights > 0)
    train = _texts(recipe, prepared.parts["train"], learned, LIMIT)
    rest = "validation" if split != "validation" and "validation" in prepared.parts else None
    judged = None
    if rest is not None:
        part = prepared.parts[rest]
        judged = _texts(recipe, part, np.arange(len(part)), CHOOSE_ON)
    tested = prepared.parts[split]
    texts = _read(recipe, tested, np.arange(len(tested)))
    least = least_of(recipe.target)
    return tf_idf(train, judged, texts, predictions, seed=recipe.seed, notify=notify, least=least)


def _texts(recipe: Settled, part: Part, places: NDArray[np.int64], most: int) -> Texts:
    """Texts and labels of a split, drawn where there are more than `most`; only those that are drawn are read."""
    total = len(places)
    if total > most:
        places = np.sort(generator(recipe.seed, "tf-idf", "read").choice(places, most, replace=False))
    truths = [recipe.target.truth(cell) for cell in part.table.cells(recipe.target.column).at(part.rows[places])]
    return Texts(_read(recipe, part, places), truths, total if total > most else None)


def _read(recipe: Settled, part: Part, places: NDArray[np.int64]) -> list[str | None]:
    columns, texts = list(recipe.input.audited_columns), list[str | None]()
    for start in range(0, len(places), AT_ONCE):
        rows = part.table.take(part.rows[places[start : start + AT_ONCE]], columns).to_pylist()
        texts += map(recipe.input.audited_text, rows)
    return texts
