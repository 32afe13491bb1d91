"""Ways with rare classes on real sets thinned to 1:50: each against plain, with paired intervals over seeds and rows.

    python benchmarks/imbalance.py run --seeds 0 1 2      every run that has no result yet
    python benchmarks/imbalance.py table                  what is kept, as results/imbalance.json and on the screen

`sms_spam` (is it spam?) by the starter checkpoint, all of it or the head alone, and `fsdd` (is the digit a three?) by YAMNet,
the head alone. Of the training rows so many of the rare class are taken that there is one to fifty others; 30 % of them are
validation. The test file is used whole, and its rows of the common class weigh so that they are fifty to one as well: more
rare rows than a thinned test would have, at the rate that the network learned from. All ways of a seed have the same rows, start
and order; each is trained to its last step.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SHARED = next((folder / "shared" for folder in HERE.parents if (folder / "shared" / "data").is_dir()), HERE / "shared")
DATA, WEIGHTS = SHARED / "data", SHARED / "weights"
RESULTS = HERE / "results"
RUNS = HERE.parent / "runs" / "imbalance"
RATE = 50
FROZEN = ["near_miss", "tomek_links", "edited_nearest_neighbours", "smote", "borderline_smote", "adasyn"]
ANYWHERE = [
    "none",
    "square_root_weights",
    "balanced_weights",
    "focal",
    "logit_adjustment",
    "balanced_softmax",
    "adjusted_afterwards",
    "tuned_thresholds",
    "class_balanced_sampling",
    "oversampling",
    "undersampling",
]
CASES = {"sms_spam-head": [*ANYWHERE, *FROZEN], "fsdd-head": [*ANYWHERE, *FROZEN], "sms_spam-full": ANYWHERE}
RARE = {"fsdd": "three", "sms_spam": "spam"}
FIELDS = ("class_weights", "sampler", "resampler", "loss", "thresholds", "prior_correction", "prior_strength")
Rows = list[dict[str, Any]]


def _sms() -> tuple[Rows, Rows]:
    """Rows to learn from, and test rows."""
    folder = DATA / "sms_spam"
    learn = [row for name in ("train", "dev") for row in _csv(folder / f"{name}.csv")]
    return learn, _csv(folder / "test.csv")


def _csv(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _fsdd() -> tuple[Rows, Rows]:
    def rows(split: str) -> Rows:
        files = sorted((DATA / "fsdd" / split).rglob("*.wav"))
        return [{"audio": str(f), "label": "three" if f.name.startswith("3_") else "another"} for f in files]

    return rows("train") + rows("val"), rows("test")


READ = {"sms_spam": _sms, "fsdd": _fsdd}


def thinned(rows: Rows, rare: str, seed: int, most: int = 2000) -> Rows:
    """At most so many rows of the common class and a fiftieth of them of the rare one, drawn by the seed."""
    random = np.random.default_rng(seed)
    common = [row for row in rows if row["label"] != rare]
    few = [row for row in rows if row["label"] == rare]
    common = [common[i] for i in sorted(random.permutation(len(common))[:most])]
    few = [few[i] for i in sorted(random.permutation(len(few))[: len(common) // RATE])]
    mixed = common + few
    return [mixed[i] for i in random.permutation(len(mixed))]


def _settings(case: str, seed: int, way: str) -> dict[str, Any]:
    name, how = case.split("-")
    learn, test = READ[name]()
    settings: dict[str, Any] = {
        "data": {"train": thinned(learn, RARE[name], seed), "test": test},
        "target": "label",
        "split": {"kind": "stratified", "validation": 0.3},
        "seed": seed,
        "imbalance": way,
        "baselines": False,
        "resamples": 100,
        "trackers": [],
        "golden_examples": 0,
        "precision": "float32",
        "device": "cpu",
        "allow": ["test_rows_in_train", "validation_rows_in_train", "test_rows_in_validation"],
        "adapter": "full" if how == "full" else "head_only",
    }
    if name == "fsdd":
        from burnish.recipe.text import load_file

        recipe = load_file(HERE / "real_audio" / "fsdd_yamnet.yaml")
        settings |= {"model": {**recipe["model"], "name": str(_yamnet())}, "input": recipe.get("input", "audio")}
    else:
        settings |= {"model": "starter", "input": "text"}
    return settings


def _yamnet() -> Path:
    """YAMNet as a timm folder, converted once."""
    import subprocess

    folder = RUNS / "yamnet"
    if not folder.is_dir():
        program = HERE / "real_audio" / "convert_yamnet.py"
        subprocess.run([sys.executable, str(program), str(WEIGHTS / "yamnet_audioset"), str(folder)], check=True)
    return folder


def run(seeds: list[int], cases: list[str], ways: list[str]) -> None:
    """Every run that has no result yet, all ways of a seed on the same rows."""
    for seed in seeds:
        for case in cases:
            wanted = [way for way in CASES[case] if way in ways or not ways]
            left = [way for way in wanted if not _kept(case, seed, way).is_file()]
            if left:
                _ways(case, seed, left)


def _kept(case: str, seed: int, way: str) -> Path:
    return RUNS / "kept" / f"{case}-{seed}-{way}.json"


def _ways(case: str, seed: int, ways: list[str]) -> None:
    """Data are read once; then a network for each way, trained to its last step, decided on validation, and tested."""
    from burnish.recipe.recipe import Recipe
    from burnish.stages.prepare.imbalanced import check_imbalance, learned_loss
    from burnish.stages.prepare.prepare import prepare
    from burnish.training.accelerator import Accelerator

    accelerator = Accelerator("cpu", "float32")
    prepared = prepare(Recipe.load(_settings(case, seed, "none")), lambda event: None, accelerator)
    counts = prepared.truths["train"].counts
    for way in ways:
        asked = Recipe.load(_settings(case, seed, way))
        named = {name: getattr(asked, name) for name in FIELDS if getattr(asked, name) is not None}
        settled = learned_loss(prepared.recipe.model_copy(update=named), counts)
        check_imbalance(settled, counts)
        started = time.process_time()
        facts = _trained(replace(prepared, recipe=settled), accelerator, case, seed)
        facts["processor_seconds"] = round(time.process_time() - started, 1)
        _kept(case, seed, way).parent.mkdir(parents=True, exist_ok=True)
        _kept(case, seed, way).write_text(json.dumps(facts), encoding="utf-8")
        print(f"{case} {seed} {way}: {facts['processor_seconds']} s", flush=True)


def _trained(prepared: Any, accelerator: Any, case: str, seed: int) -> dict[str, Any]:
    """One way: its answers and probabilities on the test rows."""
    import torch

    from burnish.stages.train.assemble import assemble
    from burnish.stages.train.decide import decide
    from burnish.trackers import Tracking
    from burnish.training.loop import fit

    rare = RARE[case.split("-")[0]]
    assembled = assemble(prepared, accelerator, print)
    for _ in fit(assembled.training):
        pass
    target, decisions = decide(prepared, assembled, Tracking([]))
    network = assembled.training.network.eval()
    with torch.inference_mode():
        if assembled.frozen is not None:
            seen = torch.from_numpy(_features(assembled, f"{case}-{seed}"))
            logits = assembled.frozen.network.split.logits(seen).numpy()
        else:
            logits = _through(assembled.loaders["test"], lambda inputs: network(**inputs))
    decoded = target.decode(logits, [])
    cells = list(prepared.truths["test"].each())
    return {
        "truth": [int(cell == rare) for cell in cells],
        "answer": [int(one.answer == rare) for one in decoded],
        "probability": [round(float(one.probabilities[target.names.index(rare)]), 6) for one in decoded],
        "decisions": decisions,
        "rows": {name: len(part) for name, part in prepared.parts.items()},
    }


def _features(assembled: Any, name: str) -> np.ndarray[Any, Any]:
    """What the frozen network gives for the test rows: the same for every way, so it is computed once."""
    path = RUNS / "features" / f"{name}.npy"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        split = assembled.frozen.network.split
        np.save(path, _through(assembled.loaders["test"], lambda inputs: split.features(**inputs)))
    return np.load(path)


def _through(loader: Any, compute: Any, at_once: int = 32) -> np.ndarray[Any, Any]:
    import torch

    done = []
    for start in range(0, len(loader.rows), at_once):
        positions = np.arange(start, min(start + at_once, len(loader.rows)))
        inputs = {name: torch.from_numpy(value) for name, value in loader.batch(positions).inputs.items()}
        done.append(compute(inputs).numpy())
    return np.concatenate(done)


def scores(facts: dict[str, Any], rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Macro F1, F1, average precision and log loss on some rows; the common class weighs fifty times as much as the rare one."""
    from sklearn.metrics import average_precision_score

    truth, answer = (np.array(facts[name])[rows] for name in ("truth", "answer"))
    likely = np.clip(np.array(facts["probability"])[rows], 1e-7, 1 - 1e-7)
    weight = np.where(truth == 1, 1.0, RATE * truth.sum() / max(1, (truth == 0).sum()))
    f1 = []
    for label in (0, 1):
        both = weight[(truth == label) & (answer == label)].sum()
        either = weight[truth == label].sum() + weight[answer == label].sum()
        f1.append(2 * both / either if either else 0.0)
    loss = np.where(truth == 1, -np.log(likely), -np.log(1 - likely))
    precision = average_precision_score(truth, likely, sample_weight=weight)
    return np.array([np.mean(f1), f1[1], precision, np.average(loss, weights=weight)])


