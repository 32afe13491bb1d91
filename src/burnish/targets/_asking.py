"""What is asked of any target, with an answer for those that lack the capability."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, cast

from burnish.core.batch import Array
from burnish.core.component import component_class
from burnish.targets._answers import Classes, Decoded, Mistakes
from burnish.targets._capabilities import Confident, Judged, Named
from burnish.targets._target import Target
from burnish.targets._taught import Taught, in_line

if TYPE_CHECKING:
    from burnish.core.predictions import Predictions


def target_class(kind: str) -> type[Target]:
    """The class of a kind of target, as a table of predictions names it.

    Code from outside burnish is found where it has been imported already; naming it in a table imports nothing.

    Raises:
        InputError: unknown kind, or code from outside that is not there.
    """
    there = kind.partition(":")[0] in sys.modules
    return cast("type[Target]", component_class("burnish.targets", kind, trust_code=there))


def fits(kinds: Sequence[str], target: str) -> bool:
    """Whether a loss or metric for these kinds of target is right for a kind."""
    return target in kinds or any(other in kinds for other in target_class(target).like)


def target_of(predictions: Predictions) -> Target:
    """The target that answered: as its settings stand in the table, learned thresholds and all.

    Tables of burnish 0.8.0 and older name its kind and its names alone: of these the target has nothing learned.

    Raises:
        InputError: unknown kind, or code from outside that is not there.
    """
    return _target(predictions.target, json.dumps(predictions.settings, sort_keys=True), predictions.names)


@lru_cache(maxsize=64)
def _target(kind: str, settings: str, names: tuple[str, ...]) -> Target:
    cls = target_class(kind)
    given = json.loads(settings)
    if given is None:
        given = {"labels": list(names)} if "labels" in cls.model_fields else {}
    return cls.model_validate({name: value for name, value in given.items() if name != "kind"})


def names_of(target: Target) -> tuple[str, ...]:
    """The names that answers are made of, in the order of the logits; none where there are no such names."""
    return target.names if isinstance(target, Named) else ()


def classes_of(target: type[Target]) -> Classes | None:
    """What a report calls the classes of a target; None where its answers have none."""
    return target.classes if issubclass(target, Named) else None


def is_exclusive(target: Target) -> bool:
    """Whether an answer is exactly one of the names."""
    return isinstance(target, Named) and target.exclusive


def linear_of(target: Target) -> Literal["names", "sets", "numbers"] | None:
    """What a linear model on frozen features learns; None: no such baseline."""
    return target.linear if isinstance(target, Judged) else None


def mistakes_of(target: Target) -> Mistakes:
    """How a report speaks of wrong answers."""
    return target.mistakes if isinstance(target, Judged) else Mistakes()


def same(target: Target, first: Any, second: Any) -> bool:
    """Whether two predictions or labels are the same."""
    return target.same(first, second) if isinstance(target, Judged) else bool(first == second)


def may_abstain(target: Target) -> bool:
    """Whether answers are marked that are not sure enough."""
    return isinstance(target, Confident) and target.may_abstain


def abstains(target: Target, decoded: Decoded) -> bool | None:
    """Whether an answer is less sure than it must be to be given; None where answers are never marked."""
    return target.abstains(decoded) if isinstance(target, Confident) else None


def shows_truth(target: Target) -> bool:
    """Whether the network is shown something of the truth while it learns."""
    return isinstance(target, Taught) and target.shows_truth()


def packed(target: Target, pairs: Sequence[tuple[Array, Array]], lengths: Sequence[int]) -> tuple[Array, Array]:
    """Truth and weight of rows that share a line: one after the other, unless the target says otherwise (`Taught.packed`)."""
    return target.packed(pairs, lengths) if isinstance(target, Taught) else in_line(pairs, lengths)
