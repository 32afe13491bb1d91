"""What an export is asked for: formats, precisions, and the hardware they are for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from burnish.compression import Compression
from burnish.compression.quantization import Quantization
from burnish.core.component import build, kinds
from burnish.core.errors import InputError
from burnish.exporters import Exporter
from burnish.exporters.onnx import Onnx
from burnish.stages.export.hardware_check import Check, check, for_hardware


@dataclass(frozen=True)
class Wish:
    """What is asked for: an exporter, what its float32 model is compressed to, and the hardware it is for."""

    exporter: Exporter
    compressions: Sequence[Compression] = ()
    check: Check | None = None


def wishes(
    formats: Sequence[str | dict[str, Any]] = (),
    methods: Sequence[str | dict[str, Any]] = (),
    more: Sequence[str] = (),
    hardware: str | dict[str, Any] | None = None,
    allow_fallback: bool = False,
    **settings: Any,
) -> list[Wish]:
    """Exporters and compressions by name.

    Args:
        formats: kinds of exporter, or their settings; none: onnx.
        methods: of quantisation, or settings of a compression; each goes to the formats that have it.
        more: either, told apart by their names (`--to onnx safetensors` gives the second word here).
        hardware: what ONNX is exported for; fixes shapes, opset and the form of integers.
        allow_fallback: whether operators that the hardware does not take may run on the host's CPU.
        settings: go to every exporter that has such a field.

    Raises:
        InputError: unknown names; a quantisation that no format has, or without ONNX; hardware without ONNX; settings the
            hardware does not take.
    """
    wanted = None if hardware is None else check(hardware, allow_fallback)
    if allow_fallback and wanted is None:
        raise InputError("--allow-fallback without --hardware", expected="the hardware that may fall back")
    every = set(kinds("burnish.exporters"))
    formats = [*formats, *(word for word in more if word in every)]
    methods = [*methods, *(word for word in more if word not in every)]
    listed: list[Wish] = []
    asked_for = [cast(Exporter, build("burnish.exporters", given, place="--to")) for given in formats or ("onnx",)]
    others = {precision for exporter in asked_for for precision in _precisions(exporter)} - set(_quantisations())
    for exporter in asked_for:
        fitting = {k: v for k, v in settings.items() if k in type(exporter).model_fields and v is not None}
        said = {name: getattr(exporter, name) for name in exporter.model_fields_set}
        exporter = cast(
            Exporter, build("burnish.exporters", {"kind": exporter.kind(), **said, **fitting}, place="--to")
        )
        if methods and _named(exporter):
            listed += [Wish(one) for one in (exporter, *(_precise(exporter, m) for m in methods if _has(exporter, m)))]
            continue
        compressions = [_compression(m) for m in methods if m not in others] if exporter.kind() == "onnx" else []
        if wanted is not None and isinstance(exporter, Onnx):
            listed += _for_hardware(wanted, exporter, compressions)
        else:
            listed.append(Wish(exporter, compressions))
    _require_taken(methods, [wish.exporter for wish in listed])
    precise = any(_named(wish.exporter) for wish in listed)
    for option, asked in (("--quantize", bool(methods) and not precise), ("--hardware", wanted is not None)):
        if asked and not any(w.exporter.kind() == "onnx" for w in listed):
            raise InputError(f"{option} without onnx", expected="--to onnx among the formats", place=option)
    return listed


def _precisions(exporter: Exporter) -> tuple[str, ...]:
    """Number types that a format of models that write is written in; onnx takes quantisations instead."""
    return get_args(type(exporter).model_fields["precision"].annotation) if _named(exporter) else ()


def _quantisations() -> tuple[str, ...]:
    """Methods that onnx takes."""
    return get_args(Quantization.model_fields["method"].annotation)


def _named(exporter: Exporter) -> bool:
    return "precision" in type(exporter).model_fields and exporter.writes


def _has(exporter: Exporter, method: str | dict[str, Any]) -> bool:
    return method in _precisions(exporter) and method != exporter.model_dump()["precision"]


def _require_taken(methods: Sequence[str | dict[str, Any]], exporters: Sequence[Exporter]) -> None:
    """Each method is one of some format: those that do not have it are written without."""
    named = {exporter.kind(): _precisions(exporter) for exporter in exporters if _named(exporter)}
    if not named or any(exporter.kind() == "onnx" for exporter in exporters):
        return
    for method in methods:
        if not any(method in precisions for precisions in named.values()):
            known = "; ".join(f"{kind}: {', '.join(precisions)}" for kind, precisions in named.items())
            raise InputError(f"no format has {method!r}", expected=known, place="--quantize")


def _precise(exporter: Exporter, precision: str | dict[str, Any]) -> Exporter:
    """The same exporter in another number type."""
    settings = {**exporter.model_dump(), "precision": precision}
    return cast(Exporter, build("burnish.exporters", settings, place="--quantize"))


def _for_hardware(check: Check, exporter: Onnx, compressions: Sequence[Compression]) -> list[Wish]:
    """One wish for each quantisation; without any, static int8 as it comes."""
    every = compressions or [Quantization(method="static_int8")]
    pairs = [for_hardware(check, exporter, c) for c in every if isinstance(c, Quantization)]
    return [Wish(adjusted, [quantization], check) for adjusted, quantization in pairs]


def _compression(given: str | dict[str, Any]) -> Compression:
    value = {"kind": "quantization", **(given if isinstance(given, dict) else {"method": given})}
    return cast(Compression, build("burnish.compression", value, place="--quantize"))
