"""What looks closer at rows, in the order in which one needs another, within the time that the settings allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from burnish.core.errors import InputError
from burnish.data.looking.audit import Closer
from burnish.data.looking.audit.scan import Reporter
from burnish.data.looking.closer import groups, leaks, personal, reworded, sounds_alike
from burnish.data.looking.closer.clock import Clock
from burnish.data.looking.closer.rows import Rows
from burnish.recipe.recipe import Settled
from burnish.stages.audit import label_errors, outliers, shift
from burnish.stages.audit.features import Features, plain_features

Notify = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Looks:
    """What looks at the rows, and the clock it goes by."""

    closer: tuple[Closer, ...]
    clock: Clock


def looks(recipe: Settled, notify: Notify, *, named_model: bool) -> Looks:
    """The looks that a recipe asks for.

    Args:
        recipe: settled.
        notify: told how far it is.
        named_model: whether somebody named the checkpoint: for files there is no usual one.
    """
    settings, clock = recipe.audit, Clock(recipe.audit.seconds)
    described = _described(recipe, clock, notify, named_model=named_model)
    wanted: list[tuple[bool, str, Closer]] = [
        (settings.near_duplicates, "texts in nearly the same words", reworded.looker(settings.similarity, clock)),
        (settings.near_duplicates, "sounds that are nearly the same", sounds_alike.looker(clock)),
        (settings.leakage, "groups in several splits", groups.looker(recipe.group)),
        (settings.leakage, "words and facts that alone tell the label", leaks.looker(clock, recipe.seed)),
        (settings.personal_data, "personal data", personal.looker(clock)),
        (settings.shift, "differences between splits", shift.looker(clock, recipe.seed)),
        (settings.label_errors, label_errors.WHAT, label_errors.looker(described, clock, recipe.seed, recipe.group)),
        (settings.outliers, outliers.WHAT, outliers.looker(described, clock, recipe.seed)),
    ]
    return Looks(tuple(clock.timed(what, look) for asked, what, look in wanted if asked), clock)


def _described(
    recipe: Settled, clock: Clock, notify: Notify, *, named_model: bool
) -> Callable[[Reporter], Features | None]:
    """What describes rows, once for whoever asks."""

    def of(reporter: Reporter) -> Features | None:
        rows, wish = Rows.of(reporter), recipe.audit.features
        if wish == "network" or (wish == "auto" and (named_model or recipe.input.stored)):
            from burnish.stages.audit.network_features import network_features  # loads torch

            try:
                found = network_features(rows, recipe, clock, notify, hurried=wish == "auto")
            except InputError:
                if wish == "network" or named_model:
                    raise
                found = None  # there is no starter: texts are described by their words
            if found is not None:
                return found
        return plain_features(rows, clock, notify)

    return lambda reporter: reporter.once(of)
