"""`export --out` gives a folder that stands alone: the program in its README answers as burnish does, without burnish."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnxruntime
import pytest

import burnish
from burnish.core.files import damage
from tests.image_cases import picture, save
from tests.integration import tiny_runs
from tests.integration.spoiled import Said

pytest.importorskip("onnx", reason="the extra `export` is not installed")
Command = Callable[..., Said]
BLOCKED = """
import runpy, sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("burnish", "torch", "transformers", "pyarrow", "timm", "torchvision", "onnx"):
            raise ModuleNotFoundError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
program = sys.argv.pop(1)
runpy.run_path(program, run_name="__main__")
"""


def documented(folder: Path) -> str:
    """The program as it stands in the README."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    return text.partition("```python\n")[2].partition("```")[0]


def answered(folder: Path, *given: str) -> dict[str, Any]:
    """What exactly that program says, in a process where neither burnish nor torch nor transformers can be imported."""
    program = folder / "written_from_the_readme.py"
    program.write_text(documented(folder), encoding="utf-8")
    command = [sys.executable, "-c", BLOCKED, str(program), *given]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PATH": ""}, check=False)
    program.unlink()
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory, bert: Path, table: Callable[[str], Path]) -> tuple[Path, Path]:
    """A run with a temperature and abstention, and its export."""
    from burnish.cli.commands import run

    folder = tmp_path_factory.mktemp("alone")
    recipe = tiny_runs.settings("label", bert, str(table("label")), epochs=2)
    more = {"calibration": "temperature", "abstention": 0.6, "input": {**recipe["input"], "max_length": 12}}
    burnish.train({**recipe, **more}, out=folder / "run")
    assert run(["export", str(folder / "run"), "--to", "onnx", "--out", str(folder / "out")]) == 0
    return folder / "run", folder / "out" / "onnx-float32"


@pytest.mark.slow
def test_the_documented_program_answers_as_burnish_does(calibrated: tuple[Path, Path]) -> None:
    """Texts as long as any, with the same confidences; and it is short."""
    run, out = calibrated
    predictor = burnish.load(run)
    for text in ("my card is broken at home", "my parcel " * 200, "caf\u00e9 \u6211\u7684 \U0001f600"):
        own, alone = predictor(text), answered(out, text)
        assert alone["answer"] == own.answer
        assert alone["probabilities"] == pytest.approx(own.probabilities, abs=1e-5)
    program = documented(out)
    assert program == (out / "answer.py").read_text(encoding="utf-8")
    assert len([line for line in program.splitlines() if line.strip()]) <= 20
    assert damage(out) == []


@pytest.mark.slow
def test_the_graph_itself_says_what_must_be_known(calibrated: tuple[Path, Path]) -> None:
    """Labels, limits, temperature and abstention, in the metadata and in settings.json; in the bundle's artifacts as well."""
    run, out = calibrated
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    said = onnxruntime.InferenceSession(out / "model.onnx").get_modelmeta().custom_metadata_map
    found = {name.removeprefix("burnish."): json.loads(value) for name, value in said.items()}
    assert found == settings
    target = json.loads((run / "bundle" / "bundle.json").read_text())["target"]
    assert found["labels"] == settings["labels"] == target["labels"]
    assert found["abstain_below"] == settings["abstain_below"] == target["abstain_below"]
    assert (found["max_length"], found["temperature"]) == (12, 1.0)
    assert settings["temperature_in_weights"] != 1
    assert "parcel" not in (out / "settings.json").read_text()


@pytest.mark.slow
def test_a_temperature_that_is_in_no_weight_is_said(calibrated: tuple[Path, Path]) -> None:
    """And the program divides by it."""
    _, out = calibrated
    settings = json.loads((out / "settings.json").read_text(encoding="utf-8"))
    before = answered(out, "my card")["probabilities"]
    (out / "settings.json").write_text(json.dumps({**settings, "temperature": 5.0}), encoding="utf-8")
    try:
        after = answered(out, "my card")["probabilities"]
    finally:
        (out / "settings.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert max(after.values()) < max(before.values())


@pytest.mark.parametrize("task", [pytest.param(task, marks=pytest.mark.slow) for task in ("pairs", "tags")])
def test_pairs_and_tags(trained: Callable[..., Path], burnish_command: Command, tmp_path: Path, task: str) -> None:
    run = trained(task)
    said = burnish_command("export", run, "--to", "onnx", "--out", tmp_path / "out", "--bound", "1")
    assert said.code == 0, said.err
    row = tiny_runs.rows(task)[3]
    given = row["words"] if task == "tags" else [row["question"], row["passage"]]
    own = burnish.load(run, runtime="torch")(row)
    alone = answered(tmp_path / "out" / "onnx-float32", *given)
    assert alone["answer"] == own.answer
    if task == "pairs":
        assert alone["probabilities"] == pytest.approx(own.probabilities, abs=1e-5)


@pytest.mark.slow
def test_pictures(coloured: Path, burnish_command: Command, tmp_path: Path) -> None:
    """With Pillow and numpy alone."""
    said = burnish_command("export", coloured, "--to", "onnx", "--out", tmp_path / "out")
    assert said.code == 0, said.err
    path = save(picture(5, 50, 41), tmp_path / "picture.png")
    predictor = burnish.load(coloured, runtime="torch")
    own = predictor({predictor.bundle.input.required_columns[0]: str(path)})
    alone = answered(tmp_path / "out" / "onnx-float32", str(path))
    assert alone["answer"] == own.answer
    assert alone["probabilities"] == pytest.approx(own.probabilities, abs=1e-4)
