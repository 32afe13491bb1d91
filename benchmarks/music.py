"""SmolLM2-135M-Instruct fine-tuned on short folk tunes of Nottingham, beside the checkpoint as it was.

    MODEL=$(python ../shared/weights/fetch.py smollm2_135m_instruct) python benchmarks/music.py --seeds 0 1
    python benchmarks/music.py table

LoRA on all linear layers, captions in, whole tunes in ABC out, greedy decoding. Results are kept in `benchmarks/music/results`
as they end, and what is kept is not run again; a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("SHARED", HERE.parent.parent / "shared")) / "data" / "nottingham_abc"
RUNS = Path(os.environ.get("MUSIC_RUNS", HERE.parent / "runs" / "music"))
RESULTS = HERE / "music" / "results"
LONGEST = 300
"""Characters of a tidied tune: what two cores can train on in minutes."""

SIZES = {"train": 200, "dev": 16, "test": 24}
TOKENS = 300
"""Most tokens of an answer; the longest tune of these has 274."""


def cut() -> dict[str, Path]:
    """Tunes that are short enough and without problems, drawn once for all seeds; the caption names kind, key and meter."""
    from burnish.media.music.abc import problems
    from burnish.media.music.abc.headers import tidied

    folder = RUNS / "data"
    places = {part: folder / f"{part}.jsonl" for part in SIZES}
    if not places["test"].is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for part, size in SIZES.items():
            rows = [json.loads(line) for line in (SHARED / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]
            random.Random(0).shuffle(rows)
            short = [row for row in rows if len(tidied(row["abc"])) <= LONGEST and not problems(row["abc"])]
            places[part].write_text("".join(f"{json.dumps(row)}\n" for row in short[:size]), encoding="utf-8")
    return places


def recipe_of(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What is run."""
    places = cut()
    return {
        "task": "music-generation",
        "data": {"train": str(places["train"]), "validation": str(places["dev"]), "test": str(places["test"])},
        "model": os.environ["MODEL"],
        "adapter": "lora",
        "augmentation": options.augmentation,
        "batch_size": 8,
        "epochs": options.epochs,
        "seed": seed,
        "resamples": 1000,
        "decoder": {"kind": "greedy", "max_new_tokens": TOKENS},
    }


def run(seed: int, options: argparse.Namespace) -> None:
    """One run of the command line; its scores are kept."""
    name = f"{options.augmentation}-{options.epochs:g}-{seed}"
    place = RESULTS / f"{name}.json"
    if place.is_file():
        return
    out, text = RUNS / name, RUNS / f"{name}.yaml"
    text.write_text(json.dumps(recipe_of(seed, options)), encoding="utf-8")
    begun = time.perf_counter()
    command = [sys.executable, "-m", "burnish.cli", "train"]
    begins = ["--resume"] if (out / "checkpoints").is_dir() else [str(text)]
    with (RUNS / f"{name}.log").open("a") as log:
        process = subprocess.Popen([*command, *begins, "--out", str(out)], stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    if status:
        print(f"{name}: FAILED; see {RUNS / f'{name}.log'}", flush=True)
        return
    place.write_text(json.dumps(kept(out, begun, used), indent=1) + "\n", encoding="utf-8")
    print(f"{name}: {time.perf_counter() - begun:.0f} s", flush=True)


def kept(out: Path, begun: float, used: Any) -> dict[str, Any]:
    """What is kept of a run that ended."""
    scores = json.loads((out / "scores.json").read_text(encoding="utf-8"))
    base = scores["baselines"]["base"]
    return {
        "metrics": {
            name: {key: figures[key] for key in ("value", "low", "high") if key in figures}
            for name, figures in scores["metrics"].items()
        },
        "base": {name: figures["value"] for name, figures in base["metrics"].items()},
        "differences": {
            name: {key: figures[key] for key in ("value", "low", "high")}
            for name, figures in base["differences"].items()
        },
        "tunes": {
            "tuned": judged(out / "predictions.parquet"),
            "base": judged(out / "base_predictions.parquet"),
        },
        "forgetting": scores.get("forgetting"),
        "training_seconds": scores["training"]["seconds"],
        "wall_seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "rows": scores["rows"],
    }


def judged(place: Path) -> dict[str, int]:
    """How many of the answers are valid, in the key and in the meter of the true tune."""
    from burnish.core.predictions import Predictions
    from burnish.media.music.abc import problems
    from burnish.media.music.abc.headers import header_of

    table = Predictions.load(place)
    pairs = [(header_of(str(true)), str(answer)) for true, answer in zip(table.truth, table.answer, strict=True)]
    headers = [(asked, header_of(answer)) for asked, answer in pairs]
    return {
        "tunes": len(pairs),
        "valid": sum(not problems(answer) for _, answer in pairs),
        "key": sum(asked.key is not None and asked.key == made.key for asked, made in headers),
        "meter": sum(asked.meter is not None and asked.meter == made.meter for asked, made in headers),
    }


def table() -> None:
    """All that is kept, as Markdown."""
    from scipy.stats import binomtest

    print("| run | measure | base | tuned (95 % CI) |\n|---|---|---|---|")
    for place in sorted(RESULTS.glob("*.json")):
        told = json.loads(place.read_text(encoding="utf-8"))
        tuned, base = told["tunes"]["tuned"], told["tunes"]["base"]
        for measure in ("valid", "key", "meter"):
            ends = binomtest(tuned[measure], tuned["tunes"]).proportion_ci(method="exact")
            print(
                f"| {place.stem} | {measure} | {base[measure]} of {base['tunes']} "
                f"| {tuned[measure]} of {tuned['tunes']} ({ends.low:.0%} to {ends.high:.0%}) |"
            )
        for metric, change in told["differences"].items():
            before, after = told["base"].get(metric), told["metrics"][metric]["value"]
            if None not in (before, after, change["value"]):
                ends = f"{change['low']:+.3f} to {change['high']:+.3f}"
                print(f"| {place.stem} | {metric} | {before:.3f} | {after:.3f}; {change['value']:+.3f} ({ends}) |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--augmentation", default="none", choices=["none", "transposed"])
    asked = parser.parse_args(arguments)
    if asked.command == "table":
        table()
        return
    if not SHARED.is_dir() or not os.environ.get("MODEL"):
        print("../shared/data/nottingham_abc or $MODEL is not there: nothing was run")
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    RUNS.mkdir(parents=True, exist_ok=True)
    for seed in asked.seeds:
        run(seed, asked)


if __name__ == "__main__":
    main()
