"""`imbalance:` in a recipe: what it is written out as, what may not stand beside it, and what makes no sense."""

from __future__ import annotations

from typing import Any

import pytest

from burnish.core.component import build
from burnish.core.errors import InputError
from burnish.recipe.imbalance import WAYS
from burnish.recipe.recipe import Recipe, Settled
from burnish.stages.prepare.imbalanced import changes_prior, check_imbalance, learned_loss

COUNTS = {"ham": 90, "spam": 10}
HEAD = {"adapter": "head_only"}


def settled(target: str = "label", **more: Any) -> Settled:
    """A recipe in which nothing is open."""
    recipe = Recipe.load({"data": "x.csv", "input": "text", "target": {"kind": target, "labels": list(COUNTS)}, **more})
    filled = {
        "loss": recipe.loss or build("burnish.losses", "cross_entropy"),
        "sampler": recipe.sampler or build("burnish.data.samplers", "shuffled"),
        "metrics": [],
        "decoder": build("burnish.decoders", "one_pass"),
        "deciding_metric": "macro_f1",
    }
    return Settled.model_construct(**{**dict(recipe), **filled})


@pytest.mark.parametrize("way", WAYS)
def test_each_way_is_written_out_into_its_axes_and_makes_sense_where_it_should(way: str) -> None:
    recipe = settled(imbalance=way, **HEAD)
    assert recipe.imbalance is None
    for name, value in WAYS[way].items():
        held = getattr(recipe, name)
        assert (held if name in ("thresholds", "prior_correction") else held.kind()) == value
    check_imbalance(learned_loss(recipe, COUNTS), COUNTS)
    assert Recipe.load(recipe.model_dump()).model_dump() == Recipe.load({**recipe.model_dump()}).model_dump()
    assert bool(changes_prior(recipe)) == WAYS[way].get("prior_correction", False)


def test_none_is_a_recipe_without_it() -> None:
    assert Recipe.load({"data": "x.csv", "imbalance": "none"}) == Recipe.load({"data": "x.csv"})


def test_settings_go_to_the_axis() -> None:
    recipe = Recipe.load({"data": "x.csv", "imbalance": {"kind": "smote", "neighbours": 3}, **HEAD})
    assert recipe.resampler is not None
    assert recipe.resampler.model_dump() == {"kind": "smote", "neighbours": 3, "target_ratio": 1.0}
    assert (
        Recipe.load({"data": "x.csv", "imbalance": {"kind": "adjusted_afterwards", "strength": 1}}).prior_strength == 1
    )
    assert (
        Recipe.load({"data": "x.csv", "imbalance": {"kind": "tuned_thresholds", "aim": "matthews"}}).thresholds
        == "matthews"
    )
    assert not Recipe.load(
        {"data": "x.csv", "imbalance": {"kind": "oversampling", "prior_correction": False}}
    ).prior_correction
    assert Recipe.load({"data": "x.csv", "imbalance": "auto"}).imbalance == "auto"


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({"imbalance": "smot"}, "smote"),
        ({"imbalance": {"neighbours": 3}}, "way"),
        ({"imbalance": {"kind": "smote", "neighbors": 3}}, "neighbours"),
        ({"imbalance": {"kind": "tuned_thresholds", "tau": 3}}, "tau"),
        ({"imbalance": {"kind": "none", "tau": 3}}, "tau"),
        ({"imbalance": {"kind": "auto", "tau": 3}}, "tau"),
        ({"imbalance": "focal", "class_weights": "balanced"}, "class_weights is 'balanced'"),
        ({"imbalance": "balanced_weights", "sampler": "undersampled"}, "sampler is 'undersampled'"),
        ({"imbalance": "logit_adjustment", "thresholds": "prior"}, "thresholds is 'prior'"),
        ({"imbalance": "focal", "loss": {"kind": "cross_entropy", "label_smoothing": 0.1}}, "loss is 'cross_entropy'"),
        ({"imbalance": "auto", "class_weights": "balanced"}, "class_weights is 'balanced'"),
    ],
)
def test_refused_as_it_is_read(beside: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        Recipe.load({"data": "x.csv", **beside})


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"imbalance": "smote"}, "adapter 'full' changes them"),
        ({"imbalance": "smote", **HEAD, "cache_features": "never"}, "cache_features is never"),
        ({"imbalance": "near_miss", **HEAD, "augmentation": "light"}, "augmentation 'light' makes others"),
        ({"imbalance": "adasyn", **HEAD, "mixing": "mixup"}, "mixing 'mixup' makes others"),
        ({"resampler": "smote", "class_weights": "balanced", **HEAD}, "count rare classes twice"),
        ({"target": "labels", "imbalance": "smote", **HEAD}, "one label for each example"),
        ({"loss": "logit_adjusted", "class_weights": "balanced"}, "class_weights does so too"),
        ({"loss": "balanced_softmax", "sampler": "balanced"}, "sampler does so too"),
        ({"loss": "logit_adjusted", "thresholds": "prior"}, "loss did so already"),
        ({"class_weights": "balanced", "thresholds": "prior"}, "class_weights did so already"),
        ({"target": "labels", "thresholds": "prior"}, "no frequencies that add up to 1"),
        ({"prior_strength": 1}, "prior_strength without"),
        ({"target": "labels", "sampler": "balanced", "prior_correction": True}, "has no formula"),
        ({"target": "tags", "class_weights": "balanced", "prior_correction": True}, "no probabilities"),
        ({"thresholds": "cost"}, "without costs"),
        ({"thresholds": "f1", "costs": {"ham": {"spam": 2}}}, "does not count them"),
        ({"costs": {"ham": {"spam": -2}}}, "negative cost"),
        ({"target": "labels", "costs": {"ham": {"spam": 2}}}, "costs of label 'ham' name 'spam'"),
        ({"target": "tags", "costs": {"ham": {"spam": 2}}}, "costs with target 'tags'"),
    ],
)
def test_refused_with_the_reason_before_anything_is_computed(more: dict[str, Any], words: str) -> None:
    target = more.pop("target", "label")
    with pytest.raises(InputError, match=words):
        check_imbalance(settled(target, **more), COUNTS)


def test_one_example_of_a_class_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="class 'spam' has one training example"):
        check_imbalance(settled(imbalance="smote", **HEAD), {"ham": 90, "spam": 1})


def test_a_loss_that_knows_the_prior_counts_it_once() -> None:
    recipe = learned_loss(settled(loss="logit_adjusted"), COUNTS)
    assert recipe.loss.model_dump()["frequencies"] == {"ham": 0.9, "spam": 0.1}
    plain = settled()
    assert learned_loss(plain, COUNTS) is plain
