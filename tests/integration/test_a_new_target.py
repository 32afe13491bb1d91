"""A target of one's own, in one file: it trains, is scored, drawn and reported without an edit anywhere else."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import burnish
from tests.checkpoints import tiny_checkpoint

STEPS = ("poor", "fair", "good", "excellent")
OWN = '''
    from __future__ import annotations
    from collections import Counter
    from typing import Any, ClassVar
    import numpy as np
    import pyarrow as pa
    from burnish.targets import Classes, Decoded, Judged, Mistakes, Named, Target, Usual, Wrong

    STEPS = ("poor", "fair", "good", "excellent")

    class Grade(Target, Named, Judged):
        """One of four grades, from poor to excellent."""

        like: ClassVar[tuple[str, ...]] = ("label",)
        classes: ClassVar[Classes] = Classes("Grades", "grade")
        exclusive: ClassVar[bool] = True
        linear: ClassVar[str] = "names"
        mistakes: ClassVar[Mistakes] = Mistakes("Furthest off", "grades between")
        default_loss: ClassVar[str] = "cross_entropy"
        decides: ClassVar[str] = "accuracy"
        headline: ClassVar[tuple[str, ...]] = ("accuracy", "f1", "balanced_accuracy")
        problem: ClassVar[str] = "single_label_classification"

        @property
        def names(self): return STEPS
        @property
        def outputs(self): return len(STEPS)
        def learned(self, values): return self
        def problem_with(self, value): return "" if value in STEPS else "no grade"
        def encode(self, value, encoded, processor):
            known = value in STEPS
            return np.array(STEPS.index(value) if known else 0, np.int64), np.array(known, np.float32)
        def collate(self, pairs, length): return np.stack([p[0] for p in pairs]), np.stack([p[1] for p in pairs])
        def strata(self, value): return value
        def counts(self, values): return Counter(values)
        def decode(self, logits, encoded):
            shares = np.exp(logits - logits.max(-1, keepdims=True))
            shares = (shares / shares.sum(-1, keepdims=True)).astype(np.float32)
            middle = (shares.cumsum(-1) < 0.5).sum(-1)  # the median grade
            return [Decoded(STEPS[i], p) for i, p in zip(middle, shares)]
        def truth(self, value): return value
        def arrow_type(self): return pa.string()

        @classmethod
        def usual(cls, truths, names):
            middle = sorted(map(STEPS.index, truths))[len(truths) // 2]
            return Usual(STEPS[middle], f"always {STEPS[middle]}, the median", {STEPS[middle]: 1.0})
        @classmethod
        def mentioned(cls, truth): return (truth,)
        @classmethod
        def wrong(cls, truth, answer, probabilities, names):
            between = abs(STEPS.index(truth) - STEPS.index(answer))
            return Wrong(truth, answer, float(between)) if between else None
'''


def test_a_target_in_one_file_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_grades.py").write_text(dedent(OWN), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    rows = [{"text": f"{STEPS[i % 4]} work on page {i}", "grade": STEPS[i % 4]} for i in range(96)]
    try:
        run = burnish.train(
            data=rows,
            target={"kind": "my_grades:Grade", "column": "grade"},
            model=str(tiny_checkpoint(tmp_path / "bert", texts=[row["text"] for row in rows])),
            trust_code=True,
            out=tmp_path / "run",
            max_steps=6,
            batch_size=8,
            resamples=100,
            device="cpu",
            trackers=[],
        )
    finally:
        sys.modules.pop("my_grades", None)
    scores = json.loads((tmp_path / "run" / "scores.json").read_text(encoding="utf-8"))
    assert scores["target"] == "my_grades:Grade"
    assert {"accuracy", "macro_f1", "cohen_kappa", "roc_auc"} <= set(scores["metrics"])
    assert set(scores["per_class"]) == set(scores["confusion"]["names"]) == set(STEPS)
    assert scores["baselines"]["majority"]["note"].endswith("the median")
    assert scores["baselines"]["frozen_features"]["metrics"]["accuracy"]["value"] is not None
    report = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert all(words in report for words in ("## Grades", "## Furthest off", "by grades between", "## Confusions"))
    assert run.predictor()("good work on page 3").answer in STEPS
