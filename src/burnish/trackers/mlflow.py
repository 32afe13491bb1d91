"""MLflow."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from burnish.core.events import Event
from burnish.trackers import Listener, Tracker
from burnish.trackers._values import flattened, installed, json_ready, library, scalars

_LONGEST_PARAMETER = 500
_SECONDS_BETWEEN_WRITES = 2.0
_MOST_AT_ONCE = 500


class Mlflow(Tracker):
    """Settings, curves and scores for MLflow; by default in files under the run folder, without a server."""

    tracking_uri: str | None = Field(
        None, description="Server or folder; none: MLFLOW_TRACKING_URI, else RUN/mlruns (`mlflow ui` shows it)."
    )
    experiment: str = Field("burnish", description="Experiment the run is listed under.")

    def require(self) -> None:
        """Look for the library without importing it.

        Raises:
            InputError: it is not installed.
        """
        installed("mlflow", "mlflow")

    def open(self, run: Path, *, resume: bool) -> Listener:
        """Start a run named after the run folder, or continue the one it was started with.

        Raises:
            InputError: mlflow is not installed.
        """
        uri = self.tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or (run.resolve() / "mlruns").as_uri()
        if "://" not in uri:
            uri = Path(uri).resolve().as_uri()
        if uri.startswith("file:"):
            # MLflow 3 keeps the file store in maintenance and wants to be told that it is meant.
            os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        library("mlflow", "mlflow")
        client = library("mlflow.tracking", "mlflow").MlflowClient(tracking_uri=uri)
        noted = run / "mlflow.json"
        known = json.loads(noted.read_text()) if resume and noted.exists() else None
        if known is None:
            known = {"run_id": self._started(client, run.resolve().name), "tracking_uri": uri}
            noted.write_text(json.dumps(known))
            return _MlflowCurves(client, known["run_id"], resumed=False)
        client.update_run(known["run_id"], status="RUNNING")
        return _MlflowCurves(client, known["run_id"], resumed=True)

    def _started(self, client: Any, name: str) -> str:
        existing = client.get_experiment_by_name(self.experiment)
        experiment = existing.experiment_id if existing else client.create_experiment(self.experiment)
        return str(client.create_run(experiment, run_name=name).info.run_id)


class _MlflowCurves:
    def __init__(self, client: Any, run_id: str, *, resumed: bool) -> None:
        self._client, self._run_id, self._resumed = client, run_id, resumed
        self._waiting: list[Any] = []
        self._written_at = time.monotonic()
        self._number = 0
        self._last: dict[str, int] = {}

    def __call__(self, event: Event) -> None:
        self._number = int(event.values.get("number", self._number))
        if event.name == "run_started" and not self._resumed:
            self._parameters(event.values)
        metric = library("mlflow.entities", "mlflow").Metric
        for name, value in scalars(event).items():
            name = re.sub(r"[^\w\-. :/]", "_", name)
            if self._number > self._last_number(name):
                self._waiting.append(metric(name, value, int(event.time * 1000), self._number))
        overdue = time.monotonic() - self._written_at > _SECONDS_BETWEEN_WRITES
        if overdue or len(self._waiting) >= _MOST_AT_ONCE or event.name in ("validation", "test"):
            self._write()

    def _last_number(self, name: str) -> int:
        """The last step of a curve before the run was resumed: steps repeated after a kill are the same, bit for bit."""
        if not self._resumed:
            return -1
        if name not in self._last:
            history = self._client.get_metric_history(self._run_id, name)
            self._last[name] = max((point.step for point in history), default=-1)
        return self._last[name]

    def _parameters(self, values: dict[str, Any]) -> None:
        param = library("mlflow.entities", "mlflow").Param
        named = [param(re.sub(r"[^\w\-. :/]", "_", k), _cut(str(v))) for k, v in flattened(json_ready(values)).items()]
        for start in range(0, len(named), 100):  # the most a server takes at once
            self._client.log_batch(self._run_id, params=named[start : start + 100])

    def _write(self) -> None:
        waiting, self._waiting = self._waiting, []
        self._written_at = time.monotonic()
        for start in range(0, len(waiting), _MOST_AT_ONCE):
            self._client.log_batch(self._run_id, metrics=waiting[start : start + _MOST_AT_ONCE])

    def close(self, failed: bool) -> None:
        self._write()
        self._client.set_terminated(self._run_id, "FAILED" if failed else "FINISHED")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_PARAMETER else text[: _LONGEST_PARAMETER - 3] + "..."
