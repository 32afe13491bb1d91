"""Searches: no trial lost, none twice, whoever dies; what is pruned; what the winner is worth."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError, RunFailed
from burnish.evaluation.optimism import worth
from burnish.jobs.job import Job
from burnish.jobs.pool import Heard, Pool

pytest.importorskip("optuna")
from burnish.stages.sweep.run import Wanted, sweep
from burnish.stages.sweep.search import Budget, Search
from burnish.stages.sweep.storage import Kept, Pruning, Sampler, library, study

SETTINGS: dict[str, Any] = {
    "data": {"train": "x.csv"},
    "learning_rate": {"sweep": [1e-5, 1e-3], "log": True},
    "batch_size": {"choices": [8, 16]},
    "seed": 3,
}


class Death(BaseException):
    """SIGKILL of the process that searches."""


class Fake(Pool):
    """Jobs that end at once: the score is the learning rate. `deaths` are the results after which the process dies."""

    def __init__(self, deaths: tuple[int, ...] = (), capacity: int = 2, failing: bool = False) -> None:
        self.capacity, self._deaths, self._failing = capacity, deaths, failing
        self._jobs: dict[str, Job] = {}
        self.done: list[str] = []
        self.scores: dict[str, list[float]] = {}

    @property
    def running(self) -> int:
        return len(self._jobs)

    def start(self, job: Job) -> None:
        assert (job.folder / "job.json").is_file()
        self._jobs[job.name] = job

    def heard(self, seconds: float = 0.0) -> list[Heard]:
        name, job = next(iter(self._jobs.items()))
        if (waiting := self.scores.get(name)) and len(waiting):
            value, number = waiting.pop(0), 4 - len(waiting)
            run = f"seed-{job.arguments['seeds'][0]}"
            begun = {"name": "run_started", "run": run, "total_steps": 4}
            told = {"name": "validation", "run": run, "number": number, "deciding": "m", "greater_is_better": True}
            return [Heard(name, [begun, {**told, "scores": {"m": value}}])]
        del self._jobs[name]
        value = job.arguments["settings"]["learning_rate"]
        result = {"metric": "m", "value": value, "good": value, "values": {}, "steps": 1, "seconds": 1.0}
        outcome = {"result": None, "failed": "no luck"} if self._failing else {"result": result, "failed": ""}
        (job.folder / "result.json").write_text(json.dumps(outcome))
        self.done.append(name)
        if len(self.done) in self._deaths:
            raise Death
        return [Heard(name, [], "exit code 0", 0)]

    def stop(self, name: str) -> None:
        del self._jobs[name]

    def close(self) -> None:
        self._jobs.clear()


def search(out: Path, pool: Pool, said: list[str], *, sampler: Sampler = "random", pruning: Pruning = "none",
           kept: Kept = "journal", trials: int = 6) -> Search:  # fmt: skip
    out.mkdir(exist_ok=True)
    known = study(out, kept, pruning)
    return Search(out, known, SETTINGS, sampler, pruning, [3], Budget(trials, None), pool, lambda _, s: said.append(s))


def died(running: Search) -> None:
    """Give back what the system gives back when a process dies: its locks."""
    for working in running.working.values():
        os.close(working.claim)


@pytest.mark.parametrize("kept", [pytest.param("sqlite", marks=pytest.mark.slow), "journal"])
def test_killed_three_times_no_trial_is_lost_or_doubled(tmp_path: Path, kept: Kept) -> None:
    """It dies just when a result was written and not yet told of; the next process goes on."""
    done: list[str] = []
    for deaths in ((1,), (2,), (1,), ()):
        pool = Fake(deaths)
        running = search(tmp_path, pool, [], kept=kept)
        try:
            running.run()
        except Death:
            died(running)
        done += pool.done
    assert sorted(done) == [f"trial {n}" for n in range(6)], "each was trained once"
    trials = study(tmp_path, kept, "none").trials
    assert [t.state.name for t in trials] == ["COMPLETE"] * 6
    assert len({t.params["learning_rate"] for t in trials}) == 6, "no two processes draw the same"


def test_the_trials_of_a_killed_sweep_are_those_of_one_that_was_not(tmp_path: Path) -> None:
    for name, deaths in (("through", [()]), ("killed", [(2,), (3,), ()])):
        for own in deaths:
            running = search(tmp_path / name, Fake(own, capacity=1), [])
            try:
                running.run()
            except Death:
                died(running)
    found = [[t.params for t in study(tmp_path / name, "journal", "none").trials] for name in ("through", "killed")]
    assert found[0] == found[1]


def test_two_processes_share_trials_and_never_begin_more_than_asked(tmp_path: Path) -> None:
    one, other = (search(tmp_path, Fake(), []) for _ in range(2))
    first = one._next()
    assert first is not None
    other.run()
    states = [trial.state.name for trial in other.trials()]
    assert states == ["RUNNING"] + ["COMPLETE"] * 5, "the trial of the first is claimed, and left alone"
    one._start(first)
    while one.working:
        for heard in one.pool.heard():
            one._hear(one.working[heard.job], heard)
    assert [trial.state.name for trial in one.trials()] == ["COMPLETE"] * 6


def test_a_poor_trial_is_pruned_by_the_median(tmp_path: Path) -> None:
    pool, said = Fake(capacity=1), list[str]()
    pool.scores = {f"trial {n}": [0.5, 0.6, 0.7] for n in range(5)} | {"trial 5": [0.1, 0.1, 0.1]}
    search(tmp_path, pool, said, pruning="median").run()
    trials = study(tmp_path, "journal", "median").trials
    assert [t.state.name for t in trials] == ["COMPLETE"] * 5 + ["PRUNED"]
    assert any("trial 5 pruned" in text for text in said)
    assert "trial 5" not in pool.done


def test_three_failures_and_no_success_end_it(tmp_path: Path) -> None:
    with pytest.raises(RunFailed, match=r"first 3 trials failed.*no luck"):
        search(tmp_path, Fake(failing=True, capacity=1), []).run()


def test_half_a_line_of_a_journal_is_taken_away(tmp_path: Path) -> None:
    search(tmp_path, Fake(), [], kept="journal", trials=2).run()
    with (tmp_path / "trials.journal").open("a") as file:
        file.write('{"op_code": 4, "half')
    search(tmp_path, Fake(), [], kept="journal", trials=4).run()
    assert len(study(tmp_path, "journal", "none").trials) == 4


def test_the_winner_on_fresh_seeds() -> None:
    found = worth(0.9, [0.8, 0.82, 0.84], [0.7, 0.75, 0.71], greater_is_better=True)
    assert found.optimism == pytest.approx(0.08)
    assert found.gain == pytest.approx(0.1)
    assert found.low is not None
    assert found.beats is True
    assert found.gain - found.low == pytest.approx(4.302653 * 0.03 / 3**0.5)
    loss = worth(0.3, [0.4, 0.5], [0.45, 0.44], greater_is_better=False)
    assert loss.optimism == pytest.approx(0.15)
    assert loss.gain == pytest.approx(-0.005)
    assert loss.beats is False
    assert worth(0.9, [0.8], [], greater_is_better=True).beats is None


def test_a_recipe_that_leaves_nothing_open_is_refused(tmp_path: Path) -> None:
    from burnish.workers import workers_of

    wanted = Wanted("tpe", "none", 1, 0, "sqlite", Budget(1, None))
    with pytest.raises(InputError, match="nothing open"):
        sweep({"data": {"train": "x.csv"}}, tmp_path / "out", wanted, workers=workers_of("local"), say=print)
    assert not (tmp_path / "out").exists()
    assert library().__name__ == "optuna"
