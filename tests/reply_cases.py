"""Tables of predictions whose answers are replies of a language model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from burnish.core.predictions import Predictions, schema
from burnish.targets._replies import Replies
from burnish.targets.response import Response


def with_calls(content: str, *calls: tuple[str, Any]) -> str:
    """A reply that calls tools, by names and arguments."""
    return json.dumps({"content": content, "tool_calls": [{"name": n, "arguments": a} for n, a in calls]})


def reply_table(
    truth: Sequence[str | None],
    answer: Sequence[str | None],
    groups: Sequence[str] | None = None,
    target: Replies | None = None,
    **numbers: Any,
) -> Predictions:
    """A table of predictions; `numbers` are columns of the target, 1 in each row where they are not given."""
    rows, target = len(truth), target or Response()
    columns = {
        "row": np.arange(rows),
        "truth": truth,
        "answer": answer,
        "probabilities": [[]] * rows,
        "loss": [None] * rows,
        "group": groups or [None] * rows,
        "weight": np.ones(rows),
        **{name: np.asarray(numbers.get(name, np.ones(rows)), np.float64) for name in target.columns()},
    }
    form = schema(target.kind(), [], target.arrow_type(), target.model_dump(mode="json"), target.columns())
    return Predictions(pa.table({f.name: pa.array(columns[f.name], f.type) for f in form}, schema=form))
