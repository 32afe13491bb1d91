"""Weights that are made of several when all steps are done, and chosen by validation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from burnish.core.errors import RunFailed
from burnish.core.files import damage, file_aside, sha256
from burnish.evaluation.predict import predict
from burnish.runtimes.torch import running
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.averaged import estimate_norms
from burnish.stages.train.validate import deciding
from burnish.training import checkpoint, history
from burnish.training.averages import AfterTraining, Trained

if TYPE_CHECKING:
    from burnish.stages.train.assemble import Assembled

FILE = "averaged.safetensors"


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
    estimate_norms(assembled.training, assembled.batches)
