"""Rate, decay, warm-up and length of a training where a recipe names none: one table by family, size and adapter.

`benchmarks/defaults.py` trains with them on real data; docs/training.md shows the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from burnish.core.component import build
from burnish.core.family import Family
from burnish.inputs import Input
from burnish.recipe.recipe import Recipe
from burnish.targets import Scored, Target, names_of


@dataclass(frozen=True)
class UsualSettings:
    """One row of the table.

    Attributes:
        learning_rate: the peak, for AdamW and the like; other optimizers have a factor.
        reason: why, for people.
        layer_decay: each level below the head learns this much slower.
        warmup_ratio: share of the run over which the rate rises.
        head_factor: times the rate the head learns at, which is new where the body was learned before.
    """

    learning_rate: float
    reason: str
    layer_decay: float = 1.0
    warmup_ratio: float = 0.06
    head_factor: float = 1.0


SMALL, LARGE = 30_000_000, 150_000_000
"""Weights beside embeddings below which a text encoder is small (MiniLM 11 or 21 million; BERT-base has 85), and from
which on it is large (BERT-large has 302)."""
SMALL_DECODER = 500_000_000
SMALL_RECOGNISER = 100_000_000
"""Weights below which a network that hears and writes is small (Whisper base has 45 million beside its embeddings)."""

FULL: dict[str, UsualSettings] = {
    "small text encoder": UsualSettings(
        2e-4,
        "narrow networks bear a high rate, and short runs need one; lower blocks know the language already; the new head has "
        "all to learn",
        0.9,
        head_factor=10,
    ),
    "text encoder": UsualSettings(1e-4, "the lowest of twelve blocks then learns at 3e-5, as BERT's paper does", 0.9),
    "large text encoder": UsualSettings(
        5e-5, "large encoders fail to train at higher rates; ELECTRA's setting", 0.9, 0.1
    ),
    "small decoder": UsualSettings(5e-5, "a decoder learns a new head, and forgets at higher rates", 0.95, 0.1),
    "decoder": UsualSettings(2e-5, "usual for decoders above half a billion weights", 1.0, 0.1),
    "convolution with batch norm": UsualSettings(
        1e-3, "batch norm keeps large steps stable; text's rates leave it untrained"
    ),
    "convolution": UsualSettings(1e-4, "without batch norm large steps are not stable"),
    "vision transformer": UsualSettings(1e-4, "the lowest blocks keep what they see at a lower rate", 0.9, 0.1),
    "speech encoder": UsualSettings(5e-5, "usual for wav2vec 2.0 and its kin; needs a longer warm-up", 1.0, 0.1),
    "small speech recogniser": UsualSettings(
        5e-5, "a small network that writes already and learns other words; higher rates make it forget", 1.0, 0.1
    ),
    "speech recogniser": UsualSettings(1e-5, "usual for Whisper from small on", 1.0, 0.1),
    "random convolution": UsualSettings(2e-3, "nothing is pretrained that a large step could destroy"),
    "random network": UsualSettings(5e-4, "nothing is pretrained; attention needs a longer warm-up", 1.0, 0.1),
}
"""Where every parameter learns, and where blocks join in one after another."""

LAST_LAYERS: dict[str, UsualSettings] = {
    "small text encoder": UsualSettings(2e-4, "only the top learns, all of it at the rate of the head"),
    "convolution with batch norm": UsualSettings(1e-3, "only the top learns, all of it at the rate of the head"),
    "random convolution": UsualSettings(2e-3, "nothing is pretrained that a large step could destroy"),
}

LORA: dict[str, UsualSettings] = {
    "small text encoder": UsualSettings(1e-3, "few numbers learn, from zero; five times the rate of full training"),
    "decoder": UsualSettings(2e-4, "usual for LoRA on decoders above half a billion weights", 1.0, 0.1),
}

BY_ADAPTER = {"full": FULL, "gradual_unfreezing": FULL, "last_layers": LAST_LAYERS, "lora": LORA}
OTHERWISE = "the default of this adapter for any network"


def row(family: Family, *, hears_and_writes: bool = False) -> str:
    """The name of a family's row."""
    if family.pretrained and hears_and_writes:
        return "small speech recogniser" if family.weights < SMALL_RECOGNISER else "speech recogniser"
    if not family.pretrained:
        return "random convolution" if family.kind.startswith("convolution") else "random network"
    if family.kind == "text encoder":
        return ("small " if family.weights < SMALL else "large " if family.weights >= LARGE else "") + family.kind
    return "small decoder" if family.kind == "decoder" and family.weights < SMALL_DECODER else family.kind


def usual(family: Family, adapter: str, otherwise: float, *, hears_and_writes: bool = False) -> UsualSettings:
    """Rate, decay and warm-up for a family of networks with an adapter.

    Args:
        family: of the network.
        adapter: its kind.
        otherwise: the adapter's own rate, for what the table does not have.
        hears_and_writes: whether it is an encoder of sounds with the decoder that came with it.
    """
    defaults = BY_ADAPTER.get(adapter, {}).get(row(family, hears_and_writes=hears_and_writes))
    return defaults or UsualSettings(otherwise, OTHERWISE)


