"""Bach's chorales (`jsb_chorales`): a small GPT-2 from random weights, and what its held-out chorales cost it, in nats.

    python benchmarks/chorales.py quarters --seeds 0
    python benchmarks/chorales.py sixteenths --seeds 0
    python benchmarks/chorales.py table

`quarters`: every fourth step as the set of its pitches, which is what Boulanger-Lewandowski et al. 2012 score. A set is
written as its pitches from the highest down and a full stop, so nats of a step are an upper bound of those of the set:
what the network gives to other orders is lost. `nats_per_step_in_order` leaves other orders out.
`sixteenths`: four tokens a step, soprano to bass, as Huang et al. score them.
Training chorales stand in all keys that `--keys` names (semitones); held-out ones as they are. Results are kept in
`benchmarks/chorales/results`; runs that were ended go on where they were.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import burnish
from burnish.core.predictions import Predictions

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data" / "jsb_chorales"
RUNS = Path(os.environ.get("CHORALES_RUNS", HERE.parent / "runs" / "chorales"))
RESULTS = HERE / "chorales" / "results"
QUARTER = 4
"""Steps of a quarter note."""
SILENCE = -1
STEP_END = "."
PARTS = {"train": "train", "validation": "dev", "test": "test"}


def chorales(path: Path) -> list[list[list[int]]]:
    """Steps of each chorale, each four MIDI pitches."""
    return [json.loads(line)["satb"] for line in path.read_text(encoding="utf-8").splitlines()]


def quarters(chorale: list[list[int]]) -> list[list[int]]:
    """Every fourth step as the pitches that sound, from the highest down, each once."""
    return [sorted({p for p in step if p != SILENCE}, reverse=True) for step in chorale[::QUARTER]]


def written(steps: list[list[int]], grid: str, up: int) -> str:
    """A chorale as words, so many semitones higher."""
    if grid == "quarters":
        return " ".join(word for step in steps for word in (*(str(p + up) for p in step), STEP_END))
    return " ".join("-" if p == SILENCE else str(p + up) for step in steps for p in step)


def rows(part: str, grid: str, keys: Sequence[int], folder: Path) -> list[dict[str, Any]]:
    """Texts of a split, one for each key."""
    found = chorales(folder / f"{PARTS[part]}.jsonl")
    steps = [quarters(one) if grid == "quarters" else one for one in found]
    return [{"text": written(one, grid, up), "steps": len(one)} for one in steps for up in keys]


def architecture(folder: Path, words: Sequence[str], options: argparse.Namespace) -> Path:
    """A folder with the configuration of a small GPT-2 and a tokenizer of these words; no weights."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import GPT2Config, PreTrainedTokenizerFast

    vocabulary = {word: number for number, word in enumerate(["<s>", "</s>", *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="</s>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", model_max_length=options.context
    ).save_pretrained(folder)
    GPT2Config(
        n_positions=options.context,
        n_embd=options.width,
        n_layer=options.layers,
        n_head=options.width // 32,
        **{f"{name}_pdrop": options.dropout for name in ("attn", "embd", "resid")},
    ).save_pretrained(folder)
    return folder


def measured(options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """A run and what the test chorales cost it, with a bootstrap over chorales."""
    folder = RUNS / f"{options.grid}-{seed}"
    parts = {part: rows(part, options.grid, options.keys if part == "train" else [0], options.data) for part in PARTS}
    words = sorted({word for part in parts.values() for row in part for word in row["text"].split()} | {STEP_END, "-"})
    recipe = {
        "task": "language-modeling",
        "model": {"name": str(architecture(RUNS / f"{options.grid}-model", words, options)), "random_weights": True},
        "data": parts,
        "input": {"column": "text"},
        "sampler": "length_bucketed",
        "epochs": options.epochs,
        "batch_size": options.batch,
        "learning_rate": options.learning_rate,
        "schedule": {"kind": "cosine", "warmup_ratio": 0.05},
        "optimizer": {"kind": "adamw", "weight_decay": 0.1},
        "precision": "float32",
        "seed": seed,
        "baselines": False,
        "trackers": [],
        "device": "cpu",
    }
    if not (folder / "scores.json").is_file():
        resumed = (folder / "checkpoints").is_dir()
        if not resumed:
            shutil.rmtree(folder, ignore_errors=True)
        burnish.train(recipe, out=folder, resume=resumed)
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    steps = np.array([row["steps"] for row in parts["test"]], np.float64)
    nats = row_nats(Predictions.load(folder / "predictions.parquet"), len(steps))
    tokens = np.array([len(row["text"].split()) + 1 for row in parts["test"]], np.float64)
    return {
        "grid": options.grid,
        "seed": seed,
        "chorales": len(steps),
        "steps": int(steps.sum()),
        "nats_per_step": interval(nats, steps),
        "nats_per_token": interval(nats, tokens),
        **(
            {"nats_per_step_in_order": interval(in_order(folder, parts["test"]), steps)}
            if options.grid == "quarters"
            else {}
        ),
        "seconds": scores["training"]["seconds"],
        "settings": {k: getattr(options, k) for k in ("keys", "epochs", "layers", "width", "dropout", "learning_rate")},
    }


def row_nats(predictions: Predictions, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Nats of each test chorale, its windows added."""
    table = predictions.table
    owner = np.array([int(group) - 1 for group in table["group"].to_pylist()])  # the row as it was written
    return np.bincount(owner, np.asarray(table["nats"], np.float64), minlength=count)


def in_order(folder: Path, chosen: Sequence[dict[str, Any]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Nats of each chorale among the words that may follow alone: in a step lower pitches than the last, or its end.

    So each set of pitches is written in one way, and its probability is that of the set.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = folder / "bundle" / "model"
    model, tokenizer = AutoModelForCausalLM.from_pretrained(place).eval(), AutoTokenizer.from_pretrained(place)
    words = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    pitches = torch.tensor([int(word) if word.isdigit() else -1 for word in words])
    end, whole = tokenizer.convert_tokens_to_ids(STEP_END), tokenizer.eos_token_id
    costs = []
    for row in chosen:
        ids = torch.tensor([tokenizer.bos_token_id, *tokenizer(row["text"]).input_ids, whole])
        with torch.inference_mode():
            logits = model(input_ids=ids[None, :-1], use_cache=False).logits[0].double()
        before = pitches[ids[:-1]]
        inside = before >= 0
        may = (pitches[None] >= 0) & (~inside[:, None] | (pitches[None] < before[:, None]))
        may[:, end] = True
        may[~inside, whole] = True  # between two steps
        cost = -logits.masked_fill(~may, -torch.inf).log_softmax(-1).gather(1, ids[1:, None])
        costs.append(float(cost.sum()))
    return np.array(costs)


def interval(nats: Any, sizes: Any, draws: int = 10_000) -> list[float]:
    """A ratio of sums with its 95 % percentile interval over chorales."""
    random = np.random.default_rng(0)
    drawn = random.integers(0, len(nats), (draws, len(nats)))
    ratios = nats[drawn].sum(1) / sizes[drawn].sum(1)
    return [float(nats.sum() / sizes.sum()), *(float(v) for v in np.quantile(ratios, (0.025, 0.975)))]


def table() -> Iterator[str]:
    """All that is kept, as Markdown."""
    yield "| grid, seed | nats a step (95 % CI) | nats a token | chorales, steps | training seconds |\n|---|---|---|---|---|"
    for place in sorted(RESULTS.glob("*.json")):
        kept = json.loads(place.read_text(encoding="utf-8"))
        step, token = kept["nats_per_step"], kept["nats_per_token"]
        yield (
            f"| {kept['grid']}, {kept['seed']} | {step[0]:.3f} ({step[1]:.3f} to {step[2]:.3f}) | "
            f"{token[0]:.4f} ({token[1]:.4f} to {token[2]:.4f}) | {kept['chorales']}, {kept['steps']:,} | {kept['seconds']:.0f} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grid", choices=["quarters", "sixteenths", "table"])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--keys", type=int, nargs="+", default=list(range(-5, 7)))
    parser.add_argument("--epochs", type=float, default=5)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--context", type=int, default=1024)
    options = parser.parse_args()
    if options.grid == "table":
        print("\n".join(table()))
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        found = measured(options, seed)
        (RESULTS / f"{options.grid}-{seed}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(json.dumps(found))


if __name__ == "__main__":
    main()
