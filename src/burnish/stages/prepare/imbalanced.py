"""Whether what a recipe does about rare classes makes sense, before anything is trained; and what it takes from the data."""

from __future__ import annotations

from collections.abc import Mapping

from burnish.core.errors import InputError
from burnish.recipe.recipe import Settled
from burnish.targets import Named, is_exclusive, names_of


def learned_loss(recipe: Settled, counts: Mapping[str, int]) -> Settled:
    """With the loss's knowledge of how common each class is."""
    loss = recipe.loss.learned(names_of(recipe.target), counts)
    return recipe if loss is recipe.loss else recipe.model_copy(update={"loss": loss})


def changes_prior(recipe: Settled) -> list[str]:
    """The fields of a recipe that change how common classes are while the network learns."""
    fields = {
        "class_weights": recipe.class_weights.kind() != "none",
        "sampler": recipe.sampler.counts_classes,
        "resampler": recipe.resampler is not None,
        "loss": recipe.loss.removes_prior,
    }
    return [name for name, does in fields.items() if does]


def check_imbalance(recipe: Settled, counts: Mapping[str, int]) -> None:
    """Refuse what makes no sense.

    Args:
        recipe: settled, its target learned.
        counts: how often each name occurs in the training split.

    Raises:
        InputError: with the reason.
    """
    changing = changes_prior(recipe)
    _check_resampler(recipe, counts, changing)
    if recipe.loss.removes_prior and (others := [name for name in changing if name != "loss"]):
        raise _refused(
            f"loss {recipe.loss.kind()!r} takes the frequency of classes out of what is learned, and {others[0]} does so too",
            place=others[0],
        )
    if recipe.thresholds == "prior":
        if not is_exclusive(recipe.target):
            raise _refused(
                f"thresholds: prior with target {recipe.target.kind()!r}, which has no frequencies that add up to 1"
            )
        if changing:
            raise _refused(
                f"thresholds: prior takes the frequency of classes away after training, and {changing[0]} did so already"
            )
    if recipe.prior_strength is not None and recipe.thresholds != "prior":
        raise _refused("prior_strength without thresholds: prior", place="prior_strength")
    _check_correction(recipe, changing)
    _check_costs(recipe)


def _check_resampler(recipe: Settled, counts: Mapping[str, int], changing: list[str]) -> None:
    resampler = recipe.resampler
    if resampler is None:
        return
    what = f"resampler {resampler.kind()!r} works on the features of a frozen network, and "
    if not is_exclusive(recipe.target):
        raise _refused(
            f"resampler {resampler.kind()!r} with target {recipe.target.kind()!r}: it needs one label for each example"
        )
    if recipe.adapter.kind() != "head_only":
        raise _refused(
            what + f"adapter {recipe.adapter.kind()!r} changes them",
            fix="adapter: head_only, or imbalance: oversampling",
        )
    if recipe.cache_features == "never":
        raise _refused(what + "cache_features is never", fix="cache_features: auto")
    for name in ("augmentation", "mixing"):
        changes = getattr(recipe, name)
        if changes is not None and changes.kind() != "none":
            raise _refused(what + f"{name} {changes.kind()!r} makes others in each epoch", fix=f"leave {name} out")
    if others := [name for name in changing if name != "resampler"]:
        raise _refused(f"resampler {resampler.kind()!r} and {others[0]} count rare classes twice", place=others[0])
    resampler.check({name: counts[name] for name in names_of(recipe.target) if counts.get(name)})


def _check_correction(recipe: Settled, changing: list[str]) -> None:
    if not recipe.prior_correction:
        return
    target = recipe.target
    if "offsets" not in type(target).model_fields:
        raise _refused(
            f"prior_correction with target {target.kind()!r}, whose predictions have no probabilities",
            "prior_correction",
        )
    if not is_exclusive(target) and "sampler" in changing:
        raise _refused(
            "prior_correction of several labels beside a sampler: one example has common and rare labels at once, so what the "
            "sampler did to each has no formula",
            "prior_correction",
            fix="prior_correction: false, and calibration: temperature",
        )


def _check_costs(recipe: Settled) -> None:
    if recipe.thresholds == "cost" and not recipe.costs:
        raise _refused("thresholds: cost without costs", "costs", fix="costs: {spam: {ham: 1}, ham: {spam: 5}}")
    if not recipe.costs:
        return
    target = recipe.target
    if not isinstance(target, Named) or not ("costs" in type(target).model_fields or hasattr(target, "own_thresholds")):
        raise _refused(f"costs with target {target.kind()!r}", "costs")
    if recipe.thresholds not in ("given", "cost"):
        raise _refused(f"costs beside thresholds: {recipe.thresholds}, which does not count them", "costs")
    for truth, answers in recipe.costs.items():
        if any(cost < 0 for cost in answers.values()):
            raise _refused(f"a negative cost of truth {truth!r}", "costs", fix="costs are 0 or more")
        if not is_exclusive(target) and (odd := set(answers) - {"missed", "false_alarm"}):
            raise _refused(f"costs of label {truth!r} name {sorted(odd)[0]!r}", "costs", fix="missed and false_alarm")


def _refused(why: str, place: str = "imbalance", fix: str = "") -> InputError:
    return InputError(why, fix=fix or "choose one way with rare classes", place=place)
