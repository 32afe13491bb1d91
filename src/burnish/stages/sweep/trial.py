"""One trial: a recipe trained with each of its seeds up to the last validation, and the mean of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from burnish.core.files import read_json, write_json
from burnish.jobs.job import Job
from burnish.recipe.recipe import Recipe
from burnish.stages.validated import validated

CALL = "burnish.stages.sweep.trial:one"


def trial_job(name: str, folder: Path, settings: dict[str, Any], seeds: Sequence[int]) -> Job:
    """The job of a trial, to be done in a process of its own."""
    return Job(name, folder, CALL, {"settings": settings, "seeds": list(seeds)})


def one(folder: Path, settings: dict[str, Any], seeds: Sequence[int]) -> dict[str, Any]:
    """Train with each seed in turn, in `folder/seed-N`; what was done before is not done again.

    Args:
        folder: of the job.
        settings: of a recipe that leaves nothing open; its own seed stays that of the splits.
        seeds: of the runs.

    Returns:
        `metric`, `value` (mean over seeds), `good` (the same, more is better), `values` by seed, `steps` and `seconds`.
    """
    recipe = Recipe.load(settings)
    recipe = recipe.model_copy(update={"split_seed": recipe.dividing_seed})
    found = {}
    for seed in seeds:
        done = folder / f"seed-{seed}.json"
        if not done.is_file():
            write_json(done, validated(recipe.model_copy(update={"seed": seed}), folder / f"seed-{seed}"))
        found[str(seed)] = read_json(done)
    first = next(iter(found.values()))
    value = mean(each["value"] for each in found.values())
    return {
        "metric": first["metric"],
        "value": value,
        "good": value if first["greater_is_better"] else -value,
        "values": {seed: each["value"] for seed, each in found.items()},
        "steps": sum(each["steps"] for each in found.values()),
        "seconds": sum(each["seconds"] for each in found.values()),
    }
