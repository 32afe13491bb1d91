"""What baselines are called, wherever a person reads of them."""

from __future__ import annotations

NAMES = {
    "majority": ("the", "majority baseline"),
    "frozen_features": ("a", "linear model on frozen features"),
    "base": ("the", "checkpoint as it was"),
}
"""Article and name by the key in scores.json."""


def baseline_name(key: str) -> str:
    """Without an article, for headings: `linear model on frozen features`."""
    return NAMES.get(key, ("", key))[1]


def baseline_phrase(key: str) -> str:
    """In a sentence: `a linear model on frozen features`."""
    return " ".join(NAMES.get(key, (key,)))


def baseline_short(key: str) -> str:
    """Where there is little room: `frozen features`."""
    return key.replace("_", " ")
