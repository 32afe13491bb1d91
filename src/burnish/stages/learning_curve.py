"""The verb `learning-curve`: the same training on a part of the rows, to see whether more rows would help."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError
from burnish.core.files import require_writable, write_json, write_text
from burnish.evaluation.more_rows import Point, verdict
from burnish.recipe.recipe import Recipe
from burnish.report.share_curve import share_curve
from burnish.stages.prepare.prepare import Prepared, prepare
from burnish.stages.train.assemble import Assembled, assemble
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.session import Session
from burnish.stages.train.validate import deciding, noise
from burnish.trackers import Tracking
from burnish.training import history
from burnish.training.accelerator import Accelerator

SHARES = (0.125, 0.25, 0.5, 1.0)
FEWEST = 4
"""Training rows below which a share is left out."""


def learning_curve(
    recipe: Recipe, out: Path, *, shares: Sequence[float] = SHARES, seeds: int = 1, say: Callable[[str], None]
) -> dict[str, Any]:
    """Train on shares of the training rows, with as many steps each, and score on the same validation rows.

    The held-out test is not read. `learning_curve.json`, a picture and a page go into `out`.

    Args:
        recipe: of the run; its `data.share` is what the largest share is a share of.
        out: a new folder.
        shares: in (0, 1], in any order.
        seeds: how many, from the recipe's own on; each has splits of its own.
        say: told each point as it is there, in a sentence.

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
    if out.exists():
        raise InputError("the folder is there already", fix="choose another --out", place=str(out))
    require_writable(out)
    points = []
    for seed in range(recipe.seed, recipe.seed + seeds):
        steps = 0
        for share in sorted(shares, reverse=True):
            point, steps = _point(recipe, out, share, seed, steps)
            if point is not None:
                points.append(point)
                say(f"seed {seed}, {point.rows:,} rows: {point.metric} {point.value:.4f}")
    found = verdict(points)
    say(found.words)
    result = {"points": [asdict(point) for point in points], "verdict": asdict(found), "seeds": seeds}
    write_json(out / "learning_curve.json", result)
    share_curve(points, out / "learning_curve.png")
    write_text(out / "learning_curve.md", _page(points, found.words))
    return result


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
    folder = RunFolder(out / f"share-{share:g}-seed-{seed}")
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
