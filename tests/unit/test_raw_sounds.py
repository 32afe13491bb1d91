"""A graph makes of a whole sound what the network reads of each of its views."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from burnish.media.sound.processor import SoundProcessor
from burnish.media.sound.raw import RawSounds
from tests import audio_cases
from tests.export_cases import SOUND_CASES, exported_once, source
from tests.sound_cases import sound

torch = pytest.importorskip("torch")


def processor(architecture: str, **changed: Any) -> SoundProcessor:
    """As the checkpoint says, but for what is changed."""
    own = audio_cases.input_for(architecture).processor(audio_cases.checkpoint(architecture))
    return SoundProcessor(**{**own.settings(), **changed})


def lengths(whole: SoundProcessor) -> list[int]:
    """Shorter than a frame, a frame, a view and its neighbours, several views."""
    return [10, 300, 400, 401, whole.samples - 1, whole.samples, whole.samples + 1, int(whole.samples * 2.3)]


def waveform(samples: int) -> Any:
    """float32 [samples]."""
    return sound(samples, samples / audio_cases.RATE, audio_cases.RATE).astype(np.float32)[:samples]


def views(whole: SoundProcessor, heard: Any) -> dict[str, Any]:
    """What the network reads of a sound."""
    return whole.batch([whole.numbers(heard[start : start + whole.samples]) for start in whole.starts(len(heard))])


@pytest.mark.parametrize("architecture", audio_cases.ARCHITECTURES)
def test_the_same_numbers_as_without_a_graph(architecture: str) -> None:
    whole = processor(architecture, **({"seconds": 0.5} if architecture in audio_cases.MASKED else {}))
    front = RawSounds(**whole.settings()).front()
    for samples in lengths(whole):
        heard = waveform(samples)
        found = front(torch.from_numpy(heard)[None])
        expected = views(whole, heard)
        assert list(found) == list(expected)
        for name, value in expected.items():
            np.testing.assert_allclose(found[name].numpy(), value, atol=3e-5, rtol=0, err_msg=f"{samples} samples")


@pytest.mark.parametrize(
    "changed", [{"overlap": 0.0}, {"overlap": 0.75}, {"normalise": False}, {"normalisation": "none"}]
)
def test_in_every_setting(changed: dict[str, Any]) -> None:
    for architecture in ("ast", "timm_resnet"):
        whole = processor(architecture, **changed)
        front = RawSounds(**whole.settings()).front()
        heard = waveform(3 * whole.samples + 7)
        (found,), (expected,) = front(torch.from_numpy(heard)[None]).values(), views(whole, heard).values()
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", [case for case in SOUND_CASES if case not in ("hubert", "wavlm")])
def test_a_graph_answers_with_the_mean_of_the_views(
    architecture: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Traced with one sound, right for all lengths."""
    pytest.importorskip("onnx", reason="the extra `export` is not installed")
    import onnxruntime

    from burnish.exporters.onnx.raw import preceded_by

    whole = processor(architecture, **({"seconds": 0.5} if architecture in audio_cases.MASKED else {}))
    plain = exported_once(architecture, tmp_path_factory) / "model.onnx"
    (tmp_path / "raw").mkdir()
    told = preceded_by(RawSounds(**whole.settings()).front(), plain, tmp_path / "raw")
    assert told["inputs"] == {"waveform": {"type": "float32", "shape": [1, "samples"]}}
    session = onnxruntime.InferenceSession(tmp_path / "raw" / "model.onnx")
    network = source(architecture).network
    for samples in lengths(whole):
        heard = waveform(samples)
        (found,) = session.run(None, {"waveform": heard[None]})
        with torch.no_grad():
            each = network(**{name: torch.from_numpy(value) for name, value in views(whole, heard).items()})
        np.testing.assert_allclose(found, each.mean(0, keepdim=True), atol=2e-5, rtol=0, err_msg=f"{samples} samples")
