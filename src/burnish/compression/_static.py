"""Static quantisation: ranges from training rows, quantise-dequantise pairs in the graph, in the form hardware wants."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from burnish.compression import Batches
from burnish.core.batch import Array
from burnish.hardware import Form

WEIGHTED = ("MatMul", "Gemm", "Conv", "ConvTranspose")
HISTOGRAM_ROWS = 32  # at most whose activations are all held at once, as histograms need them
SMALLEST = 2.0**-24  # scale of a tensor that is zero on every row


class Settings(Protocol):
    """What of a compression says how ranges are found and how numbers are written; see `Quantization`."""

    @property
    def calibration(self) -> Literal["minmax", "percentile", "entropy"]:
        """How a range is found."""

    @property
    def calibration_rows(self) -> int:
        """Training rows it is found on."""

    @property
    def per_channel(self) -> bool:
        """A scale for each output channel."""

    @property
    def reduce_range(self) -> bool:
        """Weights of seven bits."""

    @property
    def exclude(self) -> list[str]:
        """Names of operators that stay as they are."""

    @property
    def form(self) -> Form | None:
        """What a piece of hardware wants."""


def quantise(settings: Settings, model: Path, out: Path, calibration: Batches, *, every: bool, large: bool) -> None:
    """Write the quantised model.

    Args:
        settings: of static_int8.
        model, out: ONNX files.
        calibration: batches of training rows.
        every: whether all operators that can be are quantised, not products and convolutions alone.
        large: whether the weights are in a file beside the model.
    """
    from onnxruntime.quantization import CalibrationMethod, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    method = {
        "minmax": CalibrationMethod.MinMax,
        "percentile": CalibrationMethod.Percentile,
        "entropy": CalibrationMethod.Entropy,
    }[settings.calibration]
    rows = settings.calibration_rows
    rows = rows if settings.calibration == "minmax" else min(rows, HISTOGRAM_ROWS)
    form = settings.form
    # The ranges do not depend on what is left out: they are found once for all settings that are tried.
    ranges = model.parent.parent / f"ranges-{settings.calibration}-{rows}-{every}.json"
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(model, ready, skip_symbolic_shape=True, save_as_external_data=large)

        def write(**more: Any) -> None:
            quantize_static(
                ready,
                out,
                _reader(calibration, rows),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=_kinds(form, every),
                per_channel=form.per_channel if form else settings.per_channel,
                reduce_range=settings.reduce_range,
                activation_type=QuantType.QInt8 if form and form.activations == "int8" else QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=list(settings.exclude),
                calibrate_method=method,
                use_external_data_format=large,
                extra_options={
                    "CalibPercentile": 99.99,
                    "MatMulConstBOnly": not every,
                    "ActivationSymmetric": bool(form and form.symmetric),
                    **more,
                },
                calibration_cache_path=ranges,
            )

        if form is not None and form.power_of_two and not ranges.is_file():
            write()  # for the ranges, which the scales below are made of
        overrides = {} if form is None else _overrides(form, ready, ranges)
        write(**({"TensorQuantOverrides": overrides} if overrides else {}))


def _kinds(form: Form | None, every: bool) -> list[str] | None:
    """Kinds of operators to quantise; None: all that onnxruntime's CPU kernels have integers for."""
    if not every:
        return list(WEIGHTED)
    return [kind for kind in form.operators if ":" not in kind] if form is not None and form.operators else None


def _overrides(form: Form, model: Path, ranges: Path) -> dict[str, list[dict[str, Any]]]:
    """Scales that the quantiser would choose otherwise, by tensor."""
    import onnx
    from onnx import numpy_helper
    from onnxruntime.quantization import QuantType

    overrides: dict[str, list[dict[str, Any]]] = {}
    loaded = onnx.load(str(model))
    constants = {c.name: c for c in loaded.graph.initializer}
    for node in loaded.graph.node:
        weights = constants.get(node.input[1]) if node.op_type in WEIGHTED else None
        if weights is None:
            continue
        if node.op_type in form.one_scale:
            overrides[weights.name] = [{"quant_type": QuantType.QUInt8, "symmetric": False}]
        elif form.power_of_two:
            overrides[weights.name] = [_power(_best_power(numpy_helper.to_array(weights)))]
    if form.power_of_two:
        overrides |= {name: [_power(_power_above(largest))] for name, largest in _largest(ranges).items()}
    return overrides


def _largest(ranges: Path) -> dict[str, float]:
    """The largest absolute value of each activation, as calibration found it."""
    told = json.loads(ranges.read_text(encoding="utf-8"))["data"]
    ends = {name: (_number(value["lowest"]), _number(value["highest"])) for name, value in told.items()}
    return {name: max(abs(low), abs(high)) for name, (low, high) in ends.items()}


def _number(value: Any) -> float:
    data = value["data"] if isinstance(value, dict) else value
    return float(np.asarray(data, np.float64).ravel()[0])


def _power(scale: float) -> dict[str, Any]:
    return {"scale": np.array(scale, np.float32), "zero_point": np.array(0, np.int8)}


def _power_above(largest: float) -> float:
    """The smallest power of two that keeps a range within -127 ... 127 (vai_q_onnx calls it NonOverflow)."""
    return max(SMALLEST, float(2.0 ** np.ceil(np.log2(largest / 127)))) if largest > 0 else SMALLEST


def _best_power(weights: Array) -> float:
    """The power of two with the least squared error, though the largest weights may saturate (MinMSE there)."""
    above = _power_above(float(np.abs(weights).max(initial=0.0)))
    tried = [above, above / 2, above / 4]
    errors = [float(np.square(np.clip(np.rint(weights / s), -128, 127) * s - weights).sum()) for s in tried]
    return tried[int(np.argmin(errors))]


def _reader(batches: Batches, rows: int) -> Any:
    """The first `rows` rows, one batch after another."""
    from onnxruntime.quantization import CalibrationDataReader

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self._batches = iter(_first(batches, rows))

        def get_next(self) -> dict[str, Array] | None:
            return next(self._batches, None)

    return Reader()


def _first(batches: Batches, rows: int) -> Iterator[dict[str, Array]]:
    for batch in batches:
        if rows <= 0:
            return
        yield {name: np.ascontiguousarray(value) for name, value in batch.items()}
        rows -= len(next(iter(batch.values())))
