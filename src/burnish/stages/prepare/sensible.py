"""Whether the techniques of a recipe make sense with what else it chooses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from burnish.core.errors import InputError
from burnish.recipe.recipe import Settled
from burnish.training.penalties import Penalty
from burnish.training.technique import Chosen, Technique


def require_sensible(recipe: Settled) -> None:
    """That every technique goes with the recipe, and with the others.

    Raises:
        InputError: one does not, with the reason.
    """
    active = [t for t in recipe.techniques if not t.is_off]
    _require_alone(recipe, active)
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


def _require_alone(recipe: Settled, active: Sequence[Technique]) -> None:
    """That nothing does once more what an optimizer that averages its weights does itself.

    Raises:
        InputError: a schedule, an average, or what moves the weights beside it.
    """
    if not recipe.optimizer.averages:
        return
    kind = recipe.optimizer.kind()
    wrong: list[tuple[str, str, str]] = []
    if recipe.schedule.kind() != "constant":
        why = "its average is there in the place of a falling rate, which would hold the average at old weights"
        wrong.append((f"schedule {recipe.schedule.kind()!r}", why, "schedule"))
    if recipe.averaging is not None and not recipe.averaging.is_off:
        wrong.append((f"averaging {recipe.averaging.kind()!r}", "it averages its weights already", "averaging"))
    if recipe.adapter.changes:
        why = "layers that thaw later would join an average of the steps before"
        wrong.append((f"adapter {recipe.adapter.kind()!r}", why, "adapter"))
    pulls = [t for t in active if isinstance(t, Penalty) and t.decoupled]
    if pulls:
        why = (
            "a decoupled penalty moves the weights beside the average; say decoupled: false, or optimizer.weight_decay"
        )
        wrong.append((f"penalty {pulls[0].kind()!r}", why, "penalty"))
    if wrong:
        what, why, place = wrong[0]
        raise InputError(f"{what} beside optimizer {kind!r}: {why}", fix=f"leave `{place}` out", place=place)
