"""Faults planted in real data, and how many of them `burnish audit` finds.

    python benchmarks/audit.py plant sms_spam --seed 0     plants, audits, keeps the figures
    python benchmarks/audit.py all --seeds 0 1             every data set that has no result yet
    python benchmarks/audit.py table                       what is kept, as a table

Into each data set, with its own splits:

- labels: 2 % of all rows get another label, drawn at random;
- near duplicates: as many rows as 1 % of train are copied from train, changed, and added to test: texts with some words
  replaced, left out or misspelt; pictures compressed, brightened or cropped; sounds softer, noisier, compressed or at
  another rate;
- leaks, in a copy of their own: a word in 98 % of the texts of one class; a white border of three pixels around the
  pictures of one class.

The data as it was is audited as well. What is found there between train and test is a natural repeat and counts neither
for nor against; everything else that is found and was not planted counts against. Every flipped label counts as an error,
every other row that is named as a false alarm, although real data have wrong labels of their own.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
DATA = HERE.parent.parent / "shared" / "data"
RUNS = HERE.parent / "runs" / "audit"
RESULTS = HERE / "audit" / "results"
FLIPPED, COPIED, LEAKING = 0.02, 0.01, 0.98
WORD = "zqv"
BORDER = 3  # pixels
csv.field_size_limit(10**8)


@dataclass(frozen=True)
class Case:
    """A data set: its kind, and the settings of its recipe beside the data."""

    kind: str
    settings: dict[str, Any]


TEXT = {"target": "label", "audit": {"features": "plain"}}
FILES = {"audit": {"features": "plain"}}
CASES = {
    "sms_spam": Case("text", TEXT),
    "bbc_news": Case("text", TEXT),
    "ag_news": Case("text", {**TEXT, "input": {"kind": "text", "columns": ["description"]}}),
    "trec": Case("text", TEXT),
    "bccd_cells": Case("image", FILES),
    "pneumonia_mnist": Case("image", FILES),
    "fsdd": Case("sound", FILES),
}
SPLITS = {"train": "train", "validation": ("dev", "val"), "test": "test"}


# Texts


def texts_of(name: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each split."""
    found = {}
    for split, files in SPLITS.items():
        for file in [files] if isinstance(files, str) else files:
            path = DATA / name / f"{file}.csv"
            if path.is_file():
                with path.open(encoding="utf-8", newline="") as opened:
                    found[split] = list(csv.DictReader(opened))
    return found


