"""What baselines are called, wherever a person reads of them."""

from __future__ import annotations

NAMES = {
    "majority": ("the", "majority baseline"),
    "frozen_features": ("a", "linear model on frozen features"),
    "tf_idf": ("a", "linear model on word counts (TF-IDF)"),
    "zero_shot": ("the", "untouched checkpoint (zero-shot)"),
    "base": ("the", "checkpoint as it was"),
    "full_windows": ("the", "same model with full windows"),
}
"""Article and name by the key in scores.json."""
SHORT = {"tf_idf": "TF-IDF", "zero_shot": "zero-shot"}
WAYS_OF_READING = ("full_windows",)
"""Those that are the model itself, reading otherwise: it need not be better, and must not be worse."""


def baseline_name(key: str) -> str:
    """Without an article, for headings: `linear model on frozen features`."""
    return NAMES.get(key, ("", key))[1]


def baseline_phrase(key: str) -> str:
    """In a sentence: `a linear model on frozen features`."""
    return " ".join(NAMES.get(key, (key,)))


def baseline_short(key: str) -> str:
    """Where there is little room: `frozen features`."""
    return SHORT.get(key) or key.replace("_", " ")
