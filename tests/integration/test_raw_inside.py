"""`burnish export --raw`: the graph reads texts, or pictures of any size, and answers as the network does."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import burnish
from burnish.bundle.bundle import Bundle
from burnish.core.errors import InputError
from burnish.exporters.onnx import raw as _onnx_raw
from burnish.inputs.image import Image
from burnish.media.picture.processor import ImageProcessor, RawPictures
from burnish.media.text.raw import RawTexts
from tests.image_cases import picture, save
from tests.integration.spoiled import Said
from tests.sound_cases import save as save_sound
from tests.sound_cases import sound

onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
torch = pytest.importorskip("torch")
extensions = pytest.importorskip("onnxruntime_extensions", reason="the extra `export` is not installed")
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.3, 0.4)
SIZES = [(32, 32), (33, 47), (150, 61), (20, 31), (64, 300)]


@pytest.fixture(scope="module")
def texts(trained: Callable[..., Path], exported: Callable[..., Path]) -> Path:
    """A run whose artifacts read texts."""
    return exported(trained("label", "full", "bert", epochs=12), "--raw", "--quantize", "int8")


@pytest.mark.slow
def test_a_graph_reads_texts(texts: Path) -> None:
    """Whoever has onnxruntime and its extensions needs nothing else: a string goes in, logits come out."""
    import onnxruntime

    bundle = Bundle.load(texts)
    artifacts = {a.name: a for a in bundle.artifacts()}
    assert set(artifacts) == {"onnx-float32", "onnx-int8"}
    rows = [{"text": text} for text in ("my card is broken at home", "My new  PARCEL is late!", "", "my film " * 200)]
    expected = burnish.load(texts, runtime="torch")(rows)
    for artifact in artifacts.values():
        assert artifact.facts["inputs"] == {"text": {"type": "string", "shape": [1]}}
        found = burnish.load(texts, runtime={"kind": "onnx", "artifact": artifact.name})
        within = 1e-5 if artifact.name == "onnx-float32" else 0.05
        for one, other in zip(found(rows), expected, strict=True):
            assert one.probabilities == pytest.approx(other.probabilities, abs=within)
        assert found.explain(rows[0], 4).answer.answer == expected[0].answer
    options = onnxruntime.SessionOptions()
    options.register_custom_ops_library(extensions.get_library_path())
    session = onnxruntime.InferenceSession(artifacts["onnx-float32"].file, options)
    (logits,) = session.run(None, {"text": np.array([rows[0]["text"]], object)})
    assert bundle.target.names[int(logits.argmax())] == expected[0].answer


@pytest.mark.parametrize(
    ("task", "architecture"),
    # tests/unit/test_onnx_tokens.py has the graph of each tokenizer
    [
        pytest.param(*case, marks=pytest.mark.slow)
        for case in (("pairs", "bert"), ("label", "gpt2"), ("label", "roberta"))
    ],
)
def test_a_graph_reads_pairs_and_other_tokenizers(
    task: str, architecture: str, trained: Callable[..., Path], exported_copy: Callable[..., Path]
) -> None:
    folder = exported_copy(trained(task, "full", architecture), "--raw")
    columns = Bundle.load(folder).input.required_columns
    (artifact,) = Bundle.load(folder).artifacts()
    assert list(artifact.facts["inputs"]) == ["text", "text_pair"][: len(columns)]
    texts = ["my card is broken at home", "", "My new  PARCEL is late! " * 40]
    rows = [dict(zip(columns, cells, strict=True)) for cells in (texts[: len(columns)], texts[-len(columns) :])]
    found = burnish.load(folder, runtime=artifact.name)(rows)
    for one, other in zip(found, burnish.load(folder, runtime="torch")(rows), strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)


@pytest.mark.slow  # tests/unit/test_raw_sounds.py has the graph of each architecture
def test_a_graph_reads_sounds_of_any_length(
    trained: Callable[..., Path], tmp_path: Path, exported_copy: Callable[..., Path]
) -> None:
    folder = exported_copy(trained("sounds"), "--raw")
    (artifact,) = Bundle.load(folder).artifacts()
    assert artifact.facts["inputs"] == {"waveform": {"type": "float32", "shape": [1, "samples"]}}
    rows = [{"audio": str(save_sound(sound(7, s, 16000), tmp_path / f"{s}.wav", 16000))} for s in (0.05, 0.9, 1.0, 2.4)]
    found, expected = burnish.load(folder, runtime=artifact.name), burnish.load(folder, runtime="torch")(rows)
    for one, other in zip(found(rows), expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    assert found.explain(rows[3], 4).answer.answer == expected[3].answer


@pytest.mark.slow
def test_without_the_library_it_is_named(texts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime_extensions", None)
    with pytest.raises(InputError, match="needs onnxruntime-extensions") as raised:
        burnish.load(texts, runtime="onnx")
    assert "pip install onnxruntime-extensions" in raised.value.fix


@pytest.mark.slow
def test_a_graph_reads_pictures_of_any_size(coloured: Path, tmp_path: Path, exported_copy: Callable[..., Path]) -> None:
    folder = exported_copy(coloured, "--raw", "--quantize", "static_int8")
    artifacts = {a.name: a for a in Bundle.load(folder).artifacts()}
    assert set(artifacts) == {"onnx-float32", "onnx-static-int8"}
    rows = []
    for number, size in enumerate(SIZES):
        save(picture(number, *size), tmp_path / f"{number}.png")
        rows.append({"image": str(tmp_path / f"{number}.png")})
    expected = burnish.load(folder, runtime="torch")(rows)
    exact = burnish.load(folder, runtime={"kind": "onnx", "artifact": "onnx-float32"})
    for one, other in zip(exact(rows), expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=2e-3)  # a pixel may be one shade off
    assert artifacts["onnx-float32"].facts["inputs"] == {
        "picture": {"type": "uint8", "shape": [1, "height", "width", 3]}
    }
    assert exact.explain(rows[0], 4).answer.answer == expected[0].answer


@pytest.mark.parametrize("rounding", ["timm", "transformers"])
@pytest.mark.parametrize("interpolation", ["bilinear", pytest.param("bicubic", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("size", "ratio"), [(32, 0.875), (33, 0.95), (24, 1.0)])
def test_pixels_are_those_of_pillow(rounding: Any, interpolation: str, size: int, ratio: float) -> None:
    """Cropped in the same place, and none more than a shade off where Pillow's whole numbers round otherwise."""
    whole = ImageProcessor(size, ratio, interpolation, MEAN, STD, rounding)
    front = RawPictures(**whole.settings()).front()
    for number, shape in enumerate(SIZES):
        _alike(whole, lambda pixels: front(torch.from_numpy(pixels))["pixel_values"].numpy(), number, shape)


