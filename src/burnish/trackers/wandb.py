"""Weights & Biases."""

from __future__ import annotations

import json
import netrc
import os
import secrets
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from burnish.core.events import Event
from burnish.trackers import Listener, Tracker
from burnish.trackers._values import installed, json_ready, library, scalars


class Wandb(Tracker):
    """Curves, settings and scores for Weights & Biases; works offline and can be uploaded later with `wandb sync`."""

    project: str = Field("burnish", description="Project the run is listed under.")
    entity: str | None = Field(None, description="User or team that owns the project; none: the account's default.")
    mode: Literal["online", "offline", "disabled"] | None = Field(
        None, description="online, offline or disabled; none: WANDB_MODE, else online where an API key is found."
    )

    def require(self) -> None:
        """Look for the library without importing it.

        Raises:
            InputError: it is not installed.
        """
        installed("wandb", "wandb")

    def open(self, run: Path, *, resume: bool) -> Listener:
        """Start a run named after the run folder, or continue it under the same id.

        Raises:
            InputError: wandb is not installed.
        """
        wandb = library("wandb", "wandb")
        mode = self.mode or _mode()
        noted = run / "wandb.json"
        known = json.loads(noted.read_text()) if resume and noted.exists() else {"id": secrets.token_hex(4)}
        noted.write_text(json.dumps(known))
        live = wandb.init(
            project=self.project,
            entity=self.entity,
            name=run.resolve().name,
            id=known["id"],
            resume="allow" if mode == "online" else None,
            dir=str(run),
            mode=mode,
            reinit="create_new",
            settings=wandb.Settings(console="off", silent=True),
        )
        # Steps are an axis of their own: a step repeated after a kill lands on the same point instead of being refused.
        live.define_metric("step")
        live.define_metric("*", step_metric="step")
        return _WandbCurves(live)


def _mode() -> str:
    if named := os.environ.get("WANDB_MODE"):
        return named
    if os.environ.get("WANDB_API_KEY"):
        return "online"
    try:
        hosts = netrc.netrc().hosts
    except (OSError, netrc.NetrcParseError):
        return "offline"
    return "online" if any("wandb" in host for host in hosts) else "offline"


class _WandbCurves:
    def __init__(self, live: Any) -> None:
        self._live = live
        self._number = 0

    def __call__(self, event: Event) -> None:
        self._number = int(event.values.get("number", self._number))
        if event.name == "run_started":
            self._live.config.update(json_ready(event.values), allow_val_change=True)
        points = scalars(event)
        if event.name == "test":
            self._live.summary.update(points)
        elif points:
            self._live.log({**points, "step": self._number})

    def close(self, failed: bool) -> None:
        self._live.finish(exit_code=int(failed))
