"""`burnish train` without a setting, beside what it must beat, on twelve real data sets cut small.

    python benchmarks/real_audio/convert_yamnet.py ../shared/weights/yamnet_audioset runs/defaults/yamnet
    python benchmarks/defaults.py cut                            rows of every case, under runs/defaults
    python benchmarks/defaults.py grid --seeds 0                 a small grid of rates and decays
    AUTOGLUON=PYTHON python benchmarks/defaults.py autogluon --seeds 0 1   `autogluon.multimodal`, in an environment of its own
    python benchmarks/defaults.py burnish --seeds 0 1            as a user types it: rows, columns and checkpoint, nothing else
    python benchmarks/defaults.py table                          all that is kept

Every result is kept in `benchmarks/defaults/results` as it ends, and what is kept is not run again. One process at a time.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import default_table
from default_cases import CASES, HERE, RUNS, STARTER, Case, case, cut
from kept_results import run_and_keep

RESULTS = HERE / "defaults" / "results"


def grid(one: Case, seed: int) -> None:
    """Every point with the first seed; with another one only the point that validation chose with the first."""
    from default_grid import grid as train
    from default_table import chosen_point

    place = RESULTS / f"{one.name}-{seed}-grid.json"
    if seed == 0:
        train(one, seed, place)
    elif (point := chosen_point(RESULTS, one)) is not None:
        train(one, seed, place, [point])


def autogluon(one: Case, seed: int) -> None:
    """AutoGluon's defaults with the same checkpoint, in an environment of its own."""
    if one.model != STARTER or (RESULTS / f"{one.name}-{seed}-AutoGluon.json").is_file():
        return
    place = RUNS / f"{one.name}-{seed}.autogluon.json"
    command = [os.environ["AUTOGLUON"], str(HERE / "default_autogluon.py"), str(one.data), _checkpoint(), str(seed)]
    command += [str(place), *one.columns]
    run_and_keep(command, case=f"{one.name}-{seed}", who="AutoGluon", runs=RUNS, scores=place, results=RESULTS)


def _checkpoint() -> str:
    from burnish.models._checkpoint import resolved_folder

    return str(resolved_folder("starter", None))


def burnish(one: Case, seed: int) -> None:
    """From the command line, without a setting of training."""
    if (RESULTS / f"{one.name}-{seed}-burnish.json").is_file():
        return
    import json

    recipe, place = RUNS / f"{one.name}-{seed}.json.yaml", RUNS / f"{one.name}-{seed}"
    recipe.write_text(json.dumps(one.recipe(seed)), encoding="utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "burnish.cli", "train", str(recipe), "--out", str(place)]
    scores = place / "scores.json"
    run_and_keep(command, case=f"{one.name}-{seed}", who="burnish", runs=RUNS, scores=scores, results=RESULTS)


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["cut", "grid", "autogluon", "burnish", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--names", nargs="+", default=[c.name for c in CASES])
    asked = parser.parse_args(arguments)
    if asked.command == "table":
        default_table.show(RESULTS)
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        for one in map(case, asked.names):
            cut(one)
            if asked.command != "cut":
                {"grid": grid, "autogluon": autogluon, "burnish": burnish}[asked.command](one, seed)


if __name__ == "__main__":
    main()
