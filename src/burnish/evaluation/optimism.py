"""What the best of n trials is worth: by how much its score was luck, and whether it beats the usual settings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev


@dataclass(frozen=True)
class Worth:
    """The winner on fresh seeds.

    Attributes:
        found: its score in the search, by which it was chosen.
        fresh: mean over fresh seeds.
        optimism: by how much the search was too good; more is worse, whichever way the score goes.
        gain: winner minus usual settings on the same fresh seeds, more is better; None where these were not run.
        low, high: 95 % interval of the gain (Student's t over pairs of seeds); None with fewer than two pairs.
    """

    found: float
    fresh: float
    optimism: float
    gain: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def beats(self) -> bool | None:
        """Whether the winner is shown to beat the usual settings; None where that is not known."""
        return None if self.low is None else self.low > 0


def worth(found: float, winner: Sequence[float], usual: Sequence[float], *, greater_is_better: bool) -> Worth:
    """Compare the winner with its own score in the search and, seed by seed, with the usual settings.

    Args:
        found: score of the winner in the search.
        winner: its scores on fresh seeds, at least one.
        usual: those of the usual settings, on the same seeds in the same order; none: not run.
        greater_is_better: of the score.
    """
    from scipy import stats

    sign = 1 if greater_is_better else -1
    fresh = mean(winner)
    optimism = sign * (found - fresh)
    if not usual:
        return Worth(found, fresh, optimism)
    differences = [sign * (one - other) for one, other in zip(winner, usual, strict=True)]
    gain = mean(differences)
    if len(differences) < 2:
        return Worth(found, fresh, optimism, gain)
    half = float(stats.t.ppf(0.975, len(differences) - 1)) * stdev(differences) / math.sqrt(len(differences))
    return Worth(found, fresh, optimism, gain, gain - half, gain + half)
