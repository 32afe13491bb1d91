"""What the ladder is climbed for: how small or fast is enough."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from burnish.core.errors import InputError

COSTS = ("latency", "size", "memory")
POINT = 0.01  # of the deciding metric


@dataclass(frozen=True)
class Aim:
    """A share of what the trained network in torch costs.

    Attributes:
        cost: latency (median of one row), size (bytes of the file) or memory.
        share: at most so much of it.
    """

    cost: str = "latency"
    share: float = 0.0

    def cost_of(self, row: Mapping[str, Any]) -> float:
        """What a row costs; infinity where it was not measured."""
        if self.cost == "latency":
            return float(row.get("latency", {}).get("1", {}).get("p50_ms", float("inf")))
        value = row.get("bytes" if self.cost == "size" else "peak_memory")
        return float("inf") if value is None else float(value)

    def reached(self, rows: Sequence[Mapping[str, Any]]) -> bool:
        """Whether a row that passed costs so little."""
        passed = [self.cost_of(row) for row in rows if row["status"] == "passed"]
        return bool(passed) and self.share > 0 and min(passed) <= self.share * self.cost_of(rows[0])


def aim_of(text: str | None) -> Aim:
    """What `latency=0.3x` says.

    Raises:
        InputError: it says something else.
    """
    if text is None:
        return Aim()
    match = re.fullmatch(r"(latency|size|memory)=(\d*\.?\d+)x?", text.strip())
    if match is None or not 0 < float(match.group(2)) <= 1:
        raise InputError(
            f"--target {text!r}",
            expected=f"one of {', '.join(COSTS)} and a share of the trained network's, such as latency=0.3x",
            place="--target",
        )
    return Aim(match.group(1), float(match.group(2)))


def cheapest(rows: Sequence[Mapping[str, Any]], aim: Aim) -> Mapping[str, Any] | None:
    """The row inside the bound that costs least; None where no other than the trained network is inside."""
    passed = [row for row in rows if row["status"] == "passed"]
    return min(passed, key=aim.cost_of) if passed else None
