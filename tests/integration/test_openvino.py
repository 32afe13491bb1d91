"""OpenVINO, through the build of onnxruntime that has it, in an environment of its own: both are called onnxruntime."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from tests.integration import environments

pytestmark = pytest.mark.slow
RUNTIME = {"kind": "onnx", "providers": ["OpenVINOExecutionProvider", "CPUExecutionProvider"]}
PROGRAM = """
import json, sys, burnish
from burnish.core.errors import InputError
for run, rows in json.loads(sys.argv[1]):
    try:
        answers = burnish.load(run, runtime=json.loads(sys.argv[2]))(rows)
        print(json.dumps([a.probabilities for a in answers]))
    except InputError as error:
        print(json.dumps(str(error)))
"""


def test_answers_as_torch_does(trained: Callable[..., Path], coloured: Path, tmp_path: Path) -> None:
    from burnish.cli.commands import run

    texts = ["my card is broken at home", "my new parcel is late", ""]
    pictures = [{"image": str(coloured.parent / "data" / name / "003.png")} for name in ("red", "green", "blue")]
    tasks = []
    for name, source, rows, words in (
        ("texts", trained("label", "full", "bert", epochs=12), texts, ["--opset", "22"]),
        ("pictures", coloured, pictures, []),
        ("newer", trained("label", "full", "bert", epochs=12), texts, ["--opset", "23"]),
    ):
        shutil.copytree(source, tmp_path / name)
        assert run(["export", str(tmp_path / name), *words]) == 0
        tasks.append((str(tmp_path / name), rows))
    python = environments.lean(tmp_path / "environment")
    environments.run(python, "-m", "pip", "uninstall", "-q", "-y", "onnxruntime")
    environments.install(python, "onnxruntime-openvino")
    done = environments.run(python, "-c", PROGRAM, json.dumps(tasks), json.dumps(RUNTIME), at=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    *found, refused = (json.loads(line) for line in done.stdout.splitlines())
    for (path, rows), answers in zip(tasks, found, strict=False):
        for one, other in zip(answers, burnish.load(path, runtime="torch")(rows), strict=True):
            assert one == pytest.approx(other.probabilities, abs=1e-4)
    # Attention as one operator came with opset 23; the day OpenVINO knows it, the documentation can say so.
    assert "does not support the following ONNX operations: Attention" in refused
    assert "--opset 18" in refused
