"""Slices of tested examples, for `scores.json`: by named columns, length and source, and those that are weak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.errors import InputError, nearest
from burnish.core.predictions import Predictions
from burnish.core.seeds import generator
from burnish.data.table import Part, Table
from burnish.evaluation.slices import LEAST, figures, parts_of, scored
from burnish.evaluation.weak_slices import as_json, weak_slices
from burnish.inputs import Input
from burnish.metrics import Metric
from burnish.targets import Target

Named = Sequence[str] | Literal["all"]
LEARNED = 100_000
"""Training examples whose numbers say where bins begin, at most."""
_DIVIDING = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
)


@dataclass(frozen=True)
class Lengths:
    """Lengths of the examples, before anything was cut off.

    Attributes:
        unit: in which they are counted.
        tested: [N] of the tested examples, in the order of their split.
        learned: of the training examples; None: not known.
    """

    unit: str
    tested: NDArray[np.int64]
    learned: NDArray[np.int64] | None = None


def require_columns_of_slices(named: Named, table: Table) -> None:
    """Check that the columns a recipe divides by are there.

    Raises:
        InputError: one is not, with the nearest spelling.
    """
    for name in named if named != "all" else ():
        if name not in table.columns:
            guess = nearest(name, table.columns)
            raise InputError(
                f"the tested examples have no column {name!r}",
                expected=", ".join(table.columns),
                fix=f"did you mean {guess!r}?" if guess else "",
                place="slices",
            )


def slices(
    predictions: Predictions,
    part: Part,
    metric: Metric,
    *,
    named: Named,
    input: Input,
    target: Target,
    train: Part | None = None,
    lengths: Lengths | None = None,
    resamples: int,
    seed: int,
) -> dict[str, Any] | None:
    """What scores.json holds under `slices`; None where nothing divides the examples.

    Args:
        predictions: of the whole split, in its order.
        part: the split.
        metric: computed of each part.
        named: columns, or all that divide the examples into parts.
        input, target: whose own columns are left out of `all`.
        train: whose numbers say where bins begin.
        lengths: of the examples, where they differ.
        resamples, seed: of the intervals, and of the bootstrap.

    Returns:
        `metric`, `least`, `columns` {name: {how, parts}}, `left_out` {name: why}, and `weak` [...] with `tested`,
        `passed_over`, `unit`, `test`; or `not_tested`, why there was no test.
    """
    given = _columns(part, named, input, target, train)
    if lengths is not None:
        given[f"length ({lengths.unit})"] = (lengths.tested.tolist(), _plain(lengths.learned))
    if (source := _sources(part)) is not None:
        given[source[0]] = (source[1], None)
    if not given:
        return None
    made, left_out = parts_of(given)
    rows = np.array([truth is not None for truth in predictions.truth], np.bool_)
    known, columns = predictions.known, [column.at(rows) for column in made]
    if not len(known):
        return None
    drawn: dict[str, Any] = {"resamples": resamples, "seed": seed}
    told: dict[str, Any] = {
        "metric": metric.label,
        "least": LEAST,
        "columns": {c.name: {"how": c.how, "parts": scored(known, c, metric, **drawn)} for c in columns},
        "left_out": left_out,
    }
    search = weak_slices(known, columns, seed=seed)
    if isinstance(search, str):
        return told | {"weak": [], "tested": 0, "not_tested": search}
    weak = [{**as_json(one), **figures(known, one.rows, metric, **drawn)} for one in search.weak]
    counts = {"tested": search.tested, "passed_over": search.passed_over}
    return told | {"weak": weak, **counts, "unit": search.unit, "test": search.test}


def _columns(
    part: Part, named: Named, input: Input, target: Target, train: Part | None
) -> dict[str, tuple[Sequence[Any], Sequence[Any] | None]]:
    """By name the cells of the split, and some of training."""
    own = {*input.required_columns, target.column}
    names = list(dict.fromkeys(named)) if named != "all" else [
        field.name for field in part.table.arrow.schema
        if field.name not in own and any(fits(field.type) for fits in _DIVIDING)
    ]  # fmt: skip
    require_columns_of_slices(names, part.table)
    learned = None if train is None else train.rows
    if learned is not None and len(learned) > LEARNED:
        learned = np.sort(generator(0, "slices").choice(learned, LEARNED, replace=False))
    found = {}
    for name in names:
        cells = None
        if train is not None and learned is not None and name in train.table.columns:
            cells = train.table.take(learned, [name])[name].to_pylist()
        found[name] = (part.table.take(part.rows, [name])[name].to_pylist(), cells)
    return found


def _plain(values: NDArray[np.int64] | None) -> list[int] | None:
    return None if values is None else values.tolist()


def _sources(part: Part) -> tuple[str, list[str]] | None:
    """The data set of each example, or its file; None where there is one."""
    table = part.table
    origins = table.origins
    if len(origins) < 2 or sum(origin.rows for origin in origins) != len(table):
        return None
    names, title = [origin.data_set for origin in origins], "data set"
    if len(set(names)) < 2:
        names, title = [Path(origin.path).name for origin in origins], "source"
        if len(set(names)) < len(names):
            names = [origin.path for origin in origins]
    number = np.repeat(np.arange(len(origins)), [origin.rows for origin in origins])[part.rows]
    return (title, [names[i] for i in number.tolist()]) if len(np.unique(number)) > 1 else None
