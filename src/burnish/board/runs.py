"""What a run folder says in a line of the board."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from burnish.board.events import last_events
from burnish.report.page.privacy import relative
from burnish.report.summary import deciding
from burnish.stages.tested_rows import of_files

SILENT = 600
"""Seconds without an event after which an unfinished run is called silent."""
FILES = ("scores.json", "begun.json", "events.jsonl")


def is_run(folder: Path) -> bool:
    """Whether a folder is one of a run."""
    return (folder / "begun.json").is_file() or (folder / "recipe.yaml").is_file()


def stamp(folder: str) -> tuple[Any, ...]:
    """What changes when the files change that a line is made of. Of a run with scores these alone are looked at: whoever
    makes it longer moves them away first.
    """
    found: list[tuple[int, int, int] | None] = []
    for name in FILES:
        try:
            status = os.stat(f"{folder}/{name}")
        except OSError:
            found.append(None)
            continue
        found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        if name == FILES[0]:
            break
    return tuple(found)


def line(folder: Path, name: str) -> dict[str, Any]:
    """What the table shows of a run; of files that are damaged or missing what is still known, and `problem`.

    Args:
        folder: of the run.
        name: how it is called on the board.
    """
    told: dict[str, Any] = {"run": name, "problem": ""}
    begun, wrong = _json(folder / "begun.json")
    recipe = begun.get("recipe") or _written(folder)
    scores, wrong_scores = _json(folder / "scores.json")
    told["problem"] = wrong or wrong_scores
    try:
        told |= _asked(recipe, begun.get("data") or {})
        told |= _scored(scores, recipe, begun.get("data") or {}) if scores else {}
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration) as error:
        told["problem"] = f"files of another version: {type(error).__name__} {error}"
    told |= _state(folder, bool(scores))
    told["mib"] = _size(folder / "bundle")
    return told


def _asked(recipe: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    model, adapter = recipe.get("model") or {}, recipe.get("adapter") or {}
    more = [str((recipe.get(axis) or {}).get("kind")) for axis in ("mixing", "penalty", "perturbation", "averaging")]
    return {
        "model": relative(str(model.get("name", ""))),
        "adapter": ", ".join([str(adapter.get("kind", "")), *(one for one in more if one != "None")]),
        "task": str(recipe.get("task") or (recipe.get("target") or {}).get("kind", "")),
        "data": _data(data.get("test") or data.get("validation") or data.get("train") or {}),
    }


def _data(split: Mapping[str, Any]) -> str:
    files = [str(file["path"]) for file in split.get("files") or []]
    if not files:
        return ""
    first = Path(files[0])
    name = (
        first.name
        if first.stem not in ("test", "train", "dev", "validation", "data")
        else f"{first.parent.name}/{first.name}"
    )
    return f"{name} and {len(files) - 1} more" if len(files) > 1 else name


def _scored(scores: Mapping[str, Any], recipe: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    metric = deciding(scores, recipe.get("deciding_metric"))
    figures, split = scores["metrics"][metric], data.get(scores["split"]) or {}
    identity = of_files(split) if "which" in split else str(scores.get("test_rows", ""))
    return {
        "metric": metric,
        "value": figures["value"],
        "low": figures.get("low"),
        "high": figures.get("high"),
        "greater": figures["greater_is_better"],
        "split": scores["split"],
        "rows": scores["rows"] - scores["rows_without_truth"],
        "group": f"{identity[:16]} {metric}",
        "identity": identity[:8],
        "used": (scores.get("test_used") or {}).get("count"),
        "seconds": (scores.get("training") or {}).get("seconds"),
        "best_step": (scores.get("training") or {}).get("step"),
    }


def _state(folder: Path, scored: bool) -> dict[str, Any]:
    """Whether it is finished, running, failed or silent; and where it is."""
    events = folder / "events.jsonl"
    try:
        changed = os.stat(events).st_mtime
    except OSError:
        changed = 0.0
    started = _time(folder / "begun.json") or _time(folder / "recipe.yaml") or changed
    if scored:
        return {"state": "finished", "started": started, "changed": changed}
    tail = last_events(events)
    steps = [event for event in tail if event["name"] == "step"]
    told: dict[str, Any] = {"started": started, "changed": changed}
    if steps:
        told |= {"step": steps[-1].get("number"), "total": steps[-1].get("total_steps")}
    failed = [event for event in tail if event["name"] == "run_failed"]
    if failed and not any(event["time"] > failed[-1]["time"] for event in steps):
        return {**told, "state": "failed", "why": relative(str(failed[-1].get("text", "")).splitlines()[0][:300])}
    return {**told, "state": "running" if time.time() - changed < SILENT else "silent"}


def _size(folder: Path) -> float | None:
    """MiB of the model files of a bundle, without exports."""
    total = 0
    try:
        for entry in os.scandir(folder / "model"):
            total += entry.stat().st_size if entry.is_file() else 0
    except OSError:
        return None
    return round(total / (1 << 20), 1)


def _time(path: Path) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None


def _json(path: Path) -> tuple[dict[str, Any], str]:
    """What a file holds, and what is wrong with it; nothing of both where it is not there."""
    try:
        with open(path, "rb") as file:
            value = json.loads(file.read())
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:
        return {}, f"{path.name} cannot be read: {error}"
    return (value, "") if isinstance(value, dict) else ({}, f"{path.name} holds no object")


def _written(folder: Path) -> dict[str, Any]:
    """The recipe of runs from before begun.json; YAML is slow to read, so it is the last choice."""
    from burnish.core.errors import BurnishError
    from burnish.recipe.text import load_file

    try:
        return load_file(folder / "recipe.yaml")
    except (BurnishError, OSError):
        return {}
