"""`predict` without pyarrow: the same answers, in the same files, as with it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.core.errors import InputError
from burnish.stages.given_columns import GivenColumns
from burnish.stages.predict import formats as answer_formats
from burnish.stages.predict import run as predict
from burnish.stages.predict import source as answer_input
from burnish.stages.predict.rows_plain import PlainRows
from tests.integration import tiny_runs
from tests.integration.spoiled import write_csv
from tests.slow_cases import slow_but

Trained = Callable[..., Path]
WITHOUT = """
import sys
for name in ("pyarrow", "torch", "transformers", "sklearn", "datasets"):
    sys.modules[name] = None
from burnish.cli.commands import run
sys.exit(run(sys.argv[1:]))
"""


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    """An install without pyarrow, as far as `predict` asks."""
    for module in (answer_input, answer_formats):
        monkeypatch.setattr(module, "arrow_there", lambda: False)


def rows(count: int = 60) -> list[dict[str, Any]]:
    """Rows with what files may hold: quotes, line ends, other scripts, and a column that no model reads."""
    made = tiny_runs.rows("label")[:count]
    return [
        {"id": r["id"], "text": r["text"] + " 好", "note": 'two\nlines, "quoted"', "n": i} for i, r in enumerate(made)
    ]


@pytest.mark.parametrize("ending", slow_but([".csv", ".tsv", ".jsonl"], ".csv"))
@pytest.mark.parametrize("source", ["csv", "jsonl", "json"])
def test_the_same_file(
    trained: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, source: str
) -> None:
    """Byte for byte, in pieces."""
    monkeypatch.setattr(predict, "WINDOW", 16)
    run, data = trained("label"), tmp_path / f"new.{source}"
    if source == "csv":
        write_csv(data, rows())
    elif source == "json":
        data.write_text(json.dumps(rows()), encoding="utf-8")
    else:
        tiny_runs.write_jsonl(data, rows())
    predict.predict(run, str(data), out=tmp_path / f"with{ending}")
    for module in (answer_input, answer_formats):
        monkeypatch.setattr(module, "arrow_there", lambda: False)
    said = predict.predict(run, str(data), out=tmp_path / f"without{ending}")
    assert (tmp_path / f"with{ending}").read_bytes() == (tmp_path / f"without{ending}").read_bytes()
    assert (said["rows"], said["errors"]) == (60, 0)
    assert any("UTF-8" in note for note in said["notes"])


@pytest.mark.usefixtures("lean")
def test_shards_in_order(trained: Trained, tmp_path: Path) -> None:
    """A folder and a glob; rows of JSON lines may leave columns out."""
    (tmp_path / "shards").mkdir()
    tiny_runs.write_jsonl(tmp_path / "shards" / "b.jsonl", [{"text": "my card", "more": 1}])
    tiny_runs.write_jsonl(tmp_path / "shards" / "a.jsonl", [{"text": "my film"}, {"text": "my parcel"}])
    for name, data in (("folder", tmp_path / "shards"), ("glob", tmp_path / "shards" / "*.jsonl")):
        out = tmp_path / f"{name}.jsonl"
        predict.predict(trained("label"), str(data), out=out)
        found = [json.loads(line) for line in out.read_text().splitlines()]
        assert [(r["text"], r["more"]) for r in found] == [("my film", None), ("my parcel", None), ("my card", 1)]


@pytest.mark.usefixtures("lean")
def test_what_needs_pyarrow_is_refused_with_its_name(trained: Trained, tmp_path: Path) -> None:
    """Parquet in, Parquet out, and what no install reads."""
    data = write_csv(tmp_path / "good.csv", [{"text": "my card"}])
    cases = [
        (data, "out.parquet", r"needs pyarrow.*burnish\[tables\]"),
        (tmp_path / "there.parquet", "out.csv", r"without pyarrow.*burnish\[tables\]"),
        (tmp_path / "nothing.csv", "out.csv", "no such file or folder"),
    ]
    (tmp_path / "there.parquet").write_bytes(b"PAR1")
    for source, out, words in cases:
        with pytest.raises(InputError) as found:
            predict.predict(trained("label"), str(source), out=tmp_path / out)
        assert re.search(words, str(found.value).replace("\n", " "))
        assert not (tmp_path / out).exists()


@pytest.mark.usefixtures("lean")
def test_bad_tables(trained: Trained, tmp_path: Path) -> None:
    """A missing column, files that differ, and a column that would be overwritten."""
    (tmp_path / "two").mkdir()
    write_csv(tmp_path / "two" / "a.csv", [{"text": "x", "id": 1}])
    write_csv(tmp_path / "two" / "b.csv", [{"text": "x", "number": 1}])
    cases = [
        (write_csv(tmp_path / "texts.csv", [{"texts": "my card"}]), "did you mean 'texts'"),
        (tmp_path / "two", "lacks 'id' and adds 'number'"),
        (write_csv(tmp_path / "taken.csv", [{"text": "x", "error": "y"}]), "'error'"),
    ]
    for data, words in cases:
        with pytest.raises(InputError, match=words):
            predict.predict(trained("label"), str(data), out=tmp_path / "out.csv")


def test_rows_do_not_stay_in_memory(tmp_path: Path) -> None:
    """A window is read from the file when it is asked for; what stays is where rows end."""
    data = tiny_runs.write_jsonl(tmp_path / "many.jsonl", [{"text": f"row {i} " + "x" * 200} for i in range(5000)])
    found = PlainRows(str(data), GivenColumns(("text",)), tmp_path)
    assert len(found) == 5000
    windows = found.windows(900)
    assert [len(windows.window(n).rows()) for n in range(len(windows))] == [900] * 5 + [500]
    assert windows.window(5).rows()[0]["text"].startswith("row 4500 ")
    assert len(found._ends) * found._ends.itemsize < 50_000


def test_in_a_process_without_the_libraries(trained: Trained, exported: Callable[..., Path], tmp_path: Path) -> None:
    """An exported bundle, two processes, standard input; neither pyarrow nor torch can be imported."""
    run = exported(trained("label", "full", "bert", epochs=12), "--to", "onnx")
    expected = [a.answer for a in burnish.load(run)([r["text"] for r in rows()])]
    lines = "".join(json.dumps(row) + "\n" for row in rows())
    for more, text in ((["--processes", "2"], None), ([], lines)):
        data = "-" if text else str(tiny_runs.write_jsonl(tmp_path / "new.jsonl", rows()))
        out = tmp_path / f"answers{len(more)}.jsonl"
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, "predict", str(run), data, "-o", str(out), *more],
            input=text, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert [json.loads(line)["prediction"] for line in out.read_text().splitlines()] == expected
