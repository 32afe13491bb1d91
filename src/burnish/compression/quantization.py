"""Quantisation after training, through onnxruntime."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from burnish.compression import Batches, Compression, Settled
from burnish.compression._saturation import saturates
from burnish.core.errors import InputError, RunFailed
from burnish.hardware import Form

MULTIPLYING = ("MatMul", "Gemm")
CONVOLVING = ("Conv", "ConvTranspose")
LARGEST = 1_800_000_000  # bytes of a model that still fits one protobuf file


class Quantization(Compression):
    """Eight or sixteen bits instead of thirty-two, after training (Jacob et al. 2018, arXiv 1712.05877)."""

    method: Literal["int8", "static_int8", "float16", "int8_weights", "aware_int8"] = Field(
        "int8",
        description="int8: activations measured for each batch; static_int8: by calibration, as QDQ operators, for "
        "convolutions, NPUs and FPGAs; float16: halves; int8_weights: weights only, in blocks, the most careful; aware_int8: as "
        "a network was trained to be rounded (`quantise`).",
    )
    per_channel: bool = Field(True, description="A scale for each output channel of the weights instead of one in all.")
    unsigned: bool | None = Field(
        None,
        description="int8 weights as 0 to 255 with the zero point 128: exact on CPUs without VNNI, slow on those with it. Null: "
        "where this machine is found to saturate.",
    )
    reduce_range: bool = Field(
        False,
        description="int8 weights of 7 bits: exact and fast on every CPU, twice as coarse; for machines unlike this.",
    )
    calibration: Literal["minmax", "percentile", "entropy"] = Field(
        "minmax", description="How static_int8 finds the range of activations; percentile keeps 99.99 %."
    )
    calibration_rows: int = Field(128, ge=1, description="Training examples that static_int8 is calibrated on.")
    every_operator: bool | None = Field(
        None,
        description="static_int8 for all operators that can be, as NPUs want; else only products and convolutions. "
        "Null: where the model has convolutions, whose ranges are those after the activation.",
    )
    exclude: list[str] = Field(default_factory=list, description="Names of operators that stay as they are.")
    form: Form | None = Field(
        None, description="How a piece of hardware wants static_int8; safer settings keep to it. `--hardware` sets it."
    )
    spare: bool = Field(True, description="Operators that bear it least may stay in float32.")

    @property
    def precision(self) -> str:
        """The method, with hyphens."""
        return self.method.replace("_", "-")

    @property
    def is_float(self) -> bool:
        """Only float16 is."""
        return self.method == "float16"

    def compress(self, model: Path, out: Path, calibration: Batches) -> None:
        """Write the quantised model to `out`."""
        try:
            import onnx  # noqa: F401
            import onnxruntime.quantization  # noqa: F401
        except ImportError as error:
            raise InputError("quantisation needs onnx", fix="pip install 'burnish[export]'") from error
        settled = self.settled().compression
        assert isinstance(settled, Quantization)
        write = {
            "int8": settled._dynamic,
            "static_int8": settled._static,
            "float16": settled._halves,
            "int8_weights": settled._weights,
            "aware_int8": settled._aware,
        }[self.method]
        try:
            with _silent():
                write(model, out, calibration)
                if settled.unsigned:
                    _without_sign(out)
        except Exception as error:  # the libraries raise many kinds
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunFailed(f"{self.method} is not possible for this model: {said}", place=str(model)) from error

    def settled(self) -> Settled:
        """Weights without a sign where this processor would saturate with signed ones."""
        if not self.method.endswith("int8") or self.form is not None:  # what a form says is not for us to change
            return Settled(self.model_copy(update={"unsigned": bool(self.unsigned)}))
        here = saturates()
        unsigned = here and not self.reduce_range if self.unsigned is None else self.unsigned
        words = ""
        if unsigned and self.unsigned is None:
            words = (
                "this processor saturates with signed 8-bit weights (measured): they are written unsigned, as 0 to 255"
            )
        return Settled(self.model_copy(update={"unsigned": unsigned}), words, {"processor_saturates": here})

    def safer(self) -> Sequence[Quantization]:
        """Per channel; for static_int8 also more rows, and ranges without outliers; nothing for the others."""
        careful: list[dict[str, Any]] = [{}] if self.method in ("int8", "static_int8") else []
        if self.method == "static_int8":
            careful += [{"calibration_rows": 4 * self.calibration_rows}, {"calibration": "percentile"}]
        scales = {} if self.form else {"per_channel": True}  # what a form says is not for us to change
        tried = [self.model_copy(update={**scales, **step}) for step in careful]
        return [step for step in tried if step != self]

    def safest(self) -> Sequence[Quantization]:
        """For int8, weights without a sign: they cannot saturate, and take twice the time where the CPU has VNNI."""
        step = self.model_copy(update={"per_channel": True, "unsigned": True})
        return [step] if self.method == "int8" and not self.unsigned and not self.reduce_range else []

    def layers(self, model: Path) -> Sequence[str]:
        """Products with constant weights and, for static_int8, convolutions, in order; none for the other methods."""
        if self.method not in ("int8", "static_int8") or not self.spare:
            return []
        import onnx

        graph = onnx.load(str(model), load_external_data=False).graph
        constants = {c.name for c in graph.initializer}
        kinds = MULTIPLYING + (CONVOLVING if self.method == "static_int8" else ())
        return [n.name for n in graph.node if n.op_type in kinds and n.input[1] in constants]

    def sparing(self, names: Sequence[str]) -> Quantization:
        """With these operators left in float32."""
        return self.model_copy(update={"exclude": list(dict.fromkeys([*self.exclude, *names]))})

    def only(self, names: Sequence[str], model: Path) -> Quantization:
        """With every other operator left in float32."""
        return self.sparing([other for other in self.layers(model) if other not in names])

    def _dynamic(self, model: Path, out: Path, calibration: Batches) -> None:
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            model,
            out,
            op_types_to_quantize=[*MULTIPLYING, "Gather"],
            weight_type=QuantType.QInt8,
            per_channel=self.per_channel,
            reduce_range=self.reduce_range,
            nodes_to_exclude=list(self.exclude),
            use_external_data_format=_is_large(model),
            extra_options={"MatMulConstBOnly": True},
        )

    def _static(self, model: Path, out: Path, calibration: Batches) -> None:
        from burnish.compression import _static

        every = self.every_operator if self.every_operator is not None else _has_convolutions(model)
        _static.quantise(self, model, out, calibration, every=every, large=_is_large(model))

    def _aware(self, model: Path, out: Path, calibration: Batches) -> None:
        """The graph rounds already: it was exported so."""
        import onnx

        from burnish.compression import _unsigned

        loaded = onnx.load(str(model))
        _unsigned.separated(loaded)
        _save(loaded, out, _is_large(model))

    def _halves(self, model: Path, out: Path, calibration: Batches) -> None:
        import onnx
        from onnxruntime.transformers.float16 import convert_float_to_float16

        loaded = onnx.load(str(model))
        halved = convert_float_to_float16(
            loaded, keep_io_types=True, disable_shape_infer=True, node_block_list=list(self.exclude)
        )
        _save(halved, out, _is_large(model))

    def _weights(self, model: Path, out: Path, calibration: Batches) -> None:
        import onnx
        from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

        quantizer = MatMulNBitsQuantizer(
            onnx.load(str(model)), bits=8, block_size=32, is_symmetric=True, nodes_to_exclude=list(self.exclude)
        )
        quantizer.process()
        quantizer.model.save_model_to_file(str(out), _is_large(model))


def _without_sign(out: Path) -> None:
    """Write the weights of a finished graph as 0 to 255: the same numbers, which no processor loses a part of."""
    import onnx

    from burnish.compression import _unsigned

    large, loaded = _is_large(out), onnx.load(str(out))
    _unsigned.shifted(loaded)
    for path in out.parent.glob(f"{out.name}*"):  # a file of weights would be written on, not anew
        path.unlink()
    _save(loaded, out, large)


def _save(model: Any, out: Path, large: bool) -> None:
    import onnx

    onnx.save(model, str(out), save_as_external_data=large, location=f"{out.name}.data" if large else None)


def _has_convolutions(model: Path) -> bool:
    import onnx

    return any(n.op_type in CONVOLVING for n in onnx.load(str(model), load_external_data=False).graph.node)


def _is_large(model: Path) -> bool:
    return sum(p.stat().st_size for p in model.parent.glob(f"{model.name}*")) > LARGEST


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The libraries print and log advice that does not apply here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
