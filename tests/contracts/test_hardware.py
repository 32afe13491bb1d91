"""What every piece of hardware must say, and how finished graphs are compared with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from burnish.compression.quantization import Quantization
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.core.fixed_size import pieces
from burnish.exporters.onnx import Onnx
from burnish.hardware import PAIR, Hardware, Operator
from burnish.stages.export.hardware_check import Check, check, for_hardware
from burnish.stages.export.wishes import wishes
from tests.export_cases import exported_alike, opened, source

AXIS = "burnish.hardware"
KINDS = kinds(AXIS)


def made(kind: str) -> Hardware:
    return cast(Hardware, build(AXIS, kind))


def quantised(hardware: Hardware, case: str, folder: Path, factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The float32 and the quantised export of a case for a piece of hardware."""
    before, after = folder / "float32", folder / "int8"
    exporter, quantization = for_hardware(Check(hardware), Onnx(), Quantization(method="static_int8"))
    facts = exported_alike(cast(Onnx, exporter), case, before, factory)
    shapes = {name: told["shape"] for name, told in facts["inputs"].items()}
    after.mkdir()
    batches = [own for own, _, _ in pieces(source(case).arrays, shapes)]
    quantization.compress(before / "model.onnx", after / "model.onnx", batches)
    (after / "artifact.json").write_text((before / "artifact.json").read_text())
    return before, after


@pytest.mark.parametrize("kind", KINDS)
def test_names_operators_that_there_are_and_says_where_the_list_is_from(kind: str) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
    hardware = made(kind)
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history()}
    assert {o for o in hardware.operators if ":" not in o} - known <= {"Inverse"}  # QNN's list has ORT's own here
    assert {"Conv", "Gemm", "Add", "Relu", "MaxPool"} <= hardware.operators
    assert not set(PAIR) & hardware.operators
    assert hardware.source.startswith("https://")
    assert any(year in hardware.source for year in ("2022", "2023", "2024", "2025", "2026"))
    assert hardware.sentence()
    assert 18 <= hardware.opset <= 22, "Attention is one operator from 23 on"
    assert hardware.quantised_form().operators


@pytest.mark.parametrize("kind", KINDS)
def test_takes_what_is_listed_and_quantised_and_says_why_it_does_not(kind: str) -> None:
    hardware = made(kind)
    conv = Operator("a", "Conv", (1, 8, 4, 4), 100, True, True)
    assert hardware.refuses(conv) == ""
    odd = Operator("b", "com.example:Odd", (1,), 0, False, True)
    assert hardware.refuses(odd) == "not on its list"
    plain = Operator("c", "Conv", (1, 8, 4, 4), 300, True, False)
    assert bool(hardware.refuses(plain)) is not hardware.form.floats
    fit = hardware.fit([conv, odd, Operator("q", "QuantizeLinear", (1,), 0, True, False)])
    assert fit.counts == {"Conv": 1, "com.example:Odd": 1}
    assert fit.fallback == [
        {
            "operator": "com.example:Odd",
            "why": "not on its list",
            "count": 1,
            "nodes": ["b"],
            "multiplications": 0,
            "share": 0.0,
        }
    ]
    assert fit.share == 0
    assert "1 com.example:Odd (not on its list)" in fit.sentence()
    assert hardware.fit([conv]).sentence() == ""


