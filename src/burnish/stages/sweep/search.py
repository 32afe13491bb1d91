"""Trials asked for, started, watched and told of; several processes may do so at once, on one machine or several."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from burnish.core.errors import RunFailed
from burnish.jobs.job import Job, Outcome
from burnish.jobs.lock import taken
from burnish.jobs.pool import Attempts, Heard, Pool
from burnish.stages.study import locked_study, without_checkpoints
from burnish.stages.sweep.storage import WHOLE, Pruning, Sampler, library, sampled, settings_of
from burnish.stages.sweep.trial import trial_job

CLAIM = ".claim"
LOOK_FOR_LEFT = 10.0  # seconds between two looks for trials whose process has died
HOPELESS = 3  # trials that fail before one succeeds


@dataclass(frozen=True)
class Budget:
    """How much is searched: no trial begins beyond it; those that have begun are finished.

    Attributes:
        trials: of the whole sweep; None: any number.
        minutes: of this call; None: any number.
    """

    trials: int | None
    minutes: float | None


@dataclass
class Working:
    """A trial at work here.

    Attributes:
        trial: of Optuna.
        job: what its process does.
        claim: the lock that says so to others.
        done: share of its runs that is done.
        last: its last validation score, as it is reported.
    """

    trial: Any
    job: Job
    claim: int
    total: int = 0
    done: float = 0.0
    last: float | None = None
    metric: str = ""
    seen: set[int] = field(default_factory=set)
    since: float = field(default_factory=time.monotonic)


@dataclass
class Search:
    """The trials of a sweep, as far as this process does them.

    Attributes:
        out: folder of the sweep.
        study: of Optuna.
        settings: of the recipe, with what they leave open.
        sampler, pruning, seeds: as asked.
        budget: how much.
        pool: where trials run.
        changed: called when something has happened, with what is to be said of it (empty: only numbers changed).
    """

    out: Path
    study: Any
    settings: Mapping[str, Any]
    sampler: Sampler
    pruning: Pruning
    seeds: list[int]
    budget: Budget
    pool: Pool
    changed: Callable[[Search, str], None]
    working: dict[str, Working] = field(default_factory=dict)
    attempts: Attempts = field(default_factory=Attempts)
    _began: float = field(default_factory=time.monotonic)
    _looked: float = -LOOK_FOR_LEFT

    def run(self) -> None:
        """Until the budget is spent and nothing is at work here.

        Raises:
            RunFailed: the first trials all failed.
        """
        while True:
            while self.pool.running < self.pool.capacity and (working := self._left() or self._next()) is not None:
                self._start(working)
            if not self.working:
                return
            for heard in self.pool.heard():
                self._hear(self.working[heard.job], heard)
            self.changed(self, "")

    def trials(self) -> list[Any]:
        """All trials, as they are known to all processes."""
        return list(self.study.get_trials(deepcopy=False))

    def _left(self) -> Working | None:
        """A trial that was begun and whose process is gone: it goes on where it stood."""
        if time.monotonic() - self._looked < LOOK_FOR_LEFT:
            return None
        state = library().trial.TrialState
        for frozen in self.trials():
            name = trial_name(frozen.number)
            if frozen.state != state.RUNNING or name in self.working:
                continue
            claim = taken(self._folder(frozen.number) / CLAIM)
            if claim is None:
                continue
            if self.study.trials[frozen.number].state != state.RUNNING:  # it ended a moment ago
                os.close(claim)
                continue
            sampled(self.study, self.sampler, self._seed, frozen.number)
            trial = library().trial.Trial(self.study, frozen._trial_id)
            return Working(trial, self._job(trial), claim, seen=set(frozen.intermediate_values))
        self._looked = time.monotonic()
        return None

    def _next(self) -> Working | None:
        """A new trial, where the budget allows one; None where it does not."""
        if self.budget.minutes is not None and time.monotonic() - self._began > 60 * self.budget.minutes:
            return None
        state = library().trial.TrialState
        with locked_study(self.out):
            known = self.trials()
            begun = sum(trial.state != state.WAITING for trial in known)
            if self.budget.trials is not None and begun >= self.budget.trials:
                return None
            if self.sampler == "grid" and begun == len(known):
                return None
            sampled(self.study, self.sampler, self._seed, begun)
            trial = self.study.ask()
            claim = taken(self._folder(trial.number) / CLAIM)
            assert claim is not None  # its number is new
            return Working(trial, self._job(trial), claim)

    @property
    def _seed(self) -> int:
        return int(self.settings.get("seed", 0))

    def _folder(self, number: int) -> Path:
        return self.out / "trials" / f"{number:04}"

    def _job(self, trial: Any) -> Job:
        settings = settings_of(trial, self.settings)
        return trial_job(trial_name(trial.number), self._folder(trial.number), settings, self.seeds)

    def _start(self, working: Working) -> None:
        self.working[working.job.name] = working
        if (outcome := working.job.outcome) is not None:  # it ended, and whoever watched it died before saying so
            self._tell(working, outcome)
            return
        working.job.write()
        self.pool.start(working.job)

    def _hear(self, working: Working, heard: Heard) -> None:
        self.attempts.note(heard)
        validated = [self._event(working, event) for event in heard.events]
        if heard.ended is None:
            if any(validated) and working.trial.should_prune() and working.job.outcome is None:
                self.pool.stop(working.job.name)
                self._prune(working)
            return
        outcome = self.attempts.outcome(working.job, heard)
        if outcome is None:
            self.changed(self, f"{working.job.name}: its worker ended by {heard.ended}; it goes on")
            self.pool.start(working.job)
        else:
            self._tell(working, outcome)

    def _event(self, working: Working, event: Mapping[str, Any]) -> bool:
        """Note progress; of the first seed report validation scores, by which trials are pruned, and say so."""
        runs = [f"seed-{seed}" for seed in self.seeds]
        if event["run"] not in runs:
            return False
        if event["name"] == "run_started":
            working.total = int(event["total_steps"])
        elif event["name"] == "step":
            working.total = int(event["total_steps"])
            working.done = (runs.index(event["run"]) + event["number"] / max(1, working.total)) / len(runs)
        elif event["name"] == "validation" and event["run"] == runs[0] and working.total:
            value = event["loss"] if event["deciding"] == "loss" else event["scores"].get(event["deciding"])
            part = round(WHOLE * event["number"] / working.total)
            if value is None or part in working.seen:
                return False
            working.last, working.metric = value, event["deciding"]
            working.seen.add(part)
            working.trial.report(value if event["greater_is_better"] else -value, part)
            return True
        return False

    def _tell(self, working: Working, outcome: Outcome) -> None:
        state, found = library().trial.TrialState, outcome.result
        trial, name = working.trial, working.job.name
        for seed in self.seeds:
            without_checkpoints(working.job.folder / f"seed-{seed}")
        if found is None:
            trial.set_user_attr("failed", outcome.failed)
            self.study.tell(trial.number, state=state.FAIL, skip_if_finished=True)
            said = f"{name} failed: {outcome.failed.splitlines()[0]}"
        else:
            trial.set_user_attr("result", found)
            self.study.tell(trial.number, found["good"], skip_if_finished=True)
            said = f"{name}: {found['metric']} {found['value']:.4f} ({parameters_said(trial.params)})"
        self._forget(working)
        self.changed(self, said)
        ended = [t.state for t in self.trials()]
        if ended.count(state.FAIL) >= HOPELESS and state.COMPLETE not in ended and state.PRUNED not in ended:
            raise RunFailed(f"the first {ended.count(state.FAIL)} trials failed, the last one so: {outcome.failed}")

    def _prune(self, working: Working) -> None:
        for seed in self.seeds:
            without_checkpoints(working.job.folder / f"seed-{seed}")
        working.trial.set_user_attr("pruned", {"metric": working.metric, "value": working.last, "done": working.done})
        self.study.tell(working.trial.number, state=library().trial.TrialState.PRUNED, skip_if_finished=True)
        self._forget(working)
        last = "" if working.last is None else f" with {working.metric} {working.last:.4f}"
        self.changed(self, f"{working.job.name} pruned after {working.done:.0%}{last}")

    def _forget(self, working: Working) -> None:
        del self.working[working.job.name]
        os.close(working.claim)


def trial_name(number: int) -> str:
    """What a trial is called."""
    return f"trial {number}"


def parameters_said(parameters: Mapping[str, Any]) -> str:
    """Values by place, numbers with three figures."""
    return ", ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in parameters.items())
