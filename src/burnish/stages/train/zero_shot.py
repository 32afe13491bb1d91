"""The checkpoint untouched, where it came with a head for the same labels: what it answers before any training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from burnish.core.predictions import Predictions
from burnish.evaluation.baselines import Baseline, least_of
from burnish.evaluation.own_head import matched, of_own_head
from burnish.evaluation.predict import Notify, predict
from burnish.runtimes.torch import computing
from burnish.stages.prepare.prepare import Prepared
from burnish.targets import Target, linear_of, names_of

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

LEARNED: dict[str, Any] = {
    "temperature": 1.0,
    "abstain_below": None,
    "offsets": {},
    "decision_weights": {},
    "costs": {},
    "own_thresholds": {},
    "numbers": None,
}
"""Settings of targets that were learned from, or written for, the labels of the data: the checkpoint's head has none of them."""


def zero_shot(
    prepared: Prepared, assembled: Assembled, split: str, predictions: Predictions, notify: Notify
) -> Baseline | str | None:
    """The answers of the checkpoint's own head on the tested examples; why there are none; None where a head has no labels.

    Args:
        prepared: data and recipe.
        assembled: loaders and device.
        split: that was tested.
        predictions: of the tested examples.
        notify: told how far it is.
    """
    recipe = prepared.recipe
    target, kind = recipe.target, linear_of(recipe.target)
    if kind is None:
        return None
    if kind == "numbers":
        return "numbers have no names, by which one could see that its head means the same"
    if target.shape != "row":
        return "heads that tag words are not tested untouched"
    if getattr(recipe.model, "random_weights", False):
        return "its weights are random"
    theirs = recipe.model.label_names()
    if not theirs:
        return f"{recipe.model.name} names no labels: it has no head, or one without names"
    places = matched(theirs, names_of(target))
    if isinstance(places, str):
        return places
    own = _answering(target, theirs)
    network = recipe.model.build(recipe.input, own, seed=recipe.seed)
    if network.fresh_head:
        return f"{recipe.model.name} names the same labels, and its head cannot be taken over: {_why(network.notes)}"
    network = network.to(assembled.training.accelerator.device).eval()
    given, _ = predict(
        computing(network, recipe.decoder),
        replace(assembled.loaders[split], target=own),
        prepared.parts[split],
        loss=None,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        notify=notify,
        decoder=recipe.decoder,
    )
    note = f"{recipe.model.name} as it was before training, with its own head"
    return of_own_head(given.probabilities, places, predictions, note, least=least_of(target))


def _answering(target: Target, names: tuple[str, ...]) -> Target:
    """The target with the names of the checkpoint's head, and without what was learned for those of the data."""
    known = {name: value for name, value in LEARNED.items() if name in type(target).model_fields}
    return target.model_copy(update={"labels": list(names), **known})


def _why(notes: Any) -> str:
    said = [str(note) for note in notes if "head" in str(note)]
    return said[-1] if said else "it does not fit the architecture with which it was saved"