def test_the_share_of_work_is_counted() -> None:
    dpu = made("zynq_dpu")
    operators = [Operator("a", "Conv", (1,), 300, True, True), Operator("b", "MatMul", (1, 4, 4), 100, False, True)]
    fit = dpu.fit(operators)
    assert fit.share == 0.25
    assert fit.fallback[0]["why"] == "only with constant weights"
    softmax = Operator("s", "Softmax", (2, 4), 0, False, True)
    assert made("rockchip_npu").refuses(softmax) == "only for one example at a time"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_convolutional_network_is_taken_whole_in_the_form_it_wants(
    kind: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
    hardware = made(kind)
    before, after = quantised(hardware, "torchvision_mobilenet", tmp_path, tmp_path_factory)
    fit = Check(hardware).fit(after / "model.onnx")
    assert fit.fallback == []
    assert fit.multiplications > 500_000
    assert "GlobalAveragePool" in fit.counts
    arrays = source("torchvision_mobilenet").arrays
    one, other = (opened("onnx", "torchvision_mobilenet", folder)(**arrays) for folder in (before, after))
    assert not np.array_equal(one, other)
    assert np.abs(one - other).max() < 0.2 * np.abs(one).max()  # CPUs without integer dot products saturate a little
    scales = [s for s, _ in _pairs(onnx, after / "model.onnx")]
    if hardware.form.power_of_two:
        assert all(np.all(np.exp2(np.rint(np.log2(s))) == s) for s in scales)
        assert max(s.size for s in scales) == 1
    assert (max(s.size for s in scales) > 1) is hardware.form.per_channel
    assert _types_of_activations(onnx, after / "model.onnx") == {hardware.form.activations}


def _pairs(onnx: Any, path: Path) -> list[tuple[np.ndarray, Any]]:
    """Scale and node of every operator of the pair."""
    graph = onnx.load(str(path)).graph
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    return [(constants[n.input[1]], n) for n in graph.node if n.op_type in PAIR]


def _types_of_activations(onnx: Any, path: Path) -> set[str]:
    graph = onnx.load(str(path)).graph
    constants = {c.name: onnx.numpy_helper.to_array(c) for c in graph.initializer}
    return {str(constants[n.input[2]].dtype) for n in graph.node if n.op_type == "QuantizeLinear"}


@pytest.mark.slow
def test_a_transformer_falls_back_where_the_list_is_short_and_by_name(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("onnx", reason="the extra `export` is not installed")
    _, after = quantised(made("zynq_dpu"), "bert", tmp_path, tmp_path_factory)
    fit = Check(made("zynq_dpu")).fit(after / "model.onnx")
    lacking = {row["operator"]: row for row in fit.fallback if row["why"] != "not quantised"}
    assert {"LayerNormalization", "Gather", "MatMul"} <= set(lacking)
    assert lacking["MatMul"]["why"] == "only with constant weights"
    assert 0 < fit.share < 1
    assert len(lacking["Gather"]["nodes"]) == lacking["Gather"]["count"]
    json.dumps(Check(made("zynq_dpu")).told(fit))


@pytest.mark.slow
def test_our_own_changes_are_left_out_where_they_bring_operators_that_are_not_taken(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("onnx", reason="the extra `export` is not installed")

    def export(exporter: Onnx, folder: Path) -> dict[str, Any]:
        return exported_alike(exporter, "bert", folder, tmp_path_factory)

    exporter, _ = for_hardware(Check(made("ryzen_ai")), Onnx(), Quantization(method="static_int8"))
    folder, _ = Check(made("ryzen_ai")).plainest(exporter, tmp_path, export)
    assert folder.name == "float32-plain"
    (tmp_path / "others").mkdir()
    exporter, _ = for_hardware(Check(made("qualcomm_htp")), Onnx(), Quantization(method="static_int8"))
    folder, facts = Check(made("qualcomm_htp")).plainest(exporter, tmp_path / "others", export)
    assert folder.name == "float32"
    assert facts["graph_changes"]["groups of projections merged"] > 0


@pytest.mark.slow
def test_a_network_of_products_stays_in_half_precision_but_for_them_where_that_is_taken(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    onnx = pytest.importorskip("onnx", reason="the extra `export` is not installed")
    _, after = quantised(made("qualcomm_htp"), "bert", tmp_path, tmp_path_factory)
    assert Check(made("qualcomm_htp")).fit(after / "model.onnx").fallback == []
    graph = onnx.load(str(after / "model.onnx")).graph
    whole = {c.name: c for c in graph.initializer if c.data_type == onnx.TensorProto.UINT8 and len(c.dims) == 2}
    assert whole, "weights of products are uint8"
    scales = {n.input[0]: n.input[1] for n in graph.node if n.op_type == "DequantizeLinear"}
    sizes = {c.name: onnx.numpy_helper.to_array(c).size for c in graph.initializer}
    assert {sizes[scales[name]] for name in whole} == {1}


def test_safer_settings_keep_to_the_form() -> None:
    _, quantization = for_hardware(Check(made("ryzen_ai")), Onnx(), Quantization(method="static_int8"))
    assert quantization.safer()
    assert all(not step.per_channel and step.form == quantization.form for step in quantization.safer())
    assert quantization.layers(Path("not read")) == []  # nothing may stay in float32
    _, lenient = for_hardware(Check(made("ryzen_ai"), True), Onnx(), Quantization(method="static_int8"))
    assert lenient.spare
    assert build("burnish.compression", quantization.model_dump()) == quantization


def test_settings_the_hardware_does_not_take_are_refused() -> None:
    (wish,) = wishes(["onnx"], hardware="rockchip_npu", opset=18)
    assert isinstance(wish.exporter, Onnx)
    assert (wish.exporter.opset, wish.exporter.static, wish.exporter.plain) == (18, True, True)
    for arguments in (
        {"hardware": "zynq_dpuu"},
        {"hardware": "zynq_dpu", "opset": 23},
        {"hardware": "zynq_dpu", "methods": ["int8"]},
        {"hardware": "zynq_dpu", "formats": ["litert"]},
        {"allow_fallback": True},
    ):
        with pytest.raises(InputError):
            wishes(**cast(dict[str, Any], arguments))
    others = wishes(["onnx", "safetensors"], hardware="zynq_dpu")
    assert [w.check is not None for w in others] == [True, False]
    assert check("zynq_dpu", False).label == "zynq-dpu"
