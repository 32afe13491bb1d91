"""What came out of `defaults.py`: a table, and how it stands to what was to be reached."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

from default_cases import CASES, Case

METRIC = "macro_f1"
Kept = dict[str, Any]


def read(results: Path, one: Case, who: str) -> dict[int, Kept]:
    """What is kept of a case, by seed."""
    found = {}
    for path in sorted(results.glob(f"{one.name}-*-{who}.json")):
        found[int(path.stem.split("-")[-2])] = json.loads(path.read_text(encoding="utf-8"))
    return found


def chosen_point(results: Path, one: Case) -> tuple[float, float, int] | None:
    """The point of the grid with the best validation score of the first seed."""
    points = read(results, one, "grid").get(0)
    if not points:
        return None
    name = max(points, key=lambda n: points[n]["best"]["validation"])
    rate, decay, epochs = name.split()
    return float(rate), float(decay), int(epochs)


def show(results: Path) -> None:
    """A row for each case, then the three goals."""
    print(
        "| data | decided on | defaults | frozen features | difference | AutoGluon | grid, by validation | grid, by test |"
    )
    print("|---|---|---|---|---|---|---|---|")
    rows = [(one, _row(results, one)) for one in CASES]
    for one, row in rows:
        cells = [_cell(row[key]) for key in ("own", "frozen", "difference", "AutoGluon", "validated", "oracle")]
        print(f"| {one.name} | {'yes' if one.decided else 'no'} | {' | '.join(cells)} |")
    _goals(rows)


def _row(results: Path, one: Case) -> Kept:
    """Means over the seeds that are kept; None where nothing is."""
    own, other = read(results, one, "burnish"), read(results, one, "AutoGluon")
    points = read(results, one, "grid").get(0, {})
    differences = [k["differences"]["frozen_features"][METRIC] for k in own.values()]
    return {
        "own": _mean([_value(k) for k in own.values()]),
        "frozen": _mean([k["baselines"]["frozen_features"][METRIC] for k in own.values()]),
        "difference": "; ".join(
            f"{100 * d['value']:+.1f} ({100 * d['low']:+.1f} to {100 * d['high']:+.1f})" for d in differences
        ),
        "below": sum(d["better"] is False for d in differences),
        "runs": len(differences),
        "AutoGluon": _mean([_value(k) for k in other.values()]),
        "pairs": [(_value(own[seed]), _value(other[seed])) for seed in own if seed in other],
        "first": _value(own[0]) if 0 in own else None,
        "validated": max(points.values(), key=lambda p: p["best"]["validation"])["best"]["test"] if points else None,
        "oracle": max(p["best"]["test"] for p in points.values()) if points else None,
    }


def _value(kept: Kept) -> float:
    return float(kept["metrics"][METRIC]["value"])


def _mean(values: list[float]) -> float | None:
    return mean(values) if values else None


def _cell(value: float | str | None) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else f"{100 * value:.1f}"


def _goals(rows: list[tuple[Case, Kept]]) -> None:
    """Each goal over all cases, over those the defaults were chosen on, and over the others."""
    for name, chosen in (("all", None), ("decided on", True), ("others", False)):
        found = [row for one, row in rows if chosen in (None, one.decided)]
        pairs = [pair for row in found for pair in row["pairs"]]
        ranks = [1.5 if a == b else 1.0 if a > b else 2.0 for a, b in pairs]
        runs, below = (sum(row[key] for row in found) for key in ("runs", "below"))
        print(f"\n{name}: {runs} runs, {below} significantly below frozen features")
        if pairs:
            print(f"{name}: mean rank {mean(ranks):.2f}, AutoGluon's {3 - mean(ranks):.2f}, over {len(pairs)} runs of texts; "
                  f"mean {100 * mean(a for a, _ in pairs):.1f} and {100 * mean(b for _, b in pairs):.1f}")  # fmt: skip
        for key, how in (("validated", "by validation"), ("oracle", "by test")):
            won = [row["first"] - row[key] for row in found if row[key] is not None and row["first"] is not None]
            if won:
                print(
                    f"{name}: {100 * mean(won):+.1f} points, defaults minus the grid's best {how}, first seed, {len(won)} sets"
                )
