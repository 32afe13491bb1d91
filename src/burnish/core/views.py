"""Several views of a row, one answer: the windows of a long recording, the crops of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from burnish.core.batch import Array, Encoded
from burnish.core.joining import mean

HELD = 4  # times `limit`: views waiting, so that those of like length go through together

T = TypeVar("T")
Collate = Callable[[Sequence[Encoded]], tuple[dict[str, Array], int]]


@dataclass(frozen=True)
class Joined:
    """What the network says of B rows.

    Attributes:
        values: float32 [B, ...], what `join` made of the views of each row; by default their mean.
        first: of the first view of each row what stays out of the network (`_length`, word positions ...), which is
            what targets need to decode.
        length: to which the views were padded, where all went through together; else of the last that did.
    """

    values: Array
    first: list[Encoded]
    length: int


def joined(
    run: Callable[..., Array],
    collate: Collate,
    rows: Iterable[Iterable[Encoded]],
    *,
    limit: int,
    join: Callable[[Array], Array] = mean,
) -> Joined:
    """What `run` gives of the views of each row, joined to one; by default the mean of logits.

    Training, the sealed test, the golden examples and the predictor all answer through here. Rows of one view come
    out as the network gave them, bit for bit. Views are taken from the iterables as they are needed, so that memory
    holds `HELD` x `limit` of them, however many windows a recording has.

    Args:
        run: named arrays with first axis B to [B, ...].
        collate: pads views to one shape.
        rows: the views of each row; each encoded view has `_length`.
        limit: most views through the network at once.
        join: [V, ...] of one row, in the order of its views, to [...]: `Target.joined`.

    Raises:
        ValueError: a row without a view, or answers for each element of rows that do not go through together.
    """
    length = 1

    def answer(views: Sequence[Encoded]) -> Array:
        nonlocal length
        arrays, length = collate(views)
        return run(**arrays)

    sums, first = each(answer, rows, limit=limit)
    if len({view.shape for views in sums for view in views}) > 1:
        shapes = len({view.shape for views in sums for view in views})
        raise ValueError(f"examples with a prediction for each element, of {shapes} lengths, cannot be joined")
    values = [join(np.stack(views)) for views in sums]
    return Joined(np.stack(values) if values else np.zeros((0, 0), np.float32), first, length)


def each(
    answer: Callable[[Sequence[Encoded]], Iterable[T]], rows: Iterable[Iterable[Encoded]], *, limit: int
) -> tuple[list[list[T]], list[Encoded]]:
    """What `answer` gives of each view of each row, in their order, and of first views what stays out of the network.

    Args:
        answer: of views that go through together, one thing each.
        rows: the views of each row; each encoded view has `_length`.
        limit: most views at once.

    Raises:
        ValueError: a row without a view.
    """
    first: list[Encoded] = []
    counts: list[int] = []
    by_view: dict[tuple[int, int], T] = {}
    waiting: list[tuple[int, int, Encoded]] = []
    for row, views in enumerate(rows):
        counts.append(0)
        for view in views:
            if not counts[row]:
                first.append({name: value for name, value in view.items() if name.startswith("_")})
            waiting.append((row, counts[row], view))
            counts[row] += 1
            if len(waiting) == HELD * limit:
                _through(answer, waiting, limit, by_view)
                waiting = []
        if not counts[row]:
            raise ValueError(f"row {row} has no view")
    _through(answer, waiting, limit, by_view)
    return [[by_view[row, view] for view in range(count)] for row, count in enumerate(counts)], first


def _through(
    answer: Callable[[Sequence[Encoded]], Iterable[T]],
    waiting: list[tuple[int, int, Encoded]],
    limit: int,
    sums: dict[tuple[int, int], T],
) -> None:
    """Keep what is said of each view, longest views first."""
    order = sorted(waiting, key=lambda pair: -int(pair[2]["_length"]))
    for start in range(0, len(order), limit):
        some = order[start : start + limit]
        for (row, view, _), value in zip(some, answer([encoded for _, _, encoded in some]), strict=True):
            sums[row, view] = value
