"""The teacher of a run: opened, compared with what is to learn of it, and its answers computed once where nothing changes rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from burnish.bundle.bundle import Bundle
from burnish.core.batch import Array, Batch
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.encode import encode_part
from burnish.data.feeding.loader import Loader
from burnish.data.settings import cache_folder
from burnish.runtimes.torch import running
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.prepare.unlabelled import unlabelled_rows
from burnish.stages.train.teacher import PLACE, Opened, opened_teacher
from burnish.targets import Redrawn, Veiled
from burnish.training.accelerator import Accelerator
from burnish.training.loop import Batches
from burnish.training.objective import ObjectiveModule
from burnish.training.shrinking.distil import Distil
from burnish.training.step_part import StepPart
from burnish.training.teacher import ANSWERS, UNLABELLED

Progress = Callable[[str, int, int], None] | None
LARGEST = 1 << 30  # bytes of answers that are kept in memory
AT_ONCE = 64  # rows that the teacher answers together


@dataclass(frozen=True)
class Answers:
    """What the teacher says of every training row.

    Attributes:
        values: float32 [C], or [L, C] at each place, of each row.
        places: row number in the table to its place in `values`.
    """

    values: Sequence[Array]
    places: dict[int, int]

    def of(self, batch: Batch) -> Array:
        """[B, C], or [B, L, C] padded to the batch."""
        rows = [self.values[self.places[int(row)]] for row in batch.rows]
        if rows[0].ndim == 1:
            return np.stack(rows)
        made = np.zeros((len(rows), batch.weights.shape[1], rows[0].shape[-1]), np.float32)
        for place, row in enumerate(rows):
            made[place, : len(row)] = row
        return made


@dataclass(frozen=True)
class Fed:
    """The batches of a run, each with what the objective needs of the teacher.

    Attributes:
        plain: without it.
        answers: computed before; None: the teacher reads the batch.
        unlabelled: row numbers that have no label.
    """

    plain: TrainingBatches
    answers: Answers | None
    unlabelled: frozenset[int]

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run."""
        return self.plain.total_steps

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""
        return self.plain.steps_per_epoch

    def micro(self, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """This process' micro-batches of one optimizer step."""
        return [self._fed(batch) for batch in self.plain.micro(step, micro_batch_size)]

    def _fed(self, batch: Batch) -> Batch:
        more: dict[str, Array] = {}
        if self.answers is not None:
            more[ANSWERS] = self.answers.of(batch)
        if self.unlabelled:
            alone = np.array([int(row) in self.unlabelled for row in batch.rows], np.float32)
            alone[batch.real :] = 0  # rows that only fill the batch of another process
            more[UNLABELLED] = alone
        return replace(batch, inputs={**batch.inputs, **more})


class SameTeacher(StepPart):
    """Does nothing at a step; a resumed run must find the teacher that it began with.

    Args:
        digest: of its weights.
    """

    def __init__(self, digest: str) -> None:
        self.digest = digest

    def reference(self) -> str:
        """The digest."""
        return self.digest


@dataclass(frozen=True)
class Teaching:
    """A teacher in its place in a run; with nothing in it there is none.

    Attributes:
        distil: the settings; None: there is no teacher.
        opened: the teacher; None where its answers are kept.
        answers: of all training rows; None where it answers while the network learns.
        unlabelled: row numbers that only the teacher teaches.
        notes: what is to be said.
        digest: of the teacher's weights.
    """

    distil: Distil | None = None
    opened: Opened | None = None
    answers: Answers | None = None
    unlabelled: frozenset[int] = frozenset()
    notes: Sequence[str] = ()
    digest: str = ""

    def parts(self) -> list[StepPart]:
        """What of it a resumed run must find again."""
        return [SameTeacher(self.digest)] if self.digest else []

    def around(self, objective: ObjectiveModule) -> ObjectiveModule:
        """The objective with the teacher beside it."""
        if self.distil is None:
            return objective
        return self.distil.taught(objective, None if self.opened is None else self.opened.teacher)

    def fed(self, batches: TrainingBatches) -> Batches:
        """The batches with what the objective needs."""
        return batches if self.distil is None else Fed(batches, self.answers, self.unlabelled)


def teaching_of(
    prepared: Prepared, network: Network, batches: TrainingBatches, accelerator: Accelerator, progress: Progress
) -> Teaching:
    """The teacher of a run, if it has one.

    Args:
        prepared: data and recipe.
        network: that learns.
        batches: its training rows.
        accelerator: device and precision.
        progress: told (text, done, total) while the teacher answers.

    Raises:
        InputError: it was trained for something else, or cannot read what the network reads.
    """
    distil = prepared.recipe.distil
    if not isinstance(distil, Distil) or distil.is_off:
        return Teaching()
    opened = opened_teacher(prepared, distil, accelerator)
    alone = unlabelled_rows(prepared.recipe, prepared.parts["train"], prepared.encoded["train"].weights)
    notes = [f"teacher: {distil.teacher}, {opened.said}"]
    if alone:
        notes.append(f"{len(alone):,} training examples without a label are taught by the teacher alone")
    why = _changing(prepared, batches, distil)
    if not why:
        answers = _kept(prepared, opened, accelerator, progress)
        if answers is not None:
            return Teaching(distil, None, answers, alone, [*notes, "its answers are computed once"], opened.digest)
        why = "its answers to all training examples would fill the memory"
    if batches.features is not None:
        raise _unreadable(f"the network reads features that were computed before, and {why}", "cache_features: never")
    if not opened.reads_alike:
        raise _unreadable(f"it reads examples otherwise than the network, and {why}", "name another teacher")
    opened.require_fitting(network)
    return Teaching(distil, opened, None, alone, [*notes, f"it answers in each step: {why}"], opened.digest)


def _changing(prepared: Prepared, batches: TrainingBatches, distil: Distil) -> str:
    """Why answers cannot be computed once, in words; empty where they can."""
    if distil.sees_blocks:
        return "states of its blocks are learned too"
    if batches.loader.augmentation is not None:
        return "examples are changed at random"
    if batches.mixing is not None:
        return "examples are mixed"
    if prepared.recipe.target.shape not in ("row", "element") or batches.order.sampler.packs():
        return "it answers at each place"
    if isinstance(prepared.recipe.target, Redrawn | Veiled):
        return "other places are hidden in each epoch"
    return ""


def _kept(prepared: Prepared, opened: Opened, accelerator: Accelerator, progress: Progress) -> Answers | None:
    """Answers to every training row by the teacher's own reading of it; None where they are too many."""
    part, recipe = prepared.parts["train"], prepared.recipe
    bundle: Bundle | None = opened.bundle
    if bundle is None and not opened.reads_alike:
        why = "it reads examples by other tokens than the network, and a checkpoint does not say how"
        raise _unreadable(why, "name a run as the teacher")
    if bundle is None or opened.reads_alike:
        rows, input_, target, processor = prepared.encoded["train"], recipe.input, recipe.target, prepared.processor
    else:
        input_, target, processor = bundle.input, bundle.target, bundle.processor
        rows = encode_part(part, input_, target, processor, cache=cache_folder(recipe.data.cache))
    each = recipe.target.outputs * 4
    if (int(rows.lengths.sum()) if recipe.target.shape == "element" else len(rows)) * each > LARGEST:
        return None
    loader = Loader(rows, input_, target, processor)
    run, values = running(opened.teacher.network), [np.zeros(0, np.float32)] * len(rows)
    order = np.argsort(-rows.lengths, kind="stable")
    for start in range(0, len(order), AT_ONCE):
        places = order[start : start + AT_ONCE]
        inputs, _ = loader.collate(loader.encoded(places))
        logits = opened.aligned(run(**inputs))
        for place, answer in zip(places, logits, strict=True):
            values[place] = answer[: rows.lengths[place]] if answer.ndim > 1 else answer
        if progress:
            progress("teacher", min(start + AT_ONCE, len(order)), len(order))
    return Answers(values, {int(row): place for place, row in enumerate(part.rows)})


def _unreadable(why: str, fix: str) -> InputError:
    return InputError(f"the teacher cannot answer: {why}", fix=fix, place=PLACE)
