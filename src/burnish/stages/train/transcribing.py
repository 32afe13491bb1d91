"""What a network that hears writes where nobody speaks, and how fast it writes: measured on the machine of the run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from burnish.core.batch import Example
from burnish.core.network import Network
from burnish.core.processor import Processor
from burnish.data.feeding.encode import length_facts
from burnish.data.table import Part
from burnish.decoders import Decoder, answered
from burnish.evaluation.hallucination import Waveform, hallucination
from burnish.evaluation.predict import Notify
from burnish.evaluation.real_time import BATCH, real_time
from burnish.inputs import Audible, Input
from burnish.media.sound.reading import as_file
from burnish.runtimes.torch import computing
from burnish.targets import Target, Transcribed

SECONDS = 30.0
"""Of the recordings that are timed, together."""


def transcribing(
    network: Network, decoder: Decoder, input: Input, target: Target, processor: Processor, part: Part, notify: Notify
) -> dict[str, Any]:
    """`hallucination` and `real_time` of a network that transcribes; nothing of another.

    Args:
        network: the tested one.
        decoder: that is served.
        input, target, processor: of the run.
        part: whose first recordings are timed.
        notify: as in `predict`.
    """
    if not isinstance(target, Transcribed) or not isinstance(input, Audible):
        return {}
    answer = partial(_answers, computing(network, decoder), decoder, input, target, processor)
    rate = int(processor.for_input.sampling_rate)  # type: ignore[attr-defined]
    notify("silence and noise", 0, 1)
    told: dict[str, Any] = {
        "hallucination": hallucination(lambda sounds: answer([_example(input, one, rate) for one in sounds]), rate)
    }
    examples, seconds = _timed(input, part)
    if examples:
        told["real_time"] = real_time(answer, examples, seconds)
    notify("silence and noise", 1, 1)
    return told


def _answers(
    compute: Any, decoder: Decoder, input: Input, target: Target, processor: Processor, examples: Sequence[Example]
) -> list[str]:
    rows = input.views(examples, processor.for_input)
    return [one.answer for one in answered(compute, decoder, input, target, processor, rows, limit=BATCH)]


def _example(input: Input, sound: Waveform, rate: int) -> Example:
    """A sound as a row: the file itself, and no beginning or end."""
    name, *others = input.required_columns
    return {name: as_file(sound, rate), **dict.fromkeys(others)}


def _timed(input: Audible, part: Part) -> tuple[list[Example], list[float]]:
    """The first recordings of a split whose lengths are known, up to `SECONDS` together, and one at least."""
    assert isinstance(input, Input)
    rows = part.rows[: 4 * BATCH]
    lengths = [input.duration(facts) for facts in length_facts(part, rows, input)]
    known = [(row, length) for row, length in zip(rows.tolist(), lengths, strict=False) if length]
    many = max(1, int(np.searchsorted(np.cumsum([length for _, length in known]), SECONDS, "right")))
    chosen = known[:many]
    columns = part.table.take(np.array([row for row, _ in chosen], np.int64), list(input.required_columns))
    return columns.to_pylist(), [length for _, length in chosen]
