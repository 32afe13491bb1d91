"""Contenders that take turns at one task, each in a process of its own; medians, and ratios within each repetition."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from typing import Any

from text_training import interval

Outcomes = dict[str, list[Any]]


def measure(task: Any, warm: Any, run: Callable[[str, Any], Any], names: Sequence[str], repetitions: int) -> Outcomes:
    """Every contender once in each repetition, in turning order, each in its own process.

    Args:
        task: what all do, a dataclass with `adapter` and `seed`.
        warm: a short task of the same kind: the first run in a process loads libraries and chooses kernels.
        run: a contender's name and a task to its `Outcome`.
    """
    context = multiprocessing.get_context("spawn")
    workers = {name: ProcessPoolExecutor(1, mp_context=context) for name in names}
    outcomes: Outcomes = {name: [] for name in names}
    try:
        for name in names:
            workers[name].submit(run, name, warm).result()
        for repetition in range(repetitions):
            turn = repetition % len(names)
            for name in [*names[turn:], *names[:turn]]:
                outcome = workers[name].submit(run, name, replace(task, seed=task.seed + repetition)).result()
                outcomes[name].append(outcome)
                said = f"{outcome.seconds:.1f} s, {outcome.processor_seconds:.1f} s of processor time"
                print(f"{repetition + 1}/{repetitions}  {task.adapter}, {name}: {said}", file=sys.stderr, flush=True)
    finally:
        for worker in workers.values():
            worker.shutdown()
    return outcomes


def summary(task: Any, outcomes: Outcomes) -> dict[str, Any]:
    """Medians for each contender, and the median of the ratios within each repetition."""
    table: dict[str, Any] = {}
    for name, own in outcomes.items():
        middle = sorted(own, key=lambda o: sum(o.correct))[len(own) // 2]
        accuracy, low, high = interval(middle.correct)
        seconds = statistics.median(o.seconds for o in own)
        table[name] = {
            "rows_per_second": task.rows * task.epochs / seconds,
            "seconds": seconds,
            "processor_seconds": statistics.median(o.processor_seconds for o in own),
            "reading_share": statistics.median(o.reading / o.seconds for o in own),
            "accuracy": accuracy,
            "interval": [low, high],
        }
    ratios: dict[str, dict[str, float]] = {}
    for ours in (n for n in outcomes if "burnish" in n):
        for theirs in (n for n in outcomes if "burnish" not in n and ("bf16" in n) <= ("auto" in ours)):
            both = list(zip(outcomes[ours], outcomes[theirs], strict=True))
            ratios[f"{ours} : {theirs}"] = {
                "wall": statistics.median(b.seconds / a.seconds for a, b in both),
                "processor": statistics.median(b.processor_seconds / a.processor_seconds for a, b in both),
            }
    return {"adapter": task.adapter, "contenders": table, "ratios": ratios}


def shown(result: dict[str, Any], unit: str) -> str:
    """The result as two Markdown tables; `unit`: what a row is called."""
    lines = [
        f"| {result['adapter']} | {unit}/s | s | processor s | waiting for rows | test accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for name, c in result["contenders"].items():
        lines.append(
            f"| {name} | {c['rows_per_second']:.1f} | {c['seconds']:.1f} | {c['processor_seconds']:.1f} "
            f"| {c['reading_share']:.0%} | {c['accuracy']:.3f} ({c['interval'][0]:.3f} to {c['interval'][1]:.3f}) |"
        )
    lines += ["", "| burnish is so many times as fast | wall time | processor time |", "|---|---|---|"]
    for name, own in result["ratios"].items():
        lines.append(f"| {name} | {own['wall']:.2f} | {own['processor']:.2f} |")
    return "\n".join(lines)
