"""CUDA and TensorRT, through the build of onnxruntime that has them, in an environment of its own.

Where there is no such device the tests show that it is said, and not computed on the CPU instead.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import burnish
from tests.integration import environments

pytestmark = pytest.mark.slow
PROGRAM = """
import json, sys, burnish
from burnish.core.errors import InputError
run, rows, provider = json.loads(sys.argv[1])
runtime = {"kind": "onnx", "artifact": "onnx-float32", "providers": [provider, "CPUExecutionProvider"]}
try:
    answers = burnish.load(run, runtime=runtime)(rows)
    print(json.dumps([a.probabilities for a in answers]))
except InputError as error:
    print(json.dumps(str(error)))
"""
ROWS = ["my card is broken at home", "my new parcel is late", ""]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Burnish without torch, with the onnxruntime that knows NVIDIA's GPUs."""
    found = environments.lean(tmp_path_factory.mktemp("cuda") / "environment")
    environments.run(found, "-m", "pip", "uninstall", "-q", "-y", "onnxruntime")
    environments.install(found, "onnxruntime-gpu")
    return found


@pytest.mark.parametrize("provider", ["CUDAExecutionProvider", "TensorrtExecutionProvider"])
def test_answers_as_torch_does_or_says_that_it_cannot(
    provider: str, python: Path, trained: Callable[..., Path], tmp_path: Path
) -> None:
    from burnish.cli.commands import run

    shutil.copytree(trained("label", "full", "bert", epochs=12), tmp_path / "run")
    assert run(["export", str(tmp_path / "run")]) == 0
    told = json.dumps([str(tmp_path / "run"), ROWS, provider])
    done = environments.run(python, "-c", PROGRAM, told, at=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    if isinstance(found, str):
        assert f"onnxruntime cannot use {provider} on this machine" in found
        pytest.skip(f"there is nothing to run {provider} on; it was refused as it should be")
    for one, other in zip(found, burnish.load(tmp_path / "run", runtime="torch")(ROWS), strict=True):
        assert one == pytest.approx(other.probabilities, abs=1e-3)  # products in TF32
