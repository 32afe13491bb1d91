"""When a run goes back to an earlier checkpoint: numbers that are not finite, and losses that leap."""

from __future__ import annotations

from burnish.core.errors import InputError, NonFinite
from burnish.recipe.recipe import Settled
from burnish.stages.nonfinite import advice, not_finite
from burnish.stages.train.going import Going
from burnish.training import checkpoint
from burnish.training.loop import Step
from burnish.training.spikes import RUN, Spike, SpikeWatch


def spike_watch(recipe: Settled, total_steps: int) -> SpikeWatch | None:
    """What watches the losses, where the recipe wants it.

    Raises:
        InputError: the run is so short that nothing could be called unusual in it.
    """
    wanted = recipe.loss_spikes
    if wanted is None or wanted.rollbacks == 0:
        return None
    if total_steps <= wanted.window // 2:
        raise InputError(
            f"loss_spikes compares a loss with {wanted.window // 2} steps before it, and the run has {total_steps:,}",
            expected="a longer run, or a smaller loss_spikes.window",
            fix="leave `loss_spikes` out",
            place="loss_spikes",
        )
    return SpikeWatch(wanted.window, wanted.deviations, wanted.rollbacks, wanted.rate_factor)


def must_be_saved_first(recipe: Settled) -> bool:
    """Whether there must be something to go back to from the first step on."""
    return recipe.nonfinite == "rollback" or (recipe.loss_spikes is not None and recipe.loss_spikes.rollbacks > 0)


def kept_to_go_back(session: Going) -> set[int]:
    """Checkpoints of the last steps, in which a leap may have begun, and the newest before them, where losses are watched."""
    if session.spikes is None:
        return set()
    there = checkpoint.steps(session.folder.checkpoints)
    before = [step for step in there if step <= session.step - RUN]
    return {step for step in there if step > session.step - RUN} | set(before[-1:])


def goes_back(session: Going, step: Step) -> bool:
    """Act on a step that was not finite or ends a spike; True when training goes on from an earlier state."""
    if not step.applied and step.culprits:
        return _not_finite(session, step)
    watch = session.spikes
    spike = watch.see(step.number, step.loss.mean) if watch is not None and step.applied else None
    return spike is not None and watch is not None and _spiked(session, step, spike, watch)


def _not_finite(session: Going, step: Step) -> bool:
    what, where = not_finite(step, session.assembled.batches.part(step.number - 1))
    policy, folder = session.recipe.nonfinite, session.folder.checkpoints
    if policy == "stop":
        raise NonFinite(what, place=where, expected="finite numbers", fix=advice(folder))
    session.warn(f"{what}; rows: {where}; policy: {policy}")
    if policy == "skip":
        return False
    newest = checkpoint.newest(folder, session.warn)
    if newest is None:
        raise NonFinite(what, place=where, fix="no whole checkpoint is left to roll back to; use nonfinite: skip")
    session.restore(newest)
    session.assembled.training.skipped.add(step.number - 1)
    session.say("note", text=f"rolled back to step {newest.step}; step {step.number} is passed over")
    session.rewind(newest)
    return True


def _spiked(session: Going, step: Step, spike: Spike, watch: SpikeWatch) -> bool:
    said = (
        f"the loss leapt at step {spike.began}: {spike.loss:.4g} over {step.number - spike.began + 1} steps, usual was "
        f"{spike.usual:.4g}"
    )
    if watch.rollbacks >= watch.most:
        session.warn(f"{said}; the run went back {watch.rollbacks} times already and goes on: lower learning_rate")
        return False
    accelerator, folder = session.assembled.training.accelerator, session.folder.checkpoints
    accelerator.wait()
    if accelerator.main:  # what was saved while the loss was high already is nothing to go back to
        checkpoint.drop_after(folder, spike.began - 1)
    accelerator.wait()
    newest = checkpoint.newest(folder, session.warn)
    if newest is None:
        session.warn(f"{said}; no checkpoint from before it is left, so the run goes on: set checkpoint_steps")
        return False
    watch.rollbacks += 1
    session.restore(newest)
    session.rewind(newest)
    session.say(
        "rollback",
        number=newest.step,
        spiked_at=spike.began,
        loss=spike.loss,
        usual=spike.usual,
        rollbacks=watch.rollbacks,
        most=watch.most,
        rate_factor=watch.factor,
    )
    session.warn(
        f"{said}; back to step {newest.step} with {watch.factor:.3g} times the learning rate "
        f"({watch.rollbacks} of {watch.most})"
    )
    return True
