"""Networks that transcribe, exported: each artifact transcribes the held-out recordings itself, and needs no torch."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import burnish
from burnish.bundle.processors import processor_of
from burnish.cli.commands import run
from burnish.exporters import Exportable
from burnish.exporters.ctranslate2 import Ctranslate2
from burnish.inputs.speech import Speech
from burnish.models.transformers import Transformers
from burnish.targets.transcript import Transcript
from tests import speech_bundles
from tests.integration.tiny_runs import QUICK

LOOSE = "5"
"""A bound that untrained networks keep, whose word errors jump."""
SPLITS = ("train", "validation", "test")
WITHOUT = (
    "import sys\n"
    "for name in ('torch', 'transformers', 'pyarrow'): sys.modules[name] = None\n"
    "import json, burnish\n"
    "predictor = burnish.load(sys.argv[1])\n"
    "print(json.dumps([predictor.answers_with, *(predictor({'audio': path}).answer for path in sys.argv[2:])]))\n"
)


def trained(folder: Path, kind: str) -> Path:
    """A run of one epoch over six recordings."""
    tables = {name: str(speech_bundles.data_of(folder / name, first=10 * place)) for place, name in enumerate(SPLITS)}
    checkpoint, input_, target = speech_bundles.parts(kind)
    settings = {
        **QUICK,
        "epochs": 1,
        "batch_size": 2,
        "learning_rate": 1e-5,
        "data": tables,
        "input": {"kind": "speech", "column": "audio", "window": input_.window},
        "target": {
            "kind": target.kind(),
            "column": "text",
            **({"language": "en"} if target.kind() == "transcript" else {}),
        },
        "model": {"kind": "transformers", "name": str(checkpoint)},
        **({"decoder": "greedy"} if kind == "natural" else {}),
    }
    burnish.train(settings, out=folder / "run")
    return folder / "run"


def sounds(run_folder: Path) -> list[str]:
    return [json.loads(line)["audio"] for line in (run_folder.parent / "test" / "rows.jsonl").read_text().splitlines()]


def without_torch(bundle: Path, paths: list[str]) -> list[str]:
    """What computes, and its transcripts, in a process that cannot import torch."""
    done = subprocess.run([sys.executable, "-c", WITHOUT, bundle, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said: list[str] = json.loads(done.stdout)
    return said


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("whisper"), "natural")


@pytest.mark.slow
def test_whisper_in_float32_and_int8_without_torch(whisper: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    folder = tmp_path / "run"
    shutil.copytree(whisper, folder)
    assert run(["export", str(folder), "--to", "ctranslate2", "--quantize", "int8", "--bound", LOOSE]) == 0
    told = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    assert (told["written"], told["metric"]) == ("transcripts", "wer")
    rows = {row["name"]: row for row in told["rows"]}
    exact = rows["ctranslate2-float32"]["proof"]
    assert exact["same"] + exact["ties"] == exact["rows"] == 6
    assert rows["ctranslate2-int8"]["bytes"] < rows["ctranslate2-float32"]["bytes"]
    for row in rows.values():
        assert set(row["speed"]["real_time_factor"]) == {"1", "8"}
        assert row["proof"]["words"] > 0
    assert exact["changed_words"] == 0 or exact["ties"] > 0
    report = (folder / "report.md").read_text(encoding="utf-8")
    assert "real-time factor (8)" in report
    assert "6 of 6" in report
    assert {"tokenizer.json", "vocabulary.json", "preprocessor_config.json", "model.bin"} <= {
        path.name for path in (folder / "bundle/artifacts/ctranslate2-float32").iterdir()
    }
    paths = sounds(whisper)
    expected = [one.answer for one in burnish.load(folder, runtime="torch")([{"audio": path} for path in paths])]
    assert without_torch(folder / "bundle", paths) == ["ctranslate2-float32", *expected]
    assert run(["dockerfile", str(folder)]) == 0
    image = (folder / "Dockerfile").read_text(encoding="utf-8")
    assert "burnish[ctranslate2]==" in image
    assert "torch" not in image


@pytest.mark.slow
def test_faster_whisper_opens_the_same_folder(tmp_path: Path) -> None:
    """With real weights (WHISPER names their folder): it knows the size of vocabularies, and none of a tiny one."""
    faster = pytest.importorskip("faster_whisper", reason="faster-whisper is not installed")
    if not (weights := os.environ.get("WHISPER", "")):
        pytest.skip("WHISPER does not name a folder with the weights of Whisper")
    input_, target = Speech(column="audio"), Transcript(language="en").learned(["seven"])
    ends = target.ends(processor_of(input_, target, Path(weights)))
    network = Transformers(name=weights).build(input_, target, seed=0)
    source = Exportable(network, Path(weights), input_, target, {}, None, ends)
    Ctranslate2(precision="int8").export(source, tmp_path, lambda text: None)
    model = faster.WhisperModel(str(tmp_path), device="cpu")
    assert model.model.is_multilingual
    silence = np.zeros(16000, np.float32)
    segments, told = model.transcribe(silence, language="en", beam_size=1, max_new_tokens=8, vad_filter=False)
    assert (told.language, told.duration) == ("en", 1.0)
    assert all(one.start <= one.end for one in segments)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    assert config["suppress_ids"] == sorted(ends.never)
    assert "alignment_heads" in config


def test_recordings_in_a_folder_and_in_a_table_are_transcribed(whisper: Path, tmp_path: Path) -> None:
    paths = sounds(whisper)
    expected = [one.answer for one in burnish.load(whisper)([{"audio": path} for path in paths])]
    table = whisper.parent / "test" / "rows.jsonl"
    assert run(["predict", str(whisper), str(table), "-o", str(tmp_path / "table.jsonl")]) == 0
    lines = [json.loads(line) for line in (tmp_path / "table.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["prediction"] for line in lines] == expected
    assert {line["ended"] for line in lines} <= {"stop", "length"}
    assert run(["predict", str(whisper), str(Path(paths[0]).parent), "-o", str(tmp_path / "folder.csv")]) == 0
    with (tmp_path / "folder.csv").open(encoding="utf-8", newline="") as file:
        assert [row["prediction"] for row in csv.DictReader(file)] == expected


@pytest.mark.slow
def test_eight_bits_that_change_too_much_are_left_for_more(whisper: Path, tmp_path: Path) -> None:
    """No artifact in 8 bits passes a bound below any change; the next safer precision is tried and may pass."""
    pytest.importorskip("ctranslate2")
    folder = tmp_path / "run"
    shutil.copytree(whisper, folder)
    assert run(["export", str(folder), "--to", "ctranslate2", "--quantize", "int8", "--bound", "-1"]) == 1
    told = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    tried = [row["name"] for row in told["rows"]][1:]
    assert tried[-3:] == ["ctranslate2-int8", "ctranslate2-float16", "ctranslate2-float32"]
    assert "wer may rise" in told["rows"][-3]["why"]


def test_formats_of_one_pass_are_refused_for_what_is_written(whisper: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(whisper), "--to", "onnx"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--to ctranslate2" in said


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("frames"), "wav2vec2")


@pytest.mark.slow
def test_frames_in_onnx_without_torch(frames: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    folder = tmp_path / "run"
    shutil.copytree(frames, folder)
    assert run(["export", str(folder), "--to", "onnx", "--quantize", "int8", "--bound", LOOSE]) == 0
    told = json.loads((folder / "export.json").read_text(encoding="utf-8"))
    rows = {row["name"]: row for row in told["rows"]}
    assert told["metric"] == "wer"
    assert {row["status"] for row in rows.values()} == {"trained", "passed"}
    exact = rows["onnx-float32"]["proof"]
    assert exact["flips"] == exact["ties"]
    assert exact["words"] > 0
    assert all(row["speed"]["real_time_factor"]["8"] > 0 for row in rows.values())
    assert "Real-time factor, one and eight recordings" in (folder / "report.md").read_text(encoding="utf-8")
    assert rows["onnx-int8"]["bytes"] < rows["onnx-float32"]["bytes"]
    paths = sounds(frames)
    expected = [one.answer for one in burnish.load(folder, runtime="torch")([{"audio": path} for path in paths])]
    assert any(expected)
    assert without_torch(folder / "bundle", paths) == ["onnx-float32", *expected]
    graph = burnish.load(folder, runtime="onnx-float32")
    together = graph([{"audio": path} for path in paths])
    for path, one in zip(paths, together, strict=True):
        alone = graph({"audio": path})
        assert alone.answer == one.answer
        assert alone.score == pytest.approx(one.score, abs=1e-4)


@pytest.mark.slow
def test_a_graph_with_all_inside_and_a_program_beside_it(frames: Path, tmp_path: Path) -> None:
    """Samples go in, logits of each frame come out; long recordings are cut into the bundle's windows before it."""
    pytest.importorskip("onnxscript")
    assert run(["export", str(frames), "--to", "onnx", "--raw", "--out", str(tmp_path / "raw")]) == 0
    folder = tmp_path / "raw" / "onnx-float32"
    assert json.loads((folder / "artifact.json").read_text())["inputs"] == {
        "waveform": {"type": "float32", "shape": [1, "samples"]}
    }
    paths = sounds(frames)
    expected = burnish.load(frames, runtime="torch")([{"audio": path} for path in paths])
    for path, one in zip(paths, expected, strict=True):
        done = subprocess.run(
            [sys.executable, "answer.py", path], cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        assert json.loads(done.stdout)["transcript"] == one.answer


@pytest.mark.slow
@pytest.mark.parametrize("option", ["--preprocessing", "--raw"])
def test_whispers_encoder_hears_samples(tmp_path: Path, option: str) -> None:
    """Natural windows are padded to whole steps inside the graph as they are outside."""
    pytest.importorskip("onnxscript")
    folder = trained(tmp_path, "whisper_frames")
    assert run(["export", str(folder), "--to", "onnx", option]) == 0
    (row,) = json.loads((folder / "export.json").read_text(encoding="utf-8"))["rows"][1:]
    assert row["proof"]["flips"] == row["proof"]["ties"]
    rows = [{"audio": path} for path in sounds(folder)]
    lean = burnish.load(folder, runtime="onnx")(rows)
    assert [one.answer for one in lean] == [one.answer for one in burnish.load(folder, runtime="torch")(rows)]


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["ctranslate2", "litert"])
def test_formats_that_cannot_hold_frames_are_refused_in_words(
    frames: Path, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", str(frames), "--to", format_]) == 2
    assert "--to onnx" in " ".join(capsys.readouterr().err.split())


@pytest.mark.slow
def test_plain_weights_are_written_for_both(frames: Path, tmp_path: Path) -> None:
    """The folder opens with transformers alone."""
    import transformers

    assert run(["export", str(frames), "--to", "safetensors", "--out", str(tmp_path / "plain")]) == 0
    (folder,) = [path.parent for path in (tmp_path / "plain").rglob("model.safetensors")]
    assert transformers.AutoModelForCTC.from_pretrained(folder).config.vocab_size > 3
    assert (folder / "vocab.json").is_file()
    assert transformers.AutoFeatureExtractor.from_pretrained(folder).sampling_rate == 16000
