"""How fast burnish trains an image classifier beside `transformers.Trainer` and the usual plain loop.

    python benchmarks/image_training.py                                  # cats_dogs, MobileNetV2, full and head_only
    python benchmarks/image_training.py --model resnet18 --data gtsrb --rows 512
    python benchmarks/image_training.py --adapter head_only --epochs 5 --repetitions 3 --json heads.json
    python benchmarks/image_training.py --reading                        # what reading costs, in line and by threads

Same network and weights, rows, resolution, augmentation, batch, epochs, rate and schedule for all. Contenders take turns
within each repetition, each in a process of its own; medians are reported.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from image_contenders import CONTENDERS, run
from image_reading import report
from image_task import Outcome, Task, warm_up, write_task
from text_training import interval, processor_name

Outcomes = dict[str, list[Outcome]]


def measure(task: Task, names: Sequence[str], repetitions: int) -> Outcomes:
    """Every contender once in each repetition, in turning order, each in its own process."""
    context = multiprocessing.get_context("spawn")
    workers = {name: ProcessPoolExecutor(1, mp_context=context) for name in names}
    outcomes: Outcomes = {name: [] for name in names}
    try:
        for name in names:  # the first run in a process loads libraries and chooses kernels
            workers[name].submit(run, name, warm_up(task)).result()
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


def summary(task: Task, outcomes: Outcomes) -> dict[str, Any]:
    """Medians for each contender, and the median of the ratios within each repetition."""
    table: dict[str, Any] = {}
    for name, own in outcomes.items():
        middle = sorted(own, key=lambda o: sum(o.correct))[len(own) // 2]
        accuracy, low, high = interval(middle.correct)
        seconds = statistics.median(o.seconds for o in own)
        table[name] = {
            "images_per_second": task.rows * task.epochs / seconds,
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


def shown(result: dict[str, Any]) -> str:
    """The result as two Markdown tables."""
    lines = [
        f"| {result['adapter']} | images/s | s | processor s | waiting for rows | test accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for name, c in result["contenders"].items():
        lines.append(
            f"| {name} | {c['images_per_second']:.1f} | {c['seconds']:.1f} | {c['processor_seconds']:.1f} "
            f"| {c['reading_share']:.0%} | {c['accuracy']:.3f} ({c['interval'][0]:.3f} to {c['interval'][1]:.3f}) |"
        )
    lines += ["", "| burnish is so many times as fast | wall time | processor time |", "|---|---|---|"]
    for name, own in result["ratios"].items():
        lines.append(f"| {name} | {own['wall']:.2f} | {own['processor']:.2f} |")
    return "\n".join(lines)


def arguments_given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="cats_dogs", help="cats_dogs, gtsrb or cifar10_small")
    parser.add_argument("--model", default="mobilenet_v2", help="mobilenet_v2 (torchvision, ImageNet), or a timm name")
    parser.add_argument("--adapter", nargs="+", choices=["full", "head_only"], default=["full", "head_only"])
    parser.add_argument("--rows", type=int, default=160, help="training rows")
    parser.add_argument("--test-rows", type=int, default=160, help="rows of validation and of test, at most")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--augmentation", choices=["none", "flip"], default="none", help="mirroring, half of the time")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--workers", type=int, default=1, help="processes (theirs) or threads (ours) that read ahead")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="file for all figures of all repetitions")
    parser.add_argument("--reading", action="store_true", help="measure what reading costs, and end")
    return parser.parse_args()


def main() -> None:
    """Run, print, write."""
    arguments = arguments_given()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for adapter in arguments.adapter:
            task = write_task(arguments, adapter, Path(folder) / adapter)
            if arguments.reading:
                print(report(task, arguments.repetitions))
                return
            outcomes = measure(task, arguments.only, arguments.repetitions)
            runs = {name: [asdict(o) for o in own] for name, own in outcomes.items()}
            found.append({**summary(task, outcomes), "runs": runs})
            print(shown(found[-1]) + "\n", flush=True)
    machine = {
        "threads": arguments.threads,
        "cpu": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        **{name: version(name) for name in ("torch", "torchvision", "timm", "transformers")},
    }
    print(json.dumps(machine))
    if arguments.json:
        settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
        arguments.json.write_text(json.dumps({"machine": machine, "settings": settings, "results": found}) + "\n")


if __name__ == "__main__":
    main()
