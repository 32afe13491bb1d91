"""Tiny runs of every task, adapter and architecture: sixty natural-looking rows, a checkpoint of two blocks, seconds."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from itertools import product
from pathlib import Path
from typing import Any

import soundfile

from tests import audio_cases, vision_cases
from tests.chat_rows import chat_texts
from tests.checkpoints import chat_checkpoint, tiny_checkpoint
from tests.image_cases import picture
from tests.sound_cases import sound

TASKS = ("label", "labels", "score", "tags", "pairs")
FILES = ("images", "sounds")
EVERY = (*TASKS, *FILES)
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
    if task in FILES:
        return {_FILES[task]: {"base64": _file(task, text)}, "label": _THINGS[thing]}
    if task == "labels":
        return {"text": text, "labels": [_THINGS[thing]] * (state != "new") + ["urgent"] * (state in ("late", "lost"))}
    if task == "score":
        return {"text": text, "score": _STATES[state] + number / 100}
    if task == "tags":
        inside = ["B-place"] + ["I-place"] * (len(words) - 4)
        return {"words": words, "tags": ["O", "O", "B-thing", *inside]}
    other = thing if number % 2 else "film" if thing == "card" else "card"
    return {"question": text, "passage": f"a {other}", "label": "same" if other == thing else "other"}


_FILES = {"images": "image", "sounds": "audio"}


def _file(task: str, text: str) -> str:
    """A small PNG or WAV drawn from the text, in base64."""
    seed, file = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big"), io.BytesIO()
    if task == "images":
        picture(seed, 28 + len(text) % 9, 30).save(file, "PNG")
    else:
        soundfile.write(file, sound(seed, 0.1 + 0.005 * len(text), 16000), 16000, format="WAV")
    return base64.b64encode(file.getvalue()).decode("ascii")


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
    found = {
        "data": data,
        "model": str(checkpoint),
        "input": _input(task),
        "target": {"kind": task if task in TASKS and task != "pairs" else "label", "column": column(task)},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
    }
    if task == "images":
        found["model"] = {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet"))}
    if task == "sounds":
        found["model"] = {"kind": "transformers", "name": str(audio_cases.checkpoint("wav2vec2"))}
    return {**found, **QUICK, **more}


def _input(task: str) -> dict[str, Any]:
    if task in FILES:
        return {"kind": "image", "size": 32} if task == "images" else {"kind": "audio", "seconds": 1}
    if task == "tags":
        return {"kind": "tokens", "column": "words"}
    return {"kind": "text", "columns": ["question", "passage"] if task == "pairs" else ["text"]}


def column(task: str) -> str:
    """Where the truth stands."""
    return "label" if task in ("pairs", *FILES) else task


def checkpoint_at(folder: Path, architecture: str) -> Path:
    """A tiny checkpoint that knows the words of the rows; made once. `chat-llama` and the like chat."""
    if (folder / "config.json").is_file():
        return folder
    chats, architecture = architecture.startswith("chat-"), architecture.removeprefix("chat-")
    if chats:
        return chat_checkpoint(folder, architecture, texts=chat_texts())
    return tiny_checkpoint(folder, architecture, texts=texts())
