"""The verb `predict`: every row answered, with all its columns and in its order."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import burnish
from tests.integration import tiny_runs
from tests.integration.spoiled import Said, write_csv
from tests.slow_cases import slow_but

Command = Callable[..., Said]
Trained = Callable[..., Path]
SMALL = ("trackers=[{kind: console, style: plain}]", "baselines=false", "precision=float32", "resamples=100")
QUICK = (*SMALL, "batch_size=8", "epochs=1")


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


# predict


def answered(path: Path) -> list[dict[str, Any]]:
    """The rows of a file `predict` wrote."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return list(pq.read_table(path).to_pylist())


@pytest.mark.parametrize("ending", slow_but([".csv", ".jsonl", ".parquet"], ".jsonl"))
def test_predict_keeps_every_row_and_column_in_order(
    burnish_command: Command, trained: Trained, tmp_path: Path, ending: str
) -> None:
    run, out = trained("label"), tmp_path / f"answers{ending}"
    rows = [{"id": r["id"], "text": r["text"], "note": 'two\nlines, "quoted", 好'} for r in tiny_runs.rows("label")]
    rows[3]["text"] = rows[3]["text"] + " and on" * 40  # a long row among short ones: answers must not move
    data = write_csv(tmp_path / "new.csv", rows)
    said = burnish_command("predict", run, data, "--out", out, "--batch-size", 7)
    assert said.code == 0, said.err
    found = answered(out)
    assert [{k: r[k] for k in ("id", "text", "note")} for r in found] == rows
    assert list(found[0])[:5] == ["id", "text", "note", "prediction", "probability"]
    expected = burnish.load(run)([r["text"] for r in rows])
    assert [r["prediction"] for r in found] == [a.answer for a in expected]
    for row, answer in zip(found, expected, strict=True):
        assert float(row["probability"]) == pytest.approx(answer.confidence, abs=1e-5)
        if ending != ".csv":
            assert row["probabilities"] == pytest.approx(answer.probabilities, abs=1e-5)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("task", ["labels", "score", "tags", "pairs"])
def test_predict_writes_the_answers_of_every_task(
    burnish_command: Command, trained: Trained, tmp_path: Path, task: str, ending: str
) -> None:
    run, out = trained(task), tmp_path / f"answers{ending}"
    column = "label" if task == "pairs" else task
    rows = [{k: v for k, v in r.items() if k != column} for r in tiny_runs.rows(task)[:9]]
    data = tiny_runs.write_jsonl(tmp_path / "new.jsonl", rows)
    assert burnish_command("predict", run, data, "--out", out).code == 0
    expected = [a.answer for a in burnish.load(run)(rows)]
    found = [r["prediction"] for r in answered(out)]
    if ending != ".csv":
        assert found == (pytest.approx(expected, abs=1e-5) if task == "score" else expected)
    elif task == "score":
        assert [float(v) for v in found] == pytest.approx(expected, abs=1e-5)
    else:
        assert found == ["|".join(e) if isinstance(e, list) else e for e in expected]
    assert [r["id"] for r in answered(out)] == [r["id"] for r in rows]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_each_tag_stands_beside_its_token(
    burnish_command: Command, trained: Trained, tmp_path: Path, ending: str
) -> None:
    """In a column of its own, beside the bare tags; also of words with bars in them, and of a row without any."""
    run, out = trained("tags"), tmp_path / f"answers{ending}"
    rows = [{"words": r["words"]} for r in tiny_runs.rows("tags")[:7]] + [{"words": ["a|b", "c", '"d"']}, {"words": []}]
    data = tiny_runs.write_jsonl(tmp_path / "new.jsonl", rows)
    said = burnish_command("predict", run, data, "--out", out)
    assert said.code == 0, said.err
    expected = burnish.load(run)(rows)
    for row, answer, found in zip(rows, expected, answered(out), strict=True):
        pairs = json.loads(found["tagged"] or "[]") if ending == ".csv" else found["tagged"]
        assert pairs == [{"token": w, "tag": t} for w, t in zip(row["words"], answer.answer, strict=True)]
        assert answer.tagged == pairs
    taken = tiny_runs.write_jsonl(tmp_path / "taken.jsonl", [{**rows[0], "tagged": "x"}])
    said = burnish_command("predict", run, taken, "--out", tmp_path / f"more{ending}")
    assert (said.code, "column 'tagged' is in the input already" in said.err) == (2, True)


def test_predict_refuses_what_it_cannot_do_and_writes_nothing(
    burnish_command: Command, trained: Trained, tmp_path: Path
) -> None:
    run = trained("label")
    good = write_csv(tmp_path / "good.csv", [{"text": "my card"}])
    texts = write_csv(tmp_path / "texts.csv", [{"texts": "my card"}])
    taken = write_csv(tmp_path / "taken.csv", [{"text": "my card", "prediction": "x"}])
    cases: list[tuple[Path, str, tuple[str, ...]]] = [
        (good, "out.xlsx", (".xlsx", ".csv, .tsv, .jsonl, .parquet")),
        (texts, "out.csv", ("texts.csv", "'text'", "did you mean 'texts'?")),
        (taken, "out.csv", ("'prediction'", "rename it")),
        (tmp_path / "goood.csv", "out.csv", ("goood.csv", "good.csv")),
        (good, "no/such/folder/out.csv", ("does not exist", "mkdir -p")),
    ]
    for data, out, words in cases:
        said = burnish_command("predict", run, data, "--out", tmp_path / out)
        assert said.code == 2, said
        assert all(word in said.err for word in words), said.err
        assert not (tmp_path / out).exists()
    assert burnish_command("predict", run, good, "--out", good).code == 2
    said = burnish_command("predict", tmp_path, good, "--out", tmp_path / "out.csv")
    assert (said.code, "not a bundle" in said.err) == (2, True)


def test_a_bundle_alone_answers_as_its_run_does(trained: Trained) -> None:
    run = trained("label")
    text = "my lost card at home"
    assert burnish.load(run / "bundle")(text) == burnish.load(run)(text)
