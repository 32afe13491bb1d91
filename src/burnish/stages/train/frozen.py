"""What a frozen backbone or encoder gives, computed once before the first step."""

from __future__ import annotations

from collections.abc import Callable

from burnish.core.errors import InputError
from burnish.core.network import Inseparable, Network
from burnish.data.feeding.batches import TrainingBatches
from burnish.data.feeding.loader import Loader
from burnish.data.settings import cache_folder
from burnish.stages.prepare.prepare import Prepared
from burnish.training.accelerator import Accelerator
from burnish.training.features.cache import Frozen, chosen, frozen_features
from burnish.training.features.states import encoder_frozen, encoder_states


def computed_once(
    prepared: Prepared,
    network: Network,
    batches: TrainingBatches,
    validation: Loader | None,
    accelerator: Accelerator,
    progress: Callable[[str, int, int], None] | None,
) -> tuple[Frozen | None, list[str]]:
    """Features of a frozen backbone, or states of a frozen encoder, where the recipe and the architecture allow it.

    Gives them, and what is to be said.
    """
    recipe = prepared.recipe
    inside = [t.kind() for t in recipe.techniques if t.inside and not t.is_off]
    if inside:
        return None, [f"nothing of the frozen body is computed once: {inside[0]!r} acts inside it"] * _is_frozen(
            network
        )
    if batches.stream is not None:
        return None, ["nothing is computed once: rows of a stream do not come back"] * _is_frozen(network)
    apart = recipe.cache_features != "never" and batches.mixing is None
    if apart and encoder_frozen(network, recipe.adapter, batches.loader, recipe.epochs):
        compute, what = encoder_states, "the frozen encoder is"
    else:
        wanted, why = chosen(
            recipe.cache_features, network, recipe.adapter, batches.loader, batches.mixing, recipe.epochs
        )
        if not wanted:
            return None, [why] if why else []
        compute, what = frozen_features, "features are"
    try:
        frozen = compute(
            network,
            batches.loader,
            validation,
            accelerator,
            cache=cache_folder(recipe.data.cache),
            depends_on=[recipe.model.model_dump_json()],
            workers=batches.workers,
            notify=progress,
        )
    except Inseparable as error:
        if recipe.cache_features == "always":
            raise InputError(
                f"features cannot be computed once: {error}", fix="cache_features: auto", place="cache_features"
            ) from error
        return None, [f"{what} computed anew in each step: {error}"]
    return frozen, frozen.notes


def _is_frozen(network: Network) -> bool:
    """Whether nothing but the head learns."""
    return all(network.depth(name) > network.layers for name, p in network.named_parameters() if p.requires_grad)
