"""A run that learns of a run: the student is its teacher with fewer blocks, resumed it is the same, and its rows are watched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from burnish import train
from burnish.core.errors import InputError
from burnish.recipe.text import load_file
from tests.checkpoints import tiny_checkpoint
from tests.integration import survival_data


def run_of(folder: Path, out: str, **settings: Any) -> Any:
    values = load_file(survival_data.recipe(folder, "label", dropout=0.1, **settings))
    return train({**values, "data": {**values["data"], "cache": str(folder / "cache")}}, out=folder / out)


@pytest.mark.slow
def test_a_student_is_trained_tested_and_read_by_plain_transformers(tmp_path: Path) -> None:
    """Its folder in the cache is made again where it is gone."""
    from transformers import AutoModelForSequenceClassification

    source = tmp_path / "checkpoint-0.1"
    tiny_checkpoint(source, texts=[" ".join(survival_data.WORDS)], dropout=0.1, layers=3)
    run_of(tmp_path, "teacher", epochs=1)
    values = load_file(survival_data.recipe(tmp_path, "label", max_steps=4))
    values["data"]["cache"] = str(tmp_path / "cache")
    values["distil"] = {"teacher": str(tmp_path / "teacher"), "student": {"layers": 2}, "alpha": 0.6}
    with pytest.raises(InputError, match=r"named beside distil\.student"):
        train(values, out=tmp_path / "no")
    del values["model"]
    student = train(values, out=tmp_path / "student")
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "student" / "bundle" / "model")
    assert model.config.num_hidden_layers == 2
    assert student.predictor()([{"text": "the parcel is late"}])
    shutil.rmtree(tmp_path / "cache" / "students")
    longer = train(out=tmp_path / "student", resume=True, max_steps=6)
    assert longer.scores["split"] == "test"


def test_test_rows_that_the_teacher_was_trained_on_are_refused(tmp_path: Path) -> None:
    run_of(tmp_path, "teacher", epochs=1)
    with pytest.raises(InputError, match="test rows were trained on by the teacher of this run"):
        run_of(tmp_path, "student", seed=5, distil={"teacher": str(tmp_path / "teacher")})
