"""Every remedy against overfitting beside the plain recipe, on few rows: what it gives, with paired intervals.

    python benchmarks/techniques.py run sst2 --seeds 0 1 2      every run that has no answers yet, seed by seed
    python benchmarks/techniques.py run fsdd --seeds 0 1 2      the same with sounds (see `real_audio.py` for YAMNet)
    python benchmarks/techniques.py keep sst2                   differences into benchmarks/results/techniques-sst2.json
    python benchmarks/techniques.py table sst2                  as a table

The same rows, seeds, batches and steps for all; only what is named in `TECHNIQUES` differs. Answers to the test rows stay in
`runs/techniques`. An interval is over test rows and seeds at once: both are drawn with replacement, rows the same for both
sides and for all seeds. With one seed it is over rows alone, and says nothing of other seeds. Techniques were not tuned: what
stands here are their defaults, or the settings that are shown.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

HERE = Path(__file__).parent
RUNS = HERE.parent / "runs" / "techniques"
RESULTS = HERE / "results"
DATA = HERE.parent.parent / "shared" / "data"
RESAMPLES = 2000
PLAIN = "plain"
SOUP = {"averaging": {"kind": "greedy_soup", "ingredients": 5}}
BOTH: dict[str, dict[str, Any]] = {
    PLAIN: {},
    "label_smoothing": {"loss": {"kind": "cross_entropy", "label_smoothing": 0.1}},
    "l1": {"penalty": {"kind": "l1", "strength": 0.01}},
    "l2": {"penalty": {"kind": "l2", "strength": 0.1}},
    "l2_sp": {"penalty": {"kind": "l2_sp", "strength": 0.01}},
    "sam": {"perturbation": {"kind": "sam", "radius": 0.05}},
    "ema": {"averaging": {"kind": "ema", "decay": 0.99}},
    "swa": {"averaging": {"kind": "swa", "start": 0.5}},
    "greedy_soup": SOUP,
    "wise_ft": {"averaging": "wise_ft"},
}
TEXT: dict[str, dict[str, Any]] = {
    "r_drop": {"perturbation": {"kind": "r_drop", "alpha": 1.0}},
    "fgm": {"perturbation": {"kind": "fgm", "epsilon": 0.1}},
    "neftune": {"perturbation": {"kind": "neftune", "alpha": 5.0}},
    "dropout": {"model": {"name": "starter", "dropout": 0.2}},
    "embedding_mixup": {"mixing": {"kind": "embedding_mixup", "alpha": 0.2}},
    "word_dropout": {"augmentation": {"kind": "word_dropout", "share": 0.1}},
    "typos": {"augmentation": {"kind": "typos", "share": 0.05}},
    "letter_case": {"augmentation": "letter_case"},
}
SOUND: dict[str, dict[str, Any]] = {
    "mixup": {"mixing": {"kind": "mixup", "alpha": 0.2}},
    "audio_light": {"augmentation": "audio_light"},
    "spec_augment": {"augmentation": "spec_augment"},
}
GRADIENTS: dict[str, dict[str, Any]] = {
    "agc": {"gradient_clip": {"kind": "agc", "factor": 0.01}, "gradient_clip_norm": None},
    "schedule_free_adamw": {"optimizer": "schedule_free_adamw"},
    "head": {"head": {"layers": 2}},
    "head.weight": {"head": {"layers": 1, "norm": "weight"}},
}
OF_TEXTS: dict[str, dict[str, Any]] = {"head.mean": {"head": {"layers": 2, "norm": "layer", "pooling": "mean"}}}
OF_SOUNDS: dict[str, dict[str, Any]] = {
    "batch_norms": {"model": {"batch_norms": "frozen"}},
    "batch_norms.group": {"model": {"batch_norms": "group"}},
}
TECHNIQUES = {"sst2": {**BOTH, **GRADIENTS, **TEXT, **OF_TEXTS}, "fsdd": {**BOTH, **GRADIENTS, **SOUND, **OF_SOUNDS}}
CASES: dict[str, dict[str, Any]] = {
    "sst2": {
        "data": {"train": "train", "validation": "validation", "test": "test"},
        "task": "text-classification",
        "target_column": "label",
        "model": {"name": "starter"},
        "batch_size": 16,
        "epochs": 4,
        "input": {"kind": "text", "columns": ["text"], "max_length": 48},
    },
    "fsdd": {
        "data": {"train": "train", "validation": "validation", "test": "test"},
        "input": {"kind": "audio", "column": "sound"},
        "target": {"kind": "label", "column": "label"},
        "model": {},
        "batch_size": 16,
        "epochs": 8,
    },
}
SIZES = {"sst2": (200, 100, 500), "fsdd": (100, 100, 300)}
"""Rows for training, validation and test: drawn once, the same number of each class as far as there are."""


def rows_of(name: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each split, before they are thinned."""
    if name == "sst2":
        found = {}
        for split, file in (("train", "train"), ("validation", "dev"), ("test", "test")):
            with (DATA / name / f"{file}.csv").open(encoding="utf-8") as lines:
                found[split] = list(csv.DictReader(lines))
        return found
    folders = {"train": "train", "validation": "val", "test": "test"}
    return {
        split: [
            {"sound": str(path.resolve()), "label": path.parent.name}
            for path in sorted((DATA / name / folder).glob("*/*.wav"))
        ]
        for split, folder in folders.items()
    }


