"""The Open Inference Protocol, version 2 (KServe, Triton): tensors of strings or files in, tensors out.

https://github.com/kserve/open-inference-protocol: specification/protocol/inference_rest.md, with Triton's extension for
binary tensor data. Every column of the model is one BYTES tensor of N elements.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic_core import to_json

from burnish.core.answer import Answer
from burnish.inputs import Input, endings_of
from burnish.server.limits import parsed
from burnish.server.refusal import Refused
from burnish.targets import PREDICTION_SET, Generative, Target, covers, may_abstain, names_of

HEADER_LENGTH = "inference-header-content-length"
EXTENSIONS = ["binary_tensor_data"]
_NUMBERS = {"FP32": "<f4", "FP64": "<f8", "BOOL": "?"}


@dataclass(frozen=True)
class Tensor:
    """A tensor that goes out: its name, type, shape, and elements in row-major order."""

    name: str
    datatype: str
    shape: list[int]
    data: list[Any]


@dataclass(frozen=True)
class Inference:
    """What was asked: its id, N rows of the model's columns, and which outputs are wanted, in binary or not."""

    id: str
    rows: list[dict[str, Any]]
    outputs: dict[str, bool]


def metadata(name: str, versions: Sequence[str], platform: str, input: Input, target: Target) -> dict[str, Any]:
    """What a model takes and gives."""
    described: list[dict[str, Any]] = []
    for tensor in tensors(target, ()):
        about: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": [-1, *tensor.shape[1:]]}
        if tensor.name == "probabilities":
            about["parameters"] = {"labels": to_json(names_of(target)).decode()}
        described.append(about)
    return {
        "name": name,
        "versions": list(versions),
        "platform": platform,
        "inputs": [{"name": c, "datatype": "BYTES", "shape": [-1]} for c in input.required_columns],
        "outputs": described,
    }


def inference(body: bytes, header_length: str | None, input: Input, target: Target) -> Inference:
    """The rows of an inference request.

    Args:
        body: JSON, followed by binary tensor data where `header_length` says where the JSON ends.
        header_length: value of Inference-Header-Content-Length.
        input: what the model reads.
        target: what it answers.

    Raises:
        Refused: 400 with what is wrong.
    """
    length = len(body)
    if header_length is not None:
        if not (header_length.isascii() and header_length.isdigit() and int(header_length[:12]) <= len(body)):
            raise _bad("Inference-Header-Content-Length is not a length within the body")
        length = int(header_length)
    request, rest = parsed(body[:length]), memoryview(body)[length:]
    if not isinstance(request, Mapping) or not isinstance(request.get("inputs"), list):
        raise _bad("expected an object with `inputs`, a list of tensors")
    columns: dict[str, list[Any]] = {}
    for tensor in request["inputs"]:
        name, values, rest = _tensor(tensor, rest, input)
        if name in columns:
            raise _bad(f"input {name!r} is there twice")
        columns[name] = values
    if len(rest):
        raise _bad(f"{len(rest)} bytes behind the last input tensor belong to none")
    missing = [c for c in input.required_columns if c not in columns]
    if missing:
        raise _bad(f"input {missing[0]!r} is missing; expected {', '.join(input.required_columns)}")
    counts = {len(columns[c]) for c in input.required_columns}
    if len(counts) > 1:
        raise _bad("the input tensors have different numbers of elements")
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    identity = request.get("id", "")
    if not isinstance(identity, str):
        raise _bad("`id` is no string")
    return Inference(identity, rows, _wanted(request, [t.name for t in tensors(target, ())]))


def _tensor(tensor: Any, rest: memoryview, input: Input) -> tuple[str, list[Any], memoryview]:
    if not isinstance(tensor, Mapping) or not isinstance(tensor.get("name"), str):
        raise _bad("an input tensor is an object with name, shape, datatype and data")
    name = tensor["name"]
    if name not in input.required_columns:
        raise _bad(f"unknown input {name[:80]!r}; expected {', '.join(input.required_columns)}")
    if tensor.get("datatype") != "BYTES":
        raise _bad(f"input {name!r}: expected datatype BYTES")
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 1 << 31 for n in shape):
        raise _bad(f"input {name!r}: `shape` is no list of sizes")
    if not (len(shape) == 1 or (len(shape) == 2 and 1 in shape)):
        raise _bad(f"input {name!r}: expected shape [N] or [N, 1]")
    parameters = tensor.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, Mapping) else None
    if size is not None:
        if type(size) is not int or not 0 <= size <= len(rest):
            raise _bad(f"input {name!r}: binary_data_size is not within the body")
        values: list[Any] = list(_elements(rest[:size], name))
        rest = rest[size:]
    else:
        values = _flat(tensor.get("data"), name)
    if len(values) != int(np.prod(shape, dtype=object)):
        raise _bad(f"input {name!r}: {len(values)} elements for shape {shape}")
    return name, [_element(value, input, name) for value in values], rest


