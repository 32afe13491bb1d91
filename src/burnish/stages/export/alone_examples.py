"""Programs of a few lines that answer with an exported graph and without burnish, as they stand beside it."""

from __future__ import annotations

from burnish.inputs import Input
from burnish.inputs import Standalone as StandaloneInput
from burnish.targets import Standalone as StandaloneTarget
from burnish.targets import Target


def reads_in_windows(input: Input) -> bool:
    """Whether more of a row is read than its beginning, which takes more than a few lines."""
    long = getattr(input, "long", None)
    return long is not None and not long.is_off and not long.of_pairs


def example(input: Input, target: Target, *, raw: bool, preprocessing: bool) -> str:
    """A program for an ONNX graph; empty where what comes before or after the graph takes more than a few lines.

    Args:
        input, target: of the bundle.
        raw: whether the graph does all of the preprocessing.
        preprocessing: whether it does the last part of it.
    """
    if reads_in_windows(input) or not isinstance(input, StandaloneInput) or not isinstance(target, StandaloneTarget):
        return ""
    first = input.program(raw=raw, preprocessing=preprocessing)
    return first + target.program() if first else ""