METRICS = ("macro_f1", "f1_rare", "average_precision", "log_loss")


def compared(case: str, way: str, seeds: list[int], resamples: int = 1000) -> dict[str, Any] | None:
    """Means over seeds of a way, and of its differences to plain with 95 % intervals: seeds and rows are drawn anew."""
    files = [[RUNS / "kept" / f"{case}-{seed}-{one}.json" for one in (way, "none")] for seed in seeds]
    if not all(path.is_file() for pair in files for path in pair):
        return None
    pairs = [[json.loads(path.read_text(encoding="utf-8")) for path in pair] for pair in files]
    every = np.arange(len(pairs[0][0]["truth"]))
    values = np.array([[scores(one, every) for one in pair] for pair in pairs])
    random = np.random.default_rng(0)
    draws = []
    for _ in range(resamples):
        drawn = []
        for number in random.integers(0, len(pairs), len(pairs)):
            truth = np.array(pairs[number][0]["truth"])
            some = np.concatenate([random.choice(np.flatnonzero(truth == c), (truth == c).sum()) for c in (0, 1)])
            ours, plain = (scores(one, some) for one in pairs[number])
            drawn.append(ours - plain)
        draws.append(np.mean(drawn, axis=0))
    low, high = np.percentile(draws, [2.5, 97.5], axis=0)
    means, gaps = values[:, 0].mean(axis=0), (values[:, 0] - values[:, 1]).mean(axis=0)
    return {
        metric: {
            "value": round(float(m), 4),
            "delta": round(float(g), 4),
            "low": round(float(a), 4),
            "high": round(float(b), 4),
        }
        for metric, m, g, a, b in zip(METRICS, means, gaps, low, high, strict=True)
    } | {"processor_seconds": round(float(np.mean([pair[0]["processor_seconds"] for pair in pairs])), 1)}


def table(seeds: list[int]) -> None:
    """What is kept, written to results/imbalance.json and shown."""
    found: dict[str, Any] = {"rate": RATE, "seeds": seeds, "cases": {}}
    for case, ways in CASES.items():
        print(f"\n{case}: macro F1, average precision and log loss minus plain, 95 % intervals over seeds and rows")
        for way in ways:
            one = compared(case, way, seeds)
            if one is None:
                continue
            found["cases"].setdefault(case, {})[way] = one
            shown = [
                f"{one[m]['value']:.3f} ({one[m]['delta']:+.3f}, {one[m]['low']:+.3f} to {one[m]['high']:+.3f})"
                for m in ("macro_f1", "average_precision", "log_loss")
            ]
            print(f"  {way:27}" + "  ".join(shown))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "imbalance.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--ways", nargs="+", default=[], help="only these; default: all")
    arguments = parser.parse_args()
    if arguments.what == "run":
        run(arguments.seeds, arguments.cases, arguments.ways)
    else:
        table(arguments.seeds)


if __name__ == "__main__":
    main()
