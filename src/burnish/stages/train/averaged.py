"""Weights that are made of several: averaged on the way, or chosen by validation when all steps are done."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from burnish.core.batch import Batch
from burnish.core.errors import InputError, RunFailed
from burnish.core.files import damage, file_aside, sha256
from burnish.core.seeds import derive
from burnish.data.feeding.batches import TrainingBatches
from burnish.evaluation.predict import predict
from burnish.recipe.recipe import Settled
from burnish.runtimes.torch import running
from burnish.schedules import ValidationScore
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.validate import deciding
from burnish.training import checkpoint, history
from burnish.training.averages import AfterTraining, Trained
from burnish.training.averaging import WeightAverage
from burnish.training.batch_norms import estimated_anew, learning_norms
from burnish.training.loop import Rate, Training
from burnish.training.steps import StepPart

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

FILE = "averaged.safetensors"
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
    if averaging is None or averaging.is_off:
        return None, {}
    changing = checkpoint.changing(network, training.optimizer)
    if not isinstance(averaging, AfterTraining):
        average = averaging.running(changing)
        if average is not None and averaging.holds_rate_from < 1 and learning_norms(network):
            average.refresh = partial(_estimate, training, batches)
        return average, {}
    if not validated or recipe.decoder.reads != "logits":
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
            "the pretrained weights that a penalty pulls towards are not those the run began with",
            expected="the pretrained checkpoint the run began with",
            fix="bring back its files, or start a new run",
            place=place,
        )


def chosen_afterwards(
    prepared: Prepared, assembled: Assembled, folder: Path, state: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Put weights made of several into the network, which holds the best ones; None where none are to be made.

    Gives the hash of the file they are kept in, and how they came about in words.

    Args:
        prepared, assembled: the run.
        folder: its `checkpoints/`.
        state: of the run, with its validations.
    """
    averaging = prepared.recipe.averaging
    if not isinstance(averaging, AfterTraining) or averaging.is_off:
        return None
    done = history.from_json(state["validations"])
    best = history.best(done)
    if best is None:
        return None
    network, optimizer = assembled.training.network, assembled.training.optimizer
    leading = [v.step for v in history.leading(done, averaging.checkpoints) if v.step != best.step]
    trained = Trained(
        checkpoint.learned(network, optimizer),
        best.step,
        [(step, partial(_read, checkpoint.at(folder, step))) for step in leading],
        assembled.start,
        partial(_score, prepared, assembled),
    )
    weights, words = averaging.chosen(trained)
    _put(assembled, weights)
    with file_aside(folder / FILE) as aside:
        save_file(checkpoint.learned(network, optimizer), aside)
    return sha256(folder / FILE), words


def _read(path: Path) -> dict[str, Tensor]:
    if wrong := damage(path):
        raise RunFailed(
            f"a checkpoint that is to be averaged is damaged: {wrong[0]}",
            fix="start a new run, or one with averaging: null",
            place=str(path),
        )
    weights: dict[str, Tensor] = load_file(path / checkpoint.WEIGHTS)
    return weights


def _score(prepared: Prepared, assembled: Assembled, weights: Mapping[str, Tensor]) -> float:
    """How good weights are on validation, by the deciding metric; they stay in the network."""
    _put(assembled, weights)
    recipe, metric = prepared.recipe, deciding(prepared.recipe)
    predictions, loss = predict(
        running(assembled.training.network),
        assembled.loaders["validation"],
        prepared.parts["validation"],
        loss=assembled.loss,
        batch_size=recipe.evaluation_batch_size,
        overhead=assembled.batches.overhead,
        workers=assembled.batches.workers,
        decoder=recipe.decoder,
    )
    value = -loss.mean if metric is None else metric.value(predictions.known)
    good = value if metric is None or metric.greater_is_better else -value
    return good if math.isfinite(good) else -math.inf


@torch.no_grad()
def _put(assembled: Assembled, weights: Mapping[str, Tensor]) -> None:
    """The weights in the network, with statistics of batch norms that are right for them."""
    tensors = dict(assembled.training.network.state_dict(keep_vars=True))
    for name, value in weights.items():
        tensors[name].copy_(value)
    if learning_norms(assembled.training.network):
        _estimate(assembled.training, assembled.batches)
    assembled.training.network.eval()


def _estimate(training: Training, batches: TrainingBatches) -> None:
    seed = derive(training.seed, "batch norm")
    estimated_anew(training.network, _rows(batches, training.micro_batch_size), training.accelerator, seed)


def _rows(batches: TrainingBatches, size: int) -> Iterator[Batch]:
    """The first batches of the run as they are read for training, all rows in this process."""
    loader: Callable[..., Batch] = batches.loader.batch
    for step in range(min(BATCHES, batches.steps_per_epoch, batches.total_steps)):
        positions = batches.order.batch(step)
        for start in range(0, len(positions), size):
            yield loader(positions[start : start + size])
