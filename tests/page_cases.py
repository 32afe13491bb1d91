"""Reports on synthetic predictions, hostile ones among them: contents of report.html."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np

from burnish.core.predictions import Predictions
from burnish.evaluation.baselines import Baseline, baseline_scores, majority
from burnish.evaluation.scores import metrics_for, scores
from burnish.report.page.contents import Contents
from burnish.targets import target_of
from tests.prediction_cases import label_table, labels_table, score_table, table, tags_table
from tests.reply_cases import reply_table

HOSTILE = [
    "</script><script>window.broken = 1</script>",
    '<img src=x onerror="window.broken = 1">',
    "'\"><svg onload='window.broken=1'>",
    "a\u202eb\u2066c\x00d\x1be",
    "]]><!-- --><style>*{display:none}</style>",
    "&lt;b&gt; &amp; `code` **bold** {name} {0} %s",
]
"""What users write."""
AUDIT: dict[str, Any] = {
    "findings": [
        {
            "code": "conflicting_labels",
            "severity": "warning",
            "message": "1 text has different labels in different examples",
            "rows": [
                {
                    "part": "train",
                    "row": 3,
                    "place": "/home/ann/data/messages.csv, row 5",
                    "detail": "",
                    "text": HOSTILE[0],
                }
            ],
            "count": 2,
            "override": "",
        },
        {"code": "long_rows", "severity": "note", "message": "1 of 480 train examples is long", "rows": [], "count": 0},
    ],
    "figures": {},
}
EVENTS: list[dict[str, Any]] = [
    *({"name": "step", "number": i, "loss": 2 / i, "learning_rate": 1e-5 * i} for i in range(1, 61)),
    *({"name": "validation", "number": i, "scores": {"macro_f1": 0.5 + i / 200}, "loss": 1 / i} for i in (20, 40, 60)),
    {"name": "warning", "text": "see /home/ann/run/events.jsonl"},
]
FACTS: dict[str, Any] = {
    "name": "demo",
    "task": "text-classification",
    "model": "starter (full)",
    "data": "/home/ann/data/messages.csv",
    "rows": {"train": 480, "validation": 60, "test": 90},
    "split_method": "grouped",
    "sealed": True,
    "best": {"step": 40, "metric": "macro_f1", "value": 0.7},
    "validation_metric": "macro_f1",
    "training": {"step": 40, "steps": 60, "seconds": 83.2, "stopped": "all steps done"},
    "environment": {"python": "3.11.7", "command": ["burnish", "train", "/home/ann/recipe.yaml"]},
    "place": lambda row: f"/home/ann/data/messages.csv, row {row + 1}",
}
RECIPE = "task: text-classification\ndata: {train: /home/ann/data/messages.csv}\nlearning_rate: 0.0001\nseed: 0\n"


def contents(predictions: Predictions, **changes: Any) -> Contents:
    """Everything a page can hold, over a table."""
    target = target_of(predictions)
    metrics = metrics_for(target)
    drawn: dict[str, Any] = {"seed": 0, "resamples": 100}
    usual = majority(predictions.known.truth, predictions)
    beside: dict[str, Baseline] = {"majority": usual} if usual is not None else {}
    settings: dict[str, Any] = {
        "facts": FACTS,
        "scores": scores(predictions, metrics, target.headline, **drawn),
        "baselines": baseline_scores(predictions, beside, metrics, target.headline, **drawn),
        "audit": AUDIT,
        "events": EVENTS,
        "predictions": predictions,
        "shown": lambda row: f"message {row} {HOSTILE[row % len(HOSTILE)]}",
        "recipe": RECIPE,
    }
    return Contents(**(settings | changes))


def hostile_labels(rows: int = 60) -> Predictions:
    """Classes and answers that are markup."""
    draw = np.random.default_rng(0)
    number = draw.integers(0, len(HOSTILE), rows)
    logits = draw.normal(size=(rows, len(HOSTILE))) + 1.5 * np.eye(len(HOSTILE))[number]
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth, answer = [HOSTILE[i] for i in number], [HOSTILE[i] for i in shares.argmax(axis=1)]
    return table("label", truth, answer, shares, HOSTILE)


def picture(row: int) -> np.ndarray:
    """A picture of noise."""
    return np.random.default_rng(row).integers(0, 255, (40, 60, 3), np.uint8)


def sound(row: int) -> bytes:
    """A second of a tone as WAV."""
    import soundfile

    stream = io.BytesIO()
    soundfile.write(stream, 0.4 * np.sin(np.arange(8000) * (0.1 + row / 500)), 8000, format="WAV")
    return stream.getvalue()


def replies() -> tuple[Predictions, Predictions]:
    """Answers after and before training."""
    truth = ["the ferry leaves at nine", HOSTILE[0], ""]
    after = reply_table(truth, ["the ferry leaves at ten", HOSTILE[1], "more"])
    return after, reply_table(truth, ["no ferry", HOSTILE[2], ""])


TABLES: dict[str, Callable[[], Predictions]] = {
    "two classes": lambda: label_table(90, 2),
    "classes": lambda: label_table(90, 5, strange=True),
    "many classes": lambda: label_table(200, 30),
    "hostile": hostile_labels,
    "labels": lambda: labels_table(80, 4, strange=True),
    "score": lambda: score_table(60),
    "tags": lambda: tags_table(30),
}
"""One of each kind."""
