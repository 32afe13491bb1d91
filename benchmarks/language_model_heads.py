"""SmolLM2-135M-Instruct as a classifier, beside the starter, which has a sixth of its weights and was made for sentences.

    MODEL=$(python ../shared/weights/fetch.py smollm2_135m_instruct) python benchmarks/language_model_heads.py --seeds 0
    python benchmarks/language_model_heads.py table

sst2 and trec as `defaults.py` cuts them: 256 rows to train on, 300 to test. The starter is trained as a user types it; the
language model with LoRA, and with its last layers, for four epochs. Differences are paired over the same test rows. Results
are kept in `benchmarks/language_model_heads/results` as they end, and what is kept is not run again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from default_cases import HERE, Case, case, cut
from kept_results import KEPT, run_and_keep

RUNS = Path(os.environ.get("HEADS_RUNS", HERE.parent / "runs" / "language_model_heads"))
RESULTS = HERE / "language_model_heads" / "results"
NAMES = ("sst2", "trec")
METRICS = ("accuracy", "macro_f1")
STARTER = "starter"
EPOCHS = 4  # of the language model: what one core can do in minutes
CONTENDERS: dict[str, dict[str, Any]] = {
    STARTER: {},
    "lora": {"adapter": "lora", "epochs": EPOCHS},
    "last_layers": {"adapter": "last_layers", "epochs": EPOCHS},
}


def run(one: Case, who: str, seed: int) -> None:
    """One contender from the command line; beside its scores are kept the differences to the starter, which ran before."""
    name = f"{one.name}-{seed}"
    place, out = RESULTS / f"{name}-{who}.json", RUNS / f"{name}-{who}"
    if place.is_file():
        return
    model = {} if who == STARTER else {"model": os.environ["MODEL"]}
    recipe = {**one.recipe(seed), **model, **CONTENDERS[who], "baselines": False}
    text = RUNS / f"{name}-{who}.json.yaml"
    text.write_text(json.dumps(recipe), encoding="utf-8")  # JSON is YAML
    command = [sys.executable, "-m", "burnish.cli", "train", "--out", str(out)]
    resumed = (out / "checkpoints").is_dir()
    if not resumed:
        shutil.rmtree(out, ignore_errors=True)
    command += ["--resume"] if resumed else [str(text)]
    scores = out / "scores.json"
    run_and_keep(command, case=f"{name}-{who}", who="burnish", runs=RUNS, scores=scores, results=RUNS)
    whole = RUNS / f"{name}-{who}-burnish.json"
    if whole.is_file():
        kept = json.loads(whole.read_text(encoding="utf-8")) | {"differences": differences(name, who)}
        place.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def differences(name: str, who: str) -> dict[str, Any]:
    """This contender minus the starter on the same test rows; nothing of the starter itself."""
    from burnish.core.component import build
    from burnish.core.predictions import Predictions
    from burnish.evaluation.compare import paired_differences
    from burnish.metrics import Metric

    if who == STARTER:
        return {}
    ours, theirs = (Predictions.load(RUNS / f"{name}-{one}" / "predictions.parquet") for one in (who, STARTER))
    metrics = [build("burnish.metrics", kind) for kind in ("accuracy", "f1")]
    chosen = [metric for metric in metrics if isinstance(metric, Metric)]
    found = paired_differences(chosen, ours, theirs, seed=0)
    return {metric: {key: getattr(found[metric], key) for key in (*KEPT, "better")} for metric in found}


def table() -> None:
    """All that is kept, as Markdown."""
    print("| data | seed | contender | metric | score (95 % CI) | minus the starter (95 % CI) | processor s |")
    print("|---|---|---|---|---|---|---|")
    for place in sorted(RESULTS.glob("*.json")):
        kept = json.loads(place.read_text(encoding="utf-8"))
        name, seed, who = place.stem.split("-", 2)
        for metric in METRICS:
            figures, change = kept["metrics"][metric], kept["differences"].get(metric)
            score = f"{figures['value']:.3f} ({figures['low']:.3f} to {figures['high']:.3f})"
            minus = f"{change['value']:+.3f} ({change['low']:+.3f} to {change['high']:+.3f})" if change else ""
            print(f"| {name} | {seed} | {who} | {metric} | {score} | {minus} | {kept['processor_seconds']:.0f} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--names", nargs="+", default=list(NAMES))
    asked = parser.parse_args(arguments)
    if asked.command == "table":
        table()
        return
    if not os.environ.get("MODEL"):
        print("$MODEL is not there: nothing was run")
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        for one in map(case, asked.names):
            cut(one)
            for who in CONTENDERS:
                run(one, who, seed)


if __name__ == "__main__":
    main()
