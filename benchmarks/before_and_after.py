"""One run of a language model from the command line, and the small file that keeps it beside the checkpoint as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Kept = dict[str, Any]
Recipe = dict[str, Any]


def run_and_keep(
    name: str, recipe: Recipe, runs: Path, results: Path, more: Callable[[Path], Kept] | None = None
) -> None:
    """Train what is not kept yet; a run that was ended goes on where it was. Nothing is kept of one that fails, which is said.

    Args:
        name: of the run's folder, and of the file that keeps it.
        recipe: of the run.
        runs: folder of the runs and their logs.
        results: folder of `NAME.json`.
        more: what else is kept of the folder of a run that ended.
    """
    place, out, text = results / f"{name}.json", runs / name, runs / f"{name}.json.yaml"
    if place.is_file():
        return
    text.write_text(json.dumps(recipe), encoding="utf-8")  # JSON is YAML
    begun = time.perf_counter()
    begins = ["--resume"] if (out / "checkpoints").is_dir() else [str(text)]
    with (runs / f"{name}.log").open("a") as log:
        command = [sys.executable, "-m", "burnish.cli", "train", *begins, "--out", str(out)]
        process = subprocess.Popen(command, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        print(f"{name}: FAILED; see {runs / f'{name}.log'}", flush=True)
        return
    kept = {
        **scores_kept(json.loads((out / "scores.json").read_text(encoding="utf-8"))),
        "wall_seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        **(more(out) if more else {}),
    }
    place.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {kept['wall_seconds']:.0f} s", flush=True)


def scores_kept(scores: Kept) -> Kept:
    """Of scores.json the figures of the run, those of its checkpoint, and the paired differences."""
    base = scores["baselines"]["base"]
    return {
        "metrics": {
            name: {key: figures[key] for key in ("value", "low", "high") if key in figures}
            for name, figures in scores["metrics"].items()
        },
        "base": {name: figures["value"] for name, figures in base["metrics"].items()},
        "differences": {
            name: {key: figures[key] for key in ("value", "low", "high")}
            for name, figures in base["differences"].items()
        },
        "forgetting": scores.get("forgetting"),
        "training_seconds": scores["training"]["seconds"],
        "rows": scores["rows"],
    }


def lines(kept: Kept) -> Iterator[tuple[str, str, str, str]]:
    """Of each metric that both have: its name, base, tuned, and the difference with its interval; at last what is forgotten."""
    for metric, change in kept["differences"].items():
        before, after = kept["base"].get(metric), kept["metrics"][metric]["value"]
        if None not in (before, after, change["value"]):
            yield metric, f"{before:.3f}", f"{after:.3f}", _with_ends(change["value"], change)
    if told := kept["forgetting"]:
        words = "general texts, bits per byte"
        yield words, f"{told['before']:.3f}", f"{told['after']:.3f}", _with_ends(told["change"], told)


def _with_ends(value: float, ends: Kept) -> str:
    return f"{value:+.3f} ({ends['low']:+.3f} to {ends['high']:+.3f})"
