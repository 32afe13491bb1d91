"""Weights that are made of several: averaged on the way, or chosen by validation when all steps are done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from burnish.core.batch import Batch
from burnish.core.errors import InputError
from burnish.core.seeds import derive
from burnish.data.feeding.batches import TrainingBatches
from burnish.evaluation.predict import needs_truth
from burnish.recipe.recipe import Settled
from burnish.schedules import ValidationScore
from burnish.training import checkpoint
from burnish.training.averages import AfterTraining
from burnish.training.averaging import WeightAverage
from burnish.training.batch_norms import estimated_anew, learning_norms
from burnish.training.loop import Rate, Training
from burnish.training.optimizer_average import OptimizerAverage
from burnish.training.step_part import StepPart

BATCHES = 64
"""Batches of training rows that statistics of batch norms are estimated from, or all of an epoch where it has fewer."""


def averaged(
    recipe: Settled, training: Training, batches: TrainingBatches, *, validated: bool
) -> tuple[WeightAverage | None, dict[str, Tensor]]:
    """The average that a run keeps, if it does; and the weights it begins with, where an average is made with them later.

    Raises:
        InputError: it is to be chosen by validation, and there is no validation split or one that takes no single pass.
    """
    averaging, network = recipe.averaging, training.network
    if recipe.optimizer.averages:
        kept = OptimizerAverage(checkpoint.changing(network, training.optimizer), training.optimizer)
        kept.refresh = partial(estimate_norms, training, batches) if learning_norms(network) else None
        return kept, {}
    if averaging is None or averaging.is_off:
        return None, {}
    changing = checkpoint.changing(network, training.optimizer)
    if not isinstance(averaging, AfterTraining):
        average = averaging.running(changing)
        if average is not None and averaging.holds_rate_from < 1 and learning_norms(network):
            average.refresh = partial(estimate_norms, training, batches)
        return average, {}
    if not validated or recipe.decoder.reads != "logits" or needs_truth(recipe.target, recipe.loss):
        why = "there is no validation split" if not validated else "validation of this target is more than a pass"
        raise InputError(
            f"averaging {averaging.kind()!r} is chosen by validation, and {why}",
            expected="averaging: ema or swa",
            fix="leave `averaging` out",
            place="averaging",
        )
    if not averaging.needs_start:
        return None, {}
    learned = {name: p for name, p in network.named_parameters() if name in changing}
    body = {name: p for name, p in learned.items() if network.depth(name) <= network.layers}
    return None, {name: p.detach().cpu().clone() for name, p in body.items()}


class Held:
    """A learning rate that stays as it is from some share of the run on.

    Args:
        rate: until then.
        start: the share.
    """

    def __init__(self, rate: Rate, start: float) -> None:
        self._rate, self._start = rate, start

    def __call__(self, progress: float, scores: Sequence[ValidationScore] = (), /) -> float:
        """The multiplier at this share of the run."""
        return self._rate(min(progress, self._start), scores)


def rate_of(recipe: Settled, total_steps: int) -> Rate:
    """The learning rate over the run, held where an average wants it to be."""
    rate = recipe.schedule.resolved(total_steps)
    held = recipe.averaging is not None and recipe.averaging.holds_rate_from < 1
    return Held(rate, recipe.averaging.holds_rate_from) if held and recipe.averaging is not None else rate


def kept_for_averaging(recipe: Settled) -> int:
    """How many of the best checkpoints are kept."""
    return recipe.averaging.checkpoints if isinstance(recipe.averaging, AfterTraining) else 1


def begun_at(parts: Sequence[StepPart]) -> dict[str, Any]:
    """What techniques measure the weights by, for the checkpoint; nothing where none does."""
    found = [reference for part in parts if (reference := part.reference())]
    return {"references": found} if found else {}


def require_same_start(parts: Sequence[StepPart], state: Mapping[str, Any], place: str) -> None:
    """That a resumed run measures its weights by the same pretrained ones as when it began.

    Raises:
        InputError: the pretrained checkpoint is another.
    """
    if begun_at(parts).get("references") != state.get("references"):
        raise InputError(
            "the weights that a penalty pulls towards, or those of the teacher, are not those the run began with",
            expected="the checkpoints the run began with",
            fix="bring back its files, or start a new run",
            place=place,
        )


def estimate_norms(training: Training, batches: TrainingBatches) -> None:
    """Give the batch norms of the network statistics that are right for the weights it has now, from training rows."""
    seed = derive(training.seed, "batch norm")
    estimated_anew(training.network, _rows(batches, training.micro_batch_size), training.accelerator, seed)


def _rows(batches: TrainingBatches, size: int) -> Iterator[Batch]:
    """The first batches of the run as they are read for training, all rows in this process."""
    loader: Callable[..., Batch] = batches.loader.batch
    for step in range(min(BATCHES, batches.steps_per_epoch, batches.total_steps)):
        positions = batches.order.batch(step)
        for start in range(0, len(positions), size):
            yield loader(positions[start : start + size])
