"""What else a run says of its tested examples: slices, and what changed examples cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions
from tests.integration import tiny_runs


def run(task: str, bert: Path, folder: Path, **more: Any) -> Any:
    """A tiny run whose rows have a channel."""
    rows = [{**row, "channel": "mail" if i % 3 else "chat"} for i, row in enumerate(tiny_runs.rows(task))]
    data = tiny_runs.write_jsonl(folder / "rows.jsonl", rows)
    settings = tiny_runs.settings(task, bert, str(data)) | {"max_steps": 6, "slices": ["channel"], "robustness": True}
    return burnish.train(settings | more, out=folder / "run")


def test_slices_and_robustness_of_texts(bert: Path, tmp_path: Path) -> None:
    """Scores of changed texts are those of the bundle on texts that were changed by hand; slices hold all examples."""
    made = run("label", bert, tmp_path, split={"kind": "stratified", "validation": 0.2, "test": 0.5})
    told = made.scores["robustness"]
    table = Predictions.load(tmp_path / "run" / "predictions.parquet")
    rows = tiny_runs.rows("label")
    texts = [rows[row]["text"].upper() for row in table.table["row"].to_pylist()]
    answers = [answer.answer for answer in made.predictor()(texts)]
    accuracy = np.mean([a == t for a, t in zip(answers, table.truth, strict=True)])
    upper = next(one for one in told["changes"] if one["change"] == "upper case")
    assert upper["metrics"]["accuracy"] == pytest.approx(accuracy)
    difference = upper["differences"]["accuracy"]["value"]
    assert difference == pytest.approx(accuracy - made.scores["metrics"]["accuracy"]["value"])
    assert upper["changed_predictions"] == sum(a != b for a, b in zip(answers, table.answer, strict=True))
    assert told["rows"] == told["of"] == len(table)
    wrong = len(table) - round(made.scores["metrics"]["accuracy"]["value"] * len(table))
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert page.count('<ul class="near">') == wrong > 0
    by = made.scores["slices"]["columns"]
    assert list(by) == ["channel", "length (tokens)"]
    for column in by.values():
        assert sum(part["rows"] for part in column["parts"]) == len(table)
    for file in ("report.md", "report.html"):
        text = (tmp_path / "run" / file).read_text(encoding="utf-8")
        assert "Robustness" in text
        assert "Slices" in text


def test_a_column_that_is_not_there(bert: Path, tmp_path: Path) -> None:
    """Said before training, with the nearest name."""
    with pytest.raises(InputError, match="no column 'chanel'") as error:
        run("label", bert, tmp_path, slices=["chanel"])
    assert "did you mean 'channel'?" in error.value.fix
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "kinds"), [("images", {"blur", "noise", "brightness"}), ("sounds", {"noise", "gain"}), ("tags", set())]
)
def test_other_inputs(bert: Path, tmp_path: Path, task: str, kinds: set[str]) -> None:
    """Pictures and sounds are changed before they are read; of words it is said that nothing was tested."""
    told = run(task, bert, tmp_path, explained_mistakes=2).scores["robustness"]
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert (page.count('<div class="moments">') == 2) == (task == "sounds")
    assert ('<ul class="near">' in page) == (task != "tags")
    assert {one["change"] for one in told["changes"]} == kinds
    assert ("not_tested" in told) == (not kinds)
