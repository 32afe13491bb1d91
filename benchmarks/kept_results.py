"""One run of a benchmark on real data in a process of its own, and the small file that keeps its figures."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KEPT = ("value", "low", "high")


def run_and_keep(command: Sequence[str], *, case: str, who: str, runs: Path, scores: Path, results: Path) -> None:
    """Run a command, tell its processor time from the clock, and keep the headline figures it wrote.

    Args:
        command: writes `scores`.
        case: data, settings and seed, as they stand in file names.
        who: whose run it is; 'burnish' writes the scores.json of a run, others `seconds` at its top.
        runs: folder of the log.
        scores: what the command writes.
        results: folder of `CASE-WHO.json`; nothing is written there when the command fails, which is said.
    """
    started = time.perf_counter()
    with (runs / f"{case}-{who}.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    if status != 0:
        print(f"{case} {who}: FAILED with status {status}; see {log.name}", flush=True)
        return
    found = json.loads(scores.read_text(encoding="utf-8"))
    kept = {
        "split": found["split"],
        "metrics": {m: {k: found["metrics"][m][k] for k in KEPT} for m in found["headline"]},
        "training_seconds": found["training"]["seconds"] if who == "burnish" else found["seconds"],
        "wall_seconds": round(wall, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "baselines": _baselines(found),
        "differences": _differences(found),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
    }
    (results / f"{case}-{who}.json").write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{case} {who}: {wall:.0f} s, {kept['processor_seconds']:.0f} s of the processor", flush=True)


def _baselines(found: dict[str, Any]) -> dict[str, Any]:
    """The headline figures of each baseline of our run: small enough to keep."""
    own = found["baselines"] if isinstance(found.get("baselines"), dict) else {}
    return {
        name: {m: baseline["metrics"][m]["value"] for m in found["headline"] if m in baseline["metrics"]}
        for name, baseline in own.items()
    }


def _differences(found: dict[str, Any]) -> dict[str, Any]:
    """Model minus baseline by the paired bootstrap, of the headline figures."""
    own = found["baselines"] if isinstance(found.get("baselines"), dict) else {}
    kept = (*KEPT, "better")
    return {
        name: {m: {k: d[k] for k in kept} for m, d in baseline["differences"].items() if m in found["headline"]}
        for name, baseline in own.items()
    }
