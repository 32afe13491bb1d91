"""What there is to choose from: the axes, and the kinds of each with their first sentence and fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from burnish.core.component import Component, component_class, kinds
from burnish.core.errors import unknown
from burnish.recipe.axes import AXES

if TYPE_CHECKING:
    from rich.table import Table


def axes_table() -> Table:
    """All axes: how many kinds each has, and which."""
    table = plain_table("axis", "kinds", "")
    for name, package in AXES.items():
        names = kinds(package)
        table.add_row(name, str(len(names)), ", ".join(names))
    return table


def kinds_table(axis: str, *, fields: bool) -> Table:
    """The kinds of one axis with the first sentence of their documentation and, if wanted, their fields.

    Raises:
        InputError: no such axis; with all axes and the nearest.
    """
    plurals = {name.removesuffix("es" if name == "losses" else "s"): name for name in AXES}
    plurals |= {"penalty": "penalties", "averaging": "averages"}
    axis = plurals.get(axis, axis)  # recipe fields are in the singular
    if axis not in AXES:
        raise unknown("axis", axis, list(AXES))
    table = plain_table("kind", "what it is")
    for kind in kinds(AXES[axis]):
        cls = component_class(AXES[axis], kind)
        table.add_row(kind, cls.sentence())
        for name, words in _fields(cls) if fields else ():
            table.add_row(f"  {name}", words, style="dim")
    return table


def _fields(cls: type[Component]) -> Iterator[tuple[str, str]]:
    """Name, and default with documentation, of each setting."""
    from burnish.recipe.text import scalar
    from burnish.recipe.written import written_value

    for name, info in cls.model_fields.items():
        default = (
            "required" if info.is_required() else scalar(written_value(info.get_default(call_default_factory=True)))
        )
        yield name, f"{default}: {info.description or ''}"


def result_table(result: Mapping[str, Any]) -> Table:
    """What a stage gave back: scores with their intervals first, then the other plain values."""
    table = plain_table("", "", "")
    scores = dict(result.get("scores") or {name: result["metrics"][name] for name in result.get("headline") or ()})
    for data_set, part in (result.get("data_sets") or {}).items():
        scores |= {f"{data_set}: {metric}": score for metric, score in part["metrics"].items()}
    for metric, score in scores.items():
        known = score if isinstance(score, Mapping) else {"value": score}
        low, high = known.get("low"), known.get("high")
        interval = "" if low is None or high is None else f"95 % CI {low:.4f} to {high:.4f}"
        value = known.get("value")
        table.add_row(metric, f"{value:.4f}" if isinstance(value, float) else str(value), interval)
    for name, value in result.items():
        if name != "scores" and isinstance(value, (str, int, float, PurePath)):
            table.add_row(name.replace("_", " "), f"{value:,}" if isinstance(value, int) else str(value), "")
    table.show_header = False
    return table


def exports_table(result: Mapping[str, Any]) -> Table:
    """What an export gave: a row for the trained network and one for each format and precision."""
    from burnish.report.exports import shown

    head, *rows = shown(result["rows"], result["metric"], written=result.get("written") or False)
    table = plain_table(*head)
    for row in rows:
        table.add_row(*row)
    return table


def plain_table(*header: str) -> Table:
    """A table without lines; what stands in the first column is not wrapped."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for i, name in enumerate(header):
        table.add_column(Text(name), no_wrap=i == 0, overflow="fold", style="cyan" if i == 0 else "")
    return table
