"""LiteRT (formerly TensorFlow Lite), through litert-torch."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from burnish.core.errors import InputError, RunFailed
from burnish.core.windows import MEMBERSHIP
from burnish.exporters import Exportable, Exporter, Tell, one_window

if TYPE_CHECKING:
    import torch

FILE = "model.tflite"
SHORT = 64  # tokens of the shorter of the two usual signatures


class Litert(Exporter):
    """LiteRT for phones and small devices: fixed batch, a signature for each length, whole numbers of 32 bits."""

    runtime = "litert"
    extra = "tflite"
    batch: int = Field(1, ge=1, description="Examples of a batch.")
    lengths: list[int] = Field(
        default_factory=list,
        description="Tokens of an example, a signature each; examples are padded to the next. Empty: 64 and the model's limit.",
    )
    length: int | None = Field(None, ge=4, description="The only length, instead of `lengths`.")
    preprocessing: bool = Field(
        False,
        description="Normalisation of pictures, spectrograms of sounds inside the graph: it reads pixels or samples.",
    )

    def export(self, source: Exportable, folder: Path, tell: Tell) -> dict[str, Any]:
        """Write model.tflite; signatures are called `length_N`, or `fixed` where rows have no length."""
        if source.target.shape in ("frames", "decoded"):
            raise InputError(
                "LiteRT reads batches of one fixed length, and a transcript must not depend on silence behind a recording",
                fix="burnish export RUN --to " + ("onnx" if source.target.shape == "frames" else "ctranslate2"),
                place="--to",
            )
        if MEMBERSHIP in source.arrays:
            raise one_window("signatures of LiteRT", "burnish export RUN --to onnx")
        lengths = self._lengths(source)
        names = list(source.arrays)
        try:
            import litert_torch
        except ImportError as error:
            raise InputError(
                f"exporting to LiteRT needs litert-torch: {error}", fix="pip install 'burnish[tflite]'"
            ) from error
        module = _whole_numbers(source, names)
        converter: Any = litert_torch
        signatures = []
        for length in lengths:
            name = "fixed" if length is None else f"length_{length}"
            converter = converter.signature(name, module, _samples(source, self.batch, length))
            signatures.append({"name": name, "length": length})
        try:
            with _quiet():
                converted = converter.convert()
                converted.export(str(folder / FILE))
        except Exception as error:  # the converter raises many kinds
            said = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise RunFailed(f"litert-torch cannot convert this network: {said}") from error
        tell("signatures: " + ", ".join(str(s["name"]) for s in signatures))
        longest = lengths[-1]
        inputs = {
            name: {"type": _small(value).dtype.name, "shape": _shape(value, self.batch, longest)}
            for name, value in source.arrays.items()
        }
        cut = {"max_length": longest} if longest is not None and longest != source.max_length else {}
        return {"file": FILE, "inputs": inputs, "signatures": signatures, **cut}

    def _lengths(self, source: Exportable) -> list[int | None]:
        if not source.input.lengths_matter:
            return [None]
        limit = source.max_length
        wanted = [self.length] if self.length else sorted(set(self.lengths))
        if not wanted:
            if limit is None:
                raise InputError("the model has no limit of length", fix="name one: --length 128")
            wanted = sorted({min(SHORT, limit), limit})
        return [min(n, limit) if limit is not None else n for n in wanted]


def _small(value: Any) -> Any:
    """Devices count in 32 bits."""
    return value.astype(np.int32) if value.dtype == np.int64 else value


def _shape(value: Any, batch: int, length: int | None) -> list[int]:
    rest = list(value.shape[1:])
    return [batch, *([length, *rest[1:]] if length is not None and value.ndim == 2 else rest)]


def _samples(source: Exportable, batch: int, length: int | None) -> tuple[Any, ...]:
    import torch

    made = []
    for value in source.arrays.values():
        sample = np.zeros(_shape(value, batch, length), _small(value).dtype)
        sample[:] = 1  # no row is all padding
        made.append(torch.from_numpy(sample))
    return tuple(made)


def _whole_numbers(source: Exportable, names: list[str]) -> torch.nn.Module:
    """The network with its inputs in order, token numbers in 32 bits."""
    import torch

    class WholeNumbers(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = source.network

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            wide = [x.long() if x.dtype == torch.int32 else x for x in inputs]
            logits: torch.Tensor = self.network(**dict(zip(names, wide, strict=True)))
            return logits

    return WholeNumbers().eval()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The converter prints its stages."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
