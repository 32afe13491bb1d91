"""The rungs of the ladder: what is tried to make a run smaller and faster, the cheapest to try first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from burnish.bundle.bundle import Bundle
from burnish.bundle.files import MODEL
from burnish.core.files import read_json
from burnish.recipe.recipe import Recipe

PRECISIONS = ("float16", "int8", "static_int8")
AWARE_RATE, AWARE_EPOCHS = 0.2, 0.5  # of those of the run: its weights are good, and only get used to rounding
LAYERS = ("num_hidden_layers", "n_layers", "n_layer")
COLUMNS = ("intermediate_size", "hidden_dim")


@dataclass(frozen=True)
class Rung:
    """One network of the ladder, and what it is exported to.

    Attributes:
        name: in words without spaces.
        settings: recipe fields of the training that makes it; empty: the run itself.
        precisions: of its exports beside float32.
        words: what it is.
    """

    name: str
    precisions: tuple[str, ...]
    words: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def rungs_of(bundle: Bundle, recipe: Recipe, *, names: tuple[str, ...] = ()) -> Iterator[Rung]:
    """What is tried, in order.

    Args:
        bundle: of the run.
        recipe: as it was run.
        names: only rungs whose names begin so; none: all of them.
    """
    for rung in _every(bundle, recipe):
        if not names or any(rung.name.startswith(name) for name in names):
            yield rung


def _every(bundle: Bundle, recipe: Recipe) -> Iterator[Rung]:
    yield Rung("trained", PRECISIONS, "the run itself")
    if aware := _aware(bundle, recipe):
        yield Rung("aware", ("aware_int8",), "trained on to be rounded", aware)
    if bundle.model["kind"] != "transformers":
        if aware and (settings := _narrower(bundle, aware)):
            yield Rung("pruned", ("int8", "static_int8"), "half of the channels inside each block", settings)
        return
    config = read_json(bundle.path / MODEL / "config.json")
    layers, columns = (next((int(config[n]) for n in names if n in config), 0) for names in (LAYERS, COLUMNS))
    teacher = {"teacher": str(bundle.path), "alpha": 0.7, "temperature": 2.0}
    small = columns // 2 // 8 * 8
    if small and aware:
        settings = {"model": aware["model"], "prune": {"feed_forward": 0.5}, "distil": teacher}
        yield Rung("pruned", ("int8", "static_int8"), f"{small} of {columns} feed-forward columns", settings)
    for keep in sorted({-(-layers // 2), -(-layers // 3)} - {layers, 0}, reverse=True):
        distil = {**teacher, "student": {"layers": keep}}
        yield Rung(f"distilled-{keep}", ("int8", "static_int8"), f"{keep} of {layers} blocks", {"distil": distil})
    keep = -(-layers // 2)
    if aware and keep not in (0, layers):
        both = {"distil": {**teacher, "student": {"layers": keep}}, "quantise": aware["quantise"]}
        yield Rung(
            f"distilled-{keep}-aware", ("aware_int8",), f"{keep} of {layers} blocks, rounded as they learn", both
        )
    if small and keep not in (0, layers):
        distil = {**teacher, "student": {"layers": keep, "feed_forward": small}}
        words = f"{keep} of {layers} blocks, {small} of {columns} columns"
        yield Rung(f"distilled-{keep}-pruned", ("int8", "static_int8"), words, {"distil": distil})


def _narrower(bundle: Bundle, aware: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by which a convolutional network loses channels; none where its library cannot say so."""
    name = str(read_json(bundle.path / MODEL / "config.json").get("architecture", ""))
    sayable = name == "mobilenet_v2" or re.fullmatch(r"(wide_)?resnet(50|101|152)(_2)?", name)
    teacher = {"teacher": str(bundle.path), "alpha": 0.7, "temperature": 2.0}
    return {"model": aware["model"], "prune": {"channels": 0.5}, "distil": teacher} if sayable else {}


def _aware(bundle: Bundle, recipe: Recipe) -> dict[str, Any]:
    """The settings by which the run's own weights get used to rounding; none where its network cannot."""
    if recipe.adapter.kind() != "full" or bundle.target.shape not in ("row", "element"):
        return {}
    found: dict[str, Any] = {
        "model": {"kind": bundle.model["kind"], "name": str(bundle.path / MODEL)},
        "quantise": {"aware": "int8"},
        "learning_rate": AWARE_RATE * (recipe.learning_rate or 1e-4),
    }
    if recipe.max_steps is None and recipe.epochs is not None:
        found["epochs"] = AWARE_EPOCHS * recipe.epochs
    return found


def recipe_of(rung: Rung, bundle: Bundle, recipe: Recipe) -> Recipe:
    """The recipe of the training that makes a rung's network; the splits are those of the run."""
    values = dict(bundle.settings["recipe"])
    for name in ("target_column", "task"):
        values.pop(name, None)
    if "model" not in rung.settings and rung.settings:
        values.pop("model")
    quiet = {"trackers": [], "baselines": False, "page_rows": 0, "explained_mistakes": 0, "imbalance": None}
    return Recipe.load({**values, **quiet, "trust_code": recipe.trust_code, **rung.settings})
