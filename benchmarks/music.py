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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from before_and_after import Kept, lines, run_and_keep

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
    run_and_keep(name, recipe_of(seed, options), RUNS, RESULTS, both_judged)


def both_judged(run: Path) -> Kept:
    """How many of the tunes of the model, and of its checkpoint, are as they should be."""
    answers = {"tuned": "predictions", "base": "base_predictions"}
    return {"tunes": {who: judged(run / f"{name}.parquet") for who, name in answers.items()}}


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
        for metric, before, after, change in lines(told):
            print(f"| {place.stem} | {metric} | {before} | {after}; {change} |")


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
