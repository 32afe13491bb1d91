"""Brief trainings: one after the other in this process, or side by side on workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import InputError, NonFinite
from burnish.core.predictions import Predictions
from burnish.jobs.job import Job
from burnish.jobs.pool import outcomes
from burnish.metrics import Metric
from burnish.recipe.plain import plain_values
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.choosing.trial import removed_folder, trial
from burnish.workers import Workers

CALL, PREDICTIONS = "burnish.stages.choose.brief:one", "predictions.parquet"
PLACE = "model"


@dataclass(frozen=True)
class Brief:
    """What one of them gave.

    Attributes:
        predictions: of the validation rows.
        metric: that decides.
        resamples, seed: of intervals.
        seconds: wall time.
    """

    predictions: Predictions
    metric: Metric
    resamples: int
    seed: int
    seconds: float


Trained = Iterator[tuple[str, Brief | str]]
"""Names with what they gave, or why they gave nothing."""
Training = Callable[[Mapping[str, Recipe]], Trained]


def here(recipes: Mapping[str, Recipe]) -> Trained:
    """One after the other, in this process."""
    for name, recipe in recipes.items():
        try:
            done = trial(recipe, lambda text: None, PLACE)
        except (InputError, NonFinite) as error:
            yield name, error.found
            continue
        settled = done.prepared.recipe
        yield name, Brief(done.predictions, _metric(settled), settled.resamples, settled.seed, done.seconds)


def on(workers: Workers) -> Training:
    """Side by side, each in a process of its own; they must see the cache folder of this one."""

    def trained(recipes: Mapping[str, Recipe]) -> Trained:
        with removed_folder(next(iter(recipes.values()))) as folder, workers.open() as pool:
            settings = {name: plain_values(recipe) for name, recipe in recipes.items()}
            jobs = [Job(n, folder / str(i), CALL, {"settings": s}) for i, (n, s) in enumerate(settings.items())]
            for job, outcome in outcomes(pool, jobs):
                found = outcome.result
                yield job.name, outcome.failed.splitlines()[0] if found is None else _read(job.folder, found)

    return trained


def one(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The job of one training: its answers in the folder, and what they are judged by.

    Args:
        folder: of the job.
        settings: of the recipe.
    """
    done = trial(Recipe.load(settings), print, PLACE)
    done.predictions.save(folder / PREDICTIONS)
    settled = done.prepared.recipe
    metric = _metric(settled)
    told = {"kind": metric.kind(), **metric.model_dump(mode="json")}
    return {"metric": told, "resamples": settled.resamples, "seed": settled.seed, "seconds": done.seconds}


def _read(folder: Path, found: dict[str, Any]) -> Brief:
    metric = cast(Metric, build(Metric.axis, found["metric"]))
    predictions = Predictions.load(folder / PREDICTIONS)
    return Brief(predictions, metric, found["resamples"], found["seed"], found["seconds"])


def _metric(settled: Settled) -> Metric:
    """The deciding one; where the loss decides, which is no metric of answers, the first of the recipe's."""
    wanted = settled.deciding_metric
    return next((metric for metric in settled.metrics if metric.label == wanted), settled.metrics[0])
