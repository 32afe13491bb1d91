"""How fast burnish trains and tests a text classifier beside `transformers.Trainer` and the usual plain loop.

    python benchmarks/text_training.py                        # sst2, some ten minutes on two free cores
    python benchmarks/text_training.py --data trec --rows 2000
    python benchmarks/text_training.py --data my.csv --text body --label topic
    python benchmarks/text_training.py --overhead             # what one more micro-batch costs here, in tokens

Same model (starter), rows, effective batch, epochs, rate and schedule for all. Contenders take turns within each
repetition, so that what else runs on the machine meets all of them; medians are reported.
"""

from __future__ import annotations

import argparse
import datetime
import json
import multiprocessing
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from contenders import CONTENDERS, EVALUATION_ROWS, run
from text_task import Clock, Outcome, Task, read, warm_up, write_task

Outcomes = dict[str, list[Outcome]]
Peak = tuple[float, float]  # operations a second, and a processor second


def matmul_peak(dtype: torch.dtype, size: int = 2048, times: int = 5) -> tuple[float, float]:
    """The most floating-point operations this machine does in a square matrix product, a second and a processor second."""
    a, b = torch.randn(size, size).to(dtype), torch.randn(size, size).to(dtype)
    found = []
    for _ in range(times + 1):
        clock = Clock()
        a @ b
        found.append(clock.both())
    return 2 * size**3 / min(f[0] for f in found), 2 * size**3 / min(f[1] for f in found)


def measure(task: Task, names: Sequence[str], repetitions: int) -> tuple[Outcomes, dict[str, list[Peak]]]:
    """Every contender once in each repetition, in turning order, each in its own process; and the peaks beside them."""
    context = multiprocessing.get_context("spawn")
    workers = {name: ProcessPoolExecutor(1, mp_context=context) for name in names}
    outcomes: Outcomes = {name: [] for name in names}
    peaks: dict[str, list[Peak]] = {"float32": [], "bfloat16": []}
    try:
        for name in names:  # the first run in a process loads libraries and chooses kernels
            workers[name].submit(run, name, warm_up(task)).result()
        for repetition in range(repetitions):
            for precision, found in peaks.items():
                found.append(matmul_peak(getattr(torch, precision)))
            turn = repetition % len(names)
            for name in [*names[turn:], *names[:turn]]:
                outcome = workers[name].submit(run, name, replace(task, seed=task.seed + repetition)).result()
                outcomes[name].append(outcome)
                print(f"{repetition + 1}/{repetitions}  {name}: {outcome.training:.1f} s", file=sys.stderr, flush=True)
    finally:
        for worker in workers.values():
            worker.shutdown()
    return outcomes, peaks


def interval(correct: Sequence[bool], seed: int = 0, resamples: int = 1000) -> tuple[float, float, float]:
    """Accuracy, and the middle 95 % of its bootstrap resamples."""
    draws = np.random.default_rng(seed).binomial(len(correct), float(np.mean(correct)), resamples) / len(correct)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(np.mean(correct)), float(low), float(high)


