"""The verb `export` on a whole run: what passes is kept and proved, what does not leaves nothing; bundles stay whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import burnish
from burnish.bundle import artifacts
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.core.files import damage
from burnish.runtimes.onnx import Onnx
from tests.integration.spoiled import Said

pytest.importorskip("onnx", reason="the extra `export` is not installed")
TEXTS = ["my card is broken at home", "my new parcel is late", ""]


@pytest.fixture(scope="module")
def kept(trained: Callable[..., Path], exported: Callable[..., Path]) -> Path:
    """A copy of a run, exported from the command line; that it ended with 0 is checked where it is made."""
    words = ("--to", "onnx", "safetensors", "--quantize", "int8_weights")
    return exported(trained("label", "full", "bert", epochs=12), *words)


def test_passes_and_is_kept_with_what_was_measured(kept: Path) -> None:
    folder = kept
    bundle = Bundle.load(folder)
    names = {a.name for a in bundle.artifacts()}
    assert names == {"onnx-float32", "onnx-int8-weights", "safetensors-float32"}
    result = json.loads((folder / "export.json").read_text())
    assert [row["status"] for row in result["rows"]] == ["trained", "passed", "passed", "passed"]
    onnx = next(a for a in bundle.artifacts() if a.name == "onnx-float32")
    assert onnx.facts["opset"] == 23
    assert str(Path(burnish.__file__).parent).encode() not in onnx.file.read_bytes()
    assert onnx.facts["inputs"]["input_ids"]["shape"] == ["batch", "length"]
    assert onnx.facts["measured"]["proof"]["flips"] == 0
    assert onnx.facts["measured"]["latency"]["1"]["p50_ms"] > 0
    assert onnx.facts["measured"]["split"] == "test"
    assert len(onnx.golden()) == len(bundle.golden())
    report = (folder / "report.md").read_text()
    assert report.count("## Exports") == 1
    assert "onnx-int8-weights" in report


def test_answers_without_torch_as_with_it(kept: Path) -> None:
    folder = kept
    with_torch = burnish.load(folder, runtime="torch")
    with_onnx = burnish.load(folder, runtime={"kind": "onnx", "artifact": "onnx-float32"})
    for one, other in zip(with_torch(TEXTS), with_onnx(TEXTS), strict=True):
        assert one.answer == other.answer
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    with pytest.raises(InputError, match="no artifact 'onnx-nothing'"):
        burnish.load(folder, runtime={"kind": "onnx", "artifact": "onnx-nothing"})
    with pytest.raises(InputError, match="no artifact for runtime 'litert'"):
        burnish.load(folder, runtime="litert")


@pytest.mark.slow
def test_a_graph_that_cannot_be_computed_is_refused(
    trained: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from burnish.cli.commands import run
    from burnish.exporters import onnx as exporter

    monkeypatch.setattr(exporter, "whole_caches", lambda graph: 0)
    shutil.copytree(trained("label", "full", "llama"), tmp_path / "run")
    assert run(["export", str(tmp_path / "run")]) == 1
    said = capsys.readouterr().err
    assert "onnx-float32 was rejected: onnxruntime cannot compute it" in said
    assert "RotaryEmbedding" in said
    assert not list((tmp_path / "run" / "bundle").glob("artifacts/onnx-*"))


def test_the_proved_float32_artifact_answers_where_nothing_else_is_asked_for(
    kept: Path, trained: Callable[..., Path]
) -> None:
    """Not one that only may lose little, nor one of fixed shapes, and torch where there is none."""
    assert burnish.load(kept).answers_with == "onnx-float32"
    assert burnish.load(kept, runtime="onnx-int8-weights").answers_with == "onnx-int8-weights"
    assert burnish.load(kept, runtime="torch").answers_with == "torch"
    assert burnish.load(trained("label", "full", "bert", epochs=12)).answers_with == "torch"
    artifact = next(a for a in Bundle.load(kept).artifacts() if a.name == "onnx-float32")
    fixed = {name: {**told, "shape": [1, 16]} for name, told in artifact.facts["inputs"].items()}
    assert artifact.stands_in
    for facts in ({"inputs": fixed}, {"max_length": 16}, {"precision": "float16"}, {"hardware": {"kind": "npu"}}):
        assert not artifacts.Artifact(artifact.path, {**artifact.facts, **facts}).stands_in
    # The plain weights are read by no runtime.
    with pytest.raises(InputError, match="unknown kind 'safetensors-float32'"):
        burnish.load(kept, runtime="safetensors-float32")


def test_predict_says_what_answered(kept: Path, tmp_path: Path) -> None:
    from burnish.stages.predict.run import predict

    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps({"text": text}) + "\n" for text in TEXTS), encoding="utf-8")
    said = {}
    for number, runtime in enumerate((None, "torch", {"kind": "onnx", "artifact": "onnx-int8-weights", "threads": 1})):
        result = predict(kept, str(rows), out=tmp_path / f"{number}.jsonl", runtime=runtime)
        said[number] = result["answers_with"]
    assert said == {0: "onnx-float32", 1: "torch", 2: "onnx-int8-weights"}


def test_a_runtime_can_be_told_in_full_on_the_command_line(kept: Path, tmp_path: Path) -> None:
    from burnish.cli.commands import run

    rows, out = tmp_path / "rows.jsonl", tmp_path / "answers.jsonl"
    rows.write_text(json.dumps({"text": TEXTS[0]}) + "\n", encoding="utf-8")
    asked = ["predict", str(kept), str(rows), "-o", str(out), "--runtime"]
    assert run([*asked, "{kind: onnx, providers: [NoSuchProvider]}"]) == 2
    assert run([*asked, "{kind: onnx"]) == 2
    assert not out.exists()
    assert run([*asked, "{kind: onnx, artifact: onnx-float32, threads: 1}"]) == 0


def test_a_provider_that_onnxruntime_leaves_out_is_not_replaced_in_silence(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build for GPUs where there is none opens the file all the same, and computes on the CPU."""
    import onnxruntime

    known = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: known)
    session = onnxruntime.InferenceSession
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda file, options, providers, **more: session(file, options, providers=["CPUExecutionProvider"], **more),
    )
    with pytest.raises(InputError, match="cannot use CUDAExecutionProvider on this machine"):
        burnish.load(kept, runtime={"kind": "onnx", "providers": known})


