"""Tables of replies, as the target `response` writes them; a stand-in for that target, with its columns and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from burnish.core.batch import Array, Encoded
from burnish.core.predictions import Predictions, schema
from burnish.core.processor import Processor
from burnish.targets import Target

COLUMNS = ("nats", "tokens", "bytes", "written", "stopped")


class Replies(Target):
    """A target for which the metrics of `response` are right."""

    like: ClassVar[tuple[str, ...]] = ("response",)
    headline: ClassVar[tuple[str, ...]] = ("bits_per_byte", "exact_match", "extracted_match", "tool_call_match", "chrf")
    decides: ClassVar[str] = "loss"
    default_loss: ClassVar[str] = "cross_entropy"

    @property
    def outputs(self) -> int:
        return 1

    def learned(self, values: Iterable[Any]) -> Target:
        return self

    def problem_with(self, value: Any) -> str:
        return ""

    def encode(self, value: Any, encoded: Encoded, processor: Processor) -> tuple[Array, Array]:
        raise NotImplementedError

    def collate(self, pairs: Sequence[tuple[Array, Array]], length: int) -> tuple[Array, Array]:
        raise NotImplementedError

    def strata(self, value: Any) -> str | None:
        return None

    def truth(self, value: Any) -> Any:
        return value

    def columns(self) -> tuple[str, ...]:
        return COLUMNS

    def arrow_type(self) -> pa.DataType:
        return pa.string()


def with_calls(content: str, *calls: tuple[str, Any]) -> str:
    """A reply that calls tools, by names and arguments."""
    return json.dumps({"content": content, "tool_calls": [{"name": n, "arguments": a} for n, a in calls]})


def reply_table(
    truth: Sequence[str | None], answer: Sequence[str | None], groups: Sequence[str] | None = None, **numbers: Any
) -> Predictions:
    """A table of predictions; `numbers` are columns, 1 in each row where they are not given."""
    rows = len(truth)
    columns = {
        "row": np.arange(rows),
        "truth": truth,
        "answer": answer,
        "probabilities": [[]] * rows,
        "loss": [None] * rows,
        "group": groups or [None] * rows,
        "weight": np.ones(rows),
        **{name: np.asarray(numbers.get(name, np.ones(rows)), np.float64) for name in COLUMNS},
    }
    form = schema(Replies.kind(), [], pa.string(), {}, COLUMNS)
    return Predictions(pa.table({f.name: pa.array(columns[f.name], f.type) for f in form}, schema=form))
