"""From a recipe with open places to the best one, written out complete, and what it is worth on fresh seeds."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from burnish.core.errors import InputError, RunFailed
from burnish.core.files import write_json, write_text
from burnish.evaluation.optimism import worth
from burnish.jobs.job import Outcome
from burnish.jobs.lock import taken
from burnish.jobs.pool import outcomes
from burnish.recipe.recipe import Recipe
from burnish.recipe.space import as_usual, grid, open_places
from burnish.recipe.written import commented
from burnish.report.sweep import sweep_report, words
from burnish.stages.signals import interruptible
from burnish.stages.study import locked_study, opened, this_command, without_checkpoints
from burnish.stages.sweep.progress import progress
from burnish.stages.sweep.search import Budget, Search
from burnish.stages.sweep.storage import Kept, Pruning, Sampler, library, settings_of, study
from burnish.stages.sweep.trial import trial_job
from burnish.workers import Workers

FRESH = 1000
"""The first fresh seed is so far behind those of the trials."""


@dataclass(frozen=True)
class Wanted:
    """How a sweep searches.

    Attributes:
        sampler: how settings are drawn.
        pruning: which trials are ended early.
        seeds: trainings of each trial, whose mean counts.
        fresh: seeds on which the winner and the usual settings are trained again; 0: none.
        kept: in which kind of file trials are remembered.
        budget: how much is searched.
    """

    sampler: Sampler
    pruning: Pruning
    seeds: int
    fresh: int
    kept: Kept
    budget: Budget


def sweep(
    settings: Mapping[str, Any], out: Path, wanted: Wanted, *, workers: Workers, say: Callable[[str], None]
) -> dict[str, Any] | None:
    """Search what a recipe leaves open. The same call goes on where it was stopped, and may run several times at once.

    Scores are those of the validation split. No test example is read by a trial.

    Args:
        settings: of the recipe.
        out: folder of the sweep; `sweep.json`, a page, pictures and `best.yaml` go into it.
        wanted: how.
        workers: where trials run.
        say: told the result in sentences.

    Returns:
        What `sweep.json` holds; None where trials are still at work in another process, which will write it.

    Raises:
        InputError: nothing is left open, or the folder holds another sweep.
        RunFailed: no trial ended with a score.
        Interrupted: stopped; the same command goes on.
    """
    places = open_places(settings)
    if not places:
        raise InputError(
            "the recipe leaves nothing open",
            expected="a place such as learning_rate: {sweep: [1e-5, 1e-4], log: true}, or {choices: [a, b]}",
            place="recipe",
        )
    library()
    Recipe.load(as_usual(settings))  # what is wrong beside the open places is said before anything is written
    seed = int(settings.get("seed", 0))
    asked = {"recipe": dict(settings), "sampler": wanted.sampler, "pruning": wanted.pruning, "seeds": wanted.seeds}
    opened(out, {**asked, "kept": wanted.kept}, "sweep")
    with locked_study(out):
        known = study(out, wanted.kept, wanted.pruning)
        for parameters in grid(settings) if wanted.sampler == "grid" else ():
            known.enqueue_trial(parameters, skip_if_exists=True)
    with interruptible(this_command), workers.open() as pool:
        with progress() as changed:
            seeds = list(range(seed, seed + wanted.seeds))
            how = (wanted.sampler, wanted.pruning, seeds, wanted.budget, pool, changed)
            Search(out, known, settings, *how).run()
        finishing = taken(out / ".finishing.lock")
        running = library().trial.TrialState.RUNNING
        if finishing is None or any(trial.state == running for trial in known.get_trials(deepcopy=False)):
            say("other processes are still at work on this sweep; the last one writes the result")
            return None
        try:
            return _finished(out, known, settings, wanted, pool, say)
        finally:
            os.close(finishing)


def _finished(
    out: Path, known: Any, settings: Mapping[str, Any], wanted: Wanted, pool: Any, say: Callable[[str], None]
) -> dict[str, Any]:
    state = library().trial.TrialState
    done = known.get_trials(deepcopy=False, states=(state.COMPLETE,))
    if not done:
        raise RunFailed("no trial ended with a score", fix="see log.txt in the folders below trials/", place=str(out))
    best = max(done, key=lambda trial: (trial.value, -trial.number))
    chosen = _settings(known, best, settings)
    write_text(out / "best.yaml", commented(Recipe.load(chosen)))
    found = best.user_attrs["result"]
    fresh = _fresh(out, chosen, settings, wanted.fresh, pool, say)
    result = {
        "metric": found["metric"],
        "greater_is_better": found["good"] == found["value"],
        "sampler": wanted.sampler,
        "pruning": wanted.pruning,
        "seeds": wanted.seeds,
        "best": best.number,
        "parameters": best.params,
        "trials": [_told(trial) for trial in known.get_trials(deepcopy=False) if trial.state != state.WAITING],
        "importances": _importances(known),
        "fresh": fresh,
        "worth": None,
    }
    scores = {name: [r["value"] for r in runs if r["value"] is not None] for name, runs in fresh["runs"].items()}
    if scores.get("best"):
        paired = scores["usual"] if len(scores["usual"]) == len(scores["best"]) else []
        judged = worth(found["value"], scores["best"], paired, greater_is_better=result["greater_is_better"])
        result["worth"] = {**asdict(judged), "beats": judged.beats}
    write_json(out / "sweep.json", json.loads(json.dumps(result)))
    sweep_report(out, result)
    for line in words(result):
        say(line)
    return result


def _settings(known: Any, trial: Any, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The recipe of a trial that has ended: its values are read and not drawn."""
    optuna = library()
    return settings_of(optuna.trial.FixedTrial(trial.params), settings)


