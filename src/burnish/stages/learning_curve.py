"""The verb `learning-curve`: the same training on a part of the rows, to see whether more rows would help."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, RunFailed
from burnish.core.files import require_writable, write_json, write_text
from burnish.evaluation.more_rows import Point, verdict
from burnish.jobs.job import Job
from burnish.jobs.pool import outcomes
from burnish.recipe.plain import plain_values
from burnish.recipe.recipe import Recipe
from burnish.report.share_curve import share_curve
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.signals import interruptible
from burnish.stages.study import opened, this_command
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.stages.train.validate import deciding, noise
from burnish.trackers import Tracking
from burnish.training import history
from burnish.training.accelerator import Accelerator
from burnish.workers import Workers

SHARES = (0.125, 0.25, 0.5, 1.0)
FEWEST = 4
"""Training rows below which a share is left out."""


def learning_curve(
    recipe: Recipe,
    out: Path,
    *,
    shares: Sequence[float] = SHARES,
    seeds: int = 1,
    say: Callable[[str], None],
    workers: Workers | None = None,
) -> dict[str, Any]:
    """Train on shares of the training rows, with as many steps each, and score on the same validation rows.

    The held-out test is not read. `learning_curve.json`, a picture and a page go into `out`.

    Args:
        recipe: of the run; its `data.share` is what the largest share is a share of.
        out: a new folder.
        shares: in (0, 1], in any order.
        seeds: how many, from the recipe's own on; each has splits of its own.
        say: told each point as it is there, in a sentence.
        workers: where points are trained side by side, to the same result; the same call then goes on where it was stopped.
            None: one after the other, here.

    Raises:
        InputError: there is no validation split, a share is out of range, or the folder is there already.
    """
    wrong = [share for share in shares if not 0 < share <= 1]
    if wrong or len(set(shares)) < 2:
        raise InputError(
            f"shares {', '.join(f'{share:g}' for share in shares)}",
            expected="at least two numbers above 0 and up to 1",
            place="--shares",
        )
    if workers is not None:
        opened(out, {"recipe": plain_values(recipe), "shares": list(shares), "seeds": seeds}, "learning-curve")
    elif out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    numbers, ordered = range(recipe.seed, recipe.seed + seeds), sorted(shares, reverse=True)
    made = (
        _here(recipe, out, ordered, numbers) if workers is None else _elsewhere(recipe, out, ordered, numbers, workers)
    )
    points = []
    for point in made:
        points.append(point)
        say(f"seed {point.seed}, {point.rows:,} rows: {point.metric} {point.value:.4f}")
    found = verdict(points)
    say(found.words)
    result = {"points": [asdict(point) for point in points], "verdict": asdict(found), "seeds": seeds}
    write_json(out / "learning_curve.json", result)
    share_curve(points, out / "learning_curve.png")
    write_text(out / "learning_curve.md", _page(points, found.words))
    return result


def _here(recipe: Recipe, out: Path, shares: Sequence[float], seeds: Sequence[int]) -> Iterator[Point]:
    for seed in seeds:
        steps = 0
        for share in shares:
            point, steps = _point(recipe, out / f"share-{share:g}-seed-{seed}", share, seed, steps)
            if point is not None:
                yield point


def _elsewhere(
    recipe: Recipe, out: Path, shares: Sequence[float], seeds: Sequence[int], workers: Workers
) -> Iterator[Point]:
    """The same on workers: the largest share of each seed first, because it says how many steps the others take.

    Raises:
        RunFailed: a point failed.
    """
    found: dict[tuple[int, float], dict[str, Any]] = {}
    with interruptible(this_command), workers.open() as pool:
        for wave in (shares[:1], shares[1:]):
            wanted = {_name(seed, share): (seed, share) for seed in seeds for share in wave}
            jobs = [_job(recipe, out, *which, found.get((which[0], shares[0]))) for which in wanted.values()]
            for job, outcome in outcomes(pool, jobs):
                if outcome.result is None:
                    raise RunFailed(f"{job.name} failed: {outcome.failed}", place=str(job.folder))
                found[wanted[job.name]] = outcome.result
    for seed in seeds:
        yield from (Point(**point) for share in shares if (point := found[seed, share]["point"]) is not None)


def _name(seed: int, share: float) -> str:
    return f"share {share:g}, seed {seed}"


def _job(recipe: Recipe, out: Path, seed: int, share: float, largest: dict[str, Any] | None) -> Job:
    steps = 0 if largest is None else largest["steps"]
    arguments = {"settings": plain_values(recipe), "share": share, "seed": seed, "steps": steps}
    folder = out / "points" / f"share-{share:g}-seed-{seed}"
    return Job(_name(seed, share), folder, "burnish.stages.learning_curve:one", arguments)


def one(folder: Path, settings: dict[str, Any], share: float, seed: int, steps: int) -> dict[str, Any]:
    """The job of one point; arguments as of `_point`."""
    run = folder / "run"
    shutil.rmtree(run, ignore_errors=True)  # of a worker that was killed
    point, steps = _point(Recipe.load(settings), run, share, seed, steps)
    return {"point": None if point is None else asdict(point), "steps": steps}


def _point(recipe: Recipe, out: Path, share: float, seed: int, steps: int) -> tuple[Point | None, int]:
    """One training and its best validation score; and the steps that the whole data takes."""
    data = recipe.data.model_copy(update={"share": recipe.data.share * share})
    limited = {"max_steps": steps} if steps else {}
    settings = {"data": data, "seed": seed, "baselines": False, **limited}
    accelerator = Accelerator(recipe.device, recipe.precision)
    silent = Tracking([])
    prepared = prepare(recipe.model_copy(update=settings), silent, accelerator)
    if "validation" not in prepared.parts:
        raise InputError("there is no validation split to score on", fix="split.validation=0.2", place="split")
    assembled = assemble(prepared, accelerator, lambda text: None)
    rows = len(assembled.batches.order.usable)
    if rows < FEWEST:
        return None, steps
    folder = RunFolder(out)
    try:
        session = _trained(folder, prepared, assembled, silent)
    finally:
        shutil.rmtree(folder.path, ignore_errors=True)
    best = history.best(session.validations)
    if best is None:
        raise InputError(
            f"no validation score is a number with {rows:,} rows", fix="a lower learning_rate", place="recipe"
        )
    metric = deciding(prepared.recipe)
    error = noise(metric, best.value, len(prepared.parts["validation"]))
    greater = metric is not None and bool(metric.greater_is_better)
    return Point(share, rows, seed, best.metric, best.value, greater, error), steps or assembled.batches.total_steps


def _trained(folder: RunFolder, prepared: Prepared, assembled: Assembled, silent: Tracking) -> Session:
    session = Session(folder, prepared, assembled, silent)
    folder.path.mkdir(parents=True)
    session.run()
    return session


def _page(points: Sequence[Point], words: str) -> str:
    metric = points[0].metric
    lines = ["# Learning curve", "", words, "", "![Score against training rows](learning_curve.png)", ""]
    lines += [f"| training rows | seed | {metric} on validation |", "|---:|---:|---:|"]
    ordered = sorted(points, key=lambda p: (p.rows, p.seed))
    lines += [f"| {p.rows:,} | {p.seed} | {p.value:.4f} |" for p in ordered if math.isfinite(p.value)]
    return "\n".join(lines) + "\n"
