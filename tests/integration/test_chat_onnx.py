"""A tuned language model as ONNX: proved as other exports, predicted and served without torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import burnish
from burnish.cli.commands import run
from burnish.server.app import create
from burnish.server.settings import Settings
from tests.integration.chat_requests import CHAT, TEXT, asked
from tests.integration.test_chat_runs import chatted, rows_of

__all__ = ["chatted"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
WITHOUT = (
    "import sys\n"
    "for name in ('torch', 'transformers', 'pyarrow'): sys.modules[name] = None\n"
    "import json, burnish\n"
    "predictor = burnish.load(sys.argv[1])\n"
    "print(json.dumps([predictor.answers_with, *(one.answer for one in predictor(json.loads(sys.argv[2])))]))\n"
)


@pytest.fixture(scope="module")
def exported(chatted: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("onnxscript")
    made = chatted("prompt_completion")
    folder = tmp_path_factory.mktemp("onnx") / "run"
    shutil.copytree(made, folder)
    shutil.copy2(made.with_suffix(".jsonl"), folder.with_suffix(".jsonl"))
    methods = ["int8", "int8_weights", "float16"]
    code = run(["export", str(folder), "--to", "onnx", "--quantize", *methods, "--bound", "5"])
    assert code == 0
    return folder


def test_each_number_type_is_proved(exported: Path) -> None:
    rows = {row["name"]: row for row in json.loads((exported / "export.json").read_text(encoding="utf-8"))["rows"]}
    assert set(rows) == {"torch-float32", "onnx-float32", "onnx-int8", "onnx-int8-weights", "onnx-float16"}
    exact = rows["onnx-float32"]["proof"]
    assert exact["same"] + exact["ties"] == exact["rows"] > 1
    for name in ("onnx-int8", "onnx-int8-weights", "onnx-float16"):
        assert rows[name]["status"] == "passed"
        assert rows[name]["bytes"] < rows["onnx-float32"]["bytes"]
    for row in rows.values():
        assert set(row["speed"]["tokens_per_second"]) == {"1", "4", "16"}
    names = {path.name for path in (exported / "bundle/artifacts/onnx-int8").iterdir()}
    assert {"model.onnx", "tokenizer.json", "tokenizer_config.json", "config.json"} <= names


def test_it_answers_without_torch(exported: Path) -> None:
    questions = [{"prompt": row["prompt"]} for row in rows_of(exported)[:3]]
    expected = [one.answer for one in burnish.load(exported, runtime="torch")(questions)]
    onnx = burnish.load(exported, runtime={"kind": "onnx", "artifact": "onnx-float32"})
    assert [one.answer for one in onnx(questions)] == expected
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, exported / "bundle", json.dumps(questions)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    name, *answers = json.loads(done.stdout)
    assert name.startswith("onnx-")
    assert len(answers) == 3


def test_it_is_served_with_chances_and_a_schema(exported: Path) -> None:
    """What torch tells and holds, onnxruntime does as well."""
    both = {}
    for runtime in ("torch", "onnx"):
        settings = Settings(bundles=[f"harbour@1={exported / 'bundle'}"], runtime=runtime, max_output_tokens=64)
        with TestClient(create(settings), raise_server_exceptions=False) as client:
            told = asked(client, TEXT, prompt="the ferry", max_tokens=0, echo=True, logprobs=1).json()
            held = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"enum": [1, 2]}}}
            schema = asked(client, CHAT, temperature=0, response_format=held).json()["choices"][0]["message"]["content"]
            both[runtime] = told["choices"][0]["logprobs"]["token_logprobs"], schema
    assert both["onnx"][1] in ("1", "2")
    assert both["onnx"][0][1:] == pytest.approx(
        both["torch"][0][1:], abs=0.3
    )  # the fastest artifact may be one in 8 bits