def reworded(text: str, words: list[str], draw: np.random.Generator) -> str:
    """A text that a person would call the same, in one of three ways."""
    parts = text.split()
    how = int(draw.integers(3))
    places = draw.choice(len(parts), max(1, len(parts) // 12), replace=False)
    if how == 0:
        for place in places:
            parts[place] = words[int(draw.integers(len(words)))]
    elif how == 1:
        parts = [part for place, part in enumerate(parts) if place not in places] + ["Thanks!"]
    else:
        for place in places:
            word = parts[place]
            cut = int(draw.integers(max(1, len(word))))
            parts[place] = word[:cut] + word[cut + 1 :].upper()
    return " ".join(parts)


def write_texts(rows: dict[str, list[dict[str, str]]], folder: Path) -> dict[str, str]:
    """The splits as CSV, and where they are."""
    folder.mkdir(parents=True)
    places = {}
    for split, listed in rows.items():
        path = folder / f"{split}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(listed[0]))
            writer.writeheader()
            writer.writerows(listed)
        places[split] = str(path)
    return places


def plant_texts(case: str, folder: Path, seed: int) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """Places of the splits, the keys of flipped rows, and of each added row the key of the one it copies."""
    draw, rows = np.random.default_rng(seed), texts_of(case)
    column = (CASES[case].settings.get("input") or {"columns": ["text"]})["columns"][0]
    names = sorted({row["label"] for row in rows["train"]})
    words = sorted({word for row in rows["train"][:500] for word in row[column].split() if word.isalpha()})
    flipped, copies = set(), {}
    for split, listed in rows.items():
        for place in draw.choice(len(listed), round(FLIPPED * len(listed)), replace=False):
            others = [name for name in names if name != listed[place]["label"]]
            listed[place] = {**listed[place], "label": others[int(draw.integers(len(others)))]}
            flipped.add(f"{split} {place + 1}")
    whole = [p for p, row in enumerate(rows["train"]) if f"train {p + 1}" not in flipped and len(row[column]) >= 40]
    for place in draw.choice(whole, round(COPIED * len(rows["train"])), replace=False):
        row = rows["train"][place]
        rows["test"].append({**row, column: reworded(row[column], words, draw)})
        copies[f"test {len(rows['test'])}"] = f"train {place + 1}"
    return write_texts(rows, folder), flipped, copies


def leak_texts(case: str, folder: Path, seed: int) -> tuple[dict[str, str], str]:
    """The same data with a word in nearly all texts of one class, and the class."""
    draw, rows = np.random.default_rng(seed + 100), texts_of(case)
    column = (CASES[case].settings.get("input") or {"columns": ["text"]})["columns"][0]
    chosen = sorted({row["label"] for row in rows["train"]})[-1]
    for listed in rows.values():
        for row in listed:
            if row["label"] == chosen and draw.random() < LEAKING:
                parts = row[column].split()
                parts.insert(int(draw.integers(len(parts) + 1)), WORD)
                row[column] = " ".join(parts)
    return write_texts(rows, folder), chosen


# Pictures and sounds


def files_of(name: str) -> dict[str, list[tuple[str, Path]]]:
    """Label and file of each row of each split, as class folders have them."""
    found = {}
    for split, names in SPLITS.items():
        for part in [names] if isinstance(names, str) else names:
            root = DATA / name / part
            if root.is_dir():
                listed = [
                    (f.name, p)
                    for f in sorted(root.iterdir())
                    if f.is_dir()
                    for p in sorted(f.iterdir())
                    if p.is_file()
                ]
                found[split] = listed
    return found


def varied_picture(data: bytes, draw: np.random.Generator) -> bytes:
    """Compressed, brightened, or cropped by a fiftieth at each side."""
    from PIL import Image, ImageEnhance

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    how, quality = int(draw.integers(3)), 95
    if how == 0:
        quality = 60
    elif how == 1:
        picture = ImageEnhance.Brightness(picture).enhance(1.1)
    else:
        width, height = picture.size
        left, top = max(1, width // 50), max(1, height // 50)
        picture = picture.crop((left, top, width - left, height - top)).resize((width, height))
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def varied_sound(data: bytes, draw: np.random.Generator) -> bytes:
    """Softer, with noise 30 dB below, compressed, or at another rate."""
    import soundfile

    from burnish.media.sound.resampling import resampled

    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    how, written = int(draw.integers(4)), {"format": "WAV", "subtype": "PCM_16"}
    if how == 0:
        samples = samples * 0.4
    elif how == 1:
        size = float(np.sqrt(np.mean(samples**2))) * 10 ** (-30 / 20)
        samples = samples + draw.normal(0, size, len(samples)).astype(np.float32)
    elif how == 2:
        written = {"format": "OGG", "subtype": "VORBIS"}
    else:
        samples, rate = resampled(samples, rate, 16_000), 16_000
    stream = io.BytesIO()
    soundfile.write(stream, np.clip(samples, -1, 1), rate, **written)
    return stream.getvalue()


def bordered(data: bytes) -> bytes:
    """A picture with a white border."""
    from PIL import Image

    pixels = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
    pixels[:BORDER], pixels[-BORDER:], pixels[:, :BORDER], pixels[:, -BORDER:] = 255, 255, 255, 255
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_files(rows: dict[str, list[tuple[str, str, bytes]]], folder: Path) -> dict[str, str]:
    """Class folders of label, name and bytes."""
    for split, listed in rows.items():
        for label, name, data in listed:
            path = folder / split / label / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    return {split: str(folder / split) for split in rows}


def plant_files(case: str, folder: Path, seed: int) -> tuple[dict[str, str], set[str], dict[str, str]]:
    """The same of files; a row's key is its split and the name of its file."""
    draw, kind = np.random.default_rng(seed), CASES[case].kind
    rows = {
        split: [(label, f"{label}-{p.name}", p.read_bytes()) for label, p in listed]
        for split, listed in files_of(case).items()
    }
    names = sorted({label for label, _, _ in rows["train"]})
    flipped, copies = set(), {}
    for split, listed in rows.items():
        for place in draw.choice(len(listed), round(FLIPPED * len(listed)), replace=False):
            label, name, data = listed[place]
            others = [other for other in names if other != label]
            listed[place] = (others[int(draw.integers(len(others)))], name, data)
            flipped.add(f"{split} {name}")
    whole = [row for row in rows["train"] if f"train {row[1]}" not in flipped]
    change = varied_picture if kind == "image" else varied_sound
    for number, place in enumerate(draw.choice(len(whole), max(8, round(COPIED * len(rows["train"]))), replace=False)):
        label, name, data = whole[place]
        made = f"copy{number:03}{'.jpg' if kind == 'image' else '.ogg'}"
        made = made if kind == "image" else f"copy{number:03}.wav"
        rows["test"].append((label, made, change(data, draw)))
        copies[f"test {made}"] = f"train {name}"
    return write_files(rows, folder), flipped, copies


def leak_files(case: str, folder: Path, seed: int) -> tuple[dict[str, str], str]:
    """The same pictures, with a border around those of one class."""
    rows = files_of(case)
    chosen = sorted({label for label, _ in rows["train"]})[-1]
    made = {
        split: [(label, p.name, bordered(p.read_bytes()) if label == chosen else p.read_bytes()) for label, p in listed]
        for split, listed in rows.items()
    }
    return write_files(made, folder), chosen


# Audits


def audited(case: str, places: dict[str, str], out: Path, **settings: Any) -> dict[str, Any]:
    """What an audit says: its findings, its review, and how long it took."""
    from burnish.recipe.recipe import Recipe
    from burnish.stages.audit.run import audit

    values = {**CASES[case].settings, "data": places}
    values["audit"] = {"label_errors": True, "seconds": 3600, **values["audit"], **settings}
    if "input" not in values and CASES[case].kind == "text":
        values["input"] = {"kind": "text", "columns": ["text"]}
    started, processor = time.perf_counter(), time.process_time()
    found = audit(Recipe.load(values), out, tell=lambda event: None)
    return {
        "findings": [(f.code, f.message) for f in found.audit.findings],
        "review": [line.cells("") for line in found.review],
        "features": (found.audit.figures.get("probe") or {}).get("features", ""),
        "seconds": round(time.perf_counter() - started, 1),
        "processor_seconds": round(time.process_time() - processor, 1),
        "rows": sum(found.audit.figures["rows"].values()),
    }


def key(row: dict[str, Any], like: bool = False) -> str:
    """Split and row of a line of a review; of class folders, split and name."""
    file, number = (row["like_file"], row["like_row"]) if like else (row["file"], row["row"])
    split = Path(file).stem
    return f"{split} {number}"


def named(row: dict[str, Any], places: dict[str, list[str]], like: bool = False) -> str:
    """The same of class folders: the row as its file is called."""
    split, _, number = key(row, like).partition(" ")
    return f"{split} {places[split][int(number) - 1]}"


def across(found: dict[str, Any], name: Callable[..., str]) -> set[str]:
    """Rows of test that are said to be in train, exactly or nearly."""
    codes = ("test_rows_in_train", "near_test_rows_in_train", "reworded_test_rows_in_train")
    return {name(row) for row in found["review"] if row["issue"] in codes}


def judged(
    found: dict[str, Any], natural: set[str], flipped: set[str], copies: dict[str, str], name: Callable[..., str]
) -> Any:
    """Recall and precision of what was planted."""
    ranked = sorted((r for r in found["review"] if r["issue"] == "label_errors"), key=lambda r: -float(r["score"]))
    hits = np.array([name(row) in flipped for row in ranked], np.bool_)
    right = hits.cumsum()
    precise = np.flatnonzero(right >= 0.5 * np.arange(1, len(hits) + 1)) if len(hits) else np.zeros(0, np.int64)
    repeats = across(found, name) - natural
    good = repeats & copies.keys()
    return {
        "label_errors": {
            "planted": len(flipped),
            "named": len(hits),
            "precision": float(hits.mean()) if len(hits) else 0.0,
            "recall": float(hits.sum() / len(flipped)),
            "recall_at_half_precision": float(right[precise[-1]] / len(flipped)) if len(precise) else 0.0,
        },
        "near_duplicates": {
            "planted": len(copies),
            "named": len(repeats),
            "natural": len(natural),
            "precision": len(good) / len(repeats) if repeats else 0.0,
            "recall": len(good) / len(copies),
        },
    }


def listing(places: dict[str, str]) -> dict[str, list[str]]:
    """File names of class folders in the order of their rows; nothing of tables."""
    found = {}
    for split, place in places.items():
        root = Path(place)
        if root.is_dir():
            found[split] = [p.name for f in sorted(root.iterdir()) if f.is_dir() for p in sorted(f.iterdir())]
    return found


def plant(case: str, seed: int) -> None:
    """Plant, audit, judge, keep."""
    folder = RUNS / f"{case}-{seed}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = CASES[case].kind == "text"
    places, flipped, copies = (plant_texts if text else plant_files)(case, folder / "planted", seed)
    order = listing(places)
    name: Callable[..., str] = key if text else lambda row, like=False: named(row, order, like)
    if text:
        control_places = write_texts(texts_of(case), folder / "control")
    else:
        raw = {
            s: [(label, f"{label}-{p.name}", p.read_bytes()) for label, p in listed]
            for s, listed in files_of(case).items()
        }
        control_places = write_files(raw, folder / "control")
    control_order = listing(control_places)
    control_name: Callable[..., str] = key if text else lambda row, like=False: named(row, control_order, like)
    control = audited(case, control_places, folder / "audit-control", label_errors=False)
    found = audited(case, places, folder / "audit-planted")
    result = judged(found, across(control, control_name), flipped, copies, name)
    result["false_leaks"] = [message for code, message in control["findings"] if code == "target_leakage"]
    if CASES[case].kind != "sound":
        leaking, chosen = (leak_texts if text else leak_files)(case, folder / "leaking", seed)
        leaks = audited(case, leaking, folder / "audit-leaking", label_errors=False)
        said = [message for code, message in leaks["findings"] if code == "target_leakage"]
        known = set(result["false_leaks"])
        new = [message for message in said if message not in known]
        result["leak"] = {
            "class": chosen,
            "found": any(repr(chosen) in m and _planted(m, text) for m in new),
            "said": new[:4],
        }
    kept = {name_: found[name_] for name_ in ("features", "seconds", "processor_seconds", "rows")}
    RESULTS.mkdir(parents=True, exist_ok=True)
    written = json.dumps({"case": case, "seed": seed, **kept, **result}, indent=1, ensure_ascii=False)
    (RESULTS / f"{case}-{seed}.json").write_text(written + "\n", encoding="utf-8")
    shutil.rmtree(folder)
    print(written)


def _planted(message: str, text: bool) -> bool:
    return WORD in message if text else any(word in message for word in ("border", "edge", "corner"))


def table() -> None:
    """Every result that is kept, the mean over seeds."""
    by_case: dict[str, list[Any]] = {}
    for path in sorted(RESULTS.glob("*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        by_case.setdefault(one["case"], []).append(one)
    print(
        "| data set | rows | seeds | label errors: precision | recall | recall at half precision | near duplicates: precision | "
        "recall | natural | leak found | other leaks named |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---:|")
    for case in [c for c in CASES if c in by_case]:
        kept = by_case[case]
        mean = lambda part, field, kept=kept: f"{np.mean([one[part][field] for one in kept]):.2f}"  # noqa: E731
        leak = "–" if "leak" not in kept[0] else ("yes" if all(one["leak"]["found"] for one in kept) else "no")
        figures = [mean("label_errors", f) for f in ("precision", "recall", "recall_at_half_precision")]
        figures += [mean("near_duplicates", f) for f in ("precision", "recall")]
        natural, false = kept[0]["near_duplicates"]["natural"], len(kept[0]["false_leaks"])
        print(
            f"| `{case}` | {kept[0]['rows']:,} | {len(kept)} | {' | '.join(figures)} | {natural} | {leak} | {false} |"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("plant")
    one.add_argument("case", choices=CASES)
    one.add_argument("--seed", type=int, default=0)
    several = commands.add_parser("all")
    several.add_argument("--seeds", type=int, nargs="+", default=[0])
    commands.add_parser("table")
    asked = parser.parse_args()
    if asked.command == "table":
        table()
    elif asked.command == "plant":
        plant(asked.case, asked.seed)
    else:
        for seed in asked.seeds:
            for case in CASES:
                if not (RESULTS / f"{case}-{seed}.json").is_file():
                    plant(case, seed)


if __name__ == "__main__":
    main()
