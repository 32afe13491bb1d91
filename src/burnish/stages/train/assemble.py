"""From prepared data and a recipe to everything the loop moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from burnish.adapters import require_learning
from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.core.network import Network
from burnish.data.augmentations import Augmentation, require_augmentable
from burnish.data.dealing.thinning import thinned
from burnish.data.feeding.ahead import Sharing, readers
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.decoded import decoded
from burnish.data.feeding.encode import length_facts
from burnish.data.feeding.loader import Loader
from burnish.data.feeding.order import Order
from burnish.data.feeding.packing import require_packable
from burnish.data.looking.sides import mirroring_warning
from burnish.data.mixing import checked
from burnish.inputs import FromFiles
from burnish.losses import Loss
from burnish.recipe.recipe import Settled
from burnish.stages.prepare.data_sets import mixture_of
from burnish.stages.prepare.long_rows import long_of
from burnish.stages.prepare.prepare import Prepared
from burnish.stages.prepare.unlabelled import unlabelled_rows
from burnish.stages.train.announced import opening_notes, techniques_said
from burnish.stages.train.augmented_texts import require_seen
from burnish.stages.train.averaged import averaged
from burnish.stages.train.frozen import computed_once
from burnish.stages.train.long_context import context_said
from burnish.stages.train.moved import moved
from burnish.stages.train.resampled import resampled_rows
from burnish.stages.train.streamed import stream_of
from burnish.stages.train.trying import tried
from burnish.stages.train.untouched import before_training
from burnish.targets import Named, names_of
from burnish.training.accelerator import Accelerator
from burnish.training.averaging import WeightAverage
from burnish.training.features.cache import Frozen
from burnish.training.head_bias import begun
from burnish.training.loop import Training

OVERHEAD = {"cpu": 80, "cuda": 16384}
"""What one more micro-batch costs, in elements: on a CPU as `benchmarks/text_training.py --overhead` fits it (about 50 in
float32, 120 in bfloat16); on a GPU an estimate of what its launches cost."""


@dataclass(frozen=True)
class Assembled:
    """A run ready to go: what the loop moves, and what validation reads.

    Attributes:
        training: what the loop moves.
        loss: how losses are computed.
        loaders: rows of each split, as they are.
        batches: the training rows step by step.
        notes: what was decided, in words.
        frozen: features of a frozen backbone, which training and validation then read; None where all is computed anew.
        average: of the weights, where the run keeps one.
        untouched: the network as it was read, for baselines; None where they read it again.
        start: pretrained weights of the body by name, where an average is made with them when all steps are done.
    """

    training: Training
    loss: Loss
    loaders: dict[str, Loader]
    batches: TrainingBatches
    notes: list[str]
    frozen: Frozen | None = None
    average: WeightAverage | None = None
    untouched: Network | None = None
    start: Mapping[str, Tensor] = field(default_factory=dict)


def assemble(
    prepared: Prepared,
    accelerator: Accelerator,
    notify: Callable[[str], None],
    progress: Callable[[str, int, int], None] | None = None,
) -> Assembled:
    """Network, adapter, optimizer, schedule and batches of a run; features of a frozen backbone.

    Args:
        prepared: data and recipe.
        accelerator: device, precision, peers.
        notify: told what goes wrong during the run.
        progress: told (text, done, total) while features are computed.

    Raises:
        InputError: parts of the recipe that do not fit each other or the checkpoint.
    """
    recipe = prepared.recipe
    network = recipe.model.build(recipe.input, recipe.target, seed=recipe.seed)
    notes = list(getattr(network, "notes", []))
    untouched = before_training(recipe, network) if accelerator.main else None
    named = recipe.target if isinstance(recipe.target, Named) else None
    notes += begun(network, named.prior(prepared.truths["train"].cells()) if named else None)
    recipe.adapter.prepare(network)
    require_learning(network, recipe.adapter)
    batches = training_batches(prepared, accelerator)
    network.to(accelerator.device)
    batches, found = tried(network, batches, recipe.target, accelerator)
    notes += found
    if getattr(long_of(recipe), "measure_memory", False) and accelerator.main:
        notes += context_said(network, batches, accelerator)
    _mixed_inside(network, batches, accelerator)
    loaders = {
        name: Loader(rows, recipe.input, recipe.target, prepared.processor, sharing=batches.loader.sharing)
        for name, rows in prepared.encoded.items()
    }
    frozen, said = computed_once(prepared, network, batches, loaders.get("validation"), accelerator, progress)
    frozen, batches, made = resampled_rows(prepared, frozen, batches)
    if frozen:
        batches = replace(batches, features=frozen.loaders["train"])
    else:
        batches, loaders = _remembering(recipe, batches, loaders, accelerator.processes)

    training, taught = moved(prepared, network, batches, frozen, accelerator, notify, progress)
    if warning := mirroring_warning(names_of(recipe.target), _mirroring(recipe)):
        notify(warning)
    average, start = averaged(recipe, training, batches, validated="validation" in loaders)
    notes += [*techniques_said(recipe.techniques), *taught]
    notes += [*opening_notes(batches, network), *said, *made]
    return Assembled(training, recipe.loss, loaders, batches, notes, frozen, average, untouched, start)


def _mixed_inside(network: Network, batches: TrainingBatches, accelerator: Accelerator) -> None:
    """Let the network mix its embeddings, where rows are mixed inside it."""
    if batches.mixing is not None and batches.mixing.inside:
        from burnish.models.transformers.mixed_embeddings import let_mix  # loads transformers

        let_mix(network, accelerator.tensors(batches.two_rows().inputs))


def _remembering(
    recipe: Settled, batches: TrainingBatches, loaders: dict[str, Loader], processes: int
) -> tuple[TrainingBatches, dict[str, Loader]]:
    """With the files of training and validation rows kept in memory once they were decoded, as far as there is room."""
    training, validation = decoded(
        recipe.input,
        batches.loader.processor.for_input,
        mebibytes=recipe.decoded_cache // processes,
        epochs=batches.total_steps / batches.steps_per_epoch,
        changes=[batches.loader.augmentation is not None, False],
    )
    if "validation" in loaders:
        loaders = {**loaders, "validation": replace(loaders["validation"], decoded=validation)}
    return replace(batches, loader=replace(batches.loader, decoded=training)), loaders


def training_batches(prepared: Prepared, accelerator: Accelerator) -> TrainingBatches:
    """The order of training rows over the run, and how they are read."""
    recipe, rows = prepared.recipe, prepared.encoded["train"]
    taught = np.isin(rows.rows, list(unlabelled_rows(recipe, prepared.parts["train"], rows.weights)))
    usable = np.flatnonzero((rows.weights > 0) | taught)
    if len(usable) == 0:
        raise InputError(
            "no training example has anything to learn from", fix="see the audit for what is wrong with each"
        )
    usable = thinned(usable, prepared.truths["train"].strata[usable], recipe.data.share, recipe.seed)
    order = Order(
        sampler=recipe.sampler.fitted(rows.given_lengths[usable]),
        usable=usable,
        lengths=rows.given_lengths[usable],
        strata=prepared.truths["train"].strata[usable],
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        mixture=mixture_of(recipe.data, prepared.parts["train"], usable),
    )
    reads, processes = not recipe.input.stored, accelerator.processes
    threads = readers(recipe.workers, reads=reads, computing=accelerator.threads, processes=processes)
    stream = stream_of(prepared)
    an_epoch = order.steps_per_epoch if stream is None else stream.steps_per_epoch(recipe.batch_size)
    total = recipe.max_steps or max(1, math.ceil(recipe.epochs * an_epoch))
    loader = Loader(
        rows,
        recipe.input,
        recipe.target,
        prepared.processor,
        class_weights=_class_weights(prepared),
        augmentation=_augmentation(prepared),
        redraws=True,
        seed=recipe.seed,
        sharing=Sharing(threads.shared),
    )
    overhead = OVERHEAD.get(accelerator.device.type, OVERHEAD["cuda"])
    if recipe.sampler.packs():
        require_packable(recipe.input, recipe.target, recipe.loss)
    mixing = checked(recipe.mixing, recipe.input, recipe.target, prepared.processor.for_input)
    return TrainingBatches(
        *(order, loader, total, overhead, accelerator.process, accelerator.processes, mixing),
        workers=threads.ahead,
        stream=stream,
    )


def _augmentation(prepared: Prepared) -> Augmentation | None:
    recipe, part, input_ = prepared.recipe, prepared.parts["train"], prepared.recipe.input
    require_augmentable(recipe.augmentation, input_)
    if recipe.augmentation is not None and recipe.augmentation.changes:
        if input_.stored:
            require_seen(recipe.augmentation, prepared)
        return recipe.augmentation
    # Of rows with several views training reads a random one in each epoch, augmented or not.
    facts = length_facts(part, part.rows, input_)
    several = isinstance(input_, FromFiles) and any(
        input_.view_count(f, prepared.processor.for_input) > 1 for f in facts
    )
    return cast(Augmentation, build("burnish.data.augmentations", "none")) if several else None


def _mirroring(recipe: Settled) -> list[str]:
    """The fields by which pictures are mirrored left to right."""
    views, flip = getattr(recipe.input, "test_views", []), getattr(recipe.augmentation, "horizontal_flip", False)
    return ["augmentation.horizontal_flip"] * bool(flip) + ["input.test_views"] * ("mirrored" in views)


def _class_weights(prepared: Prepared) -> NDArray[np.float32] | None:
    recipe = prepared.recipe
    if recipe.class_weights.kind() == "none":
        return None
    if not isinstance(recipe.target, Named) or not recipe.target.names:
        raise InputError(
            f"class weights {recipe.class_weights.kind()!r} with target {recipe.target.kind()!r}",
            expected="a target with labels",
            fix="leave class_weights out",
            place="class_weights",
        )
    counts = prepared.truths["train"].counts
    return np.asarray(recipe.class_weights.weights(names_of(recipe.target), counts), np.float32)
