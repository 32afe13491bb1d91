"""Runs over tunes, from rows to answers: with a header that the model writes, and with one that it is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import burnish
from burnish.core.predictions import Predictions
from burnish.media.music.abc.headers import header_of, parted
from tests.checkpoints import chat_checkpoint
from tests.integration.tiny_runs import QUICK
from tests.tune_cases import tune_rows

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [f"{row['caption']} {row['abc']}" for row in tune_rows(24)]
    return chat_checkpoint(tmp_path_factory.mktemp("checkpoint") / "llama", texts=texts)


@pytest.mark.parametrize("headed", ["written", "given"])
def test_a_run_from_rows_to_tunes(headed: str, checkpoint: Path, tmp_path: Path) -> None:
    rows = tune_rows(24)
    run = tmp_path / "run"
    burnish.train(
        {
            **QUICK,
            "task": "music-generation",
            "data": {"train": rows, "cache": str(tmp_path / "cache")},
            "input": {"kind": "tune_caption", "header": headed},
            "model": {"kind": "transformers", "name": str(checkpoint)},
            "adapter": {"kind": "lora", "rank": 2},
            "augmentation": "transposed",
            "epochs": 1,
            "forgetting": None,
            "decoder": {"kind": "greedy", "max_new_tokens": 24},
        },
        out=run,
    )
    known = Predictions.load(run / "predictions.parquet")
    assert set(known.truth) <= {row["abc"] for row in rows}  # never moved
    scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))["metrics"]
    learned = sum(len(true if headed == "written" else parted(true)[1]) for true in map(str, known.truth))
    assert known.numbers("bytes").sum() == learned
    assert scores["bits_per_byte"]["value"] > 0
    model = burnish.load(run)
    if headed == "given":
        assert all(parted(str(a))[0] == parted(str(t))[0] for t, a in zip(known.truth, known.answer, strict=True))
        answer = model({"caption": "a reel in D", "header": "X:1\nM:4/4\nL:1/8\nK:D"}).answer
        assert answer.startswith("X:1\nM:4/4\nL:1/8\nK:D\n")
        assert header_of(answer).tonic == "D"
    else:
        assert isinstance(model({"caption": "a reel in D"}).answer, str)
