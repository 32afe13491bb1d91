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
    if recipe.model.deeper is not None:
        _require_own_head(recipe)
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


def _require_own_head(recipe: Settled) -> None:
    """That a deeper head has a place.

    Raises:
        InputError: the network writes with a head over its vocabulary, or what the head asks for is not to be had.
    """
    head, shape, kind = recipe.model.deeper, recipe.target.shape, recipe.model.kind()
    assert head is not None
    why = ""
    if not recipe.model.shapes_head:
        why = f"models of {kind!r} have no place for one"
    elif shape not in ("row", "element") or recipe.objective.kind() == "chunked":
        why = f"target {recipe.target.kind()!r} is predicted by the head that came with the checkpoint"
    elif shape == "element" and (head.pooling is not None or head.norm in ("batch", "group")):
        why = "with a prediction for each element nothing is pooled, and batch and group norms see rows only"
    if why:
        raise InputError(f"a deeper head: {why}", fix="leave `head` out", place="head")