def rates(
    recipe: Recipe,
    input_: Input,
    say: Callable[[str], None],
    *,
    over_vocabulary: bool = False,
    hears_and_writes: bool = False,
) -> dict[str, Any]:
    """Learning rate, decay of layers and schedule as the recipe names them, or as usual, which is said.

    A named rate was found with the decay and the warm-up it stood beside: where it is named, nothing else is changed.

    Args:
        recipe: as written.
        input_: what goes in.
        say: told what was chosen.
        over_vocabulary: whether the checkpoint's own head goes on learning: then all of the network is of one age.
        hears_and_writes: as of `usual`.
    """
    if recipe.learning_rate is not None:
        named = 1.0 if recipe.layer_decay is None else recipe.layer_decay
        return {"learning_rate": recipe.learning_rate, "layer_decay": named}
    adapter, optimizer = recipe.adapter, recipe.optimizer
    family = recipe.model.family(input_)
    defaults = usual(family, adapter.kind(), adapter.default_learning_rate, hears_and_writes=hears_and_writes)
    if over_vocabulary and family.pretrained:
        reason = "the checkpoint goes on with its own head, so all of it learns at one rate"
        defaults = replace(defaults, layer_decay=1.0, head_factor=1.0, reason=reason)
    rate = defaults.learning_rate * optimizer.learning_rate_factor
    chosen: dict[str, Any] = {"learning_rate": rate, "layer_decay": recipe.layer_decay or defaults.layer_decay}
    words = [f"learning_rate: {rate:g}"]
    if recipe.layer_decay is None and defaults.layer_decay != 1:
        words.append(f"layer_decay: {defaults.layer_decay:g}")
    if recipe.head_learning_rate is None and defaults.head_factor != 1:
        chosen["head_learning_rate"] = rate * defaults.head_factor
        words.append(f"head_learning_rate: {chosen['head_learning_rate']:g}")
    if "schedule" not in recipe.model_fields_set and defaults.warmup_ratio != recipe.schedule.warmup_ratio:
        settings = {"kind": recipe.schedule.kind(), "warmup_ratio": defaults.warmup_ratio}
        chosen["schedule"] = build("burnish.schedules", settings)
        words.append(f"warmup_ratio: {defaults.warmup_ratio:g}")
    say(
        f"default {', '.join(words)} for "
        f"{_called(family, hears_and_writes=hears_and_writes)} with {adapter.kind()} and {optimizer.kind()}: "
        f"{defaults.reason}"
    )
    return chosen


def usual_rate(recipe: Recipe, input_: Input) -> float:
    """The rate this recipe would have if it named none."""
    adapter = recipe.adapter
    defaults = usual(recipe.model.family(input_), adapter.kind(), adapter.default_learning_rate)
    return defaults.learning_rate * recipe.optimizer.learning_rate_factor


def _called(family: Family, *, hears_and_writes: bool = False) -> str:
    """A family in words, with its size."""
    if family.kind == "other":
        return "a network of unknown kind" if family.pretrained else "random weights"
    millions = f"{family.weights / 1e6:.3g} million weights" + (
        " beside embeddings" if family.kind in ("text encoder", "decoder") else ""
    )
    start = "" if family.pretrained else " from random weights"
    name = row(family, hears_and_writes=hears_and_writes) if family.pretrained else family.kind
    return f"a {name}{start} ({millions})"


STEPS, EPOCHS, MOST_EPOCHS = 400, 3, 20
FEWEST_STEPS, STEPS_A_CLASS, UTMOST_EPOCHS = 100, 8, 60
MANY_STEPS = 20_000


def usual_epochs(rows: int, batch_size: int, classes: int = 0) -> float:
    """Passes over the training rows where a recipe names none: three, more on few rows, fewer on very many.

    Small data needs steps rather than epochs: too few of them are a main cause of failed fine-tuning (Mosbach et al.
    2021, arXiv 2006.04884). So as many epochs as give 400 steps, but twenty at most, or as many as give 100 steps where
    twenty give fewer. Many classes need more than that: eight steps for each, sixty epochs at most. Where three epochs are
    more than 20,000 steps, two or one do. The best checkpoint on validation is kept in any case.
    """
    fewest = max(FEWEST_STEPS, STEPS_A_CLASS * classes)
    per_epoch = -(-rows // batch_size)
    wanted = min(MOST_EPOCHS, max(EPOCHS, -(-STEPS // per_epoch)))
    if wanted * per_epoch < fewest:
        wanted = min(UTMOST_EPOCHS, -(-fewest // per_epoch))
    return float(min(wanted, max(1, MANY_STEPS // per_epoch)))


def epochs_of(recipe: Recipe, target: Target, rows: int, say: Callable[[str], None]) -> float:
    """Passes over the training rows: as named, or as usual for so many rows and classes, which is said."""
    if recipe.epochs is not None:
        return recipe.epochs
    if recipe.max_steps is not None:
        return 3.0
    per_epoch = -(-rows // recipe.batch_size)
    epochs = usual_epochs(rows, recipe.batch_size, len(names_of(target)) if target.shape == "row" else 0)
    if isinstance(target, Scored):
        epochs = min(epochs, EPOCHS)  # what is repeated is learned by heart; nothing new has to be found for a head
    say(f"default epochs: {epochs:g}, which is {round(epochs * per_epoch):,} steps of {recipe.batch_size} examples")
    return epochs
