"""The report: one for each kind of target, complete, and safe from what data holds."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from burnish.core.predictions import Predictions, schema
from burnish.evaluation.baselines import baseline_scores, majority
from burnish.evaluation.mistakes import mistakes
from burnish.evaluation.scores import metrics_for, scores
from burnish.media.sound.reading import as_wav
from burnish.report import markdown
from burnish.report import write as report
from burnish.report.players import PLAYED
from tests.slow_cases import slow_but
from tests.undrawn import leave_pictures_empty

TYPES = {"label": pa.string(), "labels": pa.list_(pa.string()), "score": pa.float64(), "tags": pa.list_(pa.string())}
HEADLINE = {
    "label": ("accuracy", "f1", "matthews", "log_loss"),
    "labels": ("f1", "subset_accuracy", "hamming_loss"),
    "score": ("pearson", "rmse"),
    "tags": ("span_f1", "span_precision"),
}
FACTS: dict[str, Any] = {
    "name": "support messages",
    "task": "text x label",
    "model": "starter",
    "data": "messages.csv",
    "rows": {"train": 480, "validation": 60, "test": 90},
    "split_method": "made from one table, stratified by label, grouped by customer_id",
    "seeds": {"split": 0, "training": 1},
    "sealed": True,
    "best": {"step": 40, "metric": "macro_f1", "value": 0.81234},
    "training": {
        "steps": 60,
        "epochs": 3,
        "seconds": 83.2,
        "stopped": "the planned steps were done",
        "padding_ratio": 0.051,
    },
    "lengths": list(range(3, 60)),
    "length_limit": 48,
    "recipe": "recipe.yaml",
    "environment": {
        "python": "3.11.7",
        "packages": {"torch": "2.11", "peft": None},
        "command": ["burnish", "train", "recipe.yaml"],
    },
    "notes": ["the starter model reads English"],
    "surprising_fact": "kept",
}
AUDIT = {
    "findings": [
        {
            "code": "duplicates",
            "severity": "warning",
            "message": "2 of 480 train rows say the same",
            "rows": [
                {"part": "train", "row": 3, "place": "messages.csv row 5", "detail": "equals row 9", "text": "hi"}
            ],
            "count": 2,
            "override": "",
        }
    ],
    "figures": {},
}
EVENTS: list[dict[str, Any]] = [
    *({"name": "step", "number": i, "loss": 2 / i, "learning_rate": 1e-5 * i} for i in range(1, 61)),
    {"name": "validation", "number": 40, "scores": {"macro_f1": 0.81}, "loss": 0.5, "best": True},
    {"name": "warning", "text": "the gradient norm of layer 2 fell to 0"},
]


@pytest.fixture(autouse=True)
def _only_tests_of_pictures_draw(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "drawn" not in request.fixturenames:
        leave_pictures_empty(monkeypatch)


@pytest.fixture
def drawn() -> None:
    """Asked for by tests of pictures."""


def example(kind: str, rows: int = 90) -> Predictions:
    """Synthetic predictions with a few missing and unknown truths, in groups."""
    draw = np.random.default_rng(0)
    names: list[str] = []
    probabilities: list[list[float]] = [[]] * rows
    truth: list[Any]
    answer: list[Any]
    if kind in ("label2", "label5"):
        names = ["ham", "spam|$x_"] if kind == "label2" else ["billing", "card", "delivery", "other", "re`fund"]
        number = draw.integers(0, len(names), rows)
        logits = draw.normal(size=(rows, len(names))) + 1.5 * np.eye(len(names))[number]
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        probabilities = shares.tolist()
        truth, answer = [names[i] for i in number], [names[i] for i in shares.argmax(axis=1)]
        truth[0], truth[1] = None, "never <b>seen</b>"
    elif kind == "labels":
        names = ["joy", "anger", "fear"]
        wanted = draw.random((rows, 3)) < 0.4
        probabilities = (0.5 * wanted + 0.5 * draw.random((rows, 3))).tolist()
        truth = [[n for n, w in zip(names, row, strict=True) if w] for row in wanted]
        answer = [[n for n, p in zip(names, row, strict=True) if p > 0.5] for row in probabilities]
        truth[0], truth[1] = None, ["new"]
    elif kind == "score":
        truth = draw.normal(3, 1, rows).tolist()
        answer = [t + e for t, e in zip(truth, draw.normal(0, 0.5, rows), strict=True)]
    else:
        names = ["B-place", "I-place", "O"]
        truth = [draw.choice(names, 6).tolist() for _ in range(rows)]
        answer = [np.where(draw.random(6) < 0.8, t, "O").tolist() for t in truth]
    target = kind.rstrip("25")
    columns = {
        "row": list(range(rows)),
        "truth": truth,
        "answer": answer,
        "probabilities": probabilities,
        "loss": [0.1] * rows,
        "group": [f"customer {i // 3}" for i in range(rows)],
    }
    return Predictions(pa.table(columns, schema=schema(target, names, TYPES[target])))


def written(folder: Path, predictions: Predictions, /, **changes: Any) -> str:
    """A report on a table, with everything that can be in it."""
    metrics, headline = metrics_for(predictions.target), HEADLINE[predictions.target]
    baselines = baseline_scores(
        predictions, {"majority": majority(predictions.truth, predictions)}, metrics, headline, seed=0, resamples=50
    )
    settings: dict[str, Any] = {
        "facts": FACTS,
        "scores": scores(predictions, metrics, headline, seed=0, resamples=50),
        "baselines": baselines,
        "audit": AUDIT,
        "events": EVENTS,
        "predictions": predictions,
        "inputs_shown": lambda row: f"message {row} | with <script> and\nlines https://example.org *stars*",
    }
    return report.write(folder, **(settings | changes)).read_text(encoding="utf-8")


def test_the_worst_mistakes_can_be_listened_to(tmp_path: Path) -> None:
    """A page of its own, with nothing outside it; no page where rows make no sound, and none is left from before."""
    tone = as_wav(np.zeros(80, np.float32), 8000)
    page = tmp_path / "pictures" / "mistakes.html"
    picture = np.zeros((4, 5, 3), np.uint8)
    text = written(tmp_path, example("label2"), inputs_heard=lambda row: tone, inputs_pictured=lambda row: picture)
    assert "[Listen to the worst mistakes](pictures/mistakes.html)" in text
    html = page.read_text(encoding="utf-8")
    count = html.count("<audio controls")
    assert 0 < count == html.count(base64.b64encode(tone).decode("ascii")) == html.count("<img ") <= PLAYED
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert re.findall(r'src="(?!data:)', html) == []
    assert "mistakes.html" not in written(tmp_path, example("label2"), inputs_heard=lambda row: None)
    assert not page.exists()


SECTIONS = {
    "label2": {"Confusions", "Curves", "Calibration", "Classes", "Most confident mistakes"},
    "label5": {"Confusions", "Calibration", "Classes", "Most confident mistakes"},
    "labels": {"Labels", "Most confident mistakes"},
    "score": {"Prediction and true value", "Largest errors"},
    "tags": {"Entity types", "Worst mistakes"},
}
ALWAYS = {
    "Scores",
    "Baselines",
    "Other metrics",
    "Data splits and leakage",
    "Data audit",
    "Training",
    "Notes",
    "Environment",
}


@pytest.mark.parametrize("kind", slow_but(SECTIONS, "label5", "labels"))
def test_every_kind_of_target_gets_its_sections(drawn: None, kind: str, tmp_path: Path) -> None:
    """All sections, all pictures there, tables whole, nothing undefined shown as nan."""
    text = written(tmp_path, example(kind))
    titles = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    expected = SECTIONS[kind] | (
        ALWAYS - {"Other metrics"} if kind == "tags" and "Other metrics" not in titles else ALWAYS
    )
    assert titles == expected
    linked = re.findall(r"!\[[^]]+\]\((pictures/[^)]+\.png)\)", text)
    assert linked
    assert all((tmp_path / path).stat().st_size > 3000 for path in linked)
    assert {p.name for p in (tmp_path / "pictures").iterdir()} == {Path(path).name for path in linked}
    assert "nan" not in text
    assert "None" not in text
    assert "<script>" not in text
    assert "https:" not in text
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
        assert len(cells) == 1
        assert len({markdown.width(line) for line in block.splitlines()}) == 1


def test_the_headline_stands_beside_the_baseline(tmp_path: Path) -> None:
    """Value, interval and baseline; then a table with the paired difference, and what follows from it in words."""
    predictions = example("label5")
    text = written(tmp_path, predictions)
    found = scores(predictions, metrics_for("label"), HEADLINE["label"], seed=0, resamples=50)["metrics"]["accuracy"]
    row, compared = (line for line in text.splitlines() if line.startswith("| `accuracy`"))
    assert f"{found['value']:.3f}" in row
    assert f"[{found['low']:.3f}, {found['high']:.3f}]" in row
    assert re.search(r" \+0\.\d{3} \| \[\+0\.\d{3}, \+0\.\d{3}\] \|$", compared)
    assert "### Majority baseline" in text
    assert "| Δ vs majority |" in text
    assert "Baseline: always " in text
    assert "the model is better in `accuracy`" in text
    assert "McNemar's exact test" in text
    assert "`log_loss` (lower is better)" in text


def test_the_report_says_how_the_test_was_kept_apart(tmp_path: Path) -> None:
    """Sealed, seeds, split method, rows; and the opposite where it was not."""
    text = written(tmp_path, example("label5"))
    assert "Held-out test set, evaluated once: after training had ended" in text
    assert "train 480, validation 60, test 90" in text
    assert "stratified by label" in text
    assert "split 0, training 1; bootstrap 0" in text
    assert "[recipe.yaml](recipe.yaml)" in text
    assert "1 of them without a label" in text
    assert "`never <b>seen</b>` (1)" in text
    assert "groups: 30; intervals resample whole groups" in text
    open_text = written(tmp_path, example("label5"), facts={"sealed": False, "split": "other.csv"})
    assert "other.csv examples are not a held-out test" in open_text


def test_the_report_tells_the_run(tmp_path: Path) -> None:
    """Steps, best step, time, why it stopped, padding, warnings, audit; and no fact is dropped."""
    text = written(tmp_path, example("label2"))
    for said in (
        "1 min 23 s",
        "the planned steps were done",
        "5.1%",
        "step 40: `macro_f1` 0.812",
        "the gradient norm of layer 2 fell to 0",
        "messages.csv row 5, equals row 9; and 1 more) `duplicates`",
        "surprising fact: kept",
        "torch 2.11",
        "`burnish train recipe.yaml`",
    ):
        assert said in text


def test_the_first_screen_is_for_whoever_decides(tmp_path: Path) -> None:
    """The deciding metric with interval and n, each baseline, the weak classes, confidence, data; before any table."""
    predictions = example("label5")
    first = written(tmp_path, predictions).partition("\n- task:")[0]
    found = scores(predictions, metrics_for("label"), HEADLINE["label"], seed=0, resamples=50)["metrics"]["macro_f1"]
    assert "never" not in first  # a label that training does not have is no weak class
    interval = f"95 % CI {found['low']:.3f}–{found['high']:.3f}"
    assert f"> **Macro F1 {found['value']:.3f} ({interval}, n = 89 in 30 groups)**" in first
    assert re.search(r"^> Better than the majority baseline: macro F1 \+0\.\d{3} \(95 % CI \+0", first, re.MULTILINE)
    assert re.search(r"^> Weakest: \S+ F1 0\.\d{3} \(\d+ examples\), ", first, re.MULTILINE)
    assert re.search(
        r"^> (Under|Over)?(c|C)(onfident|alibrated): mean confidence 0\.\d+, accuracy", first, re.MULTILINE
    )
    assert "> Data: 1 warning, no train/test overlap found." in first
    leaking = {"findings": [{**AUDIT["findings"][0], "code": "test_rows_in_train"}], "figures": {}}
    assert "overlap of test and training found (test_rows_in_train)" in written(tmp_path, predictions, audit=leaking)


def test_no_significant_difference_is_not_called_better(tmp_path: Path) -> None:
    """An interval that contains 0 shows nothing."""
    differences = {"macro_f1": {"value": 0.01, "low": -0.2, "high": 0.2, "better": None}}
    baseline = {"frozen_features": {"note": "", "metrics": {}, "differences": differences}}
    text = written(tmp_path, example("label5"), baselines=baseline)
    assert (
        "> Not shown better than a linear model on frozen features: macro F1 +0.010 (95 % CI -0.200 to +0.200)." in text
    )
    assert "no significant difference in `macro_f1`" in text


def test_mistakes_name_their_rows(tmp_path: Path) -> None:
    """The surest wrong answer first, with its place and its text."""
    predictions = example("label5")
    worst, total = mistakes(predictions)
    wrong = [
        i
        for i, (t, a) in enumerate(zip(predictions.truth, predictions.answer, strict=True))
        if t is not None and t != a
    ]
    assert total == len(wrong)
    assert worst[0].size == max(predictions.probabilities[i].max() for i in wrong)
    assert [m.size for m in worst] == sorted((m.size for m in worst), reverse=True)
    text = written(tmp_path, predictions, facts=FACTS | {"place": lambda row: f"messages.csv row {row + 2}"})
    assert f"**messages.csv row {worst[0].row + 2}**" in text
    assert f"message {worst[0].row} \\| with &lt;script&gt;" in text
    by_row = written(tmp_path, predictions, inputs_shown={worst[0].row: "given as a mapping"})
    assert f"**row {worst[0].row + 1}**" in by_row
    assert "given as a mapping" in by_row


def test_mistakes_of_other_targets() -> None:
    """Largest errors, surest wrong labels, most wrong entities."""
    score, _ = mistakes(example("score"))
    table = example("score")
    assert abs(score[0].size) == pytest.approx(np.abs(np.subtract(table.answer, table.truth)).max())
    labels, _ = mistakes(example("labels"))
    assert 0.5 <= labels[-1].size <= labels[0].size <= 1
    tags, _ = mistakes(example("tags"))
    assert "place word" in tags[0].truth
    assert tags[0].size >= tags[-1].size >= 1


def test_a_perfect_test_still_admits_doubt(tmp_path: Path) -> None:
    """The sentence reads the exact interval that is in the scores: 0.025 ** (1 / 14) over 14 groups."""
    predictions = example("label5").take(np.arange(2, 42))
    right = Predictions(predictions.table.set_column(2, "answer", predictions.table["truth"]))
    text = written(tmp_path, right)
    assert text.count("all 40 test examples are right") == 1
    assert "an accuracy of at least 0.768 (exact 95 % CI over groups)" in text
    assert re.search(r"`accuracy` +\| 1\.000 \| \[0\.768, 1\.000\]", text)
    assert "No prediction is wrong." in text


def test_a_bare_report(drawn: None, tmp_path: Path) -> None:
    """No facts, no baselines, no audit, no events: the scores alone."""
    text = written(tmp_path, example("label5"), facts={}, baselines={}, audit=None, events=[])
    assert "# Report" in text
    assert "## Data audit" not in text
    assert "## Training" not in text


@pytest.mark.slow
def test_rows_without_any_truth(drawn: None, tmp_path: Path) -> None:
    """Nothing is defined; the report is written all the same."""
    for kind in SECTIONS:
        table = example(kind).table
        blank = Predictions(table.set_column(1, "truth", pa.nulls(len(table), table.schema.field("truth").type)))
        found = scores(blank, metrics_for(blank.target), HEADLINE[blank.target], seed=0, resamples=10)
        text = written(tmp_path, example(kind), predictions=blank, scores=found, baselines={})
        assert "n/a" in text
        assert "nan" not in text


@pytest.mark.slow
def test_a_picture_of_an_earlier_report_does_not_stay(drawn: None, tmp_path: Path) -> None:
    """What is linked is what was drawn now."""
    written(tmp_path, example("label5"))
    assert (tmp_path / "pictures" / "learning_curve.png").is_file()
    assert "learning_curve" not in written(tmp_path, example("label5"), events=[])
    assert not (tmp_path / "pictures" / "learning_curve.png").exists()
