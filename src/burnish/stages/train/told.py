"""What a run tells of itself in its events: plain values."""

from __future__ import annotations

from typing import Any

from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.assemble import Assembled
from burnish.training.loop import Step


def run_started(prepared: Prepared, assembled: Assembled, step: int) -> dict[str, Any]:
    """What is about to happen, from a step on."""
    recipe, training, batches = prepared.recipe, assembled.training, assembled.batches
    return {
        "task": recipe.task_name(),
        "model": recipe.model.name,
        "rows": prepared.counts(),
        "total_steps": batches.total_steps,
        "start_step": step,
        "epochs": batches.total_steps / batches.steps_per_epoch,
        "batch_size": recipe.batch_size,
        "learning_rate": training.learning_rate,
        "adapter": recipe.adapter.kind(),
        "device": str(training.accelerator.device),
        "precision": training.accelerator.precision,
        "processes": training.accelerator.processes,
    }


def step_done(step: Step, total: int, unit: str) -> dict[str, Any]:
    """A step of so many; `unit` of what its rows are made of, where these are no tokens."""
    return {
        "number": step.number,
        "total_steps": total,
        "epoch": step.epoch,
        "loss": step.loss.mean,
        "learning_rate": step.learning_rate,
        "gradient_norm": step.gradient_norm,
        "rows": step.rows,
        "tokens": step.useful,
        "seconds": step.seconds,
        "padding_ratio": 1 - step.useful / step.size if step.size else 0.0,
        "groups": step.group_norms,
        **({} if unit == "tokens" else {"unit": unit}),
    }
