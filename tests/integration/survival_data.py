"""Rows, checkpoints and recipes of the runs that are killed, damaged and interrupted."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import yaml

from tests import audio_cases, recogniser_cases, sound_cases, vision_cases
from tests.checkpoints import chat_checkpoint, tiny_checkpoint
from tests.image_cases import picture, save

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
    if kind in ("image", "frozen"):
        return "thing" if words[0] in _ABOUT["thing"] else "other"
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
    """Labelled rows for a kind of target; for `chat` questions with replies."""
    if kind in SPEECH:
        return recogniser_cases.written_rows(count)
    if kind == "chat":
        return [
            {"prompt": " ".join(words), "completion": " ".join(reversed(words[:4]))} for words in sentences(count, seed)
        ]
    return [
        {"text": words if kind == "tags" else " ".join(words), "truth": truth(kind, words)}
        for words in sentences(count, seed)
    ]


def pictures(kind_rows: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """The rows with a picture for each text, drawn from it, bright where the truth is `thing`."""
    made = []
    for i, row in enumerate(kind_rows):
        drawn = picture(i, 20, 20).point(lambda value, up=row["truth"] == "thing": value // 2 + 120 * up)
        made.append({"image": str(save(drawn, folder / f"{row['text'].replace(' ', '-')}.png")), "truth": row["truth"]})
    return made


def write_rows(path: Path, values: list[dict[str, Any]]) -> Path:
    """The rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in values), encoding="utf-8")
    return path


def recipe(folder: Path, kind: str = "label", *, count: int = 90, dropout: float = 0.1, **settings: Any) -> Path:
    """A recipe file, its data and its checkpoint in `folder`; `settings` over the usual ones."""
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "sounds":
        return _sounds(folder, count, dropout, settings)
    if kind == "chat":
        return _chat_recipe(folder, count, dropout, settings)
    if kind in SPEECH:
        return _speech_recipe(folder, kind, count, dropout, settings)
    if kind == "image":
        return _image_recipe(folder, count, dropout, settings)
    if kind == "frozen":
        return _frozen_recipe(folder, count, dropout, settings)
    source = folder / f"checkpoint-{dropout}"
    if not source.exists():
        tiny_checkpoint(source, texts=[" ".join([*WORDS, POISON])], dropout=dropout, layers=1)
    if "data" not in settings:
        settings["data"] = {"train": str(write_rows(folder / f"{kind}-{count}.jsonl", rows(kind, count)))}
    column = {"kind": "tokens", "column": "text"} if kind == "tags" else {"kind": "text", "columns": ["text"]}
    own = {"input": column, "target": {"kind": kind, "column": "truth"}, "model": {"name": str(source)}}
    return _written(folder, kind, {**own, **settings})


def _sounds(folder: Path, count: int, dropout: float, settings: dict[str, Any]) -> Path:
    """The same over sounds of uneven length, some of several views, changed at random in training."""
    source = folder / f"checkpoint-sounds-{dropout}"
    if not source.exists():
        rates = ("hidden_dropout", "feat_proj_dropout", "final_dropout", "layerdrop")
        audio_cases.written("wav2vec2", source, **dict.fromkeys(rates, dropout))
    if "data" not in settings:
        settings["data"] = {"train": str(write_rows(folder / f"sounds-{count}.jsonl", sound_rows(folder, count)))}
    own = {
        "input": {"kind": "audio", "column": "sound", "seconds": 0.2},
        "target": {"kind": "label", "column": "truth"},
        "model": {"name": str(source)},
        "augmentation": "audio_standard",
        "mixing": "mixup",
    }
    return _written(folder, "sounds", {**own, **settings})


def sound_rows(folder: Path, count: int, start: int = 0) -> list[dict[str, Any]]:
    """Rows that name WAV files, which are written."""
    made = []
    for i in range(start, start + count):
        path = sound_cases.save(sound_cases.sound(i, 0.06 + 0.03 * (i % 9), 16000), folder / "wav" / f"{i}.wav", 16000)
        made.append({"sound": str(path), "truth": ("animal", "money", "thing")[i % 3]})
    return made


