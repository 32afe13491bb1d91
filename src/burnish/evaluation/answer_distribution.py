"""How answers are distributed over classes and confidences: kept in a bundle, and compared with later answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from burnish.core.predictions import Predictions

BINS = 10


def bins_of(answer: Any) -> list[str]:
    """The classes an answer counts for: itself, each of several, the tags of its words; none for a number."""
    if isinstance(answer, str):
        return [answer]
    return [str(a) for a in answer] if isinstance(answer, list | tuple) else []


def confidence_bin(confidence: float) -> str:
    """The tenth a probability falls into, by its lower end: '0.0' to '0.9'."""
    return f"{min(BINS - 1, int(confidence * BINS)) / BINS:.1f}"


def distribution(predictions: Predictions) -> dict[str, Any]:
    """`rows`, `answers` (class to share) and `confidence` (tenth to share); shares are empty where there are none."""
    answers: Counter[str] = Counter()
    confidence: Counter[str] = Counter()
    places = {name: i for i, name in enumerate(predictions.names)}
    probabilities = predictions.probabilities
    for row, answer in enumerate(predictions.answer):
        answers.update(bins_of(answer))
        if isinstance(answer, str) and probabilities.shape[1]:
            confidence[confidence_bin(float(probabilities[row, places[answer]]))] += 1
    return {"rows": len(predictions), "answers": shares(answers), "confidence": shares(confidence)}


def shares(counts: Mapping[str, int], digits: int = 6) -> dict[str, float]:
    """Counts as shares of their sum, in the order of the names."""
    total = sum(counts.values())
    return {name: round(counts[name] / total, digits) for name in sorted(counts)} if total else {}
