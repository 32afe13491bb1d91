"""Contenders that take turns at one task, each in a process of its own; medians, and ratios within each repetition.

What image_training.py and audio_training.py share: the outcome of a contender, burnish as one, measuring and reporting.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from text_training import interval, processor_name


@dataclass
class Outcome:
    """What one contender did in one repetition.

    Attributes:
        seconds: training steps with reading, and a validation after each epoch; features computed once and, for sounds,
            loading the checkpoint included.
        processor_seconds: the same in processor time, its reading processes included.
        reading: seconds of these in which the network waited for rows.
        correct: for each test row whether it was answered right.
    """

    seconds: float = 0.0
    processor_seconds: float = 0.0
    reading: float = 0.0
    correct: list[bool] = field(default_factory=list)


class Clock:
    """Wall time and processor time of this process and of reading processes that have ended."""

    def __init__(self) -> None:
        self._started = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.perf_counter(), time.process_time() + children.ru_utime + children.ru_stime

    def stop(self, outcome: Outcome) -> None:
        """Keep what it took."""
        wall, processor = self._now()
        outcome.seconds, outcome.processor_seconds = wall - self._started[0], processor - self._started[1]


def trained_by_burnish(settings: Callable[[str], dict[str, Any]], precision: str) -> Outcome:
    """The rooms of burnish that train and validate, as `burnish train` puts them together; no checkpoints are written.

    Args:
        settings: the recipe, by the folder of the cache.
        precision: of the run.
    """
    from burnish.evaluation.predict import predict
    from burnish.recipe.recipe import Recipe
    from burnish.runtimes.torch import running
    from burnish.stages.prepare.prepare import prepare
    from burnish.stages.train.assemble import assemble
    from burnish.stages.train.validate import deciding, measure
    from burnish.training.accelerator import Accelerator
    from burnish.training.loop import fit

    outcome = Outcome()
    with tempfile.TemporaryDirectory() as cache:
        accelerator = Accelerator("cpu", precision)  # type: ignore[arg-type]
        prepared = prepare(Recipe.load(settings(cache)), lambda event: None, accelerator)
        clock = Clock()
        assembled = assemble(prepared, accelerator, print)
        metric = deciding(prepared.recipe)
        for step in fit(assembled.training):
            if step.number % assembled.batches.steps_per_epoch == 0:
                measure(prepared, assembled, metric)
        assembled.batches.reading.close()
        clock.stop(outcome)
        outcome.reading = assembled.batches.reading.waited
        network = running(assembled.training.network)
        tested, _ = predict(network, assembled.loaders["test"], prepared.parts["test"], loss=None)
        outcome.correct = [bool(t == a) for t, a in zip(tested.truth, tested.answer, strict=True)]
    return outcome


Outcomes = dict[str, list[Outcome]]


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


def held(arguments: argparse.Namespace, task: Any, warm: Any, run: Callable[[str, Any], Outcome], unit: str) -> Any:
    """A contest over one task, printed; medians, ratios and all runs, as plain values."""
    outcomes = measure(task, warm, run, arguments.only, arguments.repetitions)
    found = {**summary(task, outcomes), "runs": {name: [asdict(o) for o in own] for name, own in outcomes.items()}}
    print(shown(found, unit) + "\n", flush=True)
    return found


def finished(arguments: argparse.Namespace, found: list[Any], libraries: Sequence[str]) -> None:
    """Say what machine it was, and write everything where `--json` asks for it."""
    machine = {
        "threads": arguments.threads,
        "cpu": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        **{name: version(name) for name in libraries},
    }
    print(json.dumps(machine))
    if arguments.json:
        settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
        arguments.json.write_text(json.dumps({"machine": machine, "settings": settings, "results": found}) + "\n")
