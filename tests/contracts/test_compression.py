"""What every compression must do: a smaller model that answers much the same, and ever more careful settings."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from burnish.answering import opening
from burnish.bundle.artifacts import Artifact, write_facts
from burnish.compression import Compression, quantization
from burnish.compression.quantization import Quantization
from burnish.core.component import build, kinds
from burnish.core.errors import RunFailed
from burnish.runtimes import onnx as runtime
from tests.export_cases import exported_once, opened, source

AXIS = "burnish.compression"
METHODS = ("int8", "static_int8", "float16", "int8_weights")
READING = ("MatMulInteger", "DequantizeLinear")
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


@pytest.mark.parametrize("method", ["int8", "static_int8"])
def test_unsigned_weights_are_the_signed_ones_and_no_processor_loses_a_part(
    method: str, models: Path, tmp_path: Path
) -> None:
    """The same integers: what any onnxruntime answers is what burnish's own session answers of the signed graph."""
    import onnx
    import onnxruntime

    found = []
    for unsigned in (False, True):
        folder = compressed(Quantization(method=method, unsigned=unsigned), models, "bert", tmp_path / str(unsigned))
        own = runtime.opened(folder / "model.onnx", ["CPUExecutionProvider"], 1)
        plain = onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])
        session = plain if unsigned else own
        found.append(session.run(None, {i.name: source("bert").arrays[i.name] for i in session.get_inputs()})[0])
        graph = onnx.load(str(folder / "model.onnx")).graph
        kinds_of = {c.name: c.data_type for c in graph.initializer}
        read = {
            (n.input[1] if n.op_type == "MatMulInteger" else n.input[0]) for n in graph.node if n.op_type in READING
        }
        weights = {kinds_of[name] for name in read if name in kinds_of} - {onnx.TensorProto.INT32}
        assert weights == {onnx.TensorProto.UINT8 if unsigned else onnx.TensorProto.INT8}
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=1e-5)


def test_seven_bits_are_seven(models: Path, tmp_path: Path) -> None:
    import onnx

    folder = compressed(Quantization(method="int8", reduce_range=True), models, "bert", tmp_path / "seven")
    arrays = [onnx.numpy_helper.to_array(c) for c in onnx.load(str(folder / "model.onnx")).graph.initializer]
    weights = [a for a in arrays if a.dtype == np.int8 and a.ndim == 2]
    assert weights
    assert max(np.abs(w.astype(int)).max() for w in weights) == 64


def test_the_largest_bytes_are_multiplied_exactly_on_every_processor(tmp_path: Path) -> None:
    """Two products of them do not fit into sixteen bits, where processors without VNNI add them."""
    import onnx
    from onnx import helper, numpy_helper

    rng = np.random.default_rng(0)
    states = rng.choice(np.array([0, 255], np.uint8), (5, 96), p=[0.1, 0.9])
    weights = rng.choice(np.array([-128, 127], np.int8), (96, 24), p=[0.2, 0.8])
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["states", "weights"], ["products"])],
        "largest",
        [helper.make_tensor_value_info("states", onnx.TensorProto.UINT8, [5, 96])],
        [helper.make_tensor_value_info("products", onnx.TensorProto.INT32, [5, 24])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(tmp_path / "model.onnx"))
    session = runtime.opened(tmp_path / "model.onnx", ["CPUExecutionProvider"], 1)
    (found,) = session.run(None, {"states": states})
    np.testing.assert_array_equal(found, states.astype(np.int64) @ weights.astype(np.int64))


def test_weights_that_share_a_zero_point_open_everywhere_and_apart_are_exact(tmp_path: Path) -> None:
    """Onnxruntime cannot make such weights unsigned itself: the graph opens as it is, and `aware_int8` takes them apart."""
    import onnx
    from onnx import helper, numpy_helper

    weights = np.full((64, 64), 127, np.int8)
    names = ("first", "second")
    constants = {"scale": np.float32(0.01), "zero": np.int8(0), "step": np.float32(1 / 255), "point": np.uint8(0)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "point"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "step", "point"], ["d"]),
    ]
    for name in names:
        nodes.append(helper.make_node("DequantizeLinear", [f"{name}_weights", "scale", "zero"], [f"{name}_float"]))
        nodes.append(helper.make_node("MatMul", ["d", f"{name}_float"], [name]))
    graph = helper.make_graph(
        nodes,
        "shared",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [4, 64])],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [4, 64]) for name in names],
        [numpy_helper.from_array(np.array(value), name) for name, value in constants.items()]
        + [numpy_helper.from_array(weights, f"{name}_weights") for name in names],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), str(tmp_path / "m.onnx")
    )
    ones = np.ones((4, 64), np.float32)
    runtime.opened(tmp_path / "m.onnx", ["CPUExecutionProvider"], 1).run(None, {"x": ones})
    for unsigned in (False, True):
        out = tmp_path / f"{unsigned}.onnx"
        Quantization(method="aware_int8", unsigned=unsigned).compress(tmp_path / "m.onnx", out, [])
        for found in runtime.opened(out, ["CPUExecutionProvider"], 1).run(None, {"x": ones}):
            np.testing.assert_allclose(found, np.full((4, 64), 64 * 1.27), rtol=1e-5)


def test_an_export_that_answers_otherwise_here_says_how_to_export_it() -> None:
    fix = opening._otherwise(Artifact(Path("onnx-static-int8"), {"precision": "static-int8"}))
    assert "burnish export RUN --quantize static_int8" in fix
    assert "'{method: static_int8, unsigned: true}'" in fix
    assert "processor" not in opening._otherwise(Artifact(Path("onnx-float32"), {"precision": "float32"}))


def test_the_first_attempt_is_one_that_is_exact_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for here in (True, False):
        monkeypatch.setattr(quantization, "saturates", lambda here=here: here)
        for method in ("int8", "static_int8", "aware_int8"):
            settled = Quantization.model_validate({"method": method}).settled()
            assert cast(Quantization, settled.compression).unsigned is here
            assert settled.facts == {"processor_saturates": here}
            assert ("written unsigned" in settled.words) is here
        for asked in ({"unsigned": False}, {"reduce_range": True}, {"method": "float16"}):
            settled = Quantization.model_validate(asked).settled()
            assert cast(Quantization, settled.compression).unsigned is False
            assert not settled.words


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
