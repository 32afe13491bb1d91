"""Jobs: done once, whatever happens to those who do them; what is heard of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from burnish.core.errors import InputError, Interrupted, RunFailed
from burnish.jobs import job as jobs
from burnish.jobs.job import Job, perform
from burnish.jobs.lock import locked, taken
from burnish.jobs.pool import Attempts, Heard, Pool, outcomes
from burnish.jobs.tail import Tail


def made(folder: Path, name: str = "a", **arguments: Any) -> Job:
    one = Job(name, folder / name, "burnish.tests:work", arguments)
    one.write()
    return one


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the function of jobs was called with; it fails where it is told to."""
    seen: list[dict[str, Any]] = []

    def work(folder: Path, error: str = "") -> dict[str, Any]:
        seen.append({"folder": folder})
        if error:
            raise {"failed": RunFailed("too bad"), "stopped": Interrupted("stop"), "odd": KeyError("x")}[error]
        return {"value": 1}

    monkeypatch.setattr(jobs, "named", lambda call, place="": work)
    return seen


def test_a_job_is_done_once(tmp_path: Path, calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = made(tmp_path)
    assert one.outcome is None
    assert [perform(one.folder), perform(one.folder)] == [0, 0]
    assert len(calls) == 1
    assert one.outcome is not None
    assert one.outcome.result == {"value": 1}


def test_failures_are_results_and_interruptions_are_not(tmp_path: Path, calls: list[Any]) -> None:
    failed, odd, stopped = (made(tmp_path, name, error=name) for name in ("failed", "odd", "stopped"))
    assert [perform(one.folder) for one in (failed, odd, stopped)] == [0, 0, 130]
    assert failed.outcome is not None
    assert odd.outcome is not None
    assert (failed.outcome.failed, odd.outcome.failed) == ("too bad", "KeyError: 'x'")
    assert stopped.outcome is None


def test_only_burnish_is_called(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="calls 'os:remove'"):
        jobs.named("os:remove")
    assert jobs.named("burnish.jobs.job:perform") is perform


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert taken(tmp_path / "lock") is None
        with pytest.raises(InputError, match="another process"), locked(tmp_path / "lock", patience=0.1):
            pass
    with locked(tmp_path / "lock", patience=0.1):
        pass


def write(path: Path, *events: dict[str, Any], half: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(event) + "\n" for event in events) + half)


def test_only_new_events_are_told_and_of_steps_the_last(tmp_path: Path) -> None:
    steps = [{"name": "step", "number": number} for number in (1, 2, 3)]
    path, tail = tmp_path / "seed-0" / "events.jsonl", Tail(tmp_path)
    write(path, {"name": "run_started"}, *steps, half='{"name": "valid')
    assert [event["name"] for event in tail.new()] == ["run_started", "step"]
    with path.open("a") as file:
        file.write('ation", "number": 3}\n')
    assert tail.new() == [{"name": "validation", "number": 3, "run": "seed-0"}]
    assert tail.new() == []
    aside = path.with_name("aside")
    write(aside, {"name": "run_started"})
    aside.replace(path)
    assert [event["name"] for event in tail.new()] == ["run_started"], "a file that was written anew is read anew"


class Scripted(Pool):
    """Jobs end as a script says; `done` ones leave a result."""

    def __init__(self, script: dict[str, list[int]], capacity: int = 2) -> None:
        self.capacity, self._script = capacity, script
        self.started: list[str] = []
        self._jobs: dict[str, Job] = {}
        self.most = 0

    @property
    def running(self) -> int:
        return len(self._jobs)

    def start(self, job: Job) -> None:
        self.started.append(job.name)
        self._jobs[job.name] = job
        self.most = max(self.most, self.running)

    def heard(self, seconds: float = 0.0) -> list[Heard]:
        name, job = next(iter(self._jobs.items()))
        del self._jobs[name]
        code = self._script[name].pop(0)
        if code == 0:
            (job.folder / "result.json").write_text(json.dumps({"result": {"name": name}, "failed": ""}))
        return [Heard(name, [], f"code {code}", code)]

    def stop(self, name: str) -> None:
        del self._jobs[name]

    def close(self) -> None:
        self._jobs.clear()


def test_a_job_whose_worker_died_is_tried_again_and_ended_ones_are_not(tmp_path: Path) -> None:
    wanted = [Job(name, tmp_path / name, "burnish.x:y", {}) for name in "abcd"]
    wanted[3].write()
    (tmp_path / "d" / "result.json").write_text('{"result": {"name": "before"}, "failed": ""}')
    pool = Scripted({"a": [-9, -9, 0], "b": [0], "c": [-9] * 4})
    found = {job.name: outcome for job, outcome in outcomes(pool, wanted)}
    assert found["d"].result == {"name": "before"}
    assert found["a"].result == {"name": "a"}
    assert found["c"].result is None
    assert "ended 4 times without a result" in found["c"].failed
    assert sorted(pool.started) == ["a"] * 3 + ["b"] + ["c"] * 4
    assert pool.most == 2
    again = {job.name: outcome for job, outcome in outcomes(Scripted({}), wanted)}
    assert again == found, "what has ended, failed or not, is never done again"


def test_losses_count_only_where_nothing_was_gained(tmp_path: Path) -> None:
    job, attempts = Job("a", tmp_path / "a", "burnish.x:y", {}), Attempts(retries=1)
    job.write()
    for number in range(1, 6):
        attempts.note(Heard("a", [{"name": "step", "run": "seed-0", "number": number}]))
        assert attempts.outcome(job, Heard("a", [], "signal 9", -9)) is None
    for _ in range(9):
        assert attempts.outcome(job, Heard("a", [], "the loss of the head", blamed=False)) is None
    attempts.note(Heard("a", [{"name": "step", "run": "seed-0", "number": 3}]))
    outcome = attempts.outcome(job, Heard("a", [], "signal 9", -9))
    assert outcome is not None
    assert "ended 2 times without a result" in outcome.failed


def test_a_worker_that_was_asked_to_stop_is_no_loss(tmp_path: Path) -> None:
    pool = Scripted({"a": [130] * 9 + [0]})
    found = list(outcomes(pool, [Job("a", tmp_path / "a", "burnish.x:y", {})], Attempts()))
    assert found[0][1].result == {"name": "a"}
