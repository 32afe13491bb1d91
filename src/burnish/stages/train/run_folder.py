"""The folder of a run: what is written where, and that nothing is overwritten."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from burnish.core.component import build
from burnish.core.errors import BurnishError, InputError, RunFailed
from burnish.core.events import Event
from burnish.core.files import (
    ASIDE,
    MANIFEST,
    damage,
    disk_is_full,
    read_json,
    require_writable,
    write_json,
)
from burnish.recipe.recipe import Recipe
from burnish.recipe.text import load_file
from burnish.stages.train import begun
from burnish.stages.train.begun import Begun
from burnish.trackers import Listener, Tracker, Tracking
from burnish.trackers.jsonl import rewind
from burnish.training import checkpoint
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
        self.environment = path / "environment.json"
        self.audit = path / "audit.json"
        self.scores = path / "scores.json"
        self.predictions = path / "predictions.parquet"
        self.base_predictions = path / "base_predictions.parquet"
        self.report = path / "report.md"
        self.page = path / "report.html"
        self.imbalance = path / "imbalance.json"
        self.long = path / "long.json"
        self.choice = path / "choice.json"
        self.compared = {"imbalance": self.imbalance, "long": self.long, "choice": self.choice}
        self.best = path / "best.json"
        self.record: Begun | None = None

    def open(self, *, resume: bool, main: bool) -> None:
        """Check that the folder can take this run.

        Raises:
            InputError: there is a run already, or none to resume, or the folder cannot be written.
        """
        if resume:
            self._require_begun()
            self.record = begun.read(self.path)
            for path in (self.environment, self.audit):
                if path.is_file():
                    read_json(path)  # half a file is said before anything is done
            return
        if main and self.path.exists() and not self._unused():
            raise InputError(
                "the folder is not empty: burnish never overwrites a run",
                fix="choose another --out, or continue the run with --resume",
                place=str(self.path),
            )
        if main:
            require_writable(self.path)

    def keeps_shared_rows(self) -> bool:
        """Whether the run that began here trains on rows that splits share, as burnish 0.7.0 did."""
        if self.record is None and not self.environment.is_file():
            return False
        data = read_json(self.environment)["data"] if self.record is None else self.record.data
        return any("left_out" not in told for told in data.values())

    def _require_begun(self) -> None:
        if not self.recipe.is_file():
            raise InputError("no run to resume here", expected="a folder with recipe.yaml", place=str(self.path))

    def _unused(self) -> bool:
        """Whether the folder is empty, or a start that was killed left no more than unfinished files in it."""
        return self.path.is_dir() and all(p.name.startswith(ASIDE) for p in self.path.iterdir())

    @contextmanager
    def tracking(self, recipe: Recipe, *, resume: bool, main: bool) -> Iterator[Tracking]:
        """The run's trackers. Until `begin`, only the console listens; the others are told afterwards."""
        tracking = Deferred(self.path, list(recipe.trackers) if main else None, resume=resume)
        with tracking:
            try:
                with self._full_disk_said():
                    yield tracking
            except BurnishError as error:
                tracking(Event("run_failed", {"text": str(error)}))
                raise
            except Exception as error:
                tracking(Event("run_failed", {"text": f"{type(error).__name__}: {error}"}))
                raise

    @contextmanager
    def _full_disk_said(self) -> Iterator[None]:
        """Turn whatever a full disk raises, from whichever library, into words that say what is safe and how to go on."""
        try:
            yield
        except Exception as error:
            if isinstance(error, InputError) or not disk_is_full(error):
                raise
            what = error.found if isinstance(error, BurnishError) else f"the disk is full: {error}"
            raise RunFailed(what, expected=self._safe(), fix=self._after_room(), place=str(self.path)) from error

    def _safe(self) -> str:
        if (self.bundle / MANIFEST).is_file() and not damage(self.bundle):
            return "room for the rest; safe and whole are the trained model in bundle/ and the last checkpoint"
        newest = checkpoint.newest(self.checkpoints, lambda text: None)
        if newest is None:
            return "room for a run; nothing of this one was worth keeping yet"
        return f"room for the rest; safe and whole is checkpoints/{newest.path.name}, all {newest.step} steps up to it"

    def _after_room(self) -> str:
        if self.recipe.is_file():
            return f"free some space, then go on: burnish train --resume --out {self.path}"
        return f"free some space, remove {self.path}, and start again"

    def settings(self) -> dict[str, Any]:
        """What the recipe says; after a kill while a change was written down, with that change."""
        self._require_begun()
        record = begun.read(self.path)
        return load_file(self.recipe) if record is None or record.pending is None else record.recipe

    def finished(self) -> bool:
        """Whether there is a result: a tested bundle."""
        return self.scores.is_file() and (self.bundle / MANIFEST).is_file()

    @property
    def resumed_by(self) -> str:
        """The command that continues this run; empty where nothing has been written yet."""
        return f"burnish train --resume --out {shlex.quote(str(self.path))}" if self.recipe.is_file() else ""

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
        if trackers and not early:  # whoever asks for another one does not ask for silence; an empty list does
            early = [cast(Tracker, build("burnish.trackers", "console"))]
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
