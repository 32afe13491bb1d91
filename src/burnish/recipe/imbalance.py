"""`imbalance:`, one way with rare classes, written out into the axes it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.core.component import Component, build
from burnish.core.errors import InputError, unknown

WAYS: dict[str, dict[str, Any]] = {
    "none": {},
    "square_root_weights": {"class_weights": "square_root", "prior_correction": True},
    "effective_number_weights": {"class_weights": "effective_number", "prior_correction": True},
    "balanced_weights": {"class_weights": "balanced", "prior_correction": True},
    "focal": {"loss": "focal"},
    "logit_adjustment": {"loss": "logit_adjusted", "prior_correction": True},
    "balanced_softmax": {"loss": "balanced_softmax", "prior_correction": True},
    "adjusted_afterwards": {"thresholds": "prior"},
    "tuned_thresholds": {"thresholds": "f1"},
    "class_balanced_sampling": {"sampler": "class_balanced", "prior_correction": True},
    "oversampling": {"sampler": "balanced", "prior_correction": True},
    "undersampling": {"sampler": "undersampled", "prior_correction": True},
    "near_miss": {"resampler": "near_miss", "prior_correction": True},
    "tomek_links": {"resampler": "tomek_links", "prior_correction": True},
    "edited_nearest_neighbours": {"resampler": "edited_nearest_neighbours", "prior_correction": True},
    "smote": {"resampler": "smote", "prior_correction": True},
    "borderline_smote": {"resampler": "borderline_smote", "prior_correction": True},
    "adasyn": {"resampler": "adasyn", "prior_correction": True},
}
"""Each way and what it is written out as: fields of a recipe, the first of them the axis that its settings belong to."""
AUTO = "auto"
BESIDE = {"class_weights", "sampler", "resampler", "thresholds"}
"""Other fields that would make a second way of it."""


def apply_imbalance(values: dict[str, Any], packages: Mapping[str, str]) -> None:
    """Write `imbalance` out, in place; `auto` stays until it was compared.

    Args:
        values: of a recipe, one level copied.
        packages: of the axes that fields choose from.

    Raises:
        InputError: no such way, a setting it does not have, or another way beside it.
    """
    given = values.get("imbalance")
    if given is None:
        return
    settings = {"kind": given} if isinstance(given, str) else dict(given) if isinstance(given, Mapping) else {}
    kind = settings.pop("kind", None)
    if kind not in WAYS and kind != AUTO:
        raise unknown("way", str(kind if kind is not None else given), [*WAYS, AUTO], place="imbalance")
    _refuse_second(values, str(kind))
    if kind == AUTO:
        if settings:
            raise unknown("field", next(iter(settings)), ["kind"], place="imbalance")
        values["imbalance"] = AUTO
        return
    values["imbalance"] = None
    written = {
        name: {"kind": v} if isinstance(v, str) and name != "thresholds" else v for name, v in WAYS[kind].items()
    }
    if "prior_correction" in settings:
        written["prior_correction"] = settings.pop("prior_correction")
    axis = next(iter(written), None)
    if settings and axis == "thresholds":
        written |= _of_thresholds(settings, str(kind))
    elif settings and axis is not None:
        written[axis] = {**written[axis], **settings}
        build(packages[axis], written[axis], place="imbalance")  # a wrong setting is told of `imbalance`
    elif settings:
        raise unknown("field", next(iter(settings)), ["kind"], place="imbalance")
    for name, value in written.items():
        if name != "prior_correction" or values.get(name) is None:
            values[name] = value


def _of_thresholds(settings: dict[str, Any], kind: str) -> dict[str, Any]:
    """Settings of ways that decide after training: `strength` of the prior, `aim` of thresholds."""
    names = {"adjusted_afterwards": {"strength": "prior_strength"}, "tuned_thresholds": {"aim": "thresholds"}}[kind]
    if strange := [name for name in settings if name not in names]:
        raise unknown("field", strange[0], ["kind", *names], place="imbalance")
    return {names[name]: value for name, value in settings.items()}


def _refuse_second(values: Mapping[str, Any], kind: str) -> None:
    """Refuse another way beside this one.

    Raises:
        InputError: naming both.
    """
    if kind == "none":
        return
    written = {name for fragment in (WAYS.values() if kind == AUTO else [WAYS[kind]]) for name in fragment}
    for name in sorted((written | BESIDE) - {"prior_correction"}):
        value = values.get(name)
        said = value.model_dump() if isinstance(value, Component) else value
        settings = dict(said) if isinstance(said, Mapping) else {"kind": said}
        named = settings.pop("kind", None)
        if named is None and not settings:
            continue
        if (name, named) in _HARMLESS and not (name == "loss" and any(settings.values())):
            continue
        raise InputError(
            f"imbalance is {kind!r}, and {name} is {named or settings!r}: two ways with rare classes",
            expected="one",
            fix=f"leave out one of them, or write {name} and what else you want without `imbalance`",
            place="imbalance",
        )


_HARMLESS = {
    ("class_weights", "none"),
    ("sampler", "shuffled"),
    ("sampler", "length_bucketed"),
    ("loss", "cross_entropy"),
    ("thresholds", "given"),
}
"""What says nothing about classes: it gives way, as where a recipe was written out with all that is usual."""