def _flat(data: Any, name: str) -> list[Any]:
    if not isinstance(data, list):
        raise _bad(f"input {name!r}: `data` is no list")
    return [v for d in data for v in (d if isinstance(d, list) else [d])]


def _elements(data: memoryview, name: str) -> list[bytes]:
    """BYTES elements: four bytes of length, little-endian, before each."""
    elements, place = [], 0
    while place < len(data):
        if place + 4 > len(data):
            raise _bad(f"input {name!r}: the binary data is cut off")
        (length,) = struct.unpack_from("<I", data, place)
        place += 4
        if place + length > len(data):
            raise _bad(f"input {name!r}: an element is longer than the binary data")
        elements.append(bytes(data[place : place + length]))
        place += length
    return elements


def _element(value: Any, input: Input, name: str) -> Any:
    """A text, or the bytes of a file (in JSON as base64, which the reader of rows undoes)."""
    if isinstance(value, bytes) and not endings_of(input):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise _bad(f"input {name!r}: an element is not UTF-8") from None
    if not isinstance(value, str | bytes):
        raise _bad(f"input {name!r}: an element is no string")
    return value


def _wanted(request: Mapping[str, Any], names: Sequence[str]) -> dict[str, bool]:
    """Which of the outputs are asked for, and whether in binary; empty: all."""
    parameters = request.get("parameters")
    every = isinstance(parameters, Mapping) and parameters.get("binary_data_output") is True
    outputs = request.get("outputs")
    if outputs is None or outputs == []:
        return dict.fromkeys(names, True) if every else {}
    if not isinstance(outputs, list):
        raise _bad("`outputs` is no list")
    wanted = {}
    for output in outputs:
        if not isinstance(output, Mapping) or output.get("name") not in names:
            raise _bad(f"unknown output; this model gives {', '.join(names)}")
        settings = output.get("parameters")
        wanted[output["name"]] = isinstance(settings, Mapping) and settings.get("binary_data", every) is True
    return wanted


def response(asked: Inference, name: str, version: str, target: Target, answers: Sequence[Answer]) -> tuple[bytes, int]:
    """The body of an inference response, and the length of its JSON where binary data follows, else 0."""
    chosen = [t for t in tensors(target, answers) if not asked.outputs or t.name in asked.outputs]
    described, binary = [], b""
    for tensor in chosen:
        about: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if asked.outputs.get(tensor.name):
            data = _packed(tensor)
            about["parameters"] = {"binary_data_size": len(data)}
            binary += data
        else:
            about["data"] = tensor.data
        described.append(about)
    body: dict[str, Any] = {"model_name": name, "model_version": version, "outputs": described}
    if asked.id:
        body["id"] = asked.id
    text = to_json(body)
    return text + binary, len(text) if binary else 0


def tensors(target: Target, answers: Sequence[Answer]) -> list[Tensor]:
    """What goes out for N answers, N = 0 for a description.

    `answer` [N]: one label, number or text a row, several labels or tags as JSON text; `probabilities` [N, C] where a row has one
    for each of C labels; `abstained` [N] where the model may say that it is not sure enough; `prediction_set` [N]
    as JSON text, or `lower` and `upper` [N], of bundles that have them; `tagged` [N] of tags, each with
    its token, as JSON text.
    """
    rows = len(answers)
    if isinstance(target, Generative):
        return [Tensor("answer", "BYTES", [rows], [str(a.answer) for a in answers])]
    if not names_of(target):
        return [Tensor("answer", "FP64", [rows], [a.answer for a in answers]), *_regions(target, answers)]
    words = [a.answer if isinstance(a.answer, str) else to_json(a.answer).decode() for a in answers]
    outputs = [Tensor("answer", "BYTES", [rows], words)]
    if target.shape == "row":
        flat = [a.probabilities[n] for a in answers for n in names_of(target)]
        outputs.append(Tensor("probabilities", "FP32", [rows, len(names_of(target))], flat))
    else:
        outputs.append(Tensor("tagged", "BYTES", [rows], [to_json(a.tagged).decode() for a in answers]))
    if may_abstain(target):
        outputs.append(Tensor("abstained", "BOOL", [rows], [bool(a.abstained) for a in answers]))
    return [*outputs, *_regions(target, answers)]


def _regions(target: Target, answers: Sequence[Answer]) -> list[Tensor]:
    """Prediction sets as JSON text, or both ends of intervals."""
    made = []
    for name in covers(target):
        values = [a.region[name] for a in answers]
        if name == PREDICTION_SET:
            made.append(Tensor(name, "BYTES", [len(answers)], [to_json(value).decode() for value in values]))
        else:
            made.append(Tensor(name, "FP64", [len(answers)], values))
    return made


def _packed(tensor: Tensor) -> bytes:
    if tensor.datatype in _NUMBERS:
        return np.asarray(tensor.data, _NUMBERS[tensor.datatype]).tobytes()
    pieces = [str(value).encode() for value in tensor.data]
    return b"".join(struct.pack("<I", len(piece)) + piece for piece in pieces)


def _bad(message: str) -> Refused:
    return Refused(400, message)
