"""A run while it trains: the consumer of the loop, which validates, saves, logs and stops."""

from __future__ import annotations

import math
import time
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from burnish.core.errors import Interrupted
from burnish.core.events import Event
from burnish.core.libraries import Libraries
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.signals import StopRequest, stopped
from burnish.stages.train.assemble import Assembled
from burnish.stages.train.averaged import begun_at, kept_for_averaging, require_same_start
from burnish.stages.train.blanks import blanks_only
from burnish.stages.train.going_back import goes_back, kept_to_go_back, must_be_saved_first, spike_watch
from burnish.stages.train.going_on import GoingOn, still_stopped
from burnish.stages.train.looking import Looking
from burnish.stages.train.run_folder import RunFolder
from burnish.stages.train.samples import Samples
from burnish.stages.train.told import run_started, step_done
from burnish.stages.train.validate import choice, deciding, measure, noise
from burnish.trackers import Tracking
from burnish.training import checkpoint, history
from burnish.training.health import GradientHealth
from burnish.training.loop import Step, fit
from burnish.training.spikes import SpikeWatch


@dataclass
class Session:
    """The consumer of the loop: validates, saves, logs and stops."""

    folder: RunFolder
    prepared: Prepared
    assembled: Assembled
    tracking: Tracking
    going: GoingOn = field(default_factory=GoingOn)
    libraries: Libraries = field(default_factory=Libraries)
    step: int = 0
    validations: list[history.Validation] = field(default_factory=list)
    totals: dict[str, float] = field(
        default_factory=lambda: {"rows": 0, "useful": 0, "size": 0, "seconds": 0.0, "skipped": 0}
    )
    stopped: str = ""
    unvalidated: bool = False
    health: GradientHealth = field(default_factory=GradientHealth)
    spikes: SpikeWatch | None = field(init=False)

    def __post_init__(self) -> None:
        self.looking = Looking(self)
        self.spikes = spike_watch(self.recipe, self.assembled.batches.total_steps)

    @property
    def recipe(self) -> Settled:
        """The settled recipe."""
        return self.prepared.recipe

    def begin(self) -> None:
        """Take up the newest whole checkpoint, or start at step 0; say what is about to happen."""
        newest = checkpoint.newest(self.folder.checkpoints, self.warn) if self.going.resume else None
        if newest:
            self.restore(newest)
            self.say("note", text=f"resumed after step {newest.step} from {newest.path.name}")
            for line in self.going.lines:
                self.say("note", text=line)
        elif self.going.resume:
            self.warn("no whole checkpoint was found; the run starts over")
        self.rewind(newest)
        if newest is None and must_be_saved_first(self.recipe):
            self._save()
        rows = len(self.prepared.parts["validation"]) if "validation" in self.prepared.parts else 0
        for note in [*self.assembled.notes, *choice(self.recipe, rows)]:
            self.say("note", text=note)
        self._sample()
        self.say("run_started", **run_started(self.prepared, self.assembled, self.step))

    def _sample(self) -> None:
        """Write samples to be heard, where they are due."""
        samples, training = Samples(self.folder.path, self.prepared), self.assembled.training
        if training.accelerator.main and samples.due(self.step, self.assembled.batches.total_steps):
            self.say("note", text=samples.write(training.network, self.step))

    def run(self) -> None:
        """From its beginning to its end, or until a signal asks it to stop; nothing is read ahead afterwards."""
        self.begin()
        with StopRequest() as stop, closing(self.assembled.batches.reading):
            self.train(stop)
        self.looking.diagnose(over=True)

    def train(self, stop: StopRequest) -> None:
        """Steps until the end, early stopping, an interruption, or something that is not finite."""
        if self.stopped or (self.unvalidated and self._after_step(stop)):
            return
        again = True
        while again:
            again = False
            for step in fit(self.assembled.training, start=self.step):
                if goes_back(self, step):
                    again = True
                    break
                self._count(step)
                self.libraries.begin()  # beside the steps, whose products leave Python's lock alone
                if self._after_step(stop):
                    return
        self._passed_over_the_end(stop)

    def _after_step(self, stop: StopRequest) -> str:
        """Validate and save where that is due; why the run is over, empty where it goes on."""
        validate = self._due(self.step)
        if validate:
            self._validate(stop)
        ended = self._ended(validate)
        every = self.recipe.checkpoint_steps
        interrupted = self.assembled.training.accelerator.any(stop.requested)
        if validate or ended or interrupted or (every is not None and self.step % every == 0):
            self._save()
        self._sample()
        if interrupted:
            raise stopped(f"stopped after step {self.step}; everything is saved", self.folder.resumed_by)
        return ended

    def _passed_over_the_end(self, stop: StopRequest) -> None:
        """The last steps were passed over after a rollback: the validation due at the end is still due."""
        validated = bool(self.validations) and self.validations[-1].step == self.step
        if self._due(self.assembled.batches.total_steps) and not validated:
            self._validate(stop)
        self.stopped = "all steps done"
        self._save()

    def state(self) -> dict[str, Any]:
        """Everything but weights and optimizer, as plain values."""
        training = self.assembled.training
        scaler = training.accelerator.scaler
        return {
            "step": self.step,
            "begun": self.going.identity,
            "validations": history.to_json(self.validations),
            "totals": self.totals,
            "stopped": self.stopped,
            "unvalidated": self.unvalidated,
            "micro_batch_size": training.micro_batch_size,
            "skipped": sorted(training.skipped),
            "scaler": scaler.state_dict() if scaler is not None else None,
            **({"spikes": self.spikes.state()} if self.spikes is not None else {}),
            **begun_at(training.parts),
        }

    def restore(self, saved: checkpoint.Checkpoint) -> None:
        """Put everything back as it was when a checkpoint was saved."""
        training, state = self.assembled.training, saved.state
        require_same_start(training.parts, state, str(self.recipe.model.name))
        checkpoint.restore(saved, training.network, training.optimizer, self.assembled.average)
        self.step = saved.step
        done = history.from_json(state["validations"])
        total = self.assembled.batches.total_steps
        self.validations = history.at_length(done, total)
        training.scores[:] = history.as_scores(self.validations)
        self.totals, self.unvalidated = dict(state["totals"]), bool(state.get("unvalidated"))
        self.stopped = still_stopped(state["stopped"], self.validations, self.recipe, self.step, total)
        if "micro_batch_size" not in self.going.changes:
            training.micro_batch_size = min(training.micro_batch_size, state["micro_batch_size"])
        training.skipped |= set(state["skipped"])
        if self.spikes is not None:
            self.spikes.restore(state["spikes"])
            training.rate_factor = self.spikes.factor
        if training.accelerator.scaler is not None and state["scaler"]:
            training.accelerator.scaler.load_state_dict(state["scaler"])

    def _count(self, step: Step) -> None:
        self.step = step.number
        if self.assembled.average is not None and step.applied:
            self.assembled.average.update(step.number / self.assembled.batches.total_steps)
        for key in ("rows", "useful", "size", "seconds"):
            self.totals[key] += getattr(step, key)
        self.totals["skipped"] += not step.applied
        total = self.assembled.batches.total_steps
        self.say("step", **step_done(step, total, self.recipe.input.length_unit))
        self.looking.step_done(step.number)
        for text in self.health.see(step):
            self.warn(text)
        training = self.assembled.training
        parts = (self.recipe, training.network, self.assembled.batches, training.accelerator)
        if training.accelerator.main and (silent := blanks_only(*parts, step.number)):
            self.warn(silent)

    def _due(self, number: int) -> bool:
        if "validation" not in self.assembled.loaders:
            return False
        batches = self.assembled.batches
        every = self.recipe.validation_steps or max(1, round(self.recipe.validation_epochs * batches.steps_per_epoch))
        return number % every == 0 or number == batches.total_steps

    def _validate(self, stop: StopRequest) -> None:
        """Validate; a signal ends it behind the next batch, and a run that goes on does it again."""
        self.unvalidated = True
        self.libraries.wait()
        started, training, batches = time.perf_counter(), self.assembled.training, self.assembled.batches
        accelerator, metric = training.accelerator, deciding(self.recipe)
        leave = partial(stop.leave, self.step, self.folder.resumed_by) if accelerator.processes == 1 else None
        try:
            scores = measure(self.prepared, self.assembled, metric, self.warn, leave)
        except Interrupted:
            self._save()
            raise
        self.unvalidated = False
        value = accelerator.agreed(scores.get("loss" if metric is None else metric.label, math.nan))
        good = value if metric is not None and metric.greater_is_better else -value
        name = "loss" if metric is None else metric.label
        progress, error = self.step / batches.total_steps, noise(metric, value, len(self.prepared.parts["validation"]))
        good = good if all(t.is_off or t.complete(progress) for t in self.recipe.techniques) else math.nan
        self.validations.append(history.Validation(self.step, progress, name, value, good, scores, error))
        training.scores[:] = history.as_scores(self.validations)
        best = history.best(self.validations)
        self.say(
            "validation",
            number=self.step,
            epoch=self.step / batches.steps_per_epoch,
            scores=scores,
            loss=scores.get("loss"),
            deciding=name,
            greater_is_better=good == value,
            best=best is not None and best.step == self.step,
            seconds=time.perf_counter() - started,
        )
        self.looking.diagnose()

    def _ended(self, validated: bool) -> str:
        """Why the run is over after this step; empty when it is not."""
        early = self.recipe.early_stopping
        if self.step >= self.assembled.batches.total_steps:
            self.stopped = "all steps done"
        elif validated and early and history.exhausted(self.validations, early.patience, early.minimum_change):
            self.stopped = (
                f"early: {early.patience} validations without a gain of more than {early.minimum_change:g} "
                f"in {self.validations[-1].metric}"
            )
        return self.stopped

    def _save(self) -> None:
        training, average = self.assembled.training, self.assembled.average
        if average is not None and self.stopped and "validation" not in self.assembled.loaders:
            with average.in_place():
                pass  # statistics of batch norms, which a validation would have estimated anew
        weights = training.accelerator.gathered_state(checkpoint.changing(training.network, training.optimizer))
        if training.accelerator.main:
            parts = training.network, training.optimizer, self.state(), average
            saved = checkpoint.save(self.folder.checkpoints, self.step, *parts, weights=weights)
            best = history.best(self.validations)
            if best is not None and best.step == self.step:
                self._record_best()
            checkpoint.prune(self.folder.checkpoints, self.recipe.keep_checkpoints, self._worth_keeping())
            self.say(
                "checkpoint", number=self.step, path=str(saved.path), best=best is not None and best.step == self.step
            )
        training.accelerator.wait()

    def _worth_keeping(self) -> set[int]:
        """Steps whose checkpoints stay: where the run may go on from, and for each of them what was the best by then.

        A checkpoint without the best one before it is of no use: the run would end in other weights.
        """
        begins = {*checkpoint.steps(self.folder.checkpoints)[-self.recipe.keep_checkpoints :], *kept_to_go_back(self)}
        averaged = kept_for_averaging(self.recipe)
        return begins.union(*(history.needed(self.validations, begin, averaged) for begin in begins))

    def rewind(self, saved: checkpoint.Checkpoint | None) -> None:
        """Make the folder say what was true after this checkpoint, or before the first step."""
        accelerator = self.assembled.training.accelerator
        accelerator.wait()  # until every process has read its checkpoint
        if accelerator.main:
            self.folder.rewind(self.step)
            checkpoint.drop_after(self.folder.checkpoints, saved.step if saved else -1)
            self._record_best()
        accelerator.wait()

    def _record_best(self) -> None:
        best = history.best(self.validations)
        if best is None:
            self.folder.best.unlink(missing_ok=True)
            return
        saved = checkpoint.read(checkpoint.at(self.folder.checkpoints, best.step))
        self.folder.record_best(history.Best(best.step, best.metric, best.value, saved.hash))

    def say(self, name: Any, **values: Any) -> None:
        """Tell the trackers, from the main process."""
        if self.assembled.training.accelerator.main:
            self.tracking(Event(name, values))

    def warn(self, text: str) -> None:
        """Say what may be wrong."""
        self.say("warning", text=text)
