"""Tables with scopes, which page.js sorts where a column says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from burnish.report.page.markup import Both, Child, Html, join, tag


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: of it.
        numbers: whether it stands to the right.
        optional: whether a phone leaves it out.
    """

    title: Both | str
    numbers: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Cell:
    """What a cell shows, and by what it is sorted."""

    shown: Child
    value: str | float | int | None = None


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell | Child]],
    *,
    sorted_by: int | None = None,
    falling: bool = False,
    label: Both | None = None,
    **attributes: str,
) -> Html:
    """A table whose first column names its rows.

    Args:
        columns, rows: of it.
        sorted_by: the column it is sorted by, rising unless `falling`; None: it cannot be sorted.
        label: what it is, for who does not see it.
    """
    head = tag("thead", tag("tr", *(_head(column, i, sorted_by, falling) for i, column in enumerate(columns))))
    body = tag("tbody", *(tag("tr", *(_cell(cell, columns[i], i) for i, cell in enumerate(row))) for row in rows))
    sortable = "" if sorted_by is not None else None
    made = tag("table", head, body, aria_label=label, data_sortable=sortable, **attributes)
    return tag("div", made, class_="scroll", tabindex="0", role="group", aria_label=label or Both("Table", "表格"))


def _head(column: Column, place: int, sorted_by: int | None, falling: bool) -> Html:
    classes = join(*(w for w, has in (("num", column.numbers), ("opt", column.optional)) if has), between=" ") or None
    if sorted_by is None:
        return tag("th", column.title, scope="col", class_=classes)
    order = ("descending" if falling else "ascending") if place == sorted_by else "none"
    return tag("th", tag("button", column.title, type="button"), scope="col", class_=classes, aria_sort=order)


def _cell(cell: Cell | Child, column: Column, place: int) -> Html:
    shown, value = (cell.shown, cell.value) if isinstance(cell, Cell) else (cell, None)
    classes = join(*(w for w, has in (("num", column.numbers), ("opt", column.optional)) if has), between=" ") or None
    if value is not None and str(value) == shown:
        value = None  # page.js reads the text then
    if place == 0:
        return tag("th", shown, scope="row", class_=classes, data_v=value)
    return tag("td", shown, class_=classes, data_v=value)
