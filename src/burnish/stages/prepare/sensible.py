"""Whether the techniques of a recipe make sense with what else it chooses."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

from burnish.core.errors import InputError
from burnish.recipe.recipe import Settled
from burnish.training.technique import Chosen


def require_sensible(recipe: Settled) -> None:
    """That every technique goes with the recipe, and with the others.

    Raises:
        InputError: one does not, with the reason.
    """
    active = [t for t in recipe.techniques if not t.is_off]
    chosen = Chosen(**{field.name: getattr(recipe, field.name) for field in fields(Chosen)})
    for technique in active:
        technique.check(chosen)
    for (axis, kind), count in Counter((t.axis, t.kind()) for t in active).items():
        if count > 1:
            field = axis.rpartition(".")[2]
            raise InputError(f"{kind!r} is named {count} times", fix="name it once", place=field)
    passing = [t.kind() for t in active if t.passes]
    if len(passing) > 1:
        raise InputError(
            f"{' and '.join(map(repr, passing))} each decide how often a batch goes through the network",
            expected="one of them",
            fix=f"leave {passing[-1]!r} out",
            place="perturbation",
        )
    inside = [t.kind() for t in active if t.inside]
    if inside and recipe.cache_features == "always":
        raise InputError(
            f"{inside[0]!r} acts inside the body, whose features can then not be computed once",
            fix="cache_features: auto",
            place="cache_features",
        )