def _fresh(
    out: Path, chosen: dict[str, Any], settings: Mapping[str, Any], count: int, pool: Any, say: Callable[[str], None]
) -> dict[str, Any]:
    """The winner and the usual settings with seeds that no trial had, on the splits of all trials."""
    seed = int(settings.get("seed", 0))
    seeds = range(seed + FRESH, seed + FRESH + count)
    recipes = {"best": chosen, "usual": as_usual(settings)}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in recipes}
    which = {f"{name}, seed {number}": (name, number) for number in seeds for name in recipes}
    jobs = [
        trial_job(called, out / "fresh" / f"{name}-{number}", recipes[name], [number])
        for called, (name, number) in which.items()
    ]
    ended: dict[str, Outcome] = {}
    for job, outcome in outcomes(pool, jobs):
        ended[job.name] = outcome
        without_checkpoints(job.folder / f"seed-{which[job.name][1]}")
        what = outcome.failed.splitlines()[0] if outcome.result is None else f"{outcome.result['value']:.4f}"
        say(f"fresh seeds: {job.name}: {what}")
    for called, (name, number) in which.items():
        outcome = ended[called]
        value = None if outcome.result is None else outcome.result["value"]
        runs[name].append({"seed": number, "value": value, "failed": outcome.failed})
    return {"seeds": list(seeds), "runs": runs}


def _told(trial: Any) -> dict[str, Any]:
    attributes, result = trial.user_attrs, trial.user_attrs.get("result") or trial.user_attrs.get("pruned") or {}
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "parameters": trial.params,
        "value": result.get("value"),
        "values": result.get("values"),
        "seconds": result.get("seconds"),
        "failed": attributes.get("failed", ""),
    }


def _importances(known: Any) -> dict[str, float] | None:
    """How much of what differs between trials each place explains; None where that cannot be told of so few."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that trials are too few to tell settings apart: the page says so
            found = library().importance.get_param_importances(known)
    except (RuntimeError, ValueError):
        return None
    return {name: float(value) for name, value in found.items()} or None
