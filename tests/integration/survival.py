"""Runs of `burnish train` in processes that can be killed, and what must be equal afterwards."""

from __future__ import annotations

import json
import multiprocessing
import multiprocessing.util
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from burnish.core.files import ASIDE, sha256
from tests.integration.forked import as_command, context, write_to

PATIENCE = 120.0  # seconds until a process that should have ended is killed
Hook = Callable[[], None]


@dataclass
class Child:
    """A process that runs the command line.

    Attributes:
        process: of multiprocessing, or anything with `pid`, `exitcode`, `kill` and `join`.
        log: what it wrote to the terminal.
    """

    process: Any
    log: Path

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.process.is_alive())

    @property
    def output(self) -> str:
        """What it wrote so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self.alive:
            self.process.kill()
        self.process.join(PATIENCE)

    def end(self, timeout: float = PATIENCE) -> int:
        """Wait for it; the exit code, negative for a signal."""
        self.process.join(timeout)
        if self.alive:
            self.kill()
            raise AssertionError(f"not ended after {timeout} s:\n{self.output}")
        return int(self.process.exitcode)


@dataclass
class Runs:
    """Starts runs that share a cache, and kills what is left of them at the end."""

    folder: Path
    children: list[Child] = field(default_factory=list)

    def start(self, *arguments: str | Path, hook: Hook | None = None, **environment: str) -> Child:
        """`burnish ARGUMENTS` in a forked process; report.md, whose pictures take seconds, is left out.

        Args:
            arguments: words of the command line.
            hook: called in the process before the command; picklable.
            environment: variables over those of this process.
        """
        log = self.folder / f"log-{len(self.children)}.txt"
        words = [str(word) for word in arguments]
        variables = {**os.environ, **_variables(self.folder), **environment}
        process = context.Process(target=_main, args=(words, str(log), variables, hook), daemon=True)
        process.start()
        self.children.append(Child(process, log))
        return self.children[-1]

    def complete(self, *arguments: str | Path, hook: Hook | None = None, **environment: str) -> Child:
        """The same, waited for; it must succeed."""
        child = self.start(*arguments, hook=hook, **environment)
        code = child.end()
        assert code == 0, f"exit code {code}:\n{child.output}"
        return child

    def together(self, processes: int, *arguments: str | Path, hook: Hook | None = None) -> list[Child]:
        """The same command in several processes that know of each other, as torchrun starts them."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        shared = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1"}
        shared["MASTER_PORT"] = str(port)
        return [
            self.start(*arguments, hook=hook, **shared, RANK=str(rank), LOCAL_RANK=str(rank))
            for rank in range(processes)
        ]


def _variables(folder: Path) -> dict[str, str]:
    return {"BURNISH_CACHE": str(folder / "cache"), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}


def environment(folder: Path) -> dict[str, str]:
    """Variables for a process of one's own that shares the cache of the runs in `folder`."""
    return {**os.environ, **_variables(folder)}


def end_together(children: list[Child], timeout: float = PATIENCE) -> list[int]:
    """Exit codes of processes that belong together; when one fails, the others are not waited for long."""
    deadline = time.monotonic() + timeout
    while any(child.alive for child in children) and time.monotonic() < deadline:
        if any(not child.alive and child.process.exitcode for child in children):
            deadline = min(deadline, time.monotonic() + 10)
        time.sleep(0.02)
    for child in children:
        child.kill()
    return [int(child.process.exitcode) for child in children]


@contextmanager
def runs(folder: Path) -> Iterator[Runs]:
    """A place to start runs in; nothing of them is alive afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Runs(folder)
    try:
        yield place
    finally:
        for child in place.children:
            child.kill()


def _main(words: list[str], log: str, environment: Mapping[str, str], hook: Hook | None) -> None:
    write_to(log)
    as_command(words, environment)
    from burnish.cli import commands as cli
    from burnish.report import write as report

    report.write = lambda folder, **contents: folder / "report.md"
    if hook is not None:
        hook()
    sys.exit(cli.run(words))


def kill_before_file_operation(number: int, folder: str, count_to: str = "") -> Hook:
    """A hook: SIGKILL just before the `number`-th operation (from 1) on a file below `folder`; 0 kills never.

    Args:
        number: which one.
        folder: only what happens below it is counted.
        count_to: a file that gets the number of operations at the end.
    """
    return partial(_watch_files, number, folder, count_to)


def _watch_files(number: int, folder: str, count_to: str) -> None:
    seen: list[str] = []

    def watch(event: str, values: tuple[Any, ...]) -> None:
        if event not in ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.truncate"):
            return
        if not any(isinstance(v, str | os.PathLike) and str(v).startswith(folder) for v in values):
            return
        if event == "open" and values[1] in ("r", "rb", "rt"):
            return
        seen.append(event)
        if len(seen) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    if count_to:
        multiprocessing.util.Finalize(
            None, lambda: Path(count_to).write_text(str(len(seen)), encoding="utf-8"), exitpriority=1
        )


def saving(run: Path) -> bool:
    """Whether a checkpoint newer than all complete ones is being written, or was when the process died."""
    folder = run / "checkpoints"
    done = max((int(p.name.split("-")[1]) for p in folder.glob("step-*")), default=-1)
    return any(int(p.name.split("-")[2]) > done for p in folder.glob(f"{ASIDE}step-*"))


def events(run: Path, name: str) -> list[dict[str, Any]]:
    """Events of one name, without what depends on the clock."""
    lines = (run / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [timeless(value) for value in map(json.loads, lines) if value["name"] == name]


def warnings(run: Path) -> list[str]:
    """The texts of all warnings."""
    return [str(event["text"]) for event in events(run, "warning")]


def timeless(value: Any) -> Any:
    """A copy without times."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in ("time", "seconds")}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def result(run: Path) -> dict[str, Any]:
    """Everything of a run that must not depend on whether it was interrupted; equal means bit for bit."""
    last = max((run / "checkpoints").glob("step-*"))
    state = json.loads((last / "state.json").read_text(encoding="utf-8"))
    return {
        "bundle": {p.name: sha256(p) for p in sorted((run / "bundle" / "model").rglob("*")) if p.is_file()},
        "predictions": pq.read_table(run / "predictions.parquet").to_pydict(),
        "scores": timeless(json.loads((run / "scores.json").read_text(encoding="utf-8"))),
        "best": json.loads((run / "best.json").read_text(encoding="utf-8")),
        "steps": events(run, "step"),
        "validations": events(run, "validation"),
        "checkpoint": {path.name: sha256(path) for path in sorted(last.glob("*.safetensors"))},
        "state": timeless(state),
    }


def assert_same(run: Path, reference: Mapping[str, Any]) -> None:
    """The run ended as the reference did, and left nothing half-written behind."""
    found = result(run)
    for name, expected in reference.items():
        assert repr(found[name]) == repr(expected), name  # repr: NaN equals NaN, and -0.0 is not 0.0
    assert not list(run.rglob(f"{ASIDE}*"))


def kill_before_step(number: int) -> Hook:
    """A hook: SIGKILL when optimizer step `number` (from 1) is about to be computed."""
    return partial(_kill_before_step, number)


def _kill_before_step(number: int) -> None:
    from burnish.training import loop

    original = loop._step

    def step(training: Any, index: int, rate: float) -> Any:
        if index + 1 == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(training, index, rate)

    loop._step = step