def test_the_lean_runtime_imports_nothing_heavy(kept: Path) -> None:
    """Where torch and the like are not there at all, the fastest artifact answers."""
    heavy = ("torch", "transformers", "sklearn", "scipy", "pandas", "pyarrow", "datasets", "onnx", "safetensors")
    program = (
        "import sys, importlib.util\n"
        f"heavy = {heavy!r}\n"
        "real = importlib.util.find_spec\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in heavy: raise ModuleNotFoundError(name)\n"
        "importlib.util.find_spec = lambda name, *rest: None if name in heavy else real(name, *rest)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import burnish\n"
        f"predictor = burnish.load({str(kept)!r})\n"
        f"print([a.answer for a in predictor({TEXTS!r})])\n"
        "assert not set(heavy) & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str([a.answer for a in burnish.load(kept, runtime="torch")(TEXTS)])


def test_one_flipped_byte_in_any_file_is_refused_by_name(kept: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(kept / "bundle", bundle)
    files = sorted(p for p in bundle.rglob("*") if p.is_file())
    assert len(files) > 12
    for file in files:
        whole = file.read_bytes()
        for place in {0, len(whole) // 2, len(whole) - 1}:
            file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            with pytest.raises(InputError) as refused:
                Bundle.load(bundle)
            assert file.relative_to(bundle).as_posix() in str(refused.value)
        file.write_bytes(whole)
    Bundle.load(bundle)


def test_outside_the_bound_nothing_is_left_and_the_exit_code_says_so(
    trained: Callable[..., Path],
    tmp_path: Path,
    burnish_command: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)

    opened = Onnx.open

    def reversed_answers(self: Onnx, *arguments: Any) -> Any:
        run = opened(self, *arguments)
        return lambda **arrays: run(**arrays)[:, ::-1].copy()

    monkeypatch.setattr(Onnx, "open", reversed_answers)
    said = burnish_command("export", folder, "--to", "onnx", "safetensors")
    assert said.code == 1
    assert "onnx-float32 was rejected" in said.err
    assert "predictions changed" in said.err
    assert [a.name for a in Bundle.load(folder).artifacts()] == ["safetensors-float32"]
    assert not (folder / "bundle" / "artifacts" / "onnx-float32").exists()
    assert not [p for p in folder.rglob("*") if p.name.startswith(".writing-")]
    rows = {row["name"]: row for row in json.loads((folder / "export.json").read_text())["rows"]}
    assert rows["onnx-float32"]["status"] == "refused"
    assert rows["onnx-float32"]["proof"]["flips"] > 0


def test_data_that_is_not_the_runs_is_refused(
    trained: Callable[..., Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("label", "full", "bert", epochs=12), folder)
    settings = json.loads((folder / "bundle" / "bundle.json").read_text())
    data = Path(settings["recipe"]["data"]["train"])
    whole = data.read_bytes()
    try:
        data.write_bytes(whole.replace(b"broken", b"burned", 1))
        said = burnish_command("export", folder)
        assert said.code == 2
        assert "not the one the run was made with" in said.err
    finally:
        data.write_bytes(whole)


def test_bad_words_are_usage_errors(kept: Path, burnish_command: Callable[..., Said]) -> None:
    said = burnish_command("export", kept, "--to", "onxx")
    assert said.code == 2
    assert "onnx" in said.err
    assert burnish_command("export", kept, "--quantize", "int9").code == 2
    assert burnish_command("export", kept, "--to", "safetensors", "--quantize", "int8").code == 2
    assert burnish_command("export", kept, "--out", kept).code == 2


def test_a_replaced_artifact_is_out_of_the_manifest_while_it_is_replaced(tmp_path: Path) -> None:
    from burnish.core.files import write_manifest

    (tmp_path / "bundle.json").write_text("{}")
    write_manifest(tmp_path)
    for content in ("one", "two"):
        with artifacts.adding(tmp_path, "onnx-float32") as aside:
            facts = {"format": "onnx", "file": "model.onnx", "inputs": {}, "precision": "float32", "tolerance": 0.001}
            artifacts.write_facts(aside, {**facts, "content": content}, [])
            assert not damage(tmp_path)
        assert not damage(tmp_path)
        assert artifacts.listed(tmp_path)[0].facts["content"] == content
    with pytest.raises(RuntimeError), artifacts.adding(tmp_path, "onnx-int8"):
        raise RuntimeError("killed")
    assert [a.name for a in artifacts.listed(tmp_path)] == ["onnx-float32"]
    assert not damage(tmp_path)
