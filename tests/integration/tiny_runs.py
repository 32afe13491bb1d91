"""Tiny runs of every task, adapter and architecture: sixty natural-looking rows, a checkpoint of two blocks, seconds."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

from tests.checkpoints import tiny_checkpoint

TASKS = ("label", "labels", "score", "tags", "pairs")
ADAPTERS: dict[str, dict[str, Any]] = {
    "full": {"kind": "full"},
    "head_only": {"kind": "head_only"},
    "last_layers": {"kind": "last_layers", "layers": 1},
    "lora": {"kind": "lora", "rank": 4},
    "lora_merged": {"kind": "lora", "rank": 4, "merge": True},
    "gradual_unfreezing": {"kind": "gradual_unfreezing"},
}
ARCHITECTURES = ("gpt2", "llama", "qwen2", "roberta", "distilbert", "deberta_v2", "modernbert")
QUICK: dict[str, Any] = {
    "trackers": [],
    "baselines": False,
    "precision": "float32",
    "device": "cpu",
    "resamples": 100,
    "batch_size": 8,
    "epochs": 2,
    "learning_rate": 3e-3,
}

_STATES = {"late": 1.25, "lost": 2.5, "broken": 3.75, "new": 5.0}
_THINGS = {"card": "payment", "parcel": "delivery", "film": "review"}
_PLACES = (["at", "home"], ["in", "town"], ["near", "me"], ["from", "abroad"], ["on", "a", "very", "long", "train"])


def rows(task: str) -> list[dict[str, Any]]:
    """Sixty different rows with an `id` that no input reads, in an order in which classes are mixed."""
    made = []
    for number, (place, state, thing) in enumerate(product(_PLACES, _STATES, _THINGS)):
        words = ["my", state, thing, *place]
        made.append({"id": f"r{number:02}", **_row(task, words, state, thing, number)})
    return made


def _row(task: str, words: list[str], state: str, thing: str, number: int) -> dict[str, Any]:
    text = " ".join(words)
    if task == "label":
        return {"text": text, "label": _THINGS[thing]}
    if task == "labels":
        return {"text": text, "labels": [_THINGS[thing]] * (state != "new") + ["urgent"] * (state in ("late", "lost"))}
    if task == "score":
        return {"text": text, "score": _STATES[state] + number / 100}
    if task == "tags":
        inside = ["B-place"] + ["I-place"] * (len(words) - 4)
        return {"words": words, "tags": ["O", "O", "B-thing", *inside]}
    other = thing if number % 2 else "film" if thing == "card" else "card"
    return {"question": text, "passage": f"a {other}", "label": "same" if other == thing else "other"}


def quick() -> dict[str, Any]:
    """`QUICK` but for the number of epochs, which the caller says."""
    return {name: value for name, value in QUICK.items() if name != "epochs"}


def texts() -> list[str]:
    """What tiny tokenizers learn their words from."""
    return [row["text"] for row in rows("label")]


def write_jsonl(path: Path, made: list[dict[str, Any]]) -> Path:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(r) + "\n" for r in made), encoding="utf-8")
    return path


def settings(task: str, checkpoint: Path, data: Any, **more: Any) -> dict[str, Any]:
    """The recipe of a tiny run."""
    columns = ["question", "passage"] if task == "pairs" else ["text"]
    found = {
        "data": data,
        "model": str(checkpoint),
        "input": {"kind": "tokens", "column": "words"} if task == "tags" else {"kind": "text", "columns": columns},
        "target": {"kind": "label" if task == "pairs" else task, "column": _column(task)},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
    }
    return {**found, **QUICK, **more}


def _column(task: str) -> str:
    return "label" if task == "pairs" else task


def checkpoint_at(folder: Path, architecture: str) -> Path:
    """A tiny checkpoint that knows the words of the rows; made once."""
    return folder if (folder / "config.json").is_file() else tiny_checkpoint(folder, architecture, texts=texts())
