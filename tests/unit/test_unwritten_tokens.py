"""Tokens that a target never writes: no decoder does, and scores stay those of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from burnish.core.component import build, component_class, kinds
from burnish.core.generated import Ends
from burnish.decoders import Decoder
from burnish.decoders._stepwise import Stepwise, log_softmax

AXIS = "burnish.decoders"
STEPWISE = [kind for kind in kinds(AXIS) if issubclass(component_class(AXIS, kind), Stepwise)]
LOGITS = np.random.default_rng(0).normal(size=(3, 7, 9)) * 3
"""Of three rows, at each of seven places, for nine tokens."""
NEVER, FIRST = (3, 5), (1, 8)


class Fixed:
    """Logits that depend on row and place alone."""

    def __call__(self, ids: Any, cache: Any) -> tuple[Any, Any]:
        rows, place = (np.arange(3), 0) if cache is None else cache
        return LOGITS[rows, place], (rows, place + 1)

    def picked(self, cache: Any, rows: Any) -> Any:
        return cache[0][rows], cache[1]


@pytest.mark.parametrize("kind", STEPWISE)
def test_they_are_not_written(kind: str) -> None:
    made = build(AXIS, {"kind": kind, "max_new_tokens": 6})
    assert isinstance(made, Decoder)
    free = made.written(Fixed(), 3, Ends(frozenset({0})), [1, 2, 3])
    held = made.written(Fixed(), 3, Ends(frozenset({0}), never=NEVER, never_first=FIRST), [1, 2, 3])
    assert any(set(NEVER) & set(one.ids.tolist()) or one.ids[0] in FIRST for one in free), "else nothing is shown"
    for row, one in enumerate(held):
        assert not set(NEVER) & set(one.ids.tolist())
        assert one.ids[0] not in FIRST
        whole = [*one.ids.tolist(), *([0] if one.ended == "stop" else [])]
        chances = log_softmax(LOGITS[row])
        assert one.score == pytest.approx(sum(float(chances[place, token]) for place, token in enumerate(whole)))
