"""A network that was trained to be rounded, while its int8 graph is written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.training.rounding.network import as_onnx, in_float, restored


@contextmanager
def rounding(bundle: Bundle, network: Network) -> Iterator[None]:
    """While it lasts, the network computes with the operators of its int8 graph.

    Args:
        bundle: whose network it is.
        network: as it was read from there; it is in float again afterwards.

    Raises:
        InputError: it was trained in float.
    """
    ranges = restored(network, bundle.path / MODEL)
    if ranges is None:
        raise InputError(
            "the run was trained in float: no ranges for int8 were learned",
            expected="a run with quantise: {aware: int8}",
            fix="--quantize static_int8 finds ranges afterwards; or train with quantise: {aware: int8}",
            place=str(bundle.path),
        )
    try:
        with as_onnx(ranges, network):
            yield
    finally:
        in_float(network)