def thinned(rows: list[dict[str, str]], count: int) -> list[dict[str, str]]:
    """So many rows, of each class alike; always the same ones."""
    drawn = random.Random(17).sample(rows, len(rows))
    by_class: dict[str, list[dict[str, str]]] = {}
    for row in drawn:
        by_class.setdefault(row["label"], []).append(row)
    share = -(-count // len(by_class))
    return [row for label in sorted(by_class) for row in by_class[label][:share]][:count]


def files(name: str) -> dict[str, str]:
    """The thinned splits as files."""
    made = {}
    for (split, rows), count in zip(rows_of(name).items(), SIZES[name], strict=True):
        path = RUNS / f"{name}-{split}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in thinned(rows, count)), encoding="utf-8")
        made[split] = str(path)
    return made


def run(name: str, technique: str, seed: int) -> dict[str, Any]:
    """Train and test once; classes that were predicted and those that are true, as numbers, and seconds."""
    import pyarrow.parquet as pq

    from burnish.recipe.recipe import Recipe
    from burnish.stages.train.run import run as train

    settings = {**CASES[name], **TECHNIQUES[name][technique], "data": files(name), "seed": seed}
    if name == "fsdd":
        from burnish.recipe.text import load_file

        own = load_file(HERE / "real_audio" / "fsdd_yamnet.yaml")
        settings = {
            **{key: value for key, value in own.items() if key not in ("data", "epochs", "augmentation")},
            **settings,
            "input": {**own["input"], "column": "sound"},
            "target": {"kind": "label", "column": "label"},
            "model": {**own["model"], **TECHNIQUES[name][technique].get("model", {})},
        }
    if isinstance(settings.get("model"), dict) and "head" in settings:
        settings["model"] = {**settings["model"], "head": settings.pop("head")}
    out = RUNS / f"{name}-{technique}-{seed}"
    shutil.rmtree(out, ignore_errors=True)
    recipe = Recipe.load({**settings, "baselines": False, "trackers": [], "resamples": 100})
    started = time.perf_counter()
    train(recipe, out=out)
    seconds = time.perf_counter() - started
    table = pq.read_table(out / "predictions.parquet").to_pydict()
    names = sorted(set(table["truth"]))
    found = {
        "names": names,
        "truth": [names.index(t) for t in table["truth"]],
        "answer": [names.index(a) if a in names else -1 for a in table["answer"]],
        "seconds": round(seconds, 1),
    }
    shutil.rmtree(out)
    return found


def macro_f1(truth: NDArray[np.int64], answer: NDArray[np.int64], weights: NDArray[np.float64], classes: int) -> float:
    """Over rows that count as often as their weights say."""
    right = np.bincount(truth, weights * (truth == answer), classes)
    true = np.bincount(truth, weights, classes)
    said = np.bincount(answer.clip(min=0), weights * (answer >= 0), classes)
    there = true + said > 0
    return float((2 * right[there] / (true + said)[there]).mean())


def difference(with_it: list[dict[str, Any]], without: list[dict[str, Any]]) -> dict[str, Any]:
    """Accuracy and macro F1 with a technique minus without, over the same seeds, with intervals over rows and seeds."""
    truth, classes = np.array(without[0]["truth"]), len(without[0]["names"])
    pairs = [(np.array(a["answer"]), np.array(b["answer"])) for a, b in zip(with_it, without, strict=True)]
    stream = np.random.default_rng(0)

    def deltas(rows: NDArray[np.float64], seeds: NDArray[np.int64]) -> tuple[float, float]:
        right = [float(((a == truth).astype(float) - (b == truth)) @ rows / rows.sum()) for a, b in pairs]
        f1 = [macro_f1(truth, a, rows, classes) - macro_f1(truth, b, rows, classes) for a, b in pairs]
        return float(np.mean([right[s] for s in seeds])), float(np.mean([f1[s] for s in seeds]))

    every = np.arange(len(pairs))
    value = deltas(np.ones(len(truth)), every)
    drawn = [
        deltas(
            np.bincount(stream.integers(0, len(truth), len(truth)), minlength=len(truth)).astype(float),
            stream.integers(0, len(pairs), len(pairs)),
        )
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    return {
        metric: {"value": round(value[i], 4), "low": round(float(low[i]), 4), "high": round(float(high[i]), 4)}
        for i, metric in enumerate(("accuracy", "macro_f1"))
    }


def answers(name: str, technique: str) -> dict[int, dict[str, Any]]:
    """By seed, what was answered."""
    found = {}
    for path in sorted(RUNS.glob(f"{name}-{technique}-*.json")):
        seed = path.stem.rpartition("-")[2]
        if path.stem == f"{name}-{technique}-{seed}":
            found[int(seed)] = json.loads(path.read_text(encoding="utf-8"))
    return found


def keep(name: str) -> dict[str, Any]:
    """The differences of all techniques that have answers for the seeds of the plain recipe, written down.

    What was kept before and has no answers here stays.
    """
    path = RESULTS / f"techniques-{name}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["techniques"] if path.is_file() else {}
    for technique, settings in TECHNIQUES[name].items():
        plain, own = answers(name, PLAIN), answers(name, technique)
        seeds = sorted(own.keys() & plain.keys())
        if not seeds:
            continue
        scores = [float(np.mean(np.array(own[s]["answer"]) == np.array(own[s]["truth"]))) for s in seeds]
        kept[technique] = {
            "settings": settings,
            "seeds": seeds,
            "accuracy": [round(score, 4) for score in scores],
            "difference": difference([own[s] for s in seeds], [plain[s] for s in seeds]),
        }
    case = {key: value for key, value in CASES[name].items() if key != "data"}
    result = {
        "rows": dict(zip(("train", "validation", "test"), SIZES[name], strict=True)),
        "recipe": case,
        "techniques": kept,
    }
    RESULTS.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return result


def table(name: str) -> str:
    """What is kept, as Markdown."""
    result = json.loads((RESULTS / f"techniques-{name}.json").read_text(encoding="utf-8"))
    lines = [
        "| technique | accuracy of each seed | Δ accuracy (95 % CI) | Δ macro F1 (95 % CI) |",
        "|---|---|---|---|",
    ]
    for technique, row in result["techniques"].items():
        shown = [
            f"{d['value']:+.3f} ({d['low']:+.3f} to {d['high']:+.3f})" if technique != PLAIN else ""
            for d in (row["difference"]["accuracy"], row["difference"]["macro_f1"])
        ]
        each = ", ".join(f"{a:.3f}" for a in row["accuracy"])
        lines.append(f"| {technique} | {each} | {' | '.join(shown)} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("run", "keep", "table"))
    parser.add_argument("name", choices=tuple(CASES))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+")
    asked = parser.parse_args()
    if asked.what == "keep":
        keep(asked.name)
    if asked.what != "run":
        print(table(asked.name))
        return
    for seed in asked.seeds:
        for technique in asked.only or TECHNIQUES[asked.name]:
            path = RUNS / f"{asked.name}-{technique}-{seed}.json"
            if path.is_file():
                continue
            try:
                found = run(asked.name, technique, seed)
            except Exception as error:
                print(f"{asked.name} {technique} {seed}: FAILED: {error}", flush=True)
                continue
            path.write_text(json.dumps(found), encoding="utf-8")
            right = np.mean(np.array(found["answer"]) == np.array(found["truth"]))
            print(f"{asked.name} {technique} {seed}: accuracy {right:.4f}, {found['seconds']:.0f} s", flush=True)


if __name__ == "__main__":
    main()
