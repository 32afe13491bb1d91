"""Rows in, table of predictions out. Memory grows with the answers, never with the logits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Truth
from burnish.core.predictions import Predictions, schema
from burnish.core.terms import Outputs
from burnish.core.views import averaged
from burnish.core.weighted import ZERO, WeightedSum
from burnish.data.feeding.ahead import ahead
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.order import cut
from burnish.data.table import Part
from burnish.losses import Loss
from burnish.runtimes import Run
from burnish.targets import Target

WINDOW = 4096  # rows sorted by length together: enough to pad little, few enough to hold
OVERHEAD = 40  # what another batch costs on a CPU, in tokens: measured by benchmarks/text_training.py --overhead
Notify = Callable[[str, int, int], None]
TaughtLosses = Callable[[Batch], tuple[Array, Array]]


def predict(
    run: Run,
    loader: Loader,
    part: Part,
    *,
    loss: Loss | None,
    taught: TaughtLosses | None = None,
    group: str | None = None,
    batch_size: int = 64,
    overhead: int = OVERHEAD,
    workers: int = 0,
    share: tuple[int, int] = (0, 1),
    notify: Notify | None = None,
    strange: list[int] | None = None,
) -> tuple[Predictions, WeightedSum[float]]:
    """Answers for every row of a split, in the order of the split, and the weighted sum of their losses.

    Args:
        run: arrays to logits.
        loader: of the same split, without class weights.
        part: the split, for truths and groups.
        loss: how losses are computed of the logits; None leaves them out, as does a loss that `needs_truth`.
        taught: how they are computed instead where the answer does not hold all they need: of a batch as training reads it,
            [R] summed losses and weights of its rows.
        group: column whose rows are resampled together.
        batch_size: most rows (views, where a row has several) at once; fewer where padding them would cost more than another batch.
        overhead: what another batch costs, in elements; more on a GPU.
        workers: threads that read the next batches while one is computed.
        share: (k, n): only rows k, k + n, k + 2n ... of the split, where n processes share the work.
        notify: called with (text, done, total).
        strange: gets the row numbers (from 0) for which the network gave NaN or infinity: their answers mean nothing.

    Returns:
        One prediction for each row (of the share), each row exactly once.
    """
    pieces: list[pa.RecordBatch] = []
    total = ZERO
    own = np.arange(share[0], len(part), share[1])
    for start in range(0, len(own), WINDOW):
        positions = own[start : start + WINDOW]
        piece, piece_loss, bad = _window(run, loader, positions, loss, taught, batch_size, overhead, workers)
        total = total + piece_loss
        if strange is not None:
            strange += part.rows[positions[bad]].tolist()
        pieces.append(_rows(piece, loader.target, part, positions, group))
        if notify:
            notify("evaluating", int(positions[-1]) + 1, len(part))
    table = pa.Table.from_batches(pieces, schema=_schema(loader.target))
    if table.num_rows != len(own):
        raise AssertionError(f"{table.num_rows} predictions for {len(own)} rows")
    return Predictions(table), total


_Answer = tuple[Any, Array, float | None]


def _window(
    run: Run,
    loader: Loader,
    positions: NDArray[np.int64],
    loss: Loss | None,
    taught: TaughtLosses | None,
    batch_size: int,
    overhead: int,
    workers: int,
) -> tuple[list[_Answer], WeightedSum[float], NDArray[np.bool_]]:
    """Answers of some consecutive rows, their loss, and which rows the network gave no numbers for.

    They are computed longest first, so that padding is little and memory runs out at once or never.
    """
    lengths = loader.rows.lengths
    answers: list[_Answer] = [(None, np.zeros(0, np.float32), None)] * len(positions)
    total, bad = ZERO, np.zeros(len(positions), np.bool_)
    # Where an element is not a token (a sample of sound, say), another batch costs at least what another row does.
    another = max(overhead, int(lengths[positions].mean()))
    pieces = [own for own, _ in cut(positions, lengths, limit=batch_size, overhead=another)]
    for own_positions, views in ahead(pieces, loader.begun, workers):
        places = np.searchsorted(positions, own_positions)
        seen = averaged(run, loader.collate, views, limit=batch_size)
        bad[places] = ~_finite(seen.values, [int(first["_length"]) for first in seen.first])
        decoded = loader.target.decode(seen.values, seen.first)
        if taught is not None:
            losses, weights = taught(loader.batch(own_positions))
        elif loss is not None and not needs_truth(loader.target, loss):
            losses, weights = _losses(loss, seen.values, loader.truth(own_positions, seen.length))
        else:
            losses = weights = np.zeros(len(own_positions))
        total = total + WeightedSum(float(losses.sum()), float(weights.sum()))
        for place, answer, own, weight in zip(places, decoded, losses, weights, strict=True):
            mean = float(own / weight) if weight > 0 else None
            answers[place] = (answer.answer, answer.probabilities, mean)
    return answers, total, bad


def _finite(logits: Array, lengths: Sequence[int]) -> NDArray[np.bool_]:
    """[B] whether all logits of a row are numbers; of one answer for each element, what stands for padding is passed over."""
    fine = np.isfinite(logits)
    if logits.ndim > 2:
        fine |= (np.arange(logits.shape[1]) >= np.array(lengths)[:, None])[:, :, None]
    return cast("NDArray[np.bool_]", fine.reshape(len(logits), -1).all(axis=1))


def needs_truth(target: Target, loss: Loss) -> bool:
    """Whether losses are not to be had of answers: the network must be shown the truth, or the loss sees more than logits."""
    return target.shows_truth() or not loss.elementwise()


def _losses(loss: Loss, logits: Array, truth: Truth[Array]) -> tuple[Array, Array]:
    """[B] summed loss and [B] summed weight of each row."""
    import torch

    rows = len(truth.lines)
    own = Truth(*map(torch.from_numpy, (truth.targets, truth.weights, truth.owner, truth.lines)))
    sums, weights = loss.terms(Outputs(torch.from_numpy(logits)), own).by_row(rows)
    return sums.numpy(), weights.numpy()


def _rows(
    answers: Sequence[_Answer], target: Target, part: Part, positions: NDArray[np.int64], group: str | None
) -> pa.RecordBatch:
    rows = part.rows[positions]
    cells = part.table.cells(target.column).at(rows) if target.column in part.table.columns else [None] * len(rows)
    grouped = group is not None and group in part.table.columns
    groups = part.table.take(rows, [group])[group].to_pylist() if grouped and group else [None] * len(rows)
    values = {
        "row": rows,
        "truth": [target.truth(cell) for cell in cells],
        "answer": [a[0] for a in answers],
        "probabilities": [a[1] for a in answers],
        "loss": [a[2] for a in answers],
        "group": [None if value is None else str(value) for value in groups],
    }
    form = _schema(target)
    return pa.record_batch([pa.array(values[f.name], type=f.type) for f in form], schema=form)


def _schema(target: Target) -> pa.Schema:
    return schema(target.kind(), target.names, target.arrow_type())


def features(
    network: Any,
    loader: Loader,
    positions: NDArray[np.int64],
    *,
    batch_size: int = 64,
    notify: Notify | None = None,
    precision: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> Iterator[tuple[int, Array]]:
    """What the frozen backbone sees of each row: (place in `positions`, [D] or [words, D]), longest rows first.

    Of a row with several views, the mean. `precision` gives the context of a forward pass; float32 without.
    """
    import torch

    order = np.argsort(-loader.rows.lengths[positions], kind="stable")
    network.eval()
    device = next(network.parameters()).device

    def run(**arrays: Array) -> Array:
        with torch.inference_mode(), precision():
            tensors = {name: torch.from_numpy(value).to(device) for name, value in arrays.items()}
            return cast(Array, network.features(**tensors).float().cpu().numpy())

    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        values = averaged(run, loader.collate, loader.views(positions[places]), limit=batch_size).values
        for place, value in zip(places, values, strict=True):
            yield int(place), value
        if notify:
            notify("frozen features", min(start + batch_size, len(order)), len(order))
