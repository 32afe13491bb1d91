"""Real speech as tables: digit strings put together from recordings, yes and no, and 75 sentences of Common Voice."""

from __future__ import annotations

import csv
import json
import os
import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

HERE = Path(__file__).resolve().parent
SHARED = Path(os.environ.get("SHARED", HERE.parent.parent / "shared")) / "data"
Row = dict[str, Any]


def digit_strings(folder: Path, train: int = 900) -> dict[str, Path]:
    """train, validation and test of `fsdd`: each utterance its recordings with the stated silence behind each."""
    names = {"train": "train", "val": "validation", "test": "test"}
    out = {}
    for stored, name in names.items():
        rows = []
        for number, line in enumerate(_lines(SHARED / "fsdd" / f"digit_strings_{stored}.jsonl")):
            if name == "train" and number >= train:
                break
            place = f"audio/{name}_{number:04}.wav"
            _put_together(line, folder / place)
            rows.append({"audio": place, "text": line["text"], "speaker": line["speaker"]})
        out[name] = _written(folder / f"{name}.jsonl", rows)
    return out


def yes_and_no(folder: Path) -> dict[str, Path]:
    """The splits of `yesno`: 40, 5 and 15 recordings."""
    with (SHARED / "yesno" / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        stored = list(csv.DictReader(file))
    names = {"train": "train", "val": "validation", "test": "test"}
    return {
        name: _written(
            folder / f"{name}.jsonl",
            (
                {"audio": str(SHARED / "yesno" / row["file"]), "text": row["text"]}
                for row in stored
                if row["split"] == old
            ),
        )
        for old, name in names.items()
    }


def common_voice(folder: Path, seed: int = 0) -> dict[str, Path]:
    """75 recordings of as many speakers: 40 to train, 10 to choose, 25 to test, drawn from the seed."""
    with (SHARED / "common_voice_en" / "transcripts.csv").open(encoding="utf-8", newline="") as file:
        rows = [
            {"audio": str(SHARED / "common_voice_en" / row["file"]), "text": row["text"], "speaker": row["speaker"]}
            for row in csv.DictReader(file)
        ]
    random.Random(seed).shuffle(rows)
    pieces = {"train": rows[:40], "validation": rows[40:50], "test": rows[50:]}
    return {name: _written(folder / f"{name}.jsonl", piece) for name, piece in pieces.items()}


SETS = {"digit_strings": digit_strings, "yesno": yes_and_no, "common_voice_en": common_voice}


def _put_together(line: Row, place: Path) -> None:
    if place.is_file():
        return
    pieces, rate = [], 8000
    for file, gap in zip(line["files"], line["gap_ms"], strict=True):
        samples, rate = soundfile.read(SHARED / "fsdd" / file, dtype="float32")
        pieces += [samples, np.zeros(gap * rate // 1000, np.float32)]
    place.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(place, np.concatenate(pieces), rate, subtype="PCM_16")


def _written(place: Path, rows: Iterable[Row]) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return place


def _lines(place: Path) -> list[Row]:
    return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
