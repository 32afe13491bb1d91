"""Class names that tell left from right: mirroring would turn one into the other and leave its label."""

from __future__ import annotations

import re
from collections.abc import Sequence

SIDES = (
    ("left", "right"),
    ("links", "rechts"),
    ("gauche", "droite"),
    ("izquierda", "derecha"),
    ("izquierdo", "derecho"),
    ("esquerda", "direita"),
    ("sinistra", "destra"),
    ("左", "右"),
    ("l", "r"),
)
"""Words for the two sides; a single letter counts only where it stands alone."""


def sided(names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of class names that differ in the side alone, such as ('turn left', 'turn right')."""
    words = {name: _words(name) for name in names}
    known = {tuple(parts): name for name, parts in words.items()}
    pairs = []
    for name, parts in words.items():
        for left, right in SIDES:
            if left not in parts:
                continue
            other = known.get(tuple(right if word == left else word for word in parts))
            if other is not None:
                pairs.append((name, other))
    return pairs


def _words(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[左右])|(?=[左右])", " ", name)
    return [word for word in re.split(r"[\W_]+", spaced.lower()) if word]


def mirroring_warning(names: Sequence[str], where: Sequence[str]) -> str:
    """A sentence where mirroring is on, in the fields named, and classes differ in the side; empty otherwise."""
    pairs = sided(names) if where else []
    if not pairs:
        return ""
    shown = ", ".join(f"{a!r} and {b!r}" for a, b in pairs[:3])
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return (
        f"classes {shown}{more} differ in the side alone, but pictures are mirrored ({', '.join(where)}): "
        "a mirrored picture would carry the wrong label; switch mirroring off"
    )
