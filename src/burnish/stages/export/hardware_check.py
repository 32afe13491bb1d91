"""Exports for a piece of hardware: the plainest graph, and what of the finished one the hardware does not take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from burnish.compression.quantization import Quantization
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.exporters.onnx import Onnx
from burnish.exporters.onnx import operators as _onnx_operators
from burnish.hardware import Fit, Hardware


@dataclass(frozen=True)
class Check:
    """What is exported for.

    Attributes:
        hardware: whose list every operator is compared with.
        allow_fallback: whether what it does not take may run on the host's CPU.
    """

    hardware: Hardware
    allow_fallback: bool = False

    @property
    def label(self) -> str:
        """Its name as part of an artifact's."""
        return self.hardware.kind().replace("_", "-")

    def fit(self, model: Path) -> Fit:
        """How a finished ONNX file fits."""
        return self.hardware.fit(_onnx_operators.read(model))

    def told(self, fit: Fit) -> dict[str, Any]:
        """For artifact.json, export.json and the report."""
        return {
            "kind": fit.hardware,
            "source": self.hardware.source,
            "form": self.hardware.form.model_dump(mode="json"),
            "operators": fit.counts,
            "multiplications": fit.multiplications,
            "fallback": fit.fallback,
            "fallback_share": fit.share,
        }

    def plainest(
        self, exporter: Onnx, folder: Path, export: Callable[[Onnx, Path], dict[str, Any]]
    ) -> tuple[Path, dict[str, Any]]:
        """Export with our changes to the graph and, where the hardware does not know their operators, without them.

        Returns:
            The folder and facts of the graph with the fewest operators that are not on the list.
        """
        tried: list[tuple[int, Path, dict[str, Any]]] = []
        for optimize in dict.fromkeys((exporter.optimize, False)):
            subfolder = folder / ("float32" if optimize else "float32-plain")
            subfolder.mkdir()
            facts = export(exporter.model_copy(update={"optimize": optimize}), subfolder)
            operators = _onnx_operators.read(subfolder / str(facts["file"]))
            unknown = sum(o.kind not in self.hardware.operators for o in operators)
            tried.append((unknown, subfolder, facts))
            if not unknown:
                break
        _, subfolder, facts = min(tried, key=lambda one: one[0])
        return subfolder, facts


def check(hardware: str | dict[str, Any], allow_fallback: bool) -> Check:
    """A check by the name of its hardware.

    Raises:
        InputError: no such hardware.
    """
    return Check(cast(Hardware, build("burnish.hardware", hardware, place="--hardware")), allow_fallback)


def for_hardware(check: Check, exporter: Onnx, quantization: Quantization) -> tuple[Onnx, Quantization]:
    """The settings of an export, as the hardware wants them: fixed shapes, its opset, its form of integers.

    Raises:
        InputError: another opset or another quantisation was asked for.
    """
    form, opset = check.hardware.quantised_form(), check.hardware.opset
    if "opset" in exporter.model_fields_set and exporter.opset > opset:
        raise InputError(f"opset {exporter.opset}", expected=f"at most {opset} for {check.label}", place="--opset")
    if quantization.method != "static_int8":
        raise InputError(
            f"{quantization.method} for {check.label}",
            expected="static_int8, which --hardware means",
            place="--quantize",
        )
    adjusted = exporter.model_copy(update={"static": True, "plain": True, "opset": min(exporter.opset, opset)})
    # Hardware with half precision runs the rest of a text model in it; without, everything has to be integers, and
    # what is not falls back, so that sparing operators is for those who allow it.
    more = {"form": form, "per_channel": form.per_channel, "spare": check.allow_fallback or form.floats}
    if quantization.every_operator is None and not form.floats:
        more["every_operator"] = True
    return adjusted, quantization.model_copy(update=more)