@pytest.mark.slow
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_graph_has_the_same_pixels(interpolation: str, tmp_path: Path) -> None:
    """Traced with one picture, right for all sizes; torch.onnx alone would write another cubic."""
    import onnxruntime

    whole = ImageProcessor(33, 0.95, interpolation, MEAN, STD, "timm")
    onnx.save(_onnx_raw._traced(RawPictures(**whole.settings()).front(), 20), tmp_path / "front.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "front.onnx")
    for number, shape in enumerate(SIZES):
        _alike(whole, lambda pixels: session.run(None, {"picture": pixels})[0], number, shape)


def _alike(whole: ImageProcessor, run: Callable[[Any], Any], seed: int, shape: tuple[int, int]) -> None:
    seen = picture(seed, *shape)
    found = run(np.array(seen.convert("RGB"))[None])[0]
    shades = np.abs(found - whole.numbers(seen)) * np.array(STD)[:, None, None] * 255
    assert shades.max() < 1.01
    assert (shades > 0.01).mean() < 0.1


def test_what_no_graph_does_is_refused(
    trained: Callable[..., Path], tmp_path: Path, burnish_command: Callable[..., Said]
) -> None:
    for name, words in ((("tags",), "cannot read examples of 'tokens'"),):
        folder = tmp_path / "-".join(name)
        shutil.copytree(trained(*name), folder)
        said = burnish_command("export", folder, "--raw")
        assert said.code == 2
        assert words in said.err
        assert "--raw" in said.err
        assert not (folder / "bundle" / "artifacts").exists()
    said = burnish_command("export", tmp_path / "tags", "--raw", "--static")
    assert said.code == 2
    assert "raw goes neither with static nor with preprocessing" in said.err


def test_pictures_of_several_views_and_lanczos_are_refused() -> None:
    processor = ImageProcessor(32, 1.0, "lanczos", MEAN, STD)
    with pytest.raises(InputError, match="lanczos"):
        Image().raw(processor).front()
    with pytest.raises(InputError, match="mean of plain and mirrored"):
        Image(test_views=["plain", "mirrored"]).raw(processor)


def test_rows_of_texts_have_a_cache_of_their_own(trained: Callable[..., Path]) -> None:
    """What is kept of tokens is not read as texts."""
    bundle = Bundle.load(trained("label"))
    raw = bundle.raw()
    assert isinstance(raw.processor, RawTexts)
    assert raw.processor.fingerprint() != bundle.processor.fingerprint()
    (row,) = raw.input.encode([{"text": "Größe 大"}], raw.processor)
    arrays, length = raw.input.collate([row], raw.processor)
    assert arrays["text"].tolist() == ["Größe 大"]
    assert length == 1
    (row,) = raw.input.encode([{"text": "a\0b"}], raw.processor)
    assert raw.input.collate([row], raw.processor)[0]["text"].tolist() == ["ab"]
    with pytest.raises(InputError, match="half a surrogate pair"):
        raw.input.encode([{"text": "\ud83d"}], raw.processor)


def test_pictures_of_one_size_stay_apart() -> None:
    raw = Image().raw(ImageProcessor(32, 1.0, "bilinear", MEAN, STD))
    arrays = raw.batch([np.zeros((4, 5, 3), np.uint8)] * 2)["picture"]
    assert arrays.shape == (2,)
    assert arrays[1].shape == (4, 5, 3)
