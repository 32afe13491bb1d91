"""The loop: a generator that yields one `Step` for each optimizer step.

Whoever consumes the steps logs, evaluates, saves and stops (`break`). Nothing calls back into the loop.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Literal, Protocol

import torch
from torch import Tensor

from burnish.adapters import Adapter, hold_still
from burnish.core.batch import Batch
from burnish.core.network import Network
from burnish.core.seeds import derive
from burnish.core.weighted import WeightedSum
from burnish.schedules import ValidationScore
from burnish.training.accelerator import Accelerator, out_of_memory
from burnish.training.objective import ObjectiveModule
from burnish.training.step_part import StepPart
from burnish.training.updating import Clip, gradient_norms, scaled_update, unscale, update

Policy = Literal["stop", "skip", "rollback"]


class Batches(Protocol):
    """Where the loop gets its rows from: a pure function of the step."""

    @property
    def total_steps(self) -> int:
        """Optimizer steps of the whole run."""

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps of one epoch."""

    def micro(self, step: int, micro_batch_size: int) -> Sequence[Batch]:
        """This process' micro-batches of optimizer step `step` (from 0)."""


@dataclass(frozen=True)
class Step:
    """One optimizer step, done.

    Attributes:
        number: steps done so far, this one included.
        epoch: the same in epochs.
        loss: weighted sum over all rows of the step, all processes.
        learning_rate: of the group that is not scaled by depth.
        gradient_norm: before clipping, over all trainable parameters.
        group_norms: the same for each group of layers, in order of depth.
        rows, useful, size: rows, input elements that are not padding, and all input elements, of all processes.
        micro_batch_size: rows of a micro-batch; changes when memory ran out.
        seconds: wall time of the step.
        applied: whether the weights were changed; False after a loss or gradient that is not finite.
        culprits: row numbers behind a non-finite loss; all rows of the step where only the gradient was.
    """

    number: int
    epoch: float
    loss: WeightedSum[float]
    learning_rate: float
    gradient_norm: float
    group_norms: dict[str, float]
    rows: int
    useful: int
    size: int
    micro_batch_size: int
    seconds: float
    applied: bool = True
    culprits: tuple[int, ...] = ()


class Rate(Protocol):
    """The learning rate over the run: a schedule, or one that stays as it is from some point on."""

    def __call__(self, progress: float, scores: Sequence[ValidationScore] = (), /) -> float:
        """The multiplier at this share of the run."""


@dataclass
class Training:
    """Everything a run moves from step to step.

    Attributes:
        objective: network and loss, as `Accelerator.place` returned it.
        network: the bare network inside.
        optimizer: over `parameter_groups`; each group has `burnish_scale`.
        adapter: asked before each step what may learn.
        schedule: progress to multiplier, warm-up resolved.
        batches: step to rows.
        accelerator: device, precision, peers.
        learning_rate: the base rate.
        seed: of the run.
        micro_batch_size: rows of a micro-batch to begin with.
        clip: bounds on gradients.
        scores: validation scores so far; the consumer appends, plateau schedules read.
        skipped: steps (from 0) whose rows are passed over, after a rollback.
        parts: what techniques do at each step, in their order.
        rate_factor: what the rate is multiplied by since the run went back for a loss that leapt.
    """

    objective: ObjectiveModule
    network: Network
    optimizer: torch.optim.Optimizer
    adapter: Adapter
    schedule: Rate
    batches: Batches
    accelerator: Accelerator
    learning_rate: float
    seed: int
    micro_batch_size: int
    clip: Clip = field(default_factory=Clip)
    scores: list[ValidationScore] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)
    notify: Callable[[str], None] = lambda text: None
    parts: Sequence[StepPart] = ()
    rate_factor: float = 1.0


def fit(training: Training, *, start: int = 0) -> Iterator[Step]:
    """One `Step` for each optimizer step from `start` (from 0) to the end of the run.

    Every random stream of a step is seeded by (seed, step, process), so that a run that is stopped after any step and
    continued from a checkpoint is the run that was never stopped. The consumer may restore an earlier state and call
    `fit` again.

    Raises:
        MemoryError: memory ran out on a micro-batch of one row.
    """
    total = training.batches.total_steps
    training.objective.eval()
    for number in (n for n in range(start, total) if n not in training.skipped):
        progress = (number + 0.5) / total  # the middle of the step: the first is not wasted on a rate of 0
        training.adapter.at(training.network, progress)
        if training.adapter.changes or not training.network.training:  # at the start, and after each validation
            training.objective.train()
            hold_still(training.network)
        for part in training.parts:
            part.comes_to(number, total)
        factor = training.schedule(progress, training.scores) * training.rate_factor
        for group in training.optimizer.param_groups:
            group["lr"] = training.learning_rate * group["burnish_scale"] * factor
        yield _step(training, number, training.learning_rate * factor)


