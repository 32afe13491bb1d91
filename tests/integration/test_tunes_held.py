"""A run whose tunes are held to the grammar, from rows to scores, report, files beside predictions and a blind comparison."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import burnish
from burnish.cli.commands import run as command
from burnish.core.predictions import Predictions
from burnish.media.music.abc import problems
from burnish.media.music.abc.headers import parted
from tests.checkpoints import chat_checkpoint
from tests.integration.tiny_runs import QUICK
from tests.tune_cases import tune_rows

pytestmark = pytest.mark.slow


def test_every_tune_is_valid_and_heard(tmp_path: Path) -> None:
    rows = [row for row in tune_rows(40) if not problems(row["abc"])][:24]
    checkpoint = chat_checkpoint(tmp_path / "llama", texts=[f"{row['caption']} {row['abc']}" for row in rows])
    run = tmp_path / "run"
    burnish.train(
        {
            **QUICK,
            "task": "music-generation",
            "data": {"train": rows, "cache": str(tmp_path / "cache")},
            "input": {"kind": "tune_caption", "header": "given"},
            "model": {"kind": "transformers", "name": str(checkpoint)},
            "epochs": 1,
            "forgetting": None,
            "baselines": True,
            "decoder": {"kind": "sampling", "grammar": "abc", "max_new_tokens": 100},
        },
        out=run,
    )
    known, scores = Predictions.load(run / "predictions.parquet"), json.loads((run / "scores.json").read_text())
    assert [problems(str(answer)) for answer in known.answer] == [[]] * len(known)
    assert scores["metrics"]["valid_tune"]["value"] == 1
    assert scores["music"]["tunes"] == {"rows": len(known), "read": len(known)}
    assert 0 <= scores["music"]["copied"]["value"] <= 1
    assert scores["music"]["base"]["tunes"]["read"] == len(known)  # the checkpoint is held to it as well
    report = (run / "report.md").read_text()
    assert "pictures/tunes.html" in report
    assert (run / "pictures" / "tunes.html").read_text().count("<audio") == 3 * len(known)
    asked = tmp_path / "asked.jsonl"
    header = parted(rows[0]["abc"])[0]
    asked.write_text("".join(json.dumps({"caption": "a tune", "header": header}) + "\n" for _ in range(2)))
    assert command(["predict", str(run), str(asked), "-o", str(tmp_path / "answers.jsonl")]) == 0
    names = sorted(path.name for path in (tmp_path / "answers-files").iterdir())
    assert names == [f"0000000{number}{ending}" for number in (1, 2) for ending in (".abc", ".mid", ".wav")]
    assert command(["listen", str(run), "-o", str(tmp_path / "listen.html")]) == 0
    assert "Which is better?" in (tmp_path / "listen.html").read_text()
