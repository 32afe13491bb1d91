"""Rows, checkpoints and recipes of the runs that are killed, damaged and interrupted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import yaml

from tests import image_cases, vision_cases
from tests.checkpoints import tiny_checkpoint

WORDS = (
    "parcel",
    "card",
    "order",
    "film",
    "fox",
    "dog",
    "cat",
    "money",
    "refund",
    "bank",
    "good",
    "bad",
    "late",
    "lost",
)
POISON = "arsenic"


def sentences(count: int, seed: int = 0) -> list[list[str]]:
    """Texts of 2 to 12 words, all different."""
    rng = random.Random(seed)
    found: dict[tuple[str, ...], None] = {}
    while len(found) < count:
        found[tuple(rng.choice(WORDS) for _ in range(rng.randint(2, 12)))] = None
    return [list(words) for words in found]


def truth(kind: str, words: list[str]) -> Any:
    """Something that can be learned from the words."""
    if kind == "label":
        return max("animal", "money", "thing", key=lambda name: sum(w in _ABOUT[name] for w in words))
    if kind == "labels":
        return [name for name in _ABOUT if any(w in _ABOUT[name] for w in words)]
    if kind == "score":
        return round(len(words) / 2 + words.count("good") - words.count("bad"), 2)
    return ["B-animal" if w in _ABOUT["animal"] else "O" for w in words]


_ABOUT = {
    "animal": ("fox", "dog", "cat"),
    "money": ("card", "money", "refund", "bank", "order"),
    "thing": ("parcel", "film", "good", "bad", "late", "lost"),
}


def rows(kind: str, count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Labelled rows for a kind of target."""
    return [
        {"text": words if kind == "tags" else " ".join(words), "truth": truth(kind, words)}
        for words in sentences(count, seed)
    ]


def write_rows(path: Path, values: list[dict[str, Any]]) -> Path:
    """The rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in values), encoding="utf-8")
    return path


def recipe(folder: Path, kind: str = "label", *, count: int = 90, dropout: float = 0.1, **settings: Any) -> Path:
    """A recipe file, its data and its checkpoint in `folder`; `settings` over the usual ones."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind in PICTURES:
        return _written(folder, kind, {**_of_pictures(folder, kind, count, dropout), **settings})
    source = folder / f"checkpoint-{dropout}"
    if not source.exists():
        tiny_checkpoint(source, texts=[" ".join([*WORDS, POISON])], dropout=dropout, layers=1)
    if "data" not in settings:
        settings["data"] = {"train": str(write_rows(folder / f"{kind}-{count}.jsonl", rows(kind, count)))}
    column = {"kind": "tokens", "column": "text"} if kind == "tags" else {"kind": "text", "columns": ["text"]}
    values = {
        "input": column,
        "target": {"kind": kind, "column": "truth"},
        "model": {"name": str(source)},
        **settings,
    }
    return _written(folder, kind, values)


def _written(folder: Path, kind: str, values: dict[str, Any]) -> Path:
    """A recipe file with what all runs have in common."""
    usual = {
        "batch_size": 8,
        "epochs": 2,
        "learning_rate": 2e-3,
        "validation_steps": 5,
        "checkpoint_steps": 2,
        "trackers": [],
        "baselines": False,
        "precision": "float32",
        "device": "cpu",
        "resamples": 100,
    }
    path = folder / f"recipe-{kind}.yaml"
    path.write_text(yaml.safe_dump({**usual, **values}), encoding="utf-8")
    return path


PICTURES = ("pictures", "frozen")


def picture_data(folder: Path, count: int) -> dict[str, str]:
    """Class folders of three splits, `count` training pictures."""
    sizes = {"train": count, "validation": 21, "test": 19}
    for name, size in sizes.items():
        for number in range(size):
            seed = 1000 * size + number
            drawn = image_cases.picture(seed, 24, 20)
            place = folder / name / ("cat" if seed % 3 else "dog") / f"{number:03}.png"
            if not place.exists():
                image_cases.save(drawn, place)
    return {name: str(folder / name) for name in sizes}


def _of_pictures(folder: Path, kind: str, count: int, dropout: float) -> dict[str, Any]:
    """All of a small ViT on augmented rows that two threads read ahead, or the head of a network whose features are kept."""
    name, adapter = ("timm_vit", "full") if kind == "pictures" else ("timm_resnet", "head_only")
    model = {"kind": vision_cases.KINDS[name], "name": str(vision_cases.checkpoint(name)), "dropout": dropout}
    more = {"augmentation": "light", "workers": 2} if kind == "pictures" else {"cache_features": "always"}
    data = picture_data(folder / f"pictures-{count}", count)
    return {"task": "image-classification", "data": data, "model": model, "adapter": adapter, **more}
