"""What makes networks small while they learn: a field of the recipe each, documented, and at its `off` settings not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from burnish.core.component import build, component_class, kinds
from burnish.core.errors import InputError
from burnish.recipe.recipe import Recipe
from burnish.training.shrinking import Shrinking
from tests.unit.test_distil import after, assembled

AXIS = "burnish.training.shrinking"
KINDS = kinds(AXIS)


def of(kind: str) -> type[Shrinking]:
    return cast(type[Shrinking], component_class(AXIS, kind))


@pytest.mark.parametrize("kind", KINDS)
def test_documents_itself_has_a_field_of_its_own_and_is_read_back(kind: str) -> None:
    cls = of(kind)
    assert cls.sentence().endswith(".")
    assert re.search(r"\b(19|20)\d\d\b", cls.__doc__ or ""), "say where it comes from"
    made = build(AXIS, {"kind": kind})
    assert build(AXIS, made.model_dump()) == made
    assert kind in Recipe.model_fields
    recipe = Recipe.load({"data": "rows.csv", kind: {}})
    assert getattr(recipe, kind) == made
    assert made in recipe.techniques
    other = next((name for name in KINDS if name != kind), None)
    if other:
        with pytest.raises(InputError, match="a field of its own"):
            Recipe.load({"data": "rows.csv", kind: {"kind": other}})


@pytest.mark.parametrize("kind", KINDS)
def test_off_is_not_there_bit_for_bit(kind: str, tmp_path: Path) -> None:
    """Losses, norms and weights of three steps with dropout."""
    cls = of(kind)
    assert cls.off.keys() <= cls.model_fields.keys()
    assert cast(Any, build(AXIS, {"kind": kind, **cls.off})).is_off
    plain = after(assembled(tmp_path, dropout=0.1))
    off = after(assembled(tmp_path, dropout=0.1, **{kind: dict(cls.off)}))
    assert plain[0] == off[0]
    assert plain[1].keys() == off[1].keys()
    assert all(torch.equal(value, off[1][name]) for name, value in plain[1].items())
