"""What the loop moves: network, loss, optimizer, techniques and teacher of a run."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.optim import Optimizer

from burnish.core.network import Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.train.averaged import rate_of
from burnish.stages.train.monitored import monitor_of
from burnish.stages.train.teaching import teaching_of
from burnish.training.accelerator import Accelerator
from burnish.training.features.cache import Frozen
from burnish.training.loop import Training
from burnish.training.objective import ObjectiveModule
from burnish.training.parameter_groups import parameter_groups
from burnish.training.steps import parts_of, surrounded
from burnish.training.updating import Clip


def moved(
    prepared: Prepared,
    network: Network,
    batches: TrainingBatches,
    frozen: Frozen | None,
    accelerator: Accelerator,
    notify: Callable[[str], None],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Training, list[str]]:
    """What the loop moves: network and loss as one placed module, its optimizer, techniques and teacher; and what is to be said."""
    recipe = prepared.recipe

    def probe() -> dict[str, Tensor]:
        return accelerator.tensors(batches.two_rows().inputs)

    module = recipe.objective.module(frozen.network if frozen else network, recipe.loss, probe)
    teaching = teaching_of(prepared, network, batches, accelerator, progress)
    objective, optimizer = accelerator.place(
        surrounded(teaching.around(module), recipe.techniques, probe), lambda: optimizer_of(recipe, network)
    )
    training = _training(recipe, network, objective, optimizer, batches, accelerator, notify)
    techniques = parts_of(network, optimizer, recipe.techniques)
    training.parts = [*techniques, *teaching.parts(), *monitor_of(recipe, training)]
    training.batches = teaching.fed(batches)
    return training, list(teaching.notes)


def optimizer_of(recipe: Settled, network: Network) -> Optimizer:
    """The optimizer of a network that is adapted, a group for each depth."""
    groups = parameter_groups(
        network,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.optimizer.weight_decay,
        layer_decay=recipe.layer_decay,
        head_learning_rate=recipe.head_learning_rate,
    )
    return recipe.optimizer.build(groups, recipe.learning_rate)


def _training(
    recipe: Settled,
    network: Network,
    objective: ObjectiveModule,
    optimizer: Optimizer,
    batches: TrainingBatches,
    accelerator: Accelerator,
    notify: Callable[[str], None],
) -> Training:
    per_process = -(-recipe.batch_size // accelerator.processes)
    return Training(
        objective=objective,
        network=network,
        optimizer=optimizer,
        adapter=recipe.adapter,
        schedule=rate_of(recipe, batches.total_steps),
        batches=batches,
        accelerator=accelerator,
        learning_rate=recipe.learning_rate,
        seed=recipe.seed,
        micro_batch_size=min(recipe.micro_batch_size or per_process, per_process),
        clip=Clip(recipe.gradient_clip_norm, recipe.gradient_clip_value),
        notify=notify,
    )
