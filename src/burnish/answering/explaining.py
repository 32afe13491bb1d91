"""What each part of one example did for its answer: the answer is asked again with the part left out.

Words are left out one after the other (leave-one-out; Li, Monroe and Jurafsky, 2016, "Understanding Neural Networks
through Representation Erasure", arXiv:1612.08220), patches of a picture are painted over (occlusion; Zeiler and Fergus,
2014, arXiv:1311.2901), slices of a sound are silenced. It needs answers only, no gradients: every runtime will do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from burnish.bundle.bundle import Bundle
from burnish.core.answer import Answer
from burnish.core.batch import Example
from burnish.core.errors import InputError
from burnish.inputs import Divisible, FromFiles, Input, Piece
from burnish.targets import Generative, Target

PARTS = 49  # 7 x 7 patches
FEWEST = 4


@dataclass(frozen=True)
class Explanation:
    """What each part of one example did for its answer.

    Attributes:
        answer: to the whole example.
        parts: where each part is, see `burnish.inputs.Piece.place`; in reading order.
        effects: by label (by column for a number), and for each part: the probability (or number) of the whole example
            minus that without the part. Above 0 it speaks for the label, below 0 against it. Of several labels each
            one that is given, the most probable where none is. They need not add up: words act together.
    """

    answer: Answer
    parts: tuple[dict[str, Any], ...]
    effects: dict[str, tuple[float, ...]]


def unexplained(input_: Input, target: Target) -> str:
    """Why answers of such a task are not explained, in words; empty where they are."""
    if target.shape == "element":
        return "predictions for each word are not explained: a word that is left out has no prediction that could be compared"
    if isinstance(target, Generative):
        return "generated predictions are not explained: each token would have an explanation of its own"
    if not isinstance(input_, Divisible):
        return f"predictions are not explained: examples of input {input_.kind()!r} are not cut into parts"
    return ""


def begun(bundle: Bundle, example: Example) -> tuple[Example, int]:
    """The row with its file read, so that this is done once, and the bytes of memory that takes.

    Raises:
        InputError: such answers are not explained, or the row cannot be read.
    """
    if reason := unexplained(bundle.input, bundle.target):
        raise InputError(reason)
    input_ = bundle.input
    return (
        input_.read_once(example, bundle.processor.for_input, changed=False)
        if isinstance(input_, FromFiles)
        else (example, 0)
    )


def cut(bundle: Bundle, example: Example, parts: int) -> list[Piece]:
    """The parts of a row that was begun.

    Raises:
        InputError: fewer than `FEWEST` parts are wanted, or there is nothing in the row that could be left out.
    """
    if parts < FEWEST:
        raise InputError(f"{parts} parts", expected=f"{FEWEST} or more", place="parts")
    if not isinstance(bundle.input, Divisible):
        raise InputError(unexplained(bundle.input, bundle.target))
    return bundle.input.parts(example, bundle.processor.for_input, parts)


def explanation(target: Target, whole: Answer, pieces: Sequence[Piece], without: Sequence[Answer]) -> Explanation:
    """The differences between answers.

    Args:
        target: what the model answers.
        whole: the answer to the whole example.
        pieces: its parts.
        without: the answers without each of them.

    Raises:
        InputError: answers that are neither numbers nor have probabilities, or numbers that are not finite.
    """
    values = _values(target, whole)
    effects = {}
    for name, value in values.items():
        effects[name] = tuple(value - _value(answer, name) for answer in without)
        if not all(map(math.isfinite, effects[name])):
            raise InputError("the model's prediction is not a finite number")
    return Explanation(whole, tuple(piece.place for piece in pieces), effects)


def _values(target: Target, answer: Answer) -> dict[str, float]:
    """What is explained of an answer: its number, or the probability of each label it gives."""
    if not answer.probabilities:
        if isinstance(answer.answer, float):
            return {target.column: answer.answer}
        raise InputError(f"predictions of target {target.kind()!r} have neither a number nor probabilities")
    given = [answer.answer] if isinstance(answer.answer, str) else list(answer.answer)
    names = given or [max(answer.probabilities, key=lambda name: answer.probabilities[name])]
    return {name: answer.probabilities[name] for name in names}


def _value(answer: Answer, name: str) -> float:
    return answer.probabilities[name] if answer.probabilities else float(answer.answer)
