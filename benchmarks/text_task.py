"""One task for all contenders, on disk, and what is kept of each."""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Task:
    """What every contender does: `folder` holds train.csv, validation.csv and test.csv with columns text and label."""

    folder: Path
    labels: tuple[str, ...]
    batch_size: int
    epochs: int
    learning_rate: float
    checks: int
    threads: int
    seed: int


@dataclass
class Outcome:
    """What one contender did in one repetition.

    Attributes:
        setup: seconds to read, encode and load.
        training: seconds of training steps, with everything between them but validation.
        training_cpu: the same in seconds of processor time, which other programs on the machine stretch far less.
        evaluation: batch size to seconds over the test split; the first is the contender's own.
        evaluation_cpu: the same in seconds of processor time.
        useful, size: tokens read by the network in training, without and with padding.
        curve: (training seconds, validation accuracy) at each check.
        correct: for each test row whether it was answered right.
        flops: floating-point operations that the useful tokens of the run need; only burnish counts them.
        precision: what was computed in; only burnish says it, where it finds out itself.
    """

    setup: float = 0.0
    training: float = 0.0
    training_cpu: float = 0.0
    evaluation: dict[int, float] = field(default_factory=dict)
    evaluation_cpu: dict[int, float] = field(default_factory=dict)
    useful: int = 0
    size: int = 0
    curve: list[tuple[float, float]] = field(default_factory=list)
    correct: list[bool] = field(default_factory=list)
    flops: float = 0.0
    precision: str = ""

    def evaluated(self, batch_size: int, clock: Clock) -> None:
        """Keep what the test split took."""
        self.evaluation[batch_size], self.evaluation_cpu[batch_size] = clock.both()


class Clock:
    """Seconds since it was made, without those spent in `paused`."""

    def __init__(self) -> None:
        self._started = self._now()

    @staticmethod
    def _now() -> NDArray[np.float64]:
        return np.array([time.perf_counter(), time.process_time()])

    def seconds(self) -> float:
        """Wall time that counts."""
        return float((self._now() - self._started)[0])

    def both(self) -> tuple[float, float]:
        """Wall time and processor time that count."""
        wall, processor = self._now() - self._started
        return float(wall), float(processor)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens inside does not count."""
        before = self._now()
        yield
        self._started += self._now() - before


def read(path: Path, text: str, label: str) -> Rows:
    """The rows of a CSV file that have both a text and a label."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not {text, label} <= set(rows[0]):
        found = ", ".join(rows[0]) if rows else "no rows"
        sys.exit(f"{path}: expected the columns {text} and {label}, found {found}")
    return [{"text": r[text], "label": r[label]} for r in rows if r[text] and r[label]]


def splits(arguments: argparse.Namespace) -> dict[str, Rows]:
    """Training, validation and test rows, drawn with a fixed seed; ends with a message where there is no data."""
    random = np.random.default_rng(arguments.seed)
    given = Path(arguments.data)
    folder = SHARED / arguments.data
    if not given.suffix and not folder.is_dir():
        sys.exit(f"skipped: {folder} is not here; name a CSV file of your own with --data FILE --text ... --label ...")
    names = {"train": arguments.rows, "validation": arguments.validation_rows, "test": arguments.test_rows}
    if given.suffix:
        rows = read(given, arguments.text, arguments.label)
        shuffled = [rows[i] for i in random.permutation(len(rows))]
        if len(rows) < sum(names.values()):
            sys.exit(f"{given} has {len(rows)} usable rows; {sum(names.values())} are asked for: lower --rows")
        ends = np.cumsum(list(names.values()))
        return {n: shuffled[e - c : e] for (n, c), e in zip(names.items(), ends, strict=True)}
    own = {
        n: read(folder / f"{n}.csv", "text", "label")
        for n in ("train", "dev", "test")
        if (folder / f"{n}.csv").is_file()
    }
    chosen = {n: [rows[i] for i in random.permutation(len(rows))] for n, rows in own.items()}
    train = chosen["train"]
    return {
        "train": train[: arguments.rows],
        "validation": chosen.get("dev", train[arguments.rows :])[: arguments.validation_rows],
        "test": chosen["test"][: arguments.test_rows],
    }


def write_task(arguments: argparse.Namespace, folder: Path) -> Task:
    """The three files every contender reads."""
    parts = splits(arguments)
    for name, rows in parts.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows(rows)
    labels = tuple(sorted({r["label"] for r in parts["train"]}))
    for name in ("validation", "test"):
        strange = {r["label"] for r in parts[name]} - set(labels)
        if strange:
            sys.exit(f"{name} has labels that training lacks ({', '.join(sorted(strange)[:3])}): raise --rows")
    return Task(
        folder,
        labels,
        arguments.batch_size,
        arguments.epochs,
        arguments.learning_rate,
        arguments.checks,
        arguments.threads,
        arguments.seed,
    )


def warm_up(task: Task, rows: int = 16) -> Task:
    """A few rows of the same task, in a folder beside it."""
    folder = task.folder / "warm-up"
    folder.mkdir(exist_ok=True)
    for name in ("train", "validation", "test"):
        own = read(task.folder / f"{name}.csv", "text", "label")
        first = list({r["label"]: r for r in own}.values()) if name == "train" else []  # every label at least once
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["text", "label"])
            writer.writeheader()
            writer.writerows([*first, *own[:rows]])
    return replace(task, folder=folder, checks=1, epochs=1)
