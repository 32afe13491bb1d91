"""Synthetic tables of predictions, for every kind of target."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions, schema
from burnish.targets.midi import Midi
from burnish.targets.tune import Tune
from tests.reply_cases import reply_table, with_calls
from tests.transcript_cases import heard_table
from tests.tune_cases import TUNES

TYPES = {
    "label": pa.string(),
    "labels": pa.list_(pa.string()),
    "score": pa.float64(),
    "tags": pa.list_(pa.string()),
    "response": pa.string(),
    "tune": pa.string(),
    "transcript": pa.string(),
    "ctc_transcript": pa.string(),
    "music": pa.string(),
    "midi": pa.string(),
}


def table(target: str, truth: list[Any], answer: list[Any], probabilities: Any, names: list[str]) -> Predictions:
    """A predictions table from plain lists."""
    rows = len(truth)
    columns = {
        "row": list(range(rows)),
        "truth": truth,
        "answer": answer,
        "probabilities": [list(map(float, p)) for p in probabilities] if len(probabilities) else [[]] * rows,
        "loss": [None if t is None else 0.5 for t in truth],
        "group": [None] * rows,
    }
    return Predictions(pa.table(columns, schema=schema(target, names, TYPES[target])))


def label_table(rows: int, classes: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Exclusive labels of uneven frequency, tied probabilities, and on request truths nobody knows."""
    draw = np.random.default_rng(seed)
    names = [f"class {i}" for i in range(classes)]
    truth = draw.choice(classes, rows, p=np.arange(1, classes + 1) / np.arange(1, classes + 1).sum())
    logits = draw.normal(size=(rows, classes)).round(1) + 1.5 * np.eye(classes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    words: list[str | None] = [names[t] for t in truth]
    if strange:
        words[:4] = ["never seen", None, "never seen", "nor this"]
    return table("label", words, [names[a] for a in probabilities.argmax(axis=1)], probabilities, names)


def labels_table(rows: int, labels: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Label sets, empty ones among them."""
    draw = np.random.default_rng(seed)
    names = [f"label {i}" for i in range(labels)]
    truth = draw.random((rows, labels)) < np.linspace(0.1, 0.5, labels)
    probabilities = np.clip(0.4 * truth + 0.6 * draw.random((rows, labels)), 0, 1).round(2)
    sets: list[list[str] | None] = [[n for n, t in zip(names, row, strict=True) if t] for row in truth]
    answers = [[n for n, p in zip(names, row, strict=True) if p >= 0.5] for row in probabilities]
    if strange:
        sets[:3] = [None, ["never seen", names[0]], ["nor this"]]
    return table("labels", sets, answers, probabilities, names)


def score_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Scores with ties."""
    draw = np.random.default_rng(seed)
    truth = draw.normal(3, 1, rows).round(1)
    answer = (0.7 * truth + draw.normal(0, 0.5, rows)).round(1)
    values: list[float | None] = truth.tolist()
    if strange:
        values[0] = None
    return table("score", values, answer.tolist(), [], [])


def tags_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Tag sequences, malformed ones among them."""
    draw = np.random.default_rng(seed)
    names = ["B-person", "B-place", "I-person", "I-place", "O"]
    truth: list[list[str] | None] = []
    answer = []
    for _ in range(rows):
        tags = draw.choice(names, draw.integers(1, 9), p=[0.15, 0.1, 0.15, 0.1, 0.5])
        keep = draw.random(len(tags)) < 0.8
        truth.append(tags.tolist())
        answer.append(np.where(keep, tags, draw.choice(names, len(tags))).tolist())
    if strange:
        truth[0], truth[1] = None, ["B-never"] * len(answer[1])
    return table("tags", truth, answer, [], names)


def response_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Replies of every kind in turn (text, a final number, JSON, tool calls, Chinese), and answers that are partly right."""
    draw = np.random.default_rng(seed)
    truth: list[str | None] = []
    answer = []
    for row in range(rows):
        words = draw.choice(
            ["a", "ferry", "leaves", "at", "nine,", "not", "ten.", "Why?"], draw.integers(6, 30)
        ).tolist()
        kept = [word for word in words if draw.random() < 0.7] or ["nothing"]
        number = int(draw.integers(0, 3))
        made = [
            (" ".join(words), " ".join(kept)),
            (f"{' '.join(words)}\n#### {number:,}", f"{' '.join(kept)} #### {int(draw.integers(0, 3))}.0"),
            (json.dumps({"answer": words}), json.dumps({"answer": kept}) if number else " ".join(kept)),
            (with_calls("", ("tell", {"n": number})), with_calls("", ("tell", {"n": int(draw.integers(0, 3))}))),
            (
                with_calls("So I do.", ("tell", {}), ("ask", {})),
                with_calls("", ("ask", {}), ("tell", {})) if number else "no",
            ),
            ("渡船九点开。" * (1 + number), "渡船十点开。" * 3),
        ][row % 6]
        truth.append(made[0])
        answer.append(made[1])
    if strange:
        truth[0], answer[1] = None, ""
    tokens = draw.integers(1, 40, rows).astype(float)
    numbers = {"nats": tokens * draw.random(rows), "tokens": tokens, "bytes": tokens * 4}
    return reply_table(truth, answer, **numbers, written=draw.integers(1, 40, rows), stopped=draw.random(rows) < 0.8)


def music_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Recordings and files, with nats and codes of four levels of codebooks."""
    draw = np.random.default_rng(seed)
    truth: list[str | None] = [f"{row}.wav" for row in range(rows)]
    if strange:
        truth[0] = None
    columns = [name for level in range(1, 5) for name in (f"nats_{level}", f"codes_{level}")]
    frames = draw.integers(5, 50, rows)
    numbers: dict[str, Any] = {}
    for level in range(1, 5):
        numbers[f"codes_{level}"] = (frames - level + 1).astype(float)
        numbers[f"nats_{level}"] = numbers[f"codes_{level}"] * draw.random(rows)
    plain = table("music", truth, [f"answers/{row}.wav" for row in range(rows)], [], [])
    form = schema("music", [], TYPES["music"], {}, columns)
    known = plain.table.to_pydict() | {
        name: [None if t is None else float(v) for t, v in zip(truth, numbers[name], strict=True)] for name in columns
    }
    return Predictions(pa.table({field.name: known.get(field.name, [1.0] * rows) for field in form}, schema=form))


def tune_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Tunes of several keys and meters, answered by themselves, by another, or by what is no tune."""
    draw, known = np.random.default_rng(seed), list(TUNES.values())
    truth: list[str | None] = [known[row % len(known)].strip() for row in range(rows)]
    other = [known[int(draw.integers(len(known)))].strip() for _ in range(rows)]
    answer = [
        [str(true), wrong, wrong[:-3], "no tune"][int(draw.integers(4))]
        for true, wrong in zip(truth, other, strict=True)
    ]
    if strange:
        truth[0], answer[1] = None, ""
    tokens = draw.integers(1, 40, rows).astype(float)
    numbers = {"nats": tokens * draw.random(rows), "tokens": tokens, "bytes": tokens * 2}
    written, stopped = draw.integers(1, 40, rows), draw.random(rows) < 0.8
    return reply_table(truth, answer, target=Tune(header="written"), **numbers, written=written, stopped=stopped)


def midi_table(rows: int, seed: int = 0, strange: bool = False) -> Predictions:
    """Pieces of music and files, with nats and tokens, some cut off."""
    draw = np.random.default_rng(seed)
    truth: list[str | None] = [f"{row}.mid" for row in range(rows)]
    answer: list[str | None] = [f"answers/{row}.mid" for row in range(rows)]
    if strange:
        truth[0], answer[1] = None, None
    tokens = draw.integers(1, 40, rows).astype(float)
    numbers = {"nats": tokens * draw.random(rows), "tokens": tokens, "written": tokens}
    target: Any = Midi(column="music")
    return reply_table(truth, answer, target=target, **numbers, stopped=draw.random(rows) < 0.8)


def synthetic(target: str, rows: int = 60, seed: int = 0, strange: bool = False) -> list[Predictions]:
    """Tables of a target: two classes and five where that makes a difference."""
    return {
        "label": lambda: [label_table(rows, c, seed, strange) for c in (2, 5)],
        "labels": lambda: [labels_table(rows, 4, seed, strange)],
        "score": lambda: [score_table(rows, seed, strange)],
        "tags": lambda: [tags_table(rows, seed, strange)],
        "response": lambda: [response_table(rows, seed, strange)],
        "tune": lambda: [tune_table(rows, seed, strange)],
        "transcript": lambda: [heard_table(rows, seed, strange)],
        "ctc_transcript": lambda: [heard_table(rows, seed, strange, "ctc_transcript")],
        "music": lambda: [music_table(rows, seed, strange)],
        "midi": lambda: [midi_table(rows, seed, strange)],
    }[target]()