def _written(folder: Path, kind: str, settings: dict[str, Any]) -> Path:
    values = {**USUAL, **settings}
    path = folder / f"recipe-{kind}.yaml"
    path.write_text(yaml.safe_dump(values), encoding="utf-8")
    return path


USUAL: dict[str, Any] = {
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


def _chat_recipe(folder: Path, count: int, dropout: float, settings: dict[str, Any]) -> Path:
    """Replies of a language model with low-rank parts, whose average is kept; answers of four tokens."""
    source = folder / f"checkpoint-chat-{dropout}"
    if not source.exists():
        chat_checkpoint(source, texts=[" ".join(WORDS)], dropout=dropout, layers=1)
    if "data" not in settings:
        settings["data"] = {"train": str(write_rows(folder / f"chat-{count}.jsonl", rows("chat", count)))}
    own = {
        "input": {"kind": "chat"},
        "target": {"kind": "response"},
        "model": {"name": str(source)},
        "adapter": {"kind": "lora", "rank": 4, "dropout": dropout},
        "averaging": 0.99,
        "decoder": {"kind": "greedy", "max_new_tokens": 4},
    }
    return _written(folder, "chat", {**own, **settings})


SPEECH = {"whisper": "whisper_natural", "spoken": "ctc_group"}
"""Kinds whose answers are transcripts, and the checkpoint of each."""


def _speech_recipe(folder: Path, kind: str, count: int, dropout: float, settings: dict[str, Any]) -> Path:
    """Recordings as long as they are: low-rank parts beside a decoder that writes, or all of a network that spells."""
    source = folder / f"checkpoint-{kind}-{dropout}"
    if not source.exists():
        source.mkdir(parents=True)
        rates = dict.fromkeys(recogniser_cases.DROPOUTS[SPEECH[kind]], dropout)
        recogniser_cases.write(SPEECH[kind], source, **rates)
    if "data" not in settings:
        settings["data"] = {
            "train": str(write_rows(folder / f"{kind}-{count}.jsonl", recogniser_cases.written_rows(count)))
        }
    writes = {
        "input": {"kind": "speech", "window": "natural"},
        "target": {"kind": "transcript", "language": "en"},
        "adapter": {"kind": "lora", "rank": 4, "dropout": dropout},
        "decoder": {"kind": "greedy", "max_new_tokens": 4},
    }
    own = {"input": {"kind": "speech"}, "target": {"kind": "ctc_transcript"}, "averaging": 0.99}
    own = writes if kind == "whisper" else own
    return _written(folder, kind, {"model": {"name": str(source)}, **own, **settings})


def _image_recipe(folder: Path, count: int, dropout: float, settings: dict[str, Any]) -> Path:
    """Pictures with all that changes rows and weights at random or over time: augmentation, mixing, averaging."""
    if "data" not in settings:
        made = pictures(rows("image", count), folder / "pictures")
        settings["data"] = {"train": str(write_rows(folder / f"image-{count}.jsonl", made))}
    values = {
        "input": {"kind": "image", "size": 32},
        "target": {"kind": "label", "column": "truth"},
        "model": {"kind": "timm", "name": str(vision_cases.checkpoint("timm_vit")), "drop_path": dropout},
        "augmentation": "light",
        "mixing": "mixup_or_cutmix",
        "averaging": 0.99,
        "workers": 2,
        **settings,
    }
    return _written(folder, "image", values)


def _frozen_recipe(folder: Path, count: int, dropout: float, settings: dict[str, Any]) -> Path:
    """Pictures whose features are computed once; the head alone learns."""
    if "data" not in settings:
        made = pictures(rows("frozen", count), folder / "pictures")
        settings["data"] = {"train": str(write_rows(folder / f"frozen-{count}.jsonl", made))}
    values = {
        "input": {"kind": "image", "size": 32},
        "target": {"kind": "label", "column": "truth"},
        "model": {"kind": "timm", "name": str(vision_cases.checkpoint("timm_resnet")), "dropout": dropout},
        "adapter": "head_only",
        "cache_features": "always",
        **settings,
    }
    return _written(folder, "frozen", values)