def summary(task: Task, outcomes: Outcomes, peaks: dict[str, list[Peak]], counts: dict[str, int]) -> dict[str, Any]:
    """Medians for each contender, and paired ratios against burnish."""
    rows, flops = counts["train"] * task.epochs, next((o.flops for os in outcomes.values() for o in os if o.flops), 0.0)
    reachable = min(max(a for _, a in o.curve) for os in outcomes.values() for o in os)
    table: dict[str, Any] = {}
    for name, own in outcomes.items():
        precision = own[0].precision or ("bfloat16" if "bf16" in name else "float32")
        middle = sorted(own, key=lambda o: float(np.mean(o.correct)))[len(own) // 2]
        accuracy, low, high = interval(middle.correct)
        training = statistics.median(o.training for o in own)
        table[name] = {
            "precision": precision,
            "rows_per_second": rows / training,
            "padding_ratio": statistics.median(1 - o.useful / o.size for o in own),
            "share_of_peak": flops / training / max(wall for wall, _ in peaks[precision]),
            "share_of_peak_processor": flops
            / statistics.median(o.training_cpu for o in own)
            / max(processor for _, processor in peaks[precision]),
            "seconds_to_same_accuracy": statistics.median(next(s for s, a in o.curve if a >= reachable) for o in own),
            "end_to_end_seconds": statistics.median(
                o.setup + o.training + next(iter(o.evaluation.values())) for o in own
            ),
            "accuracy": accuracy,
            "interval": [low, high],
            "evaluation_rows_per_second": {
                size: counts["test"] / statistics.median(o.evaluation[size] for o in own) for size in own[0].evaluation
            },
        }
    return {
        "same_accuracy": reachable,
        "peak": {p: max(wall for wall, _ in v) for p, v in peaks.items()},
        "contenders": table,
        "ratios": ratios(outcomes),
    }


def ratios(outcomes: Outcomes) -> dict[str, dict[str, float]]:
    """How many times as fast burnish is: the median of the ratios within each repetition."""
    pairs = [(ours, theirs) for ours in outcomes if "burnish" in ours for theirs in outcomes if "burnish" not in theirs]
    found: dict[str, dict[str, float]] = {}
    for ours, theirs in pairs:
        if "bf16" in theirs and "auto" not in ours:
            continue
        both = list(zip(outcomes[ours], outcomes[theirs], strict=True))
        own = {
            "training": statistics.median(b.training / a.training for a, b in both),
            "training, processor time": statistics.median(b.training_cpu / a.training_cpu for a, b in both),
        }
        for size in both[0][1].evaluation:
            name = f"evaluation, batch {size}"
            own[name] = statistics.median(b.evaluation[size] / a.evaluation[EVALUATION_ROWS] for a, b in both)
            own[f"{name}, processor time"] = statistics.median(
                b.evaluation_cpu[size] / a.evaluation_cpu[EVALUATION_ROWS] for a, b in both
            )
        found[f"{ours} : {theirs}"] = own
    return found


def shown(result: dict[str, Any]) -> str:
    """The result as two Markdown tables."""
    lines = [
        "| contender | rows/s | padding | of peak (processor) | s to same | end to end s | test accuracy | test rows/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, c in result["contenders"].items():
        evaluation = ", ".join(f"{v:.0f} (batch {n})" for n, v in c["evaluation_rows_per_second"].items())
        lines.append(
            f"| {name} | {c['rows_per_second']:.1f} | {c['padding_ratio']:.1%} "
            f"| {c['share_of_peak']:.1%} ({c['share_of_peak_processor']:.1%}) "
            f"| {c['seconds_to_same_accuracy']:.1f} | {c['end_to_end_seconds']:.1f} "
            f"| {c['accuracy']:.3f} ({c['interval'][0]:.3f} to {c['interval'][1]:.3f}) | {evaluation} |"
        )
    lines += ["", "| burnish is so many times as fast | wall time | processor time |", "|---|---|---|"]
    for name, own in result["ratios"].items():
        for what in (w for w in own if "processor" not in w):
            lines.append(f"| {name}, {what} | {own[what]:.2f} | {own[what + ', processor time']:.2f} |")
    return "\n".join(lines)


def arguments_given() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="sst2", help="sst2, trec, or a CSV file")
    parser.add_argument("--text", default="text", help="column of a CSV file of your own")
    parser.add_argument("--label", default="label", help="column of a CSV file of your own")
    parser.add_argument("--rows", type=int, default=1024, help="training rows")
    parser.add_argument("--validation-rows", type=int, default=256)
    parser.add_argument("--test-rows", type=int, default=512)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--checks", type=int, default=4, help="validations in a run, which the clock leaves out")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--json", type=Path, help="file for all figures of all repetitions")
    parser.add_argument("--overhead", action="store_true", help="measure what one more micro-batch costs, and end")
    return parser.parse_args()


def main() -> None:
    """Run, print, write."""
    arguments = arguments_given()
    torch.set_num_threads(arguments.threads)
    if arguments.overhead:
        from micro_batch_cost import report

        print(report(arguments.repetitions))
        return
    with tempfile.TemporaryDirectory() as folder:
        task = write_task(arguments, Path(folder))
        counts = {name: len(read(Path(folder) / f"{name}.csv", "text", "label")) for name in ("train", "test")}
        outcomes, peaks = measure(task, arguments.only, arguments.repetitions)
        result = summary(task, outcomes, peaks, counts)
    result["machine"] = {
        "date": datetime.date.today().isoformat(),
        "threads": arguments.threads,
        "cpu": processor_name(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        **{name: version(name) for name in ("torch", "transformers", "accelerate")},
    }
    print(shown(result))
    print(
        "\n" + json.dumps({**result["machine"], "peak_gflops": {p: round(v / 1e9) for p, v in result["peak"].items()}})
    )
    if arguments.json:
        runs = {name: [asdict(o) for o in own] for name, own in outcomes.items()}
        settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
        arguments.json.write_text(json.dumps({**result, "settings": settings, "runs": runs}, indent=1) + "\n")


def processor_name() -> str:
    """What the operating system calls the CPU."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
