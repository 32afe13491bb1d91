"""The folder of a run: what is written where, and that nothing is overwritten."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import BurnishError, InputError
from burnish.core.events import Event
from burnish.core.files import write_json, write_text
from burnish.recipe import Recipe
from burnish.stages.environment import environment
from burnish.stages.new_recipe import commented
from burnish.stages.prepare import Prepared
from burnish.trackers import Listener, Tracker, Tracking
from burnish.trackers.jsonl import rewind
from burnish.training.history import Best


class RunFolder:
    """Paths of a run, and the few things that are written into it during training.

    Args:
        path: the folder; need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.bundle = path / "bundle"
        self.recipe = path / "recipe.yaml"
        self.events = path / "events.jsonl"
        self.audit = path / "audit.json"
        self.scores = path / "scores.json"
        self.predictions = path / "predictions.parquet"
        self.report = path / "report.md"
        self.best = path / "best.json"
        self._waiting: list[Tracker] = []

    def open(self, *, resume: bool, main: bool) -> None:
        """Check that the folder can take this run.

        Raises:
            InputError: there is a run already, or none to resume, or the folder cannot be written.
        """
        if resume:
            if not self.recipe.is_file():
                raise InputError("no run to resume here", expected="a folder with recipe.yaml", place=str(self.path))
            return
        if main and self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise InputError(
                "the folder is not empty: burnish never overwrites a run",
                fix="choose another --out, or continue the run with --resume",
                place=str(self.path),
            )
        if main:
            _writable(self.path)

    @contextmanager
    def tracking(self, recipe: Recipe, *, resume: bool, main: bool) -> Iterator[Tracking]:
        """The run's trackers. Until `begin`, only the console listens; the others are told afterwards."""
        tracking = Deferred(self.path, list(recipe.trackers) if main else None, resume=resume)
        with tracking:
            try:
                yield tracking
            except BurnishError as error:
                tracking(Event("run_failed", {"text": str(error)}))
                raise
            except Exception as error:
                tracking(Event("run_failed", {"text": f"{type(error).__name__}: {error}"}))
                raise

    def begin(self, prepared: Prepared, command: Sequence[str], tracking: Tracking, *, main: bool) -> None:
        """The first writing: everything is checked, and training is about to start."""
        if not main:
            return
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        if not self.recipe.is_file():
            write_text(self.recipe, commented(prepared.recipe))
            write_json(self.path / "environment.json", {**environment(command), "data": prepared.hashes()})
            write_json(self.audit, prepared.audit.to_dict())
        assert isinstance(tracking, Deferred)
        tracking.begin()

    def record_best(self, best: Best) -> None:
        """Write down which checkpoint is best, by which metric, and the hash of its weights."""
        write_json(self.best, asdict(best))

    def rewind(self, step: int) -> None:
        """Drop events of steps that will be done again."""
        if self.events.is_file():
            rewind(self.path, step)

    def read_events(self) -> list[dict[str, Any]]:
        """All events so far."""
        if not self.events.is_file():
            return []
        return [json.loads(line) for line in self.events.read_text(encoding="utf-8").splitlines() if line.strip()]


class Deferred(Tracking):
    """Trackers that are opened in two parts: the console at once, the others when the run folder is begun."""

    def __init__(self, run: Path, trackers: list[Tracker] | None, *, resume: bool) -> None:
        self._run, self._resume = run, resume
        self._main = trackers is not None  # other processes stay silent
        early = [t for t in trackers or [] if t.kind() == "console"]
        self._later = [t for t in trackers or [] if t.kind() != "console"]
        self._held: list[Event] | None = []
        for tracker in self._later:
            tracker.require()
        super().__init__([t.open(run, resume=resume) for t in early])

    def begin(self) -> None:
        """Open the others, and tell them what they missed."""
        if not self._main or self._held is None:
            return
        kinds = [t.kind() for t in self._later]
        always = [] if "jsonl" in kinds else [cast(Tracker, build("burnish.trackers", "jsonl"))]
        opened: list[Listener] = [t.open(self._run, resume=self._resume) for t in [*always, *self._later]]
        held, self._held = self._held, None
        late = Tracking(opened)
        for event in held:
            if event.name != "phase":
                late(event)
        self._listeners += opened

    def __call__(self, event: Event) -> None:
        if self._held is not None:
            self._held.append(event)
        super().__call__(event)


def _writable(path: Path) -> None:
    """Raise if nothing can be written below `path`; leave nothing behind."""
    folder = path
    while not folder.exists():
        folder = folder.parent
    probe = folder / ".burnish-can-write"
    try:
        if not folder.is_dir():
            raise NotADirectoryError(20, "not a folder")
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise InputError(
            f"the output folder cannot be written: {error.strerror}", fix="choose another --out", place=str(path)
        ) from None
