"""Ways with long texts beside their beginning alone, on real documents: what each gives, with paired intervals.

    python benchmarks/long_texts.py run bbc_news --seeds 0 1 2     every run that has no answers yet, seed by seed
    python benchmarks/long_texts.py auto bbc_news                  `long: auto` with the first seed: what it chooses
    python benchmarks/long_texts.py keep bbc_news                  differences into benchmarks/results/long-bbc_news.json
    python benchmarks/long_texts.py table bbc_news                 as a table

The starter checkpoint with windows of 64 tokens, at most 8 of them, so that nearly all of these documents are long. The same
rows, seeds, order and steps for all; only `long` differs. Each run validates once, at its end, on rows of the test file: nothing is
chosen on them. `auto` chooses on the same rows. Answers stay in `runs/long`. Intervals as in `techniques.py`: over rows and
seeds at once. Nothing was tuned.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
from techniques import difference, thinned  # noqa: E402

RUNS = HERE.parent / "runs" / "long"
RESULTS = HERE / "results"
SHARED = next((folder / "shared" for folder in HERE.parents if (folder / "shared" / "data").is_dir()), HERE / "shared")
PLAIN = "head"
WINDOWED = {"max_windows": 8}
WAYS: dict[str, dict[str, Any] | None] = {
    PLAIN: None,
    "tail": {"kind": "truncate", "keep": "tail"},
    "head_and_tail": {"kind": "truncate", "keep": "head_and_tail"},
    "slide_mean": {"kind": "slide", "joining": "mean", **WINDOWED},
    "slide_max": {"kind": "slide", "joining": "max", **WINDOWED},
    "slide_attention": {"kind": "slide", "joining": "attention", **WINDOWED},
    "hierarchical": {"kind": "hierarchical", **WINDOWED},
}
SIZES = {"bbc_news": (100, 200), "newsgroups20": (160, 300)}
"""Rows for training and held-out ones: drawn once from the files for training and test, the same number of each class."""
LENGTH, EPOCHS = 64, 3


def files(name: str) -> dict[str, str]:
    """The thinned splits as files."""
    csv.field_size_limit(1 << 30)
    made = {}
    for split, file, count in zip(("train", "validation"), ("train", "test"), SIZES[name], strict=True):
        with (SHARED / "data" / name / f"{file}.csv").open(encoding="utf-8") as lines:
            chosen = thinned(list(csv.DictReader(lines)), count)
        path = RUNS / f"{name}-{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps({n: row[n] for n in ("text", "label")}) + "\n" for row in chosen), "utf-8")
        made[split] = str(path)
    return made


def recipe_of(name: str, long: dict[str, Any] | None, seed: int) -> Any:
    """The recipe of a way."""
    from burnish.recipe.recipe import Recipe

    return Recipe.load(
        {
            "data": files(name),
            "split": {"kind": "stratified", "test": 0},
            "allow": ["empty_split", "test_rows_in_train", "validation_rows_in_train"],
            "task": "text-classification",
            "target_column": "label",
            "input": {"columns": ["text"], "max_length": LENGTH},
            "long": long,
            "batch_size": 16,
            "epochs": EPOCHS,
            "validation_epochs": EPOCHS,  # once, at the end: nothing is chosen on the held-out rows
            "precision": "bfloat16",
            "seed": seed,
            "trackers": [],
            "resamples": 1000,
        }
    )


def run(name: str, way: str, seed: int) -> dict[str, Any]:
    """Train once and answer the held-out rows; classes predicted and true, as numbers, tokens lost and seconds."""
    from burnish.stages.choosing.trial import trial

    started = time.process_time()
    done = trial(recipe_of(name, WAYS[way], seed), lambda text: None, "long")
    rows, table = done.prepared.encoded["validation"], done.predictions.table.to_pydict()
    names = sorted(set(table["truth"]))
    full = int(rows.given_full_lengths.sum())
    return {
        "names": names,
        "truth": [names.index(t) for t in table["truth"]],
        "answer": [names.index(a) if a in names else -1 for a in table["answer"]],
        "lost_share": round((full - int(rows.kept_lengths.sum())) / full, 4),
        "processor_seconds": round(time.process_time() - started, 1),
    }


def automatic(name: str, seed: int) -> dict[str, Any]:
    """What `long: auto` chooses, with its table."""
    from burnish.stages.choosing.long import compare

    found = compare(recipe_of(name, {"kind": "auto", **WINDOWED}, seed), lambda text: print(text, flush=True))
    return dict(found.as_values())


def answers(name: str, way: str) -> dict[int, dict[str, Any]]:
    """By seed, what was answered."""
    files = sorted(RUNS.glob(f"{name}-{way}-[0-9].json"))
    return {int(path.stem[-1]): json.loads(path.read_text(encoding="utf-8")) for path in files}


def keep(name: str) -> dict[str, Any]:
    """The differences of all ways that have answers for seeds of the plain one, written down."""
    plain, kept = answers(name, PLAIN), {}
    for way, settings in WAYS.items():
        own = answers(name, way)
        seeds = sorted(own.keys() & plain.keys())
        if not seeds:
            continue
        scores = [float(np.mean(np.array(own[s]["answer"]) == np.array(own[s]["truth"]))) for s in seeds]
        kept[way] = {
            "long": settings,
            "seeds": seeds,
            "accuracy": [round(score, 4) for score in scores],
            "lost_share": own[seeds[0]]["lost_share"],
            "processor_seconds": round(float(np.median([own[s]["processor_seconds"] for s in seeds])), 0),
            "difference": difference([own[s] for s in seeds], [plain[s] for s in seeds]),
        }
    automatic_path = RUNS / f"{name}-auto.json"
    result = {
        "rows": dict(zip(("train", "held_out"), SIZES[name], strict=True)),
        "tokens": LENGTH,
        "epochs": EPOCHS,
        "ways": kept,
        "auto": json.loads(automatic_path.read_text(encoding="utf-8")) if automatic_path.is_file() else None,
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"long-{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def table(name: str) -> str:
    """What is kept, as Markdown."""
    result = json.loads((RESULTS / f"long-{name}.json").read_text(encoding="utf-8"))
    lines = [
        "| way | tokens lost | accuracy of each seed | Δ accuracy (95 % CI) | Δ macro F1 (95 % CI) | processor s |",
        "|---|--:|---|---|---|--:|",
    ]
    for way, row in result["ways"].items():
        shown = [
            f"{d['value']:+.3f} ({d['low']:+.3f} to {d['high']:+.3f})" if way != PLAIN else ""
            for d in (row["difference"]["accuracy"], row["difference"]["macro_f1"])
        ]
        each = ", ".join(f"{a:.3f}" for a in row["accuracy"])
        cells = [way, f"{row['lost_share']:.1%}", each, *shown, f"{row['processor_seconds']:.0f}"]
        lines.append(f"| {' | '.join(cells)} |")
    if result["auto"]:
        lines += ["", f"`long: auto`: {result['auto']['why']}."]
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("run", "auto", "keep", "table"))
    parser.add_argument("name", choices=tuple(SIZES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+")
    asked = parser.parse_args()
    if asked.what == "auto":
        found = automatic(asked.name, asked.seeds[0])
        (RUNS / f"{asked.name}-auto.json").write_text(json.dumps(found), encoding="utf-8")
    if asked.what == "keep":
        keep(asked.name)
    if asked.what in ("keep", "table"):
        print(table(asked.name))
    if asked.what == "run":
        _runs(asked.name, asked.seeds, asked.only or list(WAYS))


def _runs(name: str, seeds: list[int], ways: list[str]) -> None:
    for seed in seeds:
        for way in ways:
            path = RUNS / f"{name}-{way}-{seed}.json"
            if path.is_file():
                continue
            found = run(name, way, seed)
            path.write_text(json.dumps(found), encoding="utf-8")
            right = np.mean(np.array(found["answer"]) == np.array(found["truth"]))
            print(
                f"{name} {way} {seed}: accuracy {right:.4f}, {found['processor_seconds']:.0f} processor s", flush=True
            )


if __name__ == "__main__":
    main()
