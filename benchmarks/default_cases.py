"""The data sets of `defaults.py`: how each is cut, what reads it, and which of them the defaults were chosen on."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).resolve().parent
RUNS = Path(os.environ.get("DEFAULTS_RUNS", HERE.parent / "runs" / "defaults"))
SHARED = Path(os.environ.get("SHARED", HERE.parent.parent / "shared"))
STARTER = {"kind": "transformers", "name": "starter"}
MOBILENET = {
    "kind": "torchvision",
    "name": "mobilenet_v2",
    "weights": str(SHARED / "weights" / "mobilenet_v2_imagenet"),
    "padding": "tensorflow",
}
YAMNET = {"kind": "timm", "name": str(RUNS / "yamnet")}

Row = dict[str, str]


@dataclass(frozen=True)
class Case:
    """One data set, cut small.

    Attributes:
        name: of the folder it is cut into, and in the results.
        folder: under ../shared/data.
        columns: what is read, beside the label.
        sizes: training rows, rows to choose defaults on, test rows; at most.
        model: the checkpoint.
        grid: learning rates and decays a level that are tried.
        input: how it is read: facts of the data, no settings of training.
        decided: whether the defaults were chosen on it; on rows of its own that are in no other split, never on its test
            rows. These are `choosing`; of banking77 and pneumonia_mnist, which came to it late, other rows that are left.
    """

    name: str
    folder: str
    columns: tuple[str, ...]
    sizes: tuple[int, int, int]
    model: dict[str, Any]
    grid: tuple[tuple[float, float], ...]
    input: dict[str, Any] | None = None
    decided: bool = False

    @property
    def data(self) -> Path:
        """Where train.csv, choosing.csv and test.csv are."""
        return RUNS / "data" / self.name

    @property
    def kind(self) -> str:
        """texts, pictures or sounds."""
        return {"image": "pictures", "file": "sounds"}.get(self.columns[0], "texts")

    def recipe(self, seed: int, test: str = "test.csv") -> dict[str, Any]:
        """What a user has to say: rows, columns and checkpoint."""
        return {
            "data": {"train": str(self.data / "train.csv"), "test": str(self.data / test)},
            "input": self.input or {"kind": "text", "columns": list(self.columns)},
            "target": {"kind": "label", "column": "label"},
            "model": self.model,
            "seed": seed,
        }


def _pictures(size: int) -> dict[str, Any]:
    return {
        "kind": "image",
        "column": "image",
        "size": size,
        "crop_ratio": 1.0,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
    }


TEXTS = ((2e-4, 0.9), (4e-4, 0.9), (1e-4, 1.0))
OTHERS = ((1e-3, 1.0), (5e-4, 1.0), (2e-3, 0.9))
SOUND = {"kind": "audio"}
CASES = [
    Case("trec", "trec", ("text",), (256, 200, 300), STARTER, TEXTS, decided=True),
    Case("bccd_cells", "bccd_cells", ("image",), (200, 200, 230), MOBILENET, OTHERS, _pictures(64), True),
    Case("fsdd_speakers", "fsdd", ("file",), (200, 150, 300), YAMNET, OTHERS, SOUND, True),
    Case("sms_spam", "sms_spam", ("text",), (256, 200, 300), STARTER, TEXTS, decided=True),
    Case("gtsrb", "gtsrb", ("image",), (430, 200, 300), MOBILENET, OTHERS, _pictures(64), True),
    Case("mrpc", "mrpc", ("text_a", "text_b"), (256, 200, 300), STARTER, TEXTS, decided=True),
    Case("sst2", "sst2", ("text",), (256, 0, 300), STARTER, TEXTS),
    Case("cats_dogs", "cats_dogs", ("image",), (200, 0, 80), MOBILENET, OTHERS, _pictures(80)),
    Case("fsdd_who", "fsdd", ("file",), (200, 0, 300), YAMNET, OTHERS, SOUND),
    Case("banking77", "banking77", ("text",), (462, 0, 400), STARTER, TEXTS, decided=True),
    Case("pneumonia_mnist", "pneumonia_mnist", ("image",), (200, 0, 300), MOBILENET, OTHERS, _pictures(64), True),
    Case("ag_news", "ag_news", ("title", "description"), (256, 0, 300), STARTER, TEXTS),
]


def case(name: str) -> Case:
    """The case of a name."""
    return next(c for c in CASES if c.name == name)


def cut(one: Case) -> None:
    """Write the rows of a case, unless they are there; drawn with one seed, equal contents once."""
    if (one.data / "test.csv").is_file():
        return
    one.data.mkdir(parents=True, exist_ok=True)
    train, test = _official(one)
    seen: set[str] = set()
    test, train = (_unique(rows, seen, one) for rows in (test, train))  # the test first: it keeps its rows
    rows, choosing, tested = one.sizes
    test = _drawn(test, tested)
    train = _drawn(train, rows + choosing)
    parts = {"train": train[choosing:], "choosing": train[:choosing], "test": test}
    for name, own in {**parts, "test_and_choosing": test + train[:choosing]}.items():
        with (one.data / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, [*one.columns, "label"], extrasaction="ignore")
            writer.writeheader()
            writer.writerows(own)


def _drawn(rows: list[Row], count: int) -> list[Row]:
    """At most `count` rows, in an order of chance."""
    return Random(17).sample(rows, min(count, len(rows)))


def _unique(rows: list[Row], seen: set[str], one: Case) -> list[Row]:
    """Rows whose contents were not seen before."""
    kept = []
    for row in rows:
        if one.kind == "texts":
            content = re.sub(r"\W+", " ", " ".join(row[c] for c in one.columns)).strip().lower()
        else:
            content = sha256(Path(row[one.columns[0]]).read_bytes()).hexdigest()
        if content and content not in seen:
            seen.add(content)
            kept.append(row)
    return kept


def _official(one: Case) -> tuple[list[Row], list[Row]]:
    """Training and test rows of the official split, or of speakers that are not heard in training."""
    place = SHARED / "data" / one.folder
    if one.kind == "texts":
        train, test = (_table(place / f"{name}.csv") for name in ("train", "test"))
        return list(train), list(test)
    if one.kind == "pictures":
        train, test = (list(_folders(place / name, one.columns[0])) for name in ("train", "test"))
        validation = place / "val"
        return train + (list(_folders(validation, one.columns[0])) if validation.is_dir() else []), test
    if one.name == "fsdd_who":  # who speaks, out of six; digits as they come
        train, test = (_speakers(place / name) for name in ("train", "test"))
        return train, test
    every = [row for name in ("train", "val", "test") for row in _folders(place / name, "file")]
    new = ("lucas", "theo")
    return [r for r in every if _speaker(r) not in new], [r for r in every if _speaker(r) in new]


def _table(path: Path) -> Iterator[Row]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _folders(place: Path, column: str) -> Iterator[Row]:
    for path in sorted(place.glob("*/*")):
        yield {column: str(path), "label": path.parent.name}


def _speaker(row: Row) -> str:
    return Path(row["file"]).stem.split("_")[1]


def _speakers(place: Path) -> list[Row]:
    return [{"file": row["file"], "label": _speaker(row)} for row in _folders(place, "file")]
