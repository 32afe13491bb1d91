"""Sections of the report about ways that were compared before the run: with rare classes, with long texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from burnish.report.markdown import name, number, table


def long_texts(compared: Mapping[str, Any] | None) -> list[str]:
    """The same of ways with long texts."""
    return imbalance(compared, "## Ways with long texts")


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
