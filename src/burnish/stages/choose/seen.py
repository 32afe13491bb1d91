"""What a checkpoint, untouched, sees of a sample of the training rows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from burnish.core.errors import InputError
from burnish.core.seeds import generator
from burnish.data.feeding.loader import Loader
from burnish.evaluation.predict import features
from burnish.evaluation.transferability import Floats
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import linear_of
from burnish.training.accelerator import Accelerator

FORMS = {"names": "label", "sets": "labels", "numbers": "score"}
"""From what a linear model gives to the form of the labels."""
Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Sample:
    """Rows that every candidate sees, and what their labels are.

    Attributes:
        rows: positions in the training split.
        form: 'label', 'labels' or 'score'.
        wanted: [N, K]: a column for each class or label that occurs, or one of scores.
        classes: [N] numbers of the classes, where rows have one; None otherwise.
    """

    rows: NDArray[np.int64]
    form: str
    wanted: Floats
    classes: NDArray[np.int64] | None


def form_of(prepared: Prepared) -> str:
    """The form of the labels.

    Raises:
        InputError: there is no linear model of such labels.
    """
    target = prepared.recipe.target
    form = FORMS.get(str(linear_of(target)))
    if form is None or target.shape == "element":
        raise InputError(
            f"checkpoints cannot be compared for target {target.kind()!r}",
            expected="label, labels or score: they are compared by linear models of their features",
            fix="train two of them briefly (max_steps: 50), and compare their reports",
            place="target",
        )
    return form


def sampled(prepared: Prepared, most: int) -> Sample:
    """At most so many training rows with labels; of each class alike, and two at least where there are two.

    The test split is never read.
    """
    form, target, part = form_of(prepared), prepared.recipe.target, prepared.parts["train"]
    usable = np.flatnonzero(prepared.encoded["train"].weights > 0)
    drawing = generator(prepared.recipe.seed, "sample to choose by")
    if form == "label":
        usable = _stratified(usable, prepared.truths["train"].strata[usable], most, drawing)
    elif len(usable) > most:
        usable = np.sort(drawing.choice(usable, most, replace=False))
    truths = [target.truth(cell) for cell in part.table.cells(target.column).at(part.rows[usable])]
    kept = np.array([truth is not None for truth in truths])
    usable, truths = usable[kept], [truth for truth in truths if truth is not None]
    if form == "score":
        return Sample(usable, form, np.array(truths, np.float64)[:, None], None)
    sets = [[truth] if form == "label" else list(truth) for truth in truths]
    names = sorted({str(name) for row in sets for name in row})
    wanted = np.array([[name in {str(one) for one in row} for name in names] for row in sets], np.float64)
    return Sample(usable, form, wanted, wanted.argmax(axis=1) if form == "label" else None)


def _stratified(
    usable: NDArray[np.int64], strata: NDArray[np.int64], most: int, drawing: np.random.Generator
) -> NDArray[np.int64]:
    if len(usable) <= most:
        return usable
    chosen = []
    for stratum in np.unique(strata):
        rows = usable[strata == stratum]
        count = max(min(2, len(rows)), round(most * len(rows) / len(usable)))
        chosen.append(drawing.choice(rows, min(count, len(rows)), replace=False))
    return np.sort(np.concatenate(chosen))


def features_of(prepared: Prepared, sample: Sample, accelerator: Accelerator, notify: Notify) -> NDArray[np.float32]:
    """[N, D]: what goes into the new head, of each row of the sample."""
    recipe = prepared.recipe
    network = recipe.model.build(recipe.input, recipe.target, seed=recipe.seed).to(accelerator.device)
    loader = Loader(prepared.encoded["train"], recipe.input, recipe.target, prepared.processor)
    half = accelerator.precision == "bfloat16"
    out: list[NDArray[np.float32]] = [np.zeros(0, np.float32)] * len(sample.rows)
    for place, value in features(
        network, loader, sample.rows, notify=notify, precision=accelerator.autocast if half else nullcontext
    ):
        out[place] = value
    return np.stack(out)
