"""`burnish export --preprocessing`: the graph normalises pictures and makes spectrograms itself, and answers alike."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

import burnish
from burnish.bundle.bundle import Bundle
from burnish.core.component import build
from burnish.inputs.audio import Audio
from burnish.runtimes.torch import running
from tests import audio_cases
from tests.integration import tiny_runs
from tests.integration.spoiled import Said
from tests.sound_cases import save, sound

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")


@pytest.mark.slow
def test_a_graph_of_pictures_reads_pixels(coloured: Path, exported_copy: Callable[..., Path]) -> None:
    """Whoever has onnxruntime and a resized picture needs nothing else."""
    import onnxruntime

    folder = exported_copy(coloured, "--preprocessing", "--quantize", "static_int8")
    artifacts = {a.name: a for a in Bundle.load(folder).artifacts()}
    assert set(artifacts) == {"onnx-float32", "onnx-static-int8"}
    for artifact in artifacts.values():
        assert artifact.facts["inputs"] == {"pixels": {"type": "uint8", "shape": ["batch", 32, 32, 3]}}
    files = [coloured.parent / "data" / name / "007.png" for name in ("red", "green", "blue")]
    rows = [{"image": str(file)} for file in files]
    pixels = np.stack([np.asarray(Pillow.open(file)) for file in files])
    session = onnxruntime.InferenceSession(artifacts["onnx-float32"].file)
    (logits,) = session.run(None, {"pixels": pixels})
    expected = burnish.load(folder, runtime="torch")(rows)
    names = Bundle.load(folder).target.names
    assert [names[i] for i in logits.argmax(axis=1)] == [a.answer for a in expected]
    for name in artifacts:
        found = burnish.load(folder, runtime={"kind": "onnx", "artifact": name})
        assert [a.answer for a in found(rows)] == [a.answer for a in expected]
        assert found.explain(rows[0], 4).answer.answer == expected[0].answer
    exact = burnish.load(folder, runtime={"kind": "onnx", "artifact": "onnx-float32"})(rows)
    for one, other in zip(exact, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.slow
def test_a_graph_of_sounds_reads_samples(tmp_path: Path, burnish_command: Callable[..., Said]) -> None:
    rows = []
    for number in range(40):  # low and high tones, shorter than a view and longer
        name, pitch = (("low", 300.0), ("high", 2000.0))[number % 2]
        seconds = np.arange(round((0.2 + 0.01 * number) * audio_cases.RATE)) / audio_cases.RATE
        tone = 0.4 * np.sin(2 * np.pi * (pitch + 5 * number) * seconds) + 0.01 * sound(
            number, len(seconds) / 16000, 16000
        )
        save(tone.astype(np.float32), tmp_path / "data" / name / f"{number}.wav", audio_cases.RATE)
        rows.append({"audio": str(tmp_path / "data" / name / f"{number}.wav")})
    recipe: dict[str, Any] = {
        "data": str(tmp_path / "data"),
        "input": audio_cases.input_for("timm_resnet").model_dump(),
        "target": {"kind": "label"},
        "model": {"kind": "timm", "name": str(audio_cases.checkpoint("timm_resnet"))},
        "split": {"kind": "stratified", "validation": 0.2, "test": 0.2},
    }
    run = burnish.train({**recipe, **tiny_runs.quick(), "epochs": 2}, out=tmp_path / "run")
    said = burnish_command("export", run.path, "--preprocessing", "--static")
    assert said.code == 0, said.err
    (artifact,) = Bundle.load(run.path).artifacts()
    samples = round(0.335 * audio_cases.RATE)
    assert artifact.facts["inputs"] == {"waveform": {"type": "float32", "shape": [1, samples]}}
    graph = onnx.load(artifact.file).graph
    kinds = {node.name: node.op_type for node in graph.node}
    kept = artifact.facts[
        "kept_in_float"
    ]  # the transform and the logarithm, and none of the network's own convolutions
    assert {"Conv", "Log"} <= {kinds[name] for name in kept if name in kinds}
    assert [kinds.get(name) for name in kept].count("Conv") == 1 < [*kinds.values()].count("Conv")
    found, expected = (
        burnish.load(run.path, runtime="onnx")(rows[:6]),
        burnish.load(run.path, runtime="torch")(rows[:6]),
    )
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
    table = json.loads((run.path / "export.json").read_text())["rows"]
    assert [row["status"] for row in table] == ["trained", "passed"]


def test_whisper_too(tmp_path: Path) -> None:
    """Its spectrogram is made of the padded view, with reflected ends."""
    import torch

    from burnish.exporters import preceded

    made = audio_cases.input_for("whisper")
    whole = made.processor(audio_cases.checkpoint("whisper"))
    raw = made.unprocessed(whole)
    assert raw is not None
    network = audio_cases.network("whisper").float()
    arrays, _ = made.collate(made.encode(audio_cases.rows(), raw), raw)
    expected, _ = made.collate(made.encode(audio_cases.rows(), whole), whole)
    np.testing.assert_allclose(
        preceded(made.graph(whole), network)(**{n: torch.from_numpy(v) for n, v in arrays.items()}).detach().numpy(),
        running(network)(**expected),
        atol=1e-4,
    )


@pytest.mark.slow
def test_what_no_graph_can_do_is_refused(
    trained: Callable[..., Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained("label"), folder)
    said = burnish_command("export", folder, "--preprocessing")
    assert said.code == 2
    assert "--preprocessing" in said.err
    assert not (folder / "bundle" / "artifacts").exists()
    waveforms = build("burnish.inputs", {"kind": "audio"})
    assert isinstance(waveforms, Audio)
    assert waveforms.unprocessed(waveforms.processor(audio_cases.checkpoint("wav2vec2"))) is None
