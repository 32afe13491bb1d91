"""SmolLM2-135M-Instruct fine-tuned on folk tunes of Nottingham, beside the checkpoint as it was.

    MODEL=$(python ../shared/weights/fetch.py smollm2_135m_instruct) python benchmarks/music.py --seeds 0 1
    MODEL=... python benchmarks/music.py --tunes short --adapter lora --epochs 2    # a first look in minutes
    python benchmarks/music.py table

Captions in, whole tunes in ABC out, drawn freely; the tested bundle then answers the same captions once more, held to
`grammar: abc`. All valid training tunes, all tunes of dev and test. Results are kept in `benchmarks/music/results` as they
end, and what is kept is not run again; a run that was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from before_and_after import Kept, lines, run_and_keep

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("SHARED", HERE.parent.parent / "shared")) / "data" / "nottingham_abc"
RUNS = Path(os.environ.get("MUSIC_RUNS", HERE.parent / "runs" / "music"))
RESULTS = HERE / "music" / "results"
LONGEST = 300
"""Characters of a tidied tune of `--tunes short`: what a slow machine can train on in minutes."""

SIZES = {"train": 200, "dev": 16, "test": 24}
"""Of `--tunes short`."""
TOKENS = {"all": 700, "short": 300}
"""Most tokens of an answer; the longest short tune has 274, the longest of the test about 600."""
RATES = {"full": 3e-4, "lora": 1e-3}


def cut(tunes: str) -> dict[str, Path]:
    """The splits; tunes that are learned from are without problems, and so are all short ones, drawn once for all seeds."""
    from burnish.media.music.abc import problems
    from burnish.media.music.abc.headers import tidied

    folder = RUNS / f"data-{tunes}"
    places = {part: folder / f"{part}.jsonl" for part in SIZES}
    if not places["test"].is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for part, size in SIZES.items():
            rows = [json.loads(line) for line in (SHARED / f"{part}.jsonl").read_text(encoding="utf-8").splitlines()]
            if tunes == "short":
                random.Random(0).shuffle(rows)
                rows = [row for row in rows if len(tidied(row["abc"])) <= LONGEST and not problems(row["abc"])][:size]
            elif part == "train":
                rows = [row for row in rows if not problems(row["abc"])]
            places[part].write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return places


def recipe_of(seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """What is run."""
    places = cut(options.tunes)
    return {
        "task": "music-generation",
        "data": {"train": str(places["train"]), "validation": str(places["dev"]), "test": str(places["test"])},
        "model": os.environ["MODEL"],
        "adapter": options.adapter,
        "learning_rate": RATES[options.adapter],
        "augmentation": options.augmentation,
        "precision": "bfloat16",
        "batch_size": 8,
        "epochs": options.epochs,
        "seed": seed,
        "resamples": 1000,
        "decoder": {
            "kind": "sampling",
            "temperature": options.temperature,
            "top_p": 0.95,
            "max_new_tokens": TOKENS[options.tunes],
        },
    }


def run(seed: int, options: argparse.Namespace) -> None:
    """One run of the command line; its scores are kept."""
    name = f"{options.tunes}-{options.adapter}-{options.augmentation}-{options.epochs:g}-{seed}"
    test = cut(options.tunes)["test"]
    run_and_keep(name, recipe_of(seed, options), RUNS, RESULTS, partial(all_judged, test=test))


def all_judged(run: Path, test: Path) -> Kept:
    """How many of the tunes of the model are as they should be: free, held to the grammar, and of its checkpoint."""
    answers = {"tuned": "predictions", "base": "base_predictions"}
    found: Kept = {who: judged(run / f"{name}.parquet") for who, name in answers.items()}
    return {"tunes": {**found, "held": held(run, test)}}


def judged(place: Path) -> dict[str, int]:
    """How many of the answers are valid, in the key and in the meter of the true tune."""
    from burnish.core.predictions import Predictions

    table = Predictions.load(place)
    return counted(table.truth, table.answer)


def held(out: Path, test: Path) -> dict[str, int]:
    """The same of the tested bundle, its answers held to the grammar of tunes."""
    from burnish.answering.opening import opened
    from burnish.answering.predictor import Predictor
    from burnish.bundle.bundle import Bundle

    bundle = Bundle.load(out)
    decoder = bundle.decoder.model_copy(update={"grammar": "abc"})
    predictor = Predictor(replace(bundle, decoder=decoder), opened(bundle, "cpu")[1], batch_size=16)
    rows = [json.loads(line) for line in test.read_text(encoding="utf-8").splitlines()]
    answers = predictor([{"caption": row["caption"]} for row in rows])
    (out / "held.jsonl").write_text("".join(f"{json.dumps(one.answer)}\n" for one in answers), encoding="utf-8")
    return counted([row["abc"] for row in rows], [one.answer for one in answers])


def counted(truths: Sequence[Any], answers: Sequence[Any]) -> dict[str, int]:
    """How many answers are valid, and say key and meter of the true tune."""
    from burnish.media.music.abc import problems
    from burnish.media.music.abc.headers import header_of

    pairs = [(header_of(str(true)), str(answer)) for true, answer in zip(truths, answers, strict=True)]
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
            for who, found in (("", tuned), (", held", told["tunes"].get("held"))):
                if found is None:
                    continue
                ends = binomtest(found[measure], found["tunes"]).proportion_ci(method="exact")
                print(
                    f"| {place.stem} | {measure}{who} | {base[measure]} of {base['tunes']} "
                    f"| {found[measure]} of {found['tunes']} ({ends.low:.1%} to {ends.high:.1%}) |"
                )
        for metric, before, after, change in lines(told):
            print(f"| {place.stem} | {metric} | {before} | {after}; {change} |")


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", nargs="?", default="run", choices=["run", "table"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--tunes", choices=["all", "short"], default="all")
    parser.add_argument("--adapter", choices=["full", "lora"], default="full")
    parser.add_argument("--epochs", type=float, default=5.0)
    parser.add_argument("--temperature", type=float, default=0.7)
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
