"""Workers of every kind: settings, short forms, and the way jobs and groups of processes go."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.jobs.job import Job
from burnish.jobs.pool import outcomes
from burnish.workers import Workers, workers_of

KINDS = kinds(Workers.axis)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made_by_its_name(kind: str) -> None:
    assert workers_of(kind) == build(Workers.axis, kind)
    assert workers_of(f"{kind}:3") == build(Workers.axis, {"kind": kind, "count": 3})


def test_short_forms() -> None:
    assert workers_of("ray://head:10001").model_dump()["address"] == "ray://head:10001"
    assert workers_of({"kind": "local", "count": 4, "threads": 2}).model_dump()["threads"] == 2
    for wrong in ("two", "local:x", "local:", ""):
        with pytest.raises(InputError, match="local:2"):
            workers_of(wrong)


@pytest.mark.skipif(find_spec("ray") is not None, reason="ray is installed")
def test_without_ray_the_extra_is_named() -> None:
    with pytest.raises(InputError, match=r"burnish\[ray\]"):
        workers_of("ray").open()


@pytest.mark.slow
def test_jobs_are_done_in_processes_and_their_errors_are_results(tmp_path: Path) -> None:
    """Two at once; the log of each lies in its folder."""
    wanted = [Job(f"j{n}", tmp_path / f"j{n}", "burnish.stages.validated:validated", {"recipe": 1}) for n in range(2)]
    with workers_of("local:2").open() as pool:
        found = {job.name: outcome.failed for job, outcome in outcomes(pool, wanted)}
    assert all("TypeError" in failed for failed in found.values()), "arguments are those of the function"
    assert all("TypeError" in (job.folder / "log.txt").read_text() for job in wanted)


@pytest.mark.slow
def test_processes_end_with_whoever_started_them(tmp_path: Path) -> None:
    """SIGKILL to the one process that holds the pool: nothing of it is left."""
    child = os.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", _WAITING, str(tmp_path)])
    until = time.monotonic() + 120
    while not (tmp_path / "pids.json").is_file() and time.monotonic() < until:
        time.sleep(0.1)
    pids = json.loads((tmp_path / "pids.json").read_text())
    assert all(_alive(pid) for pid in pids)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while any(_alive(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(_alive(pid) for pid in pids)


_WAITING = """
import json, sys, time
from pathlib import Path
from burnish.jobs.job import Job
from burnish.workers import workers_of

if __name__ == "__main__":
    out = Path(sys.argv[1])
    with workers_of("local:2").open() as pool:
        for n in range(2):
            job = Job(f"j{n}", out / f"j{n}", "burnish.jobs.lock:locked", {})
            job.write()
            held = open(job.folder / ".lock", "w")
            import fcntl
            fcntl.flock(held, fcntl.LOCK_EX)  # the job waits for it
            setattr(pool, f"held{n}", held)
            pool.start(job)
        (out / "aside").write_text(json.dumps([w.process.pid for w in pool._working.values()]))
        (out / "aside").rename(out / "pids.json")
        time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return False
