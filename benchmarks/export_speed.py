"""How fast a bundle's exports answer, beside torch eager on the same batches of real rows, in turn.

    burnish export RUN --to onnx --quantize int8
    OMP_NUM_THREADS=1 python benchmarks/export_speed.py RUN --rounds 200

Contenders take turns batch by batch, so that whatever else the machine does falls on all of them. Told are medians of
wall-clock and processor time in ms, and how many times faster than torch. The rows are those of the split that chooses
(validation), in the order of the file, so that lengths are mixed as they come.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from burnish.answering.opening import opened_by
from burnish.bundle.bundle import Bundle
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.runtimes import Runner, Runtime
from burnish.stages.held_out import held_out


def contenders(bundle: Bundle, threads: int) -> dict[str, Runner]:
    """The trained network, and every artifact that a runtime reads."""
    found: dict[str, Runner] = {"torch eager": opened_by(bundle, _runtime({"kind": "torch"}))[1]}
    for artifact in sorted(bundle.artifacts(), key=lambda a: a.name):
        if artifact.format:
            chosen = {"kind": artifact.format, "artifact": artifact.name, "threads": threads}
            try:
                found[artifact.name] = opened_by(bundle, _runtime(chosen))[1]
            except InputError as error:
                print(f"left out: {artifact.name}: {error.found}")
    return found


def _runtime(settings: dict[str, Any]) -> Runtime:
    runtime = build("burnish.runtimes", settings)
    assert isinstance(runtime, Runtime)
    return runtime


def measured(runs: dict[str, Runner], batches: list[dict[str, Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Medians in ms over `rounds` batches, one contender after another on each."""
    wall: dict[str, list[float]] = {name: [] for name in runs}
    used: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 2):
        batch = batches[number % len(batches)]
        for name, run in runs.items():
            started, before = time.perf_counter(), time.process_time()
            run(**batch)
            if number >= 2:
                wall[name].append(time.perf_counter() - started)
                used[name].append(time.process_time() - before)
    return {n: {"wall_ms": 1e3 * np.median(wall[n]), "processor_ms": 1e3 * np.median(used[n])} for n in runs}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run with exports")
    parser.add_argument("--rounds", type=int, default=100, help="batches of one row; a fifth as many of 32")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    bundle = Bundle.load(arguments.run)
    held = held_out(bundle)
    runs = contenders(bundle, arguments.threads)
    result = {}
    for size in (1, 32):
        batches = list(held.batches(held.parts[held.choosing], size, bundle))
        figures = measured(runs, batches, max(5, arguments.rounds // (1 if size == 1 else 5)))
        result[str(size)] = figures
        first = figures["torch eager"]
        for name, told in figures.items():
            faster = {key: first[key] / value for key, value in told.items()}
            print(
                f"{size:>3} rows  {name:22s} {told['wall_ms']:9.2f} ms ({faster['wall_ms']:.2f}x)"
                f"   processor {told['processor_ms']:9.2f} ms ({faster['processor_ms']:.2f}x)"
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
