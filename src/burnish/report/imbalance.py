"""Sections of the report about ways that were compared before the run: with rare classes, with long texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from burnish.report.markdown import name, number, table


def long_texts(compared: Mapping[str, Any] | None, said: Sequence[str] = ()) -> list[str]:
    """What is read of long examples and what is lost, in sentences; and the same table of ways that were compared."""
    lost = ["## Long examples", "", *(f"- {sentence}" for sentence in said)] if said else []
    table_of_ways = imbalance(compared, "## Ways with long texts")
    return [*lost, *([""] if lost and table_of_ways else []), *table_of_ways]


def imbalance(compared: Mapping[str, Any] | None, heading: str = "## Ways with rare classes") -> list[str]:
    """The table of what was compared, and what was chosen; nothing where nothing was compared."""
    if not compared:
        return []
    lines = [
        heading,
        "",
        f"Compared on {compared['rows']:,} validation examples by {compared['metric']}, with the same seeds and rows. "
        f"Chosen: **{compared['chosen']}**. {compared['why'][:1].upper()}{compared['why'][1:]}.",
        "",
    ]
    columns = ["way", "trained", compared["metric"], "behind the best (95 % CI)", "seconds"]
    return [*lines, *table(columns, [_row(way) for way in compared["ways"]], right=(2, 4))]


def _row(way: Mapping[str, Any]) -> list[str]:
    if way["refused"]:
        return [name(way["way"]), way["stage"], "", f"refused: {way['refused']}", ""]
    if way["behind"] is None:
        behind = "the best"
    else:
        value, low, high = way["behind"]
        behind = f"{value:.4f} ({low:.4f} to {high:.4f})" + (", worse" if way["worse"] else "")
    return [name(way["way"]), way["stage"], number(way["value"]), behind, f"{way['seconds']:.0f}"]
