"""TensorBoard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import Field

from burnish.core.events import Event
from burnish.trackers import Listener, Tracker
from burnish.trackers._values import installed, json_ready, library, scalars


class Tensorboard(Tracker):
    """Curves for TensorBoard, in the run folder: `tensorboard --logdir RUN/tensorboard`."""

    folder: str = Field("tensorboard", description="Folder for the event files, inside the run folder.")

    def require(self) -> None:
        """Look for the library without importing it.

        Raises:
            InputError: it is not installed.
        """
        installed("tensorboard", "tensorboard", "torch")

    def open(self, run: Path, *, resume: bool) -> Listener:
        """Open the folder; points after the resumed step are purged by TensorBoard itself.

        Raises:
            InputError: tensorboard or torch is not installed.
        """
        self.require()
        writer = library("torch.utils.tensorboard", "tensorboard").SummaryWriter
        return _TensorboardCurves(writer, run / self.folder, resume)


class _TensorboardCurves:
    def __init__(self, writer_class: Any, folder: Path, resume: bool) -> None:
        self._class, self._folder, self._resume = writer_class, folder, resume
        self._writer: Any = None
        self._number = 0

    def __call__(self, event: Event) -> None:
        if "number" in event.values:
            self._number = int(event.values["number"])
        elif self._resume and self._writer is None and event.name not in ("test", "run_finished"):
            return  # the resumed step is not known yet, and what came before it is in the folder already
        if event.name == "run_started":
            text = json.dumps(json_ready(event.values), indent=2, ensure_ascii=False)
            self._opened().add_text("run", f"```\n{text}\n```", 0)
        for name, value in scalars(event).items():
            self._opened().add_scalar(name, value, self._number, walltime=event.time)
        if event.name in ("validation", "test"):
            self._opened().flush()

    def _opened(self) -> Any:
        """The writer, made when the first number is known: TensorBoard drops older points from that number on."""
        if self._writer is None:
            purge = self._number if self._resume and self._number else None
            self._writer = self._class(str(self._folder), purge_step=purge)
        return self._writer

    def close(self, failed: bool) -> None:
        if self._writer is not None:
            self._writer.close()