def _step(training: Training, number: int, learning_rate: float) -> Step:
    started = time.perf_counter()
    while True:
        _seed(training, number)
        for part in training.parts:
            part.begins(number)
        micro = training.batches.micro(number, training.micro_batch_size)
        try:
            loss = _gradients(training, micro)
            _again(training, number, micro)
            break
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error) or training.accelerator.processes > 1 or training.micro_batch_size == 1:
                raise
            _shrink(training)
    unscale(training.optimizer, training.accelerator.scaler)
    for part in training.parts:
        part.on_gradients()
    norms, total_norm = gradient_norms(training.optimizer, training.accelerator)
    bound = _bounded(training, total_norm)
    finite = bool(torch.isfinite(loss.total)) and bool(torch.isfinite(total_norm))
    culprits: tuple[int, ...] = ()
    if training.accelerator.scaler is not None:
        applied = scaled_update(training.optimizer, training.accelerator.scaler, training.clip, bound)
        finite = bool(torch.isfinite(loss.total))  # an overflow of scaled gradients is the scaler's business
    else:
        applied = finite
        if finite:
            update(training.optimizer, training.clip, bound)
    if applied and finite:
        for part in training.parts:
            part.on_weights()
    if not finite:
        culprits = _culprits(training, micro)
    training.optimizer.zero_grad(set_to_none=True)
    sums = _sums(training, micro)
    return Step(
        number=number + 1,
        epoch=(number + 1) / training.batches.steps_per_epoch,
        loss=WeightedSum(float(loss.total), float(loss.weight)),
        learning_rate=learning_rate,
        gradient_norm=float(total_norm),
        group_norms=norms,
        rows=sums[0],
        useful=sums[1],
        size=sums[2],
        micro_batch_size=training.micro_batch_size,
        seconds=time.perf_counter() - started,
        applied=applied and finite,
        culprits=culprits,
    )


def _gradients(training: Training, micro: Sequence[Batch]) -> WeightedSum[Tensor]:
    """Backward through every micro-batch; the loss of each is divided by the weight of the whole step.

    The weights are known before any forward pass, so k micro-batches give the gradient of one big batch whatever the
    rows weigh, and processes, whose gradients are averaged by DDP, that of one process.
    """
    accelerator = training.accelerator
    training.optimizer.zero_grad(set_to_none=True)
    bare = _bare(training)
    weight = torch.tensor(sum(bare.of_batch(b) for b in micro), dtype=torch.float32)
    weight = accelerator.sum(weight.to(accelerator.device))
    divisor = torch.where(weight > 0, weight, torch.ones_like(weight)) / accelerator.processes
    total = torch.zeros((), device=accelerator.device)
    for i, batch in enumerate(micro):
        last = i == len(micro) - 1
        with nullcontext() if last else accelerator.quiet(training.objective):
            part, _ = training.objective(accelerator.tensors(batch.inputs), accelerator.truth(batch))
            accelerator.backward(part / divisor)
        total = total + part.detach()
    return WeightedSum(accelerator.sum(total), weight)


def _again(training: Training, number: int, micro: Sequence[Batch]) -> None:
    """The gradient once more where a technique has disturbed the weights, with the same dropout; it takes the first one's place."""
    for part in training.parts:
        with part.disturbed() as there:
            if there:
                _seed(training, number)
                _gradients(training, micro)


def _bounded(training: Training, norm: Tensor) -> Tensor:
    """The norm of all gradients once techniques have bounded parts of them; what is not finite is left to the loop."""
    if not training.parts or not bool(torch.isfinite(norm)):
        return norm
    changed = [part.on_clipping() for part in training.parts]
    return gradient_norms(training.optimizer, training.accelerator)[1] if any(changed) else norm


def _seed(training: Training, number: int) -> None:
    torch.manual_seed(derive(training.seed, "step", number, training.accelerator.process))


def _bare(training: Training) -> ObjectiveModule:
    bare = training.accelerator.bare(training.objective)
    assert isinstance(bare, ObjectiveModule)
    return bare


def _shrink(training: Training) -> None:
    training.optimizer.zero_grad(set_to_none=True)
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    before = training.micro_batch_size
    training.micro_batch_size = max(1, before // 2)
    training.notify(
        f"memory ran out: micro-batches of {training.micro_batch_size} examples instead of {before}; "
        "the effective batch and the result stay the same"
    )


@torch.no_grad()
def _culprits(training: Training, micro: Sequence[Batch]) -> tuple[int, ...]:
    """Row numbers whose own loss is not finite; all rows of the step when only the gradient was not."""
    accelerator = training.accelerator
    bare = _bare(training)
    bare.network.eval()
    culprits: list[int] = []
    for batch in micro:
        with accelerator.autocast():
            terms = bare.terms(accelerator.tensors(batch.inputs), accelerator.truth(batch))
        culprits += batch.rows[terms.strange().cpu().numpy()].tolist()
    # Every process must name the same rows: the one that writes the message need not be the one that met them.
    culprits = accelerator.together(culprits)
    return tuple(sorted(set(culprits or accelerator.together([int(r) for b in micro for r in b.rows]))))


def _sums(training: Training, micro: Sequence[Batch]) -> list[int]:
    counts = [
        sum(int((b.by_row(b.weights) != 0).sum()) for b in micro),
        sum(b.useful for b in micro),
        sum(b.size for b in micro),
    ]
    if training.accelerator.processes == 1:
        return counts
    summed = training.accelerator.sum(torch.tensor(counts, dtype=torch.float64, device=training.accelerator.device))
    return [int(v) for v in summed.tolist()]
