"""What every compression must do: a smaller model that answers much the same, and ever more careful settings."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from burnish.bundle.artifacts import Artifact, write_facts
from burnish.compression import Compression
from burnish.compression.quantization import Quantization
from burnish.core.component import build, kinds
from burnish.core.errors import RunFailed
from tests.export_cases import exported_once, opened, source

AXIS = "burnish.compression"
METHODS = ("int8", "static_int8", "float16", "int8_weights")
MOST = {"float16": 0.003, "int8_weights": 0.01, "int8": 0.04, "static_int8": 0.06}
"""The largest error of a logit as a share of the largest logit: some twice what is measured on these networks."""

pytest.importorskip("onnx", reason="the extra `export` is not installed")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    exported_once("torchvision_mobilenet", tmp_path_factory)
    return exported_once("bert", tmp_path_factory).parent


def compressed(compression: Compression, models: Path, case: str, folder: Path) -> Path:
    folder.mkdir()
    own = source(case)
    compression.compress(models / case / "model.onnx", folder / "model.onnx", [own.arrays])
    write_facts(folder, Artifact.read(models / case).facts, [])
    return folder


@pytest.mark.parametrize("kind", kinds(AXIS))
def test_is_written_and_read_back_and_documents_itself(kind: str) -> None:
    compression = cast(Compression, build(AXIS, kind))
    assert build(AXIS, compression.model_dump()) == compression
    assert compression.sentence()
    assert compression.precision
    assert all(step != compression for step in compression.safer())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", ["bert", "torchvision_mobilenet"])
def test_answers_much_as_before(method: str, case: str, models: Path, tmp_path: Path) -> None:
    folder = compressed(Quantization.model_validate({"method": method}), models, case, tmp_path / "out")
    arrays = source(case).arrays
    before, after = (opened("onnx", case, f)(**arrays) for f in (models / case, folder))
    assert np.isfinite(after).all()
    assert not np.array_equal(after, before) or (method == "int8_weights" and case != "bert")
    assert np.abs(after - before).max() <= MOST[method] * np.abs(before).max()


def test_layers_can_be_spared_until_none_is_changed(models: Path, tmp_path: Path) -> None:
    model, arrays = models / "bert" / "model.onnx", source("bert").arrays
    plain = Quantization(method="static_int8")
    layers = plain.layers(model)
    assert len(layers) > 8
    before = opened("onnx", "bert", models / "bert")(**arrays)
    folder = compressed(plain.sparing(layers), models, "bert", tmp_path / "spared")
    np.testing.assert_allclose(opened("onnx", "bert", folder)(**arrays), before, atol=1e-6)
    alone = plain.only(layers[:1], model)
    assert set(alone.exclude) == set(layers[1:])


def test_a_model_that_cannot_be_read_is_an_error_of_burnish(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(RunFailed, match="int8 is not possible"):
        Quantization().compress(tmp_path / "model.onnx", tmp_path / "out.onnx", [])


def test_careful_settings_end(models: Path) -> None:
    for method in METHODS:
        first = Quantization.model_validate({"method": method})
        assert len(first.safer()) <= 4
        assert first.safer() == [] or method.endswith("int8")
