"""Rows in, table of predictions out. Memory grows with the answers, never with the logits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from burnish.core.batch import Array, Batch, Truth
from burnish.core.errors import InputError
from burnish.core.predictions import Predictions, schema
from burnish.core.terms import Outputs
from burnish.core.views import joined
from burnish.core.weighted import ZERO, WeightedSum
from burnish.data.feeding.ahead import ahead
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.order import cut
from burnish.data.table import Part
from burnish.decoders import Decoder, answered
from burnish.evaluation.by_data_set import of_data_sets
from burnish.evaluation.filed_answers import filed, own_seeds
from burnish.evaluation.measuring import measured
from burnish.evaluation.written_music import file_truths
from burnish.losses import Loss
from burnish.targets import Decoded, Filed, Outcome, Scored, Target, names_of, shows_truth

WINDOW = 4096  # rows sorted by length together: enough to pad little, few enough to hold
AT_ONCE = 4096  # tokens of rows that are scored and not answered: more would go no faster, and fill the memory
OVERHEAD = 40  # what another batch costs on a CPU, in tokens: measured by benchmarks/text_training.py --overhead
Notify = Callable[[str, int, int], None]
TaughtLosses = Callable[[Batch], tuple[Array, Array]]


def predict(
    run: Any,
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
    files: Path | None = None,
    decoder: Decoder | None = None,
) -> tuple[Predictions, WeightedSum[float]]:
    """Answers for every row of a split, in the order of the split, and the weighted sum of their losses.

    Args:
        run: arrays to logits; or a `Generate`, where the decoder reads steps; None: rows are scored and not answered.
        loader: of the same split, without class weights.
        part: the split, for labels and groups.
        loss: how losses are computed of the logits; None leaves them out, as does a loss that `needs_truth`.
        taught: how they are computed instead where the answer does not hold all they need: of a batch as training reads it,
            [R] summed losses and weights of its rows, or [R, K] of their parts.
        group: column whose rows are resampled together.
        batch_size: most rows (views, where a row has several) at once; fewer where padding them would cost more than another batch.
        overhead: what another batch costs, in elements; more on a GPU.
        workers: threads that read the next batches while one is computed.
        share: (k, n): only rows k, k + n, k + 2n ... of the split, where n processes share the work.
        notify: called with (text, done, total).
        strange: gets the row numbers (from 0) for which the network gave NaN or infinity (logits, or the score of what it
            wrote): their answers mean nothing.
        files: a folder for answers that are files, beside which the table will be saved.
        decoder: that writes answers, of which losses are had by `taught` only; None: the target decodes logits.

    Returns:
        One prediction for each row (of the share), each row exactly once.
    """
    if isinstance(loader.target, Scored) and taught is None:
        raise _unscored(loader.target)
    pieces: list[pa.RecordBatch] = []
    total = ZERO
    shard = np.arange(share[0], len(part), share[1])
    for start in range(0, len(shard), WINDOW):
        positions = shard[start : start + WINDOW]
        told = partial(_done, notify, start * share[1], share[1], len(part))
        piece, piece_loss, bad = _window(
            run, loader, positions, loss, taught, batch_size, overhead, workers, decoder, told
        )
        total = total + piece_loss
        if strange is not None:
            strange += part.rows[positions[bad]].tolist()
        pieces.append(_rows(piece, loader, part, positions, group, files))
    table = of_data_sets(pa.Table.from_batches(pieces, schema=_schema(loader.target)), part.table)
    if table.num_rows != len(shard):
        raise AssertionError(f"{table.num_rows} predictions for {len(shard)} rows")
    return Predictions(table, None if files is None else files.parent), total


@dataclass(frozen=True)
class _Answer:
    """What the network says of a row: its answer, the sum of its losses, and by what they are divided."""

    decoded: Decoded = field(default_factory=lambda: Decoded(None, np.zeros(0, np.float32)))
    loss: float | None = None
    weight: float = 0.0
    parts: Sequence[tuple[float, float]] = ()

    @property
    def mean(self) -> float | None:
        return None if self.weight <= 0 or self.loss is None else self.loss / self.weight

    def outcome(self, truth: Any) -> Outcome:
        """What the declared columns are computed from, of a row with this truth."""
        return Outcome(truth, self.decoded, math.nan if self.loss is None else self.loss, self.weight, self.parts)


def _window(
    run: Any,
    loader: Loader,
    positions: NDArray[np.int64],
    loss: Loss | None,
    taught: TaughtLosses | None,
    batch_size: int,
    overhead: int,
    workers: int,
    decoder: Decoder | None,
    told: Callable[[int], None],
) -> tuple[list[_Answer], WeightedSum[float], NDArray[np.bool_]]:
    """Answers of some consecutive rows, their loss, and which rows the network gave no numbers for.

    They are computed longest first, so that padding is little and memory runs out at once or never.
    """
    scored = run is None or isinstance(loader.target, Scored)
    lengths = loader.rows.given_lengths if scored and taught is not None else loader.rows.lengths
    answers = [_Answer()] * len(positions)
    total, bad, done = ZERO, np.zeros(len(positions), np.bool_), 0
    # Where an element is not a token (a sample of sound, say), another batch costs at least what another row does.
    another = max(overhead, int(lengths[positions].mean()))
    most = AT_ONCE if scored else None
    pieces = [piece for piece, _ in cut(positions, lengths, limit=batch_size, overhead=another, most=most)]
    for piece, views in ahead(pieces, loader.begun, workers):
        places = np.searchsorted(positions, piece)
        if scored:
            decoded, logits = [_Answer().decoded] * len(piece), None
        elif decoder is not None and decoder.reads != "logits":
            parts = (loader.input, loader.target, loader.processor)
            drawn = own_seeds(loader.target, views, loader.rows.rows[piece], getattr(decoder, "seed", 0))
            decoded = answered(run, decoder, *parts, drawn, limit=batch_size, collate=loader.collate)
            bad[places], logits = [one.score is not None and not math.isfinite(one.score) for one in decoded], None
        else:
            seen = joined(run, loader.collate, views, limit=batch_size, join=loader.target.joined)
            bad[places] = ~_finite(seen.values, [int(first["_length"]) for first in seen.first])
            decoded, logits = loader.target.decode(seen.values, seen.first), (seen.values, seen.length)
        losses, weights = _of_rows(loader, piece, loss, taught, logits)
        of_parts: Sequence[Any] = [()] * len(piece)
        if losses.ndim > 1:
            of_parts = np.stack([losses, weights], axis=2).tolist()
            losses, weights = losses.sum(axis=1), weights.sum(axis=1)
        bad[places] |= ~np.isfinite(losses) & scored
        total = total + WeightedSum(float(losses.sum()), float(weights.sum()))
        for place, answer, row_loss, weight, own in zip(places, decoded, losses, weights, of_parts, strict=True):
            answers[place] = _Answer(answer, float(row_loss) if weight > 0 else None, float(weight), own)
        done += len(piece)
        told(done)
    return answers, total, bad


def _done(notify: Notify | None, before: int, each: int, rows: int, done: int) -> None:
    """How far it is, of a split that several processes share: rows that are written take long, and are told one batch at a time."""
    if notify:
        notify("evaluating", min(before + each * done, rows), rows)


def _unscored(target: Target) -> InputError:
    found = f"examples of target {target.kind()!r} are scored by their losses, which are not computed here"
    fix = "fine-tune the run on conversations or labels, and export that"
    return InputError(found, expected="the network itself: `burnish evaluate`", fix=fix, place="target")


def _of_rows(
    loader: Loader,
    positions: NDArray[np.int64],
    loss: Loss | None,
    taught: TaughtLosses | None,
    logits: tuple[Array, int] | None,
) -> tuple[Array, Array]:
    """[B], or [B, K] of parts: summed losses and weights, of a batch as training reads it or of logits; or all 0."""
    if taught is not None:
        return taught(loader.batch(positions))
    if loss is not None and logits is not None and not needs_truth(loader.target, loss):
        return _losses(loss, logits[0], loader.truth(positions, logits[1]))
    nothing = np.zeros(len(positions))
    return nothing, nothing


def _finite(logits: Array, lengths: Sequence[int]) -> NDArray[np.bool_]:
    """[B] whether all logits of a row are numbers; of one answer for each element, what stands for padding is passed over."""
    fine = np.isfinite(logits)
    if logits.ndim > 2:
        fine |= (np.arange(logits.shape[1]) >= np.array(lengths)[:, None])[:, :, None]
    return cast("NDArray[np.bool_]", fine.reshape(len(logits), -1).all(axis=1))


def needs_truth(target: Target, loss: Loss) -> bool:
    """Whether losses are not to be had of answers: the network must be shown the truth, there are no answers, or the loss
    sees more than logits."""
    return shows_truth(target) or isinstance(target, Scored) or not loss.elementwise()


def _losses(loss: Loss, logits: Array, truth: Truth[Array]) -> tuple[Array, Array]:
    """[B] summed loss and [B] summed weight of each row."""
    import torch

    rows = len(truth.lines)
    tensors = Truth(*map(torch.from_numpy, (truth.targets, truth.weights, truth.owner, truth.lines)))
    sums, weights = loss.terms(Outputs(torch.from_numpy(logits)), tensors).by_row(rows)
    return sums.numpy(), weights.numpy()


def _rows(
    answers: Sequence[_Answer],
    loader: Loader,
    part: Part,
    positions: NDArray[np.int64],
    group: str | None,
    files: Path | None,
) -> pa.RecordBatch:
    target, rows = loader.target, part.rows[positions]
    cells = part.table.cells(target.column).at(rows) if target.column in part.table.columns else [None] * len(rows)
    group = group if group is not None and group in part.table.columns else part.table.group
    groups = part.table.take(rows, [group])[group].to_pylist() if group else [None] * len(rows)
    truths = [target.truth(cell) for cell in cells]
    if isinstance(target, Scored):
        answers = [_scored(target, truth, answer) for truth, answer in zip(truths, answers, strict=True)]
    answered = [a.decoded.answer for a in answers]
    file_truths(target, cells, rows, files, loader.processor)
    values = {
        "row": rows,
        "truth": truths,
        "answer": filed(target, answered, rows, files) if isinstance(target, Filed) else answered,
        "probabilities": [a.decoded.probabilities for a in answers],
        "loss": [a.mean for a in answers],
        "group": [None if value is None else str(value) for value in groups],
        "weight": [a.weight for a in answers],
        **measured(target, [a.outcome(truth) for a, truth in zip(answers, truths, strict=True)]),
    }
    form = _schema(target)
    return pa.record_batch([pa.array(values[f.name], type=f.type) for f in form], schema=form)


def _scored(target: Scored, truth: Any, answer: _Answer) -> _Answer:
    """A row that is scored: its loss stands in the place of an answer."""
    if truth is None or answer.loss is None:
        return answer
    return replace(answer, decoded=replace(answer.decoded, answer=target.scored(truth, answer.loss, answer.weight)))


def _schema(target: Target) -> pa.Schema:
    settings = target.model_dump(mode="json")
    return schema(target.kind(), names_of(target), target.arrow_type(), settings, target.columns())


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
        values = joined(run, loader.collate, loader.views(positions[places]), limit=batch_size).values
        for place, value in zip(places, values, strict=True):
            yield int(place), value
        if notify:
            notify("frozen features", min(start + batch_size, len(order)), len(order))
