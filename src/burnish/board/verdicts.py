"""What the board says of runs beside each other: level or behind in the table, and the whole comparison of a few."""

from __future__ import annotations

import math
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from burnish.core.errors import BurnishError
from burnish.evaluation.compare import paired_difference
from burnish.evaluation.scores import metrics_for
from burnish.evaluation.versus import Versus
from burnish.report.comparison.contents import Comparison
from burnish.report.comparison.words import verdict
from burnish.report.page.privacy import relative
from burnish.stages.compare import compared
from burnish.stages.tested_rows import Tested, require_same_rows
from burnish.targets import target_of

ROWS = 30
"""Rows that changed which the drawer shows; `burnish compare --out` writes all."""
MOST = 4
"""Runs that can be compared at once."""
_ONE_AT_A_TIME = threading.Lock()
"""Resampling takes both cores of a small machine: one comparison after the other."""


def standing(best: Path, other: Path, metric: str) -> dict[str, Any]:
    """Whether a run is behind the best one, by the interval of their paired difference; the same files are compared once."""
    with _ONE_AT_A_TIME:
        return _standing(best, _stamp(best), other, _stamp(other), metric)


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        status = os.stat(folder / "predictions.parquet")
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=20_000)
def _standing(best: Path, _: Any, other: Path, __: Any, label: str) -> dict[str, Any]:
    first, second = _tested(str(best), _), _tested(str(other), __)
    try:
        require_same_rows([first, second])
        known = first.predictions
        metric = next(one for one in metrics_for(target_of(known)) if one.label == label)
        paired = paired_difference(metric, second.predictions, known, seed=0)
    except (BurnishError, StopIteration) as error:
        return {"state": "unknown", "why": str(getattr(error, "found", "the metric is not defined here"))}
    state = {True: "ahead", False: "behind", None: "level"}[paired.better]
    return {"state": state, "value": _plain(paired.value), "low": _plain(paired.low), "high": _plain(paired.high)}


@lru_cache(maxsize=16)
def _tested(path: str, _: Any) -> Tested:
    """Tables that were compared a moment ago, above all that of the best run."""
    return Tested(Path(path), Path(path).name)


def comparison(folders: list[Path], metric: str | None) -> dict[str, Any]:
    """The whole comparison of a few runs with the first, ready for the page.

    Raises:
        BurnishError: they cannot be compared; why, in words.
    """
    with _ONE_AT_A_TIME:
        found = compared(folders, metric=metric, resamples=1000, seed=0)
    return {
        "first": found.first,
        "rows": found.compared[0].rows,
        "groups": found.compared[0].groups,
        "private": not found.rows,
        "runs": [_one(found, one) for one in found.compared],
        "settings": _settings(found),
        "command": " ".join(["burnish compare", *map(relative, map(str, folders)), "--out comparison"]),
    }


def _one(found: Comparison, one: Versus) -> dict[str, Any]:
    said = verdict(one, found.first, greater_is_better=found.metrics[one.metric].greater_is_better)
    changed = one.flips
    return {
        "run": one.name,
        "metric": one.metric,
        "verdict": one.verdict,
        "en": str(said.en),
        "zh": str(said.zh),
        "p": _plain(one.p),
        "p_holm": _plain(one.corrected),
        "mcnemar": _plain(one.difference.mcnemar),
        "differences": [
            {
                "metric": label,
                "greater": found.metrics[label].greater_is_better,
                "better": paired.better,
                **{end: _plain(getattr(paired, end)) for end in ("value", "low", "high")},
            }
            for label, paired in one.differences.items()
        ],
        "matrix": None if changed is None else changed.matrix,
        "unit": None if changed is None else changed.unit,
        "worse": None if changed is None else len(changed.worse),
        "better": None if changed is None else len(changed.better),
        "flips": [] if changed is None or not found.rows else [
            {"row": f.row + 1, "truth": _short(f.truth), "before": _short(f.before), "after": _short(f.after)}
            for f in changed.worse[:ROWS]
        ],
    }  # fmt: skip


def _settings(found: Comparison) -> list[list[str]]:
    names = list(found.predictions)
    fields = dict.fromkeys(field for recipe in found.recipes.values() for field in recipe)
    rows = ([field, *(relative(str(found.recipes[n].get(field, "–"))) for n in names)] for field in fields)
    return [["", *names], *(row for row in rows if len(set(row[1:])) > 1)]


def _short(value: Any) -> str:
    text = (
        ", ".join(map(str, value))
        if isinstance(value, list)
        else f"{value:.4g}"
        if isinstance(value, float)
        else str(value)
    )
    return text if len(text) <= 120 else f"{text[:119]}…"


def _plain(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
