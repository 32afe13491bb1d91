"""The verb `seeds`: the same recipe with several seeds, and how sure its score is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import InputError, RunFailed
from burnish.core.files import read_json, write_json
from burnish.core.predictions import Predictions
from burnish.evaluation.seed_variance import SeedVariance, seed_variance
from burnish.jobs.job import Job, Outcome
from burnish.jobs.pool import outcomes
from burnish.metrics import Metric
from burnish.recipe.plain import plain_values
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.report.seeds import seeds_report, words
from burnish.stages.signals import interruptible
from burnish.stages.study import opened, this_command, without_checkpoints
from burnish.stages.train.run import run
from burnish.stages.train.run_folder import RunFolder
from burnish.workers import Workers

Say = Callable[[str], None]


def seeds(recipe: Recipe, out: Path, *, count: int, workers: Workers, say: Say) -> dict[str, Any]:
    """Train, test and report with several seeds on the same splits, each a run of its own in `out/seed-N`.

    Into `out` go `seeds.json`, a page and a picture. The same call goes on where it was stopped; a larger `count` adds runs.

    Args:
        recipe: as for `train`; its `seed` is the first, and that of the splits unless it names `split_seed`.
        out: a folder.
        count: how many.
        workers: where runs are trained, side by side.
        say: told each run as it ends, and the result.

    Raises:
        InputError: the folder holds something else.
        RunFailed: fewer than two runs ended with a score.
        Interrupted: stopped; the same command goes on.
    """
    recipe = recipe.model_copy(update={"split_seed": recipe.dividing_seed, "trackers": []})
    opened(out, {"recipe": plain_values(recipe)}, "seeds")
    numbers = range(recipe.seed, recipe.seed + count)
    jobs = [_job(recipe, out / f"seed-{number}", number) for number in numbers]
    ended: dict[str, Outcome] = {}
    with interruptible(this_command), workers.open() as pool:
        for job, outcome in outcomes(pool, jobs):
            ended[job.name] = outcome
            without_checkpoints(job.folder / "run")
            say(_said(job, outcome, len(ended), count))
    finished = [job for job in jobs if ended[job.name].result is not None]
    failed = {job.name: ended[job.name].failed for job in jobs if ended[job.name].result is None}
    result = _result(finished, failed, recipe)
    write_json(out / "seeds.json", result)
    seeds_report(out, result)
    for line in words(result):
        say(line)
    return result


def one(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The job of one seed: a whole run.

    Args:
        folder: of the job; the run is in `run` inside it.
        settings: of the recipe.
    """
    place = RunFolder(folder / "run")
    recipe = Recipe.load(settings)
    ended = run(recipe, out=place.path, resume=place.recipe.is_file(), command=["burnish", "seeds"])
    deciding = ended.recipe.deciding_metric
    name = deciding if deciding in ended.scores["metrics"] else ended.scores["headline"][0]
    seconds = ended.scores["training"]["seconds"]
    return {"split": ended.scores["split"], "metric": name, **ended.scores["metrics"][name], "seconds": seconds}


def _job(recipe: Recipe, folder: Path, seed: int) -> Job:
    settings = {**plain_values(recipe), "seed": seed}
    return Job(f"seed {seed}", folder, "burnish.stages.seeds:one", {"settings": settings})


def _said(job: Job, outcome: Outcome, done: int, count: int) -> str:
    found = outcome.result
    what = f"failed: {outcome.failed.splitlines()[0]}" if found is None else f"{found['metric']} {found['value']:.4f}"
    return f"{done} of {count}: {job.name}: {what}"


def _result(finished: Sequence[Job], failed: dict[str, str], recipe: Recipe) -> dict[str, Any]:
    if len(finished) < 2:
        why = "; ".join(f"{name}: {text.splitlines()[0]}" for name, text in failed.items())
        raise RunFailed(
            f"{len(finished)} of {len(finished) + len(failed)} runs ended with a score" + (f": {why}" if why else ""),
            expected="two or more: one run does not vary",
            fix="see log.txt in the folder of each seed, or a larger -n",
        )
    found = [cast("dict[str, Any]", cast(Outcome, job.outcome).result) for job in finished]
    metric = _metric(finished[0], str(found[0]["metric"]))
    tables = [Predictions.load(job.folder / "run" / "predictions.parquet") for job in finished]
    variance: SeedVariance = seed_variance(metric, tables, resamples=recipe.resamples, seed=recipe.seed)
    return {
        "metric": metric.label,
        "split": found[0]["split"],
        "rows": len(tables[0]),
        "runs": [{"name": job.name, **values} for job, values in zip(finished, found, strict=True)],
        "failed": failed,
        **{name: asdict(variance)[name] for name in ("mean", "deviation", "low", "high")},
        "variance": {"seeds": variance.seeds, "rows": variance.rows, "both": variance.both},
        "shares": variance.shares,
        "others": _others(finished),
    }


def _metric(job: Job, label: str) -> Metric:
    settings = load_file(job.folder / "run" / "recipe.yaml")["metrics"]
    made = [cast(Metric, build(Metric.axis, value)) for value in settings]
    found = next((metric for metric in made if metric.label == label), None)
    if found is None:
        raise InputError(f"metric {label!r} is not in the recipe of {job.folder}", place="metrics")
    return found


def _others(finished: Sequence[Job]) -> dict[str, list[float | None]]:
    """The other headline metrics of each run."""
    scores = [read_json(job.folder / "run" / "scores.json") for job in finished]
    names = [name for name in scores[0]["headline"] if all(name in one["metrics"] for one in scores)]
    return {name: [one["metrics"][name]["value"] for one in scores] for name in names}
