"""A small grid of rates and decays over one case: every point trained from the same rows, each kept as it ends.

The network is built and trained as `burnish train` does it; what follows (bundle, report, baselines) is left out. Of each
point two networks are scored: the checkpoint with the highest validation score, the earliest of equals, and the mean of the
three highest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from default_cases import Case

EPOCHS = 8
SOUP = 3


def grid(one: Case, seed: int, place: Path, points: Sequence[tuple[float, float, int]] = ()) -> None:
    """Train what is not kept yet in `place`; other `points` than the usual ones are (rate, decay, epochs)."""
    kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8")) if place.is_file() else {}
    for rate, decay, epochs in points or [(*point, EPOCHS) for point in one.grid]:
        name = f"{rate:g} {decay:g} {epochs}"
        if name in kept:
            continue
        kept[name] = point(one, seed, rate, decay, epochs)
        place.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(f"{one.name} seed {seed} {name}: {kept[name]['best']}, {kept[name]['seconds']:.0f} s", flush=True)


def point(one: Case, seed: int, rate: float, decay: float, epochs: int) -> dict[str, Any]:
    """One training; scores of validation, test rows and choosing rows."""
    from burnish.recipe.recipe import Recipe
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.training.accelerator import Accelerator

    settings = {"learning_rate": rate, "layer_decay": decay, "epochs": epochs}
    recipe = Recipe.load({**one.recipe(seed, "test_and_choosing.csv"), **settings})
    accelerator = Accelerator(recipe.device, recipe.precision)
    prepared = prepare(recipe, lambda event: None, accelerator)
    assembled = assemble(prepared, accelerator, lambda text: None)
    started = time.perf_counter()
    spent = time.process_time()
    history, best = _trained(prepared, assembled)
    seconds, spent = time.perf_counter() - started, time.process_time() - spent
    chosen = best[0]
    variants = {"best": chosen[2], "soup": _mean([weights for _, _, weights in best])}
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(spent, 1),
        "precision": accelerator.precision,
        "step": chosen[1],
        "history": history,
        **{name: _scored(one, prepared, assembled, weights) for name, weights in variants.items()},
    }


Weights = dict[str, torch.Tensor]


def _trained(prepared: Any, assembled: Any) -> tuple[list[float], list[tuple[float, int, Weights]]]:
    """Validation scores, and the best checkpoints as (score, step, weights), best first."""
    from burnish.stages.train.validate import deciding, measure
    from burnish.training.checkpoint import learned
    from burnish.training.loop import fit

    training, metric = assembled.training, deciding(prepared.recipe)
    assert metric is not None
    history: list[float] = []
    best: list[tuple[float, int, Weights]] = []
    total = assembled.batches.total_steps
    for step in fit(training):
        if step.number % assembled.batches.steps_per_epoch and step.number != total:
            continue
        score = measure(prepared, assembled, metric, print)[metric.label]
        history.append(round(score, 5))
        if len(best) < SOUP or score > min(best, key=lambda b: (b[0], -b[1]))[0]:
            best.append((score, step.number, learned(training.network, training.optimizer)))
            best = sorted(best, key=lambda b: (-b[0], b[1]))[:SOUP]
        if step.number == total:
            break
    return history, best


def _mean(several: Sequence[Weights]) -> Weights:
    names = several[0]
    return {
        n: torch.stack([w[n] for w in several]).mean(0) if names[n].is_floating_point() else names[n] for n in names
    }


@torch.no_grad()
def _scored(one: Case, prepared: Any, assembled: Any, weights: Weights) -> dict[str, float]:
    """Macro F1 and accuracy on validation, test and choosing rows."""
    from burnish.core.predictions import Predictions
    from burnish.evaluation.predict import predict
    from burnish.runtimes.torch import running
    from burnish.stages.train.validate import deciding

    network, recipe = assembled.training.network, prepared.recipe
    own = dict(network.state_dict(keep_vars=True))
    for name, value in weights.items():
        own[name].copy_(value)
    metric = deciding(recipe)
    assert metric is not None
    found: dict[str, float] = {}
    tables = {}
    for split in ("validation", "test"):
        loader, part = assembled.loaders[split], prepared.parts[split]
        settings = {"batch_size": recipe.evaluation_batch_size, "overhead": assembled.batches.overhead}
        tables[split] = predict(running(network), loader, part, loss=assembled.loss, **settings)[0].table
    tested = _rows(one.data / "test.csv")  # the rows to choose on come after them
    whole = tables["test"].take(np.argsort(prepared.parts["test"].rows))
    tables["test"], tables["choosing"] = whole.slice(0, tested), whole.slice(tested)
    for split, table in tables.items():
        if len(table):
            predictions = Predictions(table)
            found[split] = round(metric.value(predictions), 5)
            right = np.mean([a == t for a, t in zip(predictions.answer, predictions.truth, strict=True)])
            found[f"{split} accuracy"] = round(float(right), 5)
    return found


def _rows(path: Path) -> int:
    import csv

    with path.open(newline="", encoding="utf-8") as file:
        return sum(1 for _ in csv.DictReader(file))
