"""Programs of a few lines that answer with an exported graph and without burnish, as they stand beside it."""

from __future__ import annotations

from burnish.inputs import Input
from burnish.inputs import Standalone as StandaloneInput
from burnish.targets import Standalone as StandaloneTarget
from burnish.targets import Target


def example(input: Input, target: Target, *, raw: bool, preprocessing: bool) -> str:
    """A program for an ONNX graph; empty where what comes before or after the graph takes more than a few lines.

    Args:
        input, target: of the bundle.
        raw: whether the graph does all of the preprocessing.
        preprocessing: whether it does the last part of it.
    """
    if not isinstance(input, StandaloneInput) or not isinstance(target, StandaloneTarget):
        return ""
    first = input.program(raw=raw, preprocessing=preprocessing)
    return first + target.program() if first else ""
