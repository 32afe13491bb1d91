"""Real sounds: our runs from the command line, and a baseline on the same splits.

    python benchmarks/real_audio/convert_yamnet.py ../shared/weights/yamnet_audioset runs/real/yamnet
    burnish train benchmarks/real_audio/fsdd.yaml --out runs/real/fsdd-0 seed=0   one run, as a user types it
    python benchmarks/real_audio.py all --seeds 0 1 2                             every run that has no result yet
    python benchmarks/real_audio.py baseline --seeds 0 1 2                        log-mel statistics, logistic regression
    python benchmarks/real_audio.py table                                         all figures that are kept

Figures are kept in `benchmarks/real_audio/results`, with the processor time of the whole process. The baseline takes the
splits of the recipe and describes each sound by mean and standard deviation of every band of its log-mel over time,
unpadded; the penalty is chosen on training rows.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from kept_results import KEPT, run_and_keep

HERE = Path(__file__).parent
RECIPES = HERE / "real_audio"
RESULTS = RECIPES / "results"
RUNS = HERE.parent / "runs" / "real"
SHOWN = ("accuracy", "macro_f1")
NAMES = sorted(path.stem for path in RECIPES.glob("*.yaml"))


def everything(seeds: list[int], names: list[str]) -> None:
    """Run what has no result yet, the first seed of every recipe before the second."""
    for seed in seeds:
        for name in names:
            if not (RESULTS / f"{name}-{seed}-burnish.json").is_file():
                _run(name, seed)


def _run(name: str, seed: int) -> None:
    """One run in a process of its own, from the command line; its baselines by the first seed only."""
    place = RUNS / f"{name}-{seed}"
    RUNS.mkdir(parents=True, exist_ok=True)
    program = [
        sys.executable,
        "-m",
        "burnish.cli.commands",
        "train",
        str(RECIPES / f"{name}.yaml"),
        "--out",
        str(place),
    ]
    command = [*program, f"seed={seed}", f"baselines={str(seed == 0).lower()}"]
    case = f"{name}-{seed}"
    run_and_keep(command, case=case, who="burnish", runs=RUNS, scores=place / "scores.json", results=RESULTS)


def baseline(seeds: list[int], names: list[str]) -> None:
    """Log-mel statistics and logistic regression on the splits of each recipe."""
    from burnish.evaluation.baselines import frozen_features
    from burnish.evaluation.scores import scores

    for seed in seeds:
        for name in names:
            started = time.process_time()
            prepared, like = _prepared(name, seed)
            settled, features, truths = prepared.recipe, {}, []
            for split in ("train", "test"):
                part = prepared.parts[split]
                rows = part.table.take(part.rows, [settled.input.column]).to_pylist()
                features[split] = np.stack([_statistics(settled.input, row) for row in rows])
            truths = [settled.target.truth(value) for value in prepared.values("train")]
            found = frozen_features(features["train"], truths, features["test"], like, seed=seed)
            own = scores(found.predictions, settled.metrics, settled.target.headline, seed=seed)
            spent = {"processor_seconds": round(time.process_time() - started, 1)}
            _keep(name, seed, "log-mel statistics", {"split": "test", **own}, spent)


def _statistics(sound: Any, row: dict[str, Any]) -> np.ndarray[Any, Any]:
    """[128] mean and standard deviation of each of 64 bands; at least one frame is heard."""
    from burnish.media.sound.reading import at_rate
    from burnish.media.sound.spectrograms import log_mel

    waveform = at_rate(sound.file(row).read_bytes(), 8000)
    waveform = np.pad(waveform, (0, max(0, 256 - len(waveform))))
    settings: dict[str, Any] = {"rate": 8000, "window": 256, "hop": 128, "transform": 256, "mels": 64}
    bands = log_mel(waveform, **settings, lowest=20.0, highest=4000.0, power=2.0, offset=1e-6)
    return np.concatenate([bands.mean(axis=1), bands.std(axis=1)])


def _prepared(name: str, seed: int) -> tuple[Any, Any]:
    """The data of a recipe, and its test rows as a table of predictions that are all the first label."""
    from burnish.data.feeding.loader import Loader
    from burnish.evaluation.predict import predict
    from burnish.recipe.recipe import Recipe
    from burnish.recipe.text import load_file
    from burnish.stages.prepare.prepare import prepare
    from burnish.training.accelerator import Accelerator

    recipe = Recipe.load({**load_file(RECIPES / f"{name}.yaml"), "seed": seed})
    prepared = prepare(recipe, lambda event: None, Accelerator("cpu", "float32"))
    settled = prepared.recipe
    loader = Loader(prepared.encoded["test"], settled.input, settled.target, prepared.processor)

    def first(**arrays: Any) -> Any:
        rows = len(next(iter(arrays.values())))
        return np.zeros((rows, settled.target.outputs), np.float32)

    return prepared, predict(first, loader, prepared.parts["test"], loss=None, group=settled.group)[0]


def _keep(name: str, seed: int, who: str, found: dict[str, Any], seconds: dict[str, float]) -> None:
    metrics = {m: {k: found["metrics"][m][k] for k in KEPT} for m in SHOWN}
    kept = {"split": found["split"], "rows": found["rows"], "metrics": metrics, **seconds}
    path = RESULTS / f"{name}-{seed}-{who.replace(' ', '_')}.json"
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{name} seed {seed} {who}: " + ", ".join(f"{m} {v['value']:.4f}" for m, v in metrics.items()), flush=True)


def show() -> None:
    """Test scores with intervals for every result that is there, and the mean over the seeds."""
    print("| data | who | seed | accuracy | 95 % interval | macro F1 | 95 % interval | processor s |")
    print("|---|---|---|---|---|---|---|---|")
    means: dict[tuple[str, str], list[list[float]]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        name, seed, who = path.stem.split("-", 2)
        found = json.loads(path.read_text(encoding="utf-8"))
        cells = []
        for metric in SHOWN:
            own = found["metrics"][metric]
            cells += [f"{own['value']:.3f}", f"{own['low']:.3f} to {own['high']:.3f}"]
        means.setdefault((name, who), []).append([found["metrics"][m]["value"] for m in SHOWN])
        print(f"| {name} | {who} | {seed} | {' | '.join(cells)} | {found.get('processor_seconds', '')} |")
        for baseline, metrics in found.get("baselines", {}).items():
            print(f"| {name} | {baseline} | {seed} | {metrics['accuracy']:.3f} | | {metrics['macro_f1']:.3f} | | |")
    for (name, who), values in means.items():
        mean = np.mean(values, axis=0)
        print(f"{name}, {who}: mean of {len(values)} seeds: accuracy {mean[0]:.3f}, macro F1 {mean[1]:.3f}")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["all", "baseline", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--names", nargs="+", default=NAMES)
    asked = parser.parse_args()
    if asked.command == "table":
        show()
    elif asked.command == "all":
        everything(asked.seeds, asked.names)
    else:
        baseline(asked.seeds, asked.names)


if __name__ == "__main__":
    main()
